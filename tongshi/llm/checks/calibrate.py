"""Learns what the checks know beside the words: `python -m tongshi.llm.checks.calibrate`.

The answers of the invented businesses in `data/finetune` are right. Learnt from those of the splits `train` and `validation` is how near a
passage's words are to a right sentence, by how much words that say the contrary may lead, and how rare a word may be that the passage has
not, and by how much another passage's title may lead: each so that few of the right sentences are stopped. What comes out is `calibration.yml`.

From those of the split `train` alone it is learnt how it sounds that something is not known (`unknowing.yml`): the answers to questions that
nothing answers and the sentences of `data/finetune/unknown.yml`, beside all other answers and the passages themselves.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from sklearn.linear_model import LogisticRegression

from tongshi.files import read_yaml
from tongshi.language.segment import sentences
from tongshi.language.vectors import Encoder, get_encoder, normalise
from tongshi.llm.checks.checker import CALIBRATION, Checker
from tongshi.llm.checks.support import parts
from tongshi.llm.checks.unknowing import LEARNT
from tongshi.settings import LANGUAGES, get_settings

FAR, TURNED, STRANGE, ASTRAY = 0.02, 0.025, 0.01, 0.015
"""Share of the right sentences that each threshold stops."""

_ENCODER = "use"
_FREEDOM = 3.0
"""Of the line between knowing and not knowing, as scikit-learn's `C`; of 1, 3 and 10 the one that told most apart in `validation`."""


@dataclass(frozen=True)
class Text:
    """A passage of an invented business."""

    text: str
    language: str
    title: str


@dataclass(frozen=True)
class Answered:
    """A right answer, the passages that it may rest on, of which the last is beside the point, and the question."""

    answer: str
    sources: tuple[Text, ...]
    question: str


def businesses(data: Path, split: str) -> Iterator[dict[str, Any]]:
    """The invented businesses of a split, as they are written."""
    for path in sorted((data / "finetune" / "businesses").glob("*.yml")):
        business = read_yaml(path)
        if business["split"] == split:
            yield business


def right_answers(data: Path, split: str, language: str, seed: int = 7) -> Iterator[Answered]:
    """The right answers in a language.

    Args:
        data: the project's data folder.
        split: `train`, `validation` or `test`.
        language: of question and answer; the passages are in it or in another.
    """
    chance = random.Random(f"{seed}/{split}/{language}")
    for business in businesses(data, split):
        for one in business["questions"].get(language, []):
            if one["rests"] and one["kind"] != "unknown":
                beside = chance.choice(sorted(set(business["passages"]) - set(one["rests"])))
                sources = tuple(text_of(business["passages"][name], language, chance) for name in [*one["rests"], beside])
                yield Answered(one["answer"], sources, " ".join([one["ask"], *one.get("before", [])]))


def text_of(passage: dict[str, dict[str, str]], language: str, chance: random.Random) -> Text:
    """A passage in the customer's language or in another: an answer may rest on either."""
    chosen = language if language in passage and chance.random() < 0.5 else chance.choice(sorted(passage))
    return Text(passage[chosen]["text"], chosen, passage[chosen]["title"])


def calibrate(data: Path, encoder: str) -> dict:
    """The thresholds, as they stand in `calibration.yml`."""
    checker = Checker(get_encoder(encoder), None)
    scored: dict[str, list[tuple[str, dict[str, float]]]] = {"same": [], "foreign": []}
    for language in LANGUAGES:
        for one in (one for split in ("train", "validation") for one in right_answers(data, split, language)):
            for sentence in sentences(one.answer):
                verdict = checker.check(sentence, one.sources, language, one.question)
                if verdict.source is not None:
                    place = "same" if one.sources[verdict.source].language == language else "foreign"
                    scored[place].append((language, verdict.scores))
    return {"encoder": encoder, **{place: _thresholds(found) for place, found in scored.items()}}


def _thresholds(found: list[tuple[str, dict[str, float]]]) -> dict:
    languages = np.array([language for language, _ in found])
    near, turned, strange, astray = (
        np.array([scores[name] for _, scores in found]) for name in ("nearness", "turned", "strange", "astray")
    )
    rare = {one: float(np.quantile(strange[languages == one], 1 - STRANGE)) for one in sorted(set(languages.tolist()))}
    return {
        "nearness": round(float(np.quantile(near, FAR)), 3),
        "turned": round(float(np.quantile(turned, 1 - TURNED)), 3),
        "astray": round(float(np.quantile(astray, 1 - ASTRAY)), 3),
        # Where the rarest words of right sentences are as rare as names, rarity tells nothing.
        "strange": {language: round(value + 0.01, 2) for language, value in rare.items() if 0 < value < 0.95},
    }


def told_apart(data: Path, split: str) -> tuple[list[str], list[str]]:
    """Sentences that say that something is not known, and sentences that do not."""
    unknowing, knowing = [], []
    for business in businesses(data, split):
        for questions in business["questions"].values():
            for one in questions:
                # An attack is refused: that is neither.
                if one["rests"] or one["kind"] != "attack":
                    (knowing if one["rests"] else unknowing).extend(sentences(one["answer"]))
        for passage in business["passages"].values():
            knowing += [part for language, text in passage.items() for part in parts(text["text"], language)]
    return unknowing, knowing


def learn_unknowing(data: Path, encoder: Encoder) -> dict:
    """The line between both, as it stands in `unknowing.yml`."""
    unknowing, knowing = told_apart(data, "train")
    said = read_yaml(data / "finetune" / "unknown.yml")
    unknowing += [sentence for texts in said.values() for text in texts for sentence in sentences(text)]
    vectors = encoder.encode([normalise(one) for one in (*unknowing, *knowing)])
    labels = np.repeat([1, 0], [len(unknowing), len(knowing)])
    line = LogisticRegression(C=_FREEDOM, max_iter=3000, class_weight="balanced").fit(vectors, labels)
    return {"bias": round(float(line.intercept_[0]), 3), "weights": [round(float(one), 3) for one in line.coef_[0]]}


def main() -> None:
    settings = get_settings()
    for path, learnt in (
        (CALIBRATION, calibrate(settings.data, _ENCODER)),
        (LEARNT, learn_unknowing(settings.data, get_encoder(_ENCODER))),
    ):
        head = "# Learnt by `python -m tongshi.llm.checks.calibrate`; see there.\n"
        path.write_text(
            head + yaml.safe_dump(learnt, sort_keys=False, allow_unicode=True, width=120, default_flow_style=None), "utf-8"
        )


if __name__ == "__main__":
    main()
