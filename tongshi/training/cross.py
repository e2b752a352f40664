"""Training of the cross-encoder: `python -m tongshi.training.cross`.

A LoRA adapter of multilingual-e5-small, begun from the one for search, learns to pick the passage that answers a question among those that lie
nearest to it, or none of them. It learns from the invented businesses and help centres of data/finetune alone (splits `train`): nothing of
the shop, nothing of `tests/`.

The loss is the cross-entropy of the right passage among those of its list (listwise as in Cao et al. 2007) and an answer "none" whose logit is
0, so that logits tell whether a passage answers and not only which does best.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from tongshi.errors import TongshiError
from tongshi.language.cross import ADAPTER as TASK
from tongshi.language.cross import PairModel, encode_pair
from tongshi.language.e5 import (
    ADAPTER,
    ADAPTER_CARD,
    Checkpoint,
    Tokenizer,
    adapter_tensors,
    batches,
    has_head,
    head_of,
    merge,
)
from tongshi.language.identify import get_identifier
from tongshi.language.vectors import Encoder, get_encoder, normalise
from tongshi.settings import Settings, get_settings
from tongshi.training import businesses, centres
from tongshi.training.centres import Piece
from tongshi.training.encoder import slip
from tongshi.training.lora import BASE, AdapterModule, fit, inject, lora_tensors, padded, unpadded, write
from tongshi.weights import path_of

FROM = "search"
"""The adapter that training begins with."""

_BETWEEN = "\x1f"
_NEAR = 12
_NONE = -1


@dataclass(frozen=True)
class Options:
    """What a run is made of.

    Attributes:
        rounds: how often each question is asked, each time with other passages.
        passages: of a list.
        batch: lists a step.
        rate: highest learning rate, reached after `warmup` of all steps, then falling to nothing along a cosine.
        rank, alpha: of the adapter; what it adds is weighed with alpha / rank.
        away: share of lists whose right passage is taken away.
        hard: share of lists whose wrong passages lie near; of the others they are any of the business. Without the latter nothing is
            learnt at first: what is all alike tells nothing to who cannot tell anything apart yet.
        same: share of wrong passages, where they lie near, from the article of the right one, as far as it has others.
        typos: share of questions that get a slip of the finger each time they are asked.
    """

    rounds: int = 3
    passages: int = 5
    batch: int = 8
    rate: float = 5e-4
    warmup: float = 0.06
    rank: int = 32
    alpha: float = 64.0
    away: float = 0.15
    hard: float = 0.5
    same: float = 0.4
    typos: float = 0.15
    seed: int = 7


@dataclass(frozen=True)
class Asked:
    """A question, the pieces that answer it, and the wrong ones: of the same articles, and of others, the nearest first."""

    language: str
    text: str
    right: tuple[Piece, ...]
    same: tuple[Piece, ...]
    others: tuple[Piece, ...]


@dataclass(frozen=True)
class Example:
    """A list of passages for a question; `answer` is the place of the right one, -1 where none is."""

    language: str
    question: str
    passages: tuple[str, ...]
    answer: int


def of_data(data: Path, encoder: Encoder, split: str) -> list[Asked]:
    """All questions of a split, of businesses and of help centres.

    Args:
        data: the project's data folder.
        encoder: tells which wrong passages are near.
    """
    found: list[Asked] = []
    for business in businesses.read(data / "finetune" / "businesses", get_identifier()).businesses:
        if business.split == split:
            pieces = [
                Piece(topic, language, business.titles[topic][language], text)
                for topic, texts in business.passages.items()
                for language, text in texts.items()
            ]
            asked = [
                # A follow-up is searched with what was said before it.
                (one.language, " ".join([*one.before[-2:-1], one.ask]), [piece for piece in pieces if piece.article in one.rests])
                for one in business.questions
                if one.kind != "attack"
            ]
            found += _with_wrong_ones(pieces, asked, encoder)
    for centre in centres.read(data / "finetune" / "centres"):
        if centre.split == split:
            asked = [(one.language, one.ask, list(one.right)) for one in centre.questions]
            found += _with_wrong_ones(centre.pieces, asked, encoder)
    return found


def _with_wrong_ones(pieces: Sequence[Piece], asked: Sequence[tuple[str, str, list[Piece]]], encoder: Encoder) -> Iterator[Asked]:
    vectors = encoder.encode([normalise(piece.whole) for piece in pieces])
    closeness = encoder.encode([normalise(text) for _, text, _ in asked]) @ vectors.T
    for (language, text, right), row in zip(asked, closeness):
        # Of an article in another language nobody has said which passage answers.
        answering = {piece.article for piece in right}
        spoken = {(piece.article, piece.language) for piece in right}
        wrong = [
            piece
            for piece in (pieces[place] for place in np.argsort(-row))
            if piece not in right and (piece.article not in answering or (piece.article, piece.language) in spoken)
        ]
        same = tuple(piece for piece in wrong if piece.article in answering)
        yield Asked(language, text, tuple(right), same, tuple(piece for piece in wrong if piece not in same))


def lists(asked: Sequence[Asked], options: Options) -> list[Example]:
    """All rounds of all questions, shuffled within each round."""
    chance = random.Random(options.seed)
    made: list[Example] = []
    for _ in range(options.rounds):
        turn = [_list(one, options, chance) for one in asked]
        chance.shuffle(turn)
        made += turn
    return made


def _list(asked: Asked, options: Options, chance: random.Random) -> Example:
    right = [chance.choice(asked.right)] if asked.right and chance.random() >= options.away else []
    wanted = options.passages - len(right)
    hard = chance.random() < options.hard
    from_same = sum(chance.random() < options.same for _ in range(wanted)) if hard else 0
    same = chance.sample(asked.same, min(len(asked.same), from_same))
    others = asked.others[:_NEAR] if hard else asked.others
    wrong = [*same, *chance.sample(others, min(len(others), wanted - len(same)))]
    question = slip(asked.text, chance) if chance.random() < options.typos else asked.text
    texts = tuple(piece.whole for piece in (*right, *wrong))
    return Example(asked.language, question, texts, 0 if right else _NONE)


class TunedPairs(AdapterModule):
    """The cross-encoder with an adapter that learns, as a module of sentence-transformers: its one dimension is the logit."""

    def __init__(self, checkpoint: Checkpoint, start: Path, options: Options) -> None:
        super().__init__()
        self._words = Tokenizer(checkpoint)
        self.model = PairModel(checkpoint)
        merge(self.model.body, start)
        inject(self.model.body, options.rank, options.alpha)
        if has_head(start):
            self.model.head.load_state_dict(head_of(start))
        else:
            nn.init.normal_(self.model.head.weight, std=0.02)
            nn.init.zeros_(self.model.head.bias)

    def preprocess(self, inputs: list[str], prompt: str | None = None, **_: Any) -> dict[str, torch.Tensor]:
        """Token ids of pairs, padded, and where they are no padding; of an empty text, one token."""
        return padded(encode_pair(self._words, *text.split(_BETWEEN)) if text else [0] for text in inputs)

    def forward(self, features: dict[str, torch.Tensor], **_: Any) -> dict[str, torch.Tensor]:
        rows = unpadded(features)
        order: list[int] = []
        logits = []
        with sdpa_kernel(SDPBackend.MATH):
            for batch in batches([len(row) for row in rows]):
                order += batch
                logits.append(self.model([rows[place] for place in batch]))
        whole = torch.cat(logits)[torch.argsort(torch.tensor(order))]
        return {**features, "sentence_embedding": whole[:, None].float()}


class ListLoss(nn.Module):
    """Cross-entropy of the right passage among those of its list and none at all."""

    def __init__(self, model: SentenceTransformer) -> None:
        super().__init__()
        self.model = model

    def forward(self, features: list[dict[str, torch.Tensor]], labels: torch.Tensor) -> torch.Tensor:
        """The mean loss.

        Args:
            features: of the first passages of all lists, the second ones and so on; a list that is shorter has empty texts.
            labels: places of the right passages, shape (lists,); -1 where none is.
        """
        longest = max(one["input_ids"].shape[1] for one in features)
        together = {
            name: torch.cat([nn.functional.pad(one[name], (0, longest - one[name].shape[1])) for one in features])
            for name in ("input_ids", "attention_mask")
        }
        logits = self.model(together)["sentence_embedding"].view(len(features), -1).T
        missing = torch.stack([one["attention_mask"].sum(1) <= 1 for one in features], 1)
        logits = torch.cat([logits.masked_fill(missing, -1e4), torch.zeros(len(labels), 1)], 1)
        return nn.functional.cross_entropy(logits, labels.where(labels >= 0, torch.tensor(len(features))))


def train(options: Options, settings: Settings, start: Path, output: Path) -> None:
    """Train the adapter and write it; a run that was stopped goes on from its last checkpoint.

    Args:
        start: folder of the adapter that training begins with, of this task or another.
        output: folder for the adapter's files.

    Raises:
        TongshiError: there is nothing to learn from, or a model file is missing.
    """
    asked = of_data(settings.data, get_encoder(settings.encoder), "train")
    if not asked:
        raise TongshiError(f"There is nothing to learn from in {settings.data}.")
    learnt = lists(asked, options)
    torch.manual_seed(options.seed)
    module = TunedPairs(Checkpoint(path_of(BASE, settings)), start, options)
    examples = [_columns(one, options.passages) for one in learnt]
    fit(module, examples, ListLoss, options, settings.home / "training" / TASK, every=100)
    _save(module, start, asked, options, output)


def _columns(example: Example, most: int) -> dict[str, Any]:
    texts = [f"{example.question}{_BETWEEN}{text}" for text in example.passages]
    return {
        **{f"passage {place}": text for place, text in enumerate([*texts, *[""] * (most - len(texts))])},
        "label": example.answer,
    }


def _save(module: TunedPairs, start: Path, asked: list[Asked], options: Options, folder: Path) -> None:
    # Both adapters stand beside each other in one, so that it fits the base as published.
    tensors, rank = adapter_tensors(start)
    begun = "an adapter of this task" if has_head(start) else f"the adapter `{start.name}`"
    for name, value in lora_tensors(module.model.body).items():
        scaled = value * (options.alpha / options.rank) if name.endswith(".b") else value
        tensors[name] = torch.cat([tensors[name], scaled], int(name.endswith(".b")))
    tensors |= {f"head.{name}": value for name, value in module.model.head.state_dict().items()}
    counts = dict(sorted(Counter(one.language for one in asked).items()))
    told = {
        "rank": rank + options.rank,
        "alpha": rank + options.rank,
        "questions": counts,
        "begun_from": begun,
        "options": asdict(options),
    }
    write(folder, tensors, TASK, _model_card, **told)


def _model_card(card: dict[str, Any]) -> str:
    languages = ", ".join(f"{language} {count}" for language, count in card["questions"].items())
    options = " ".join(f"--{name} {value:g}" for name, value in card["options"].items())
    return f"""# Cross-encoder adapter

