"""Learns what the checks ask of a sentence and its passage: `python -m tongshi.llm.checks.calibrate`.

The answers of the invented businesses in `data/finetune` are right. Wrong ones are made from them (`corruptions.yml`): another figure, another
unit, another name, a figure of another passage, a negation put in or left out, and the answer to another question of the business. Learnt
are thresholds: how near the passage's words must be, by how much those that say the contrary may lead, and how rare a word may be that the
passage has not. What comes out is `calibration.yml`.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import regex
import yaml

from tongshi.language.segment import sentences
from tongshi.language.vectors import get_encoder
from tongshi.llm.checks.checker import CALIBRATION, Checker
from tongshi.llm.checks.names import without_codes
from tongshi.llm.checks.quantities import quantities
from tongshi.llm.checks.support import cues
from tongshi.settings import get_settings

CORRUPTIONS = Path(__file__).with_name("corruptions.yml")
RIGHT_STOPPED = 0.05
STRANGE_STOPPED = 0.01
_LEARNT = ("negation", "elsewhere")


@dataclass(frozen=True)
class Text:
    """A passage of an invented business."""

    text: str
    language: str
    title: str


@dataclass(frozen=True)
class Example:
    """A sentence and what it should rest on.

    Attributes:
        kind: `right`, or in what way it was made wrong.
    """

    sentence: str
    language: str
    kind: str
    sources: tuple[Text, ...]
    question: str


def examples(data: Path, split: str, seed: int = 7) -> Iterator[Example]:
    """Right and wrong sentences of the businesses of a split, each with the passage that it rests on and one that it does not.

    Args:
        data: the project's data folder.
        split: `train`, `validation` or `test`.
    """
    chance = random.Random(f"{seed}/{split}")
    for business in businesses(data, split):
        for language, questions in business["questions"].items():
            answered = [one for one in questions if one["rests"] and one["kind"] != "unknown"]
            for one in answered:
                beside = chance.choice(sorted(set(business["passages"]) - set(one["rests"])))
                sources = tuple(_text(business["passages"][name], language, chance) for name in [*one["rests"], beside])
                question = " ".join([one["ask"], *one.get("before", [])])
                for sentence in sentences(one["answer"]):
                    yield Example(sentence, language, "right", sources, question)
                    for kind in ("figure", "negation", "name", "unit"):
                        yield from _wrong(
                            corrupted(sentence, language, kind, chance), sentence, language, kind, sources, question
                        )
                    mixed = _mixed(sentence, language, sources[:-1], sources[-1], chance)
                    yield from _wrong(mixed, sentence, language, "other", sources, question)
                elsewhere = [its for its in answered if not set(its["rests"]) & {*one["rests"], beside}]
                for sentence in sentences(chance.choice(elsewhere)["answer"]) if elsewhere else []:
                    yield Example(sentence, language, "elsewhere", sources, question)


def businesses(data: Path, split: str) -> Iterator[dict]:
    for path in sorted((data / "finetune" / "businesses").glob("*.yml")):
        business = yaml.load(path.read_text("utf-8"), yaml.CSafeLoader)
        if business["split"] == split:
            yield business


def right_answers(data: Path, split: str, language: str, seed: int = 7) -> Iterator[tuple[str, tuple[Text, ...], str]]:
    """Right answers in a language with the passages that they may rest on and the question; one passage of each is beside the point."""
    chance = random.Random(f"{seed}/{split}/{language}")
    for business in businesses(data, split):
        for one in business["questions"].get(language, []):
            if one["rests"] and one["kind"] != "unknown":
                beside = chance.choice(sorted(set(business["passages"]) - set(one["rests"])))
                sources = tuple(_text(business["passages"][name], language, chance) for name in [*one["rests"], beside])
                yield one["answer"], sources, " ".join([one["ask"], *one.get("before", [])])


def _wrong(
    wrong: str | None, sentence: str, language: str, kind: str, sources: tuple[Text, ...], question: str
) -> Iterator[Example]:
    if wrong and wrong != sentence:
        yield Example(wrong, language, kind, sources, question)


def _mixed(sentence: str, language: str, own: tuple[Text, ...], other: Text, chance: random.Random) -> str | None:
    """A sentence with a figure of another passage that counts the same thing."""
    known = [one.value for text in own for one in quantities(without_codes(text.text, text.language), text.language)]
    theirs = [one for one in quantities(without_codes(other.text, other.language), other.language) if one.value not in known]
    figures = regex.finditer(r"(?<![\d.,:\-A-Z])\d{1,4}(?![\d:\-])(?![.,]\d)", sentence)
    pairs = []
    for match in figures:
        units = {unit for one in quantities(sentence, language) if one.start <= match.start() < one.end for unit in one.units}
        pairs += [(match, f"{one.value:g}") for one in theirs if units & one.units and one.value < 10_000]
    return _replaced(sentence, *chance.choice(pairs)) if pairs else None


def _text(passage: dict[str, dict[str, str]], language: str, chance: random.Random) -> Text:
    """A passage in the customer's language or in another: an answer may rest on either."""
    chosen = language if language in passage and chance.random() < 0.5 else chance.choice(sorted(passage))
    return Text(passage[chosen]["text"], chosen, passage[chosen]["title"])


