"""Fine-tuning of the language model: a LoRA adapter (Hu et al. 2021, arXiv:2106.09685) that learns to answer from passages.

Only the answer's words are learnt, not the prompt's. The base is an entry of the manifest (its GGUF file, dequantised) or a name on the
model hub. On a GPU it runs in bfloat16; on several, through `accelerate launch -m tongshi.cli finetune run`. `SMALL` is for two CPU cores:
fewer and shorter examples, and only the upper layers are adapted, so that the way back is short.
"""

from __future__ import annotations

import hashlib
import json
import platform
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch.nn import functional
from transformers import (
    DataCollatorWithFlattening,
    EarlyStoppingCallback,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainingArguments,
    set_seed,
)
from transformers.trainer_utils import get_last_checkpoint
from transformers.utils import logging as transformers_logging

from tongshi.errors import TongshiError
from tongshi.llm.in_process import load_model, load_tokenizer
from tongshi.settings import Settings
from tongshi.training.examples import Example, load
from tongshi.weights import manifest

LINEARS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
RUN = "run.json"
_UNLEARNT = -100


@dataclass(frozen=True)
class Options:
    """What a run is made of.

    Attributes:
        examples: most to learn from, evenly of all languages; 0: all.
        validation: most to validate on, evenly of all languages; 0: all.
        longest: tokens of an example, prompt and answer together; longer ones are left out.
        batch: examples a forward pass, packed one after another without padding.
        accumulate: forward passes a step.
        epochs: passes over all examples.
        minutes: after which the run ends where it is; 0: never.
        rate: highest learning rate, reached after `warmup` of all steps, then falling along a cosine.
        layers: how many are adapted, counted from the last; 0: all.
        rank, alpha: of the adapter; what it adds is weighed with alpha / rank.
        every: steps between two validations, each with a checkpoint.
        patience: validations without a better one after which the run ends.
    """

    examples: int = 0
    validation: int = 0
    longest: int = 1024
    batch: int = 8
    accumulate: int = 4
    epochs: int = 3
    minutes: float = 0
    rate: float = 2e-4
    warmup: float = 0.05
    layers: int = 0
    rank: int = 16
    alpha: int = 32
    dropout: float = 0.05
    every: int = 50
    patience: int = 3
    seed: int = 7


DEFAULT = Options()
"""For a GPU."""

SMALL = Options(
    examples=1440, validation=48, longest=420, batch=2, accumulate=4, epochs=1, rate=3e-4, layers=16, dropout=0.0, every=45,
)  # fmt: skip
"""For two CPU cores that compute in bfloat16: an hour and a half with a model of 1.5 billion weights."""


def encode(example: Example, tokenizer: PreTrainedTokenizerBase) -> dict[str, list[int]]:
    """An example's tokens as the server makes them, and what is to be learnt of them: the answer and its end."""
    asked = tokenizer.apply_chat_template(example.messages, add_generation_prompt=True, tokenize=False)
    told = [*example.messages, {"role": "assistant", "content": example.answer}]
    whole = tokenizer.apply_chat_template(told, tokenize=False)
    before = tokenizer(asked, add_special_tokens=False)["input_ids"]
    answer = tokenizer(whole.removeprefix(asked).rstrip("\n"), add_special_tokens=False)["input_ids"]
    return {"input_ids": before + answer, "labels": [_UNLEARNT] * len(before) + answer}


def choose(examples: Sequence[Example], tokenizer: PreTrainedTokenizerBase, options: Options, most: int) -> list[dict[str, Any]]:
    """Encoded examples that are short enough, in random order.

    Args:
        most: how many, by turns one of each language, as long as it has any; 0: all.

    Raises:
        TongshiError: none is short enough.
    """
    chance = random.Random(options.seed)
    order = list(examples)
    chance.shuffle(order)
    by_language: dict[str, list[Example]] = {}
    for one in order:
        by_language.setdefault(one.language, []).append(one)

    def short_enough(group: list[Example]) -> Iterator[dict[str, Any]]:
        for one in group:
            encoded = encode(one, tokenizer)
            if len(encoded["input_ids"]) <= options.longest:
                yield encoded

    turns = zip_longest(*map(short_enough, by_language.values()))
    chosen = list(islice((one for turn in turns for one in turn if one is not None), most or None))
    if not chosen:
        raise TongshiError(f"No example is as short as {options.longest} tokens.")
    chance.shuffle(chosen)
    return chosen


