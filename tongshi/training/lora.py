"""What the fine-tunes of the encoders share: an adapter laid over multilingual-e5-small, its training, the files it is kept in."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

import torch
from datasets import Dataset
from peft import LoraConfig, inject_adapter_in_model
from safetensors.torch import save_file
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from sentence_transformers.sentence_transformer.modules import InputModule
from torch import nn

from tongshi.language.e5 import ADAPTER, ADAPTER_CARD, E5, LINEARS, has_bfloat16
from tongshi.weights import manifest

BASE = "e5-small"
"""The name of the model that adapters are laid over, in tongshi/weights.yml."""

_LEARNT = "learnt.pt"


class Pace(Protocol):
    """How a run learns: examples a step; the highest rate, reached after `warmup` of all steps, then falling to nothing along a cosine."""

    batch: int
    rate: float
    warmup: float
    seed: int


class AdapterModule(InputModule):
    """A module of sentence-transformers of which only an adapter and what stands on it learn; checkpoints keep these."""

    def save(self, output_path: str, *args: Any, **kwargs: Any) -> None:
        """Keep what learns."""
        learning = {name for name, value in self.named_parameters() if value.requires_grad}
        torch.save({name: value for name, value in self.state_dict().items() if name in learning}, Path(output_path) / _LEARNT)


class _Trainer(SentenceTransformerTrainer):
    """Goes on from checkpoints of an `AdapterModule`."""

    def _load_from_checkpoint(self, checkpoint_path: str) -> None:
        (kept,) = Path(checkpoint_path).rglob(_LEARNT)
        self.model[0].load_state_dict(torch.load(kept), strict=False)


def inject(model: E5, rank: int, alpha: float) -> None:
    """Lay an adapter that learns over a model which does not."""
    model.requires_grad_(False)
    inject_adapter_in_model(LoraConfig(r=rank, lora_alpha=alpha, target_modules=list(LINEARS)), model)


def lora_tensors(model: E5) -> dict[str, torch.Tensor]:
    """The adapter of a model that `inject` was called with, by the names that `tongshi.language.e5.merge` reads."""
    found = {}
    for number, layer in enumerate(model.layers):
        for name in LINEARS:
            linear = getattr(layer, name)
            found[f"layers.{number}.{name}.a"] = linear.lora_A["default"].weight
            found[f"layers.{number}.{name}.b"] = linear.lora_B["default"].weight
    return found


def padded(rows: Iterable[Sequence[int]]) -> dict[str, torch.Tensor]:
    """Token ids of texts, padded, and where they are no padding."""
    rows = [torch.tensor(row) for row in rows]
    ids = nn.utils.rnn.pad_sequence(rows, batch_first=True)
    return {"input_ids": ids, "attention_mask": torch.arange(ids.shape[1]) < torch.tensor([[len(row)] for row in rows])}


def unpadded(features: dict[str, torch.Tensor]) -> list[list[int]]:
    """The token ids that `padded` was called with."""
    lengths = features["attention_mask"].sum(1).tolist()
    return [row[:length] for row, length in zip(features["input_ids"].tolist(), lengths)]


def fit(
    module: AdapterModule,
    examples: list[dict[str, Any]],
    loss: Callable[[SentenceTransformer], nn.Module],
    pace: Pace,
    checkpoints: Path,
    every: int,
) -> None:
    """Let an adapter learn from examples in their order; a run that was stopped goes on from its last checkpoint.

    Args:
        examples: texts by column, and `label`.
        loss: makes the loss of a model.
        checkpoints: folder for them.
        every: steps between two of them.
    """
    model = SentenceTransformer(modules=[module])
    trainer = _Trainer(
        model,
        SentenceTransformerTrainingArguments(
            str(checkpoints),
            num_train_epochs=1,
            per_device_train_batch_size=pace.batch,
            learning_rate=pace.rate,
            lr_scheduler_type="cosine",
            warmup_steps=int(pace.warmup * len(examples) / pace.batch),
            weight_decay=0.01,
            use_cpu=not torch.cuda.is_available(),
            bf16=torch.cuda.is_available() or has_bfloat16(),
            seed=pace.seed,
            save_strategy="steps",
            save_steps=every,
            save_total_limit=1,
            logging_steps=every // 5,
            report_to=[],
        ),
        Dataset.from_list(examples),
        loss=loss(model),
    )
    trainer.train(resume_from_checkpoint=any(checkpoints.glob("checkpoint-*")))


def write(
    folder: Path, tensors: dict[str, torch.Tensor], task: str, describe: Callable[[dict[str, Any]], str], **told: Any
) -> None:
    """Write an adapter's files.

    Args:
        task: what it was trained for.
        describe: its model card, from what is told of it and of its base.
        told: what is told of it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    save_file({name: value.detach().to(torch.float16).contiguous() for name, value in tensors.items()}, folder / ADAPTER)
    base = manifest()[BASE]
    card = {"task": task, "base": base.name, "base_sha256": base.sha256, **told}
    (folder / ADAPTER_CARD).write_text(json.dumps(card, indent=2) + "\n", "utf-8")
    (folder / "README.md").write_text(describe(card), "utf-8")