def corrupted(sentence: str, language: str, kind: str, chance: random.Random) -> str | None:
    """A sentence made wrong in one way; None where it holds nothing to be changed."""
    if kind == "figure":
        return _changed_figure(sentence, chance)
    if kind == "name":
        found = [
            one for one in regex.finditer(r"(?<=[\p{L}\d,»”]\s|[^\p{Latin}\s.])\p{Lu}\p{Latin}{3,}", sentence) if language != "de"
        ]
        return _replaced(sentence, chance.choice(found), chance.choice(_corruptions()["name"])) if found else None
    pairs = [(match, new) for old, new in _corruptions()[kind][language] for match in regex.finditer(regex.escape(old), sentence)]
    if kind == "negation":
        before = cues(sentence, language)
        pairs = [(match, new) for match, new in pairs if cues(_replaced(sentence, match, new), language) != before]
    if kind == "unit":
        pairs = [(match, new) for match, new in pairs if regex.search(r"\d\s?$", sentence[: match.start()])]
    return _replaced(sentence, *chance.choice(pairs)) if pairs else None


def _changed_figure(sentence: str, chance: random.Random) -> str | None:
    found = list(regex.finditer(r"(?<![\d.,:\-A-Z])\d{1,3}(?![\d:\-])(?!\.\d{3})", sentence))
    if not found:
        return None
    match = chance.choice(found)
    value = int(match[0])
    new = chance.choice(
        [one for one in (value + 1, value + 2, value * 2, value + 5, value + 10, max(1, value - 1)) if one != value]
    )
    return _replaced(sentence, match, str(new))


def _replaced(text: str, match: regex.Match, new: str) -> str:
    return text[: match.start()] + new + text[match.end() :]


@cache
def _corruptions() -> dict:
    return yaml.safe_load(CORRUPTIONS.read_text("utf-8"))


def calibrate(data: Path, encoder: str) -> dict:
    """The thresholds, as they stand in `calibration.yml`."""
    checker = Checker(get_encoder(encoder), None)
    scored: dict[str, list[tuple[Example, dict[str, float]]]] = {"same": [], "foreign": []}
    for split in ("train", "validation"):
        for one in examples(data, split):
            if one.kind not in ("right", *_LEARNT):
                continue
            verdict = checker.check(one.sentence, one.sources, one.language, one.question)
            if verdict.source is not None:
                place = "same" if one.sources[verdict.source].language == one.language else "foreign"
                scored[place].append((one, verdict.scores))
    return {"encoder": encoder, **{place: _thresholds(found) for place, found in scored.items()}}


def _thresholds(found: list[tuple[Example, dict[str, float]]]) -> dict:
    """Thresholds that together stop `RIGHT_STOPPED` of the right sentences, shared out so that most wrong ones are caught."""
    kinds = np.array([one.kind for one, _ in found])
    languages = np.array([one.language for one, _ in found])
    near, contrary, strange = (np.array([scores[name] for _, scores in found]) for name in ("nearness", "turned", "strange"))
    right = kinds == "right"

    def caught(share: float) -> tuple[float, float, float]:
        nearness = np.quantile(near[right], share * RIGHT_STOPPED)
        turned = np.quantile(contrary[right], 1 - (1 - share) * RIGHT_STOPPED)
        stopped = (near < nearness) | (contrary > turned)
        return float(np.mean([stopped[kinds == kind].mean() for kind in _LEARNT])), float(nearness), float(turned)

    _, nearness, turned = max(caught(share) for share in np.linspace(0, 1, 21))
    rare = {one: float(np.quantile(strange[right & (languages == one)], 1 - STRANGE_STOPPED)) for one in sorted(set(languages))}
    return {
        "nearness": round(nearness, 3),
        "turned": round(turned, 3),
        "strange": {language: round(value + 0.01, 2) for language, value in rare.items() if 0 < value < 0.95},
    }


def main() -> None:
    settings = get_settings()
    head = "# Learnt by `python -m tongshi.llm.checks.calibrate`; see there.\n"
    CALIBRATION.write_text(head + yaml.safe_dump(calibrate(settings.data, "use"), sort_keys=False, allow_unicode=True), "utf-8")


if __name__ == "__main__":
    main()