class AnswerTrainer(Trainer):
    """Computes words only where they are learnt: over a vocabulary of 150,000 all others would cost as much as several layers."""

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        labels = inputs.pop("labels")[0, 1:]
        learnt = (labels != _UNLEARNT).nonzero()[:, 0]
        outputs = model(**inputs, logits_to_keep=learnt)
        loss = functional.cross_entropy(outputs.logits[0].float(), labels[learnt], reduction="sum")
        loss = loss / (len(learnt) if num_items_in_batch is None else num_items_in_batch)
        if num_items_in_batch is not None and self.args.average_tokens_across_devices:
            loss = loss * self.accelerator.num_processes
        return (loss, outputs) if return_outputs else loss


class _Watch(TrainerCallback):
    """A bar that shows step and loss, a line a validation, and the end after so many minutes."""

    def __init__(self, minutes: float) -> None:
        self._end = time.monotonic() + minutes * 60 if minutes else None
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
            console=Console(stderr=True),
        )  # fmt: skip

    def on_train_begin(self, args, state, control, **_):
        if state.is_world_process_zero:
            self._bar.start()
        self._task = self._bar.add_task("fine-tuning", total=state.max_steps, completed=state.global_step)

    def on_step_end(self, args, state, control, **_):
        self._bar.update(self._task, completed=state.global_step)
        if self._end and time.monotonic() > self._end:
            control.should_evaluate = control.should_save = control.should_training_stop = True
        return control

    def on_log(self, args, state, control, logs, **_):
        if "loss" in logs:
            self._bar.update(self._task, description=f"fine-tuning, loss {logs['loss']:.2f}")

    def on_evaluate(self, args, state, control, metrics, **_):
        if state.is_world_process_zero:
            self._bar.console.print(f"step {state.global_step}: validation loss {metrics['eval_loss']:.3f}")

    def on_train_end(self, args, state, control, **_):
        self._bar.stop()


def run(model: str, options: Options, data: Path, settings: Settings) -> Path | None:
    """Fine-tune a model, going on after the last checkpoint where a run of the same data and options was interrupted.

    Args:
        model: see `load_model`.
        options: how.
        data: the folder that `tongshi finetune data` wrote.

    Returns:
        The run's folder, with the best adapter by validation loss in `adapter/`, and `run.json`, what it was made of and reached; None in
        a process that `accelerate` started for a further GPU.

    Raises:
        TongshiError: there are several GPUs, and `accelerate` did not start a process for each; or no example is short enough.
    """
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    set_seed(options.seed)
    counts = json.loads((data / "counts.json").read_text("utf-8")) if (data / "counts.json").exists() else {}
    folder = data / "runs" / f"{Path(model).name}-{_fingerprint(model, options, counts.get('digest', ''))}"
    arguments = _arguments(folder / "checkpoints", options)
    _require_one_gpu(arguments)
    tokenizer = load_tokenizer(model, settings)
    learnt = choose(load(data, "train"), tokenizer, options, options.examples)
    held = choose(load(data, "validation"), tokenizer, options, options.validation)
    adapted = _adapted(load_model(model, settings), options)
    trainer = AnswerTrainer(
        model=adapted,
        args=arguments,
        train_dataset=learnt,
        eval_dataset=held,
        data_collator=DataCollatorWithFlattening(return_flash_attn_kwargs=False),
        callbacks=[EarlyStoppingCallback(options.patience), _Watch(options.minutes)],
    )
    trainer.remove_callback(PrinterCallback)
    began = time.monotonic()
    checkpoint = get_last_checkpoint(folder / "checkpoints") if (folder / "checkpoints").exists() else None
    before = trainer.evaluate()["eval_loss"] if checkpoint is None else None
    trainer.train(resume_from_checkpoint=checkpoint)
    if trainer.is_world_process_zero():
        adapted.save_pretrained(folder / "adapter")
        told = {
            "model": model,
            "base": _base(model),
            "options": asdict(options),
            "data": counts,
            "learnt": len(learnt),
            "validated on": len(held),
            "tokens": sum(len(one["input_ids"]) for one in learnt),
            "steps": trainer.state.global_step,
            "epochs": round(trainer.state.epoch or 0, 3),
            "best validation loss": trainer.state.best_metric,
            "losses": _losses(trainer, before),
            # How long the goes before it took, a run that was taken up again does not know.
            "minutes": None if checkpoint else round((time.monotonic() - began) / 60, 1),
            "machine": torch.cuda.get_device_name() if torch.cuda.is_available() else f"{torch.get_num_threads()} CPU cores",
            "versions": {"python": platform.python_version(), "torch": torch.__version__},
        }
        (folder / RUN).write_text(json.dumps(told, indent=2) + "\n", "utf-8")
    return folder if trainer.is_world_process_zero() else None


