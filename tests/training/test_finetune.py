"""Training and export with a real, very small model."""

import json
from collections import Counter

import pytest
import torch
from gguf import GGUFReader
from peft import LoraConfig, get_peft_model
from transformers import DataCollatorWithFlattening, Qwen2Config, Qwen2ForCausalLM, TrainingArguments

from tongshi.errors import TongshiError
from tongshi.training import adapter
from tongshi.training.examples import Example
from tongshi.training.finetune import LINEARS, AnswerTrainer, Options, _require_one_gpu, choose

EXAMPLES = [
    {"input_ids": [5, 6, 7, 8, 9], "labels": [-100, -100, -100, 8, 9]},
    {"input_ids": [15, 16, 17, 18], "labels": [-100, -100, 17, 18]},
]


@pytest.fixture
def model():
    torch.manual_seed(0)
    config = Qwen2Config(
        vocab_size=64, hidden_size=32, intermediate_size=48, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2
    )
    config.use_cache = False
    return Qwen2ForCausalLM(config)


def adapted(model):
    lora = LoraConfig(r=4, lora_alpha=8, target_modules=list(LINEARS), layers_to_transform=[1, 2], task_type="CAUSAL_LM")
    return get_peft_model(model, lora)


def trainer(model, folder):
    arguments = TrainingArguments(
        output_dir=str(folder), use_cpu=True, report_to=[], disable_tqdm=True, remove_unused_columns=False
    )
    return AnswerTrainer(model=model, args=arguments, data_collator=DataCollatorWithFlattening(return_flash_attn_kwargs=False))


def test_packed_examples_do_not_see_one_another_and_only_answers_are_learnt(model, tmp_path):
    collate = DataCollatorWithFlattening(return_flash_attn_kwargs=False)
    packed = trainer(model, tmp_path).compute_loss(model, collate(EXAMPLES))
    alone = [trainer(model, tmp_path).compute_loss(model, collate([one])) for one in EXAMPLES]
    assert packed.item() == pytest.approx(sum(alone).item() / 2, abs=1e-5)
    theirs = [
        model(input_ids=torch.tensor([one["input_ids"]]), labels=torch.tensor([one["labels"]])).loss.item() for one in EXAMPLES
    ]
    assert packed.item() == pytest.approx(sum(theirs) / 2, abs=1e-5)


class Letters:
    """A tokenizer, one token a character."""

    def apply_chat_template(self, messages, **_):
        return "".join(f"<{one['role']}>{one['content']}" for one in messages)

    def __call__(self, text, **_):
        return {"input_ids": [ord(one) for one in text]}


def examples(language, many, question="When?"):
    values = {"business": "b", "shop": "s", "split": "train", "kind": "plain", "case": "own", "passages": ("Soon.",)}
    return [
        Example(id=str(n), language=language, question=question, languages=("en",), rests=(1,), answer=language, **values)
        for n in range(many)
    ]


def languages(chosen):
    """Of examples whose answer is the name of their language."""
    learnt = ("".join(chr(one) for one in row["labels"] if one > 0) for row in chosen)
    return Counter(one.removeprefix("<assistant>") for one in learnt)


@pytest.mark.parametrize(
    ("there", "most", "wanted"),
    [
        ({"de": 40, "en": 40}, 10, [5, 5]),
        ({"de": 40, "en": 40, "zh": 40}, 10, [3, 3, 4]),
        ({"de": 40, "en": 2}, 10, [2, 8]),
        ({"de": 3, "en": 2}, 10, [2, 3]),
        ({"de": 40, "en": 2}, 0, [2, 40]),
    ],
)
def test_as_many_examples_are_learnt_from_as_are_wanted_evenly_of_the_languages_there_are(there, most, wanted):
    given = [one for language, many in there.items() for one in (*examples(language, many), *examples(language, 3, "x" * 5000))]
    chosen = choose(given, Letters(), Options(longest=4000), most)
    assert sorted(languages(chosen).values()) == wanted


def test_one_process_on_several_gpus_is_refused_with_the_command_for_them(tmp_path):
    arguments = TrainingArguments(output_dir=str(tmp_path), use_cpu=True, report_to=[])
    _require_one_gpu(arguments)
    arguments._n_gpu = 2
    with pytest.raises(TongshiError, match="There are 2 GPUs.*accelerate launch -m tongshi.cli"):
        _require_one_gpu(arguments)


def test_an_exported_adapter_holds_each_pair_under_llama_cpps_names(model, tmp_path):
    trained = adapted(model)
    for name, value in trained.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(value)
    trained.save_pretrained(tmp_path / "adapter")
    path = adapter.export(tmp_path / "adapter", tmp_path / "a.gguf", "abc", -2.0)
    told = adapter.describe(path)
    assert told == {"alpha": 8.0, "rank": 4, "layers": [1, 2], "tensors": 2 * 2 * 7, "base_sha256": "abc", "unknown_bias": -2.0}
    found = {tensor.name: tensor.data for tensor in GGUFReader(path).tensors}
    weights = dict(trained.named_parameters())
    a = weights["base_model.model.model.layers.2.mlp.down_proj.lora_A.default.weight"]
    b = weights["base_model.model.model.layers.2.mlp.down_proj.lora_B.default.weight"]
    assert torch.allclose(torch.tensor(found["blk.2.ffn_down.weight.lora_a"]).float(), a, atol=1e-3)
    assert torch.allclose(torch.tensor(found["blk.2.ffn_down.weight.lora_b"]).float(), b, atol=1e-2)


def test_what_llama_cpp_has_no_name_for_is_refused(model, tmp_path):
    lora = LoraConfig(r=2, target_modules=["embed_tokens"], task_type="CAUSAL_LM")
    get_peft_model(model, lora).save_pretrained(tmp_path / "adapter", save_embedding_layers=False)
    with pytest.raises(TongshiError, match="no name"):
        adapter.export(tmp_path / "adapter", tmp_path / "a.gguf", "abc")


def test_the_card_tells_data_settings_figures_and_limits():
    run = {
        "model": "llm-0.5b", "base": {"title": "Qwen", "sha256": "cc"}, "learnt": 300, "tokens": 70000, "validated on": 24, "steps": 150,
        "epochs": 1.0, "minutes": 30, "machine": "2 CPU cores", "losses": [{"step": 0, "loss": 3.0}, {"step": 50, "loss": 1.5}],
        "options": {"rank": 8}, "data": {"splits": {"train": 6000}, "digest": "d1", "languages": {"train": {"ar": 500}}},
    }  # fmt: skip
    text = adapter.card(json.loads(json.dumps(run)), "| language | right |", "no language got worse")
    for part in ("sha256 `cc`", "6,000", "ar 500", "rank 8", "3.000 (step 0), 1.500 (step 50)", "| language | right |", "Limits"):
        assert part in text