A LoRA adapter of multilingual-e5-small (MIT), what it was begun from included (rank {card["rank"]} together), and a linear map, which judge
whether a passage answers a question.

- Base: `{card["base"]}` of `tongshi/weights.yml`, sha256 `{card["base_sha256"]}`.
- Load: `tongshi.language.cross.get_cross_encoder()`.
- Files: `{ADAPTER}` (float16: `layers.<n>.<linear>.a|b`, `head.weight`, `head.bias`), `{ADAPTER_CARD}` (options, counts).
- Trained on: questions, passages and help centres of the invented businesses in `data/finetune` (split `train`); nothing of the demo shop, nothing of
  `tests/`. Questions: {languages}.
- Trained with: `python -m tongshi.training.cross {options}`, begun from {card["begun_from"]}.
- Measured by: `tongshi evaluate imports`, `tongshi evaluate retrieval`.
- Licence: Apache-2.0, as the project.
"""


def main() -> None:
    """The command line."""
    settings, defaults = get_settings(), Options()
    parser = argparse.ArgumentParser(prog="python -m tongshi.training.cross", description="Train the cross-encoder.")
    for name, value in asdict(defaults).items():
        parser.add_argument(f"--{name}", type=type(value), default=value)
    parser.add_argument("--start", type=Path, help="folder of an adapter to begin with; by default that for search")
    parser.add_argument("--output", type=Path, help="folder for the adapter; by default its place among the models")
    arguments = vars(parser.parse_args())
    start, output = arguments.pop("start"), arguments.pop("output")
    adapters = settings.models / "adapters"
    train(Options(**arguments), settings, start or adapters / FROM, output or adapters / TASK)


if __name__ == "__main__":
    main()