def _require_one_gpu(arguments: TrainingArguments) -> None:
    """On several, one process would cut each batch up among them, and a row of packed examples cannot be cut.

    Raises:
        TongshiError: this process has several.
    """
    if arguments.n_gpu > 1:
        raise TongshiError(
            f"There are {arguments.n_gpu} GPUs here. For all of them, put `accelerate launch -m tongshi.cli` in place of `tongshi`; for one, set"
            " CUDA_VISIBLE_DEVICES=0."
        )


def _fingerprint(model: str, options: Options, data: str) -> str:
    """Of what makes a run another run; how long it may take does not."""
    content = json.dumps([model, asdict(replace(options, minutes=0)), data])
    return hashlib.sha256(content.encode()).hexdigest()[:10]


def _adapted(base: PreTrainedModel, options: Options) -> PeftModel:
    depth = base.config.num_hidden_layers
    base.config.use_cache = False
    return get_peft_model(
        base,
        LoraConfig(
            r=options.rank,
            lora_alpha=options.alpha,
            lora_dropout=options.dropout,
            target_modules=list(LINEARS),
            layers_to_transform=list(range(depth - options.layers, depth)) if options.layers else None,
            task_type="CAUSAL_LM",
        ),
    )


def _arguments(folder: Path, options: Options) -> TrainingArguments:
    on_gpu = torch.cuda.is_available()
    return TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=options.epochs,
        per_device_train_batch_size=options.batch,
        per_device_eval_batch_size=options.batch,
        gradient_accumulation_steps=options.accumulate,
        learning_rate=options.rate,
        warmup_steps=options.warmup,
        lr_scheduler_type="cosine",
        bf16=on_gpu and torch.cuda.is_bf16_supported(),
        use_cpu=not on_gpu,
        eval_strategy="steps",
        eval_steps=options.every,
        save_strategy="steps",
        save_steps=options.every,
        save_total_limit=2,
        load_best_model_at_end=True,
        metric_for_best_model="eval_loss",
        greater_is_better=False,
        prediction_loss_only=True,
        remove_unused_columns=False,
        label_names=["labels"],
        logging_steps=5,
        report_to=[],
        disable_tqdm=True,
        seed=options.seed,
        data_seed=options.seed,
        dataloader_pin_memory=on_gpu,
    )


def _base(model: str) -> dict[str, str]:
    entry = manifest().get(model)
    return {"title": entry.title, "sha256": entry.sha256, "licence": entry.licence} if entry else {"title": model}


def _losses(trainer: Trainer, before: float | None) -> list[dict[str, float]]:
    """Validation losses by step, the untouched base at step 0."""
    told = [{"step": one["step"], "loss": round(one["eval_loss"], 4)} for one in trainer.state.log_history if "eval_loss" in one]
    return told if before is None else [{"step": 0, "loss": round(before, 4)}, *(one for one in told if one["step"])]
