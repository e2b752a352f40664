"""The invented businesses of `data/finetune/businesses`: what their help centres say, what customers ask, and the right answer.

They are read, cleaned and checked here; what fails a check is left out and told, never mended silently.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from rapidfuzz import fuzz, process

from tongshi.errors import TongshiError
from tongshi.files import read_yaml
from tongshi.language.identify import LanguageIdentifier
from tongshi.language.text import clean, fold, fold_digits, fold_width

SPLITS = ("test", "validation", "train")
"""In the order in which a question that stands in several is kept: the unseen ones first."""

KINDS = ("plain", "followup", "angry", "unknown", "attack")
SURE = 0.8
"""Confidence from which a text in another language than it should be is left out."""

NEAR = 90.0
"""Likeness, in percent of characters (`rapidfuzz.fuzz.ratio`), from which two questions of one language are one."""

_SPACE = re.compile(r"[^\S\n]+")
_FIGURE = re.compile(r"\d+")
_ROUND_THE_CLOCK = {"24"}


@dataclass(frozen=True)
class Question:
    """One question as written, with the right answer.

    Attributes:
        kind: one of `KINDS`.
        rests: ids of the passages that the answer needs; none where nothing answers.
        before: what was said before, customer first, then agent, alternating.
    """

    business: str
    split: str
    language: str
    kind: str
    ask: str
    answer: str
    rests: tuple[str, ...] = ()
    before: tuple[str, ...] = ()


@dataclass(frozen=True)
class Business:
    """One business.

    Attributes:
        name: as its customers call it.
        split: one of `SPLITS`.
        passages: text by language, by passage id.
        titles: likewise.
    """

    id: str
    name: str
    split: str
    passages: dict[str, dict[str, str]]
    questions: tuple[Question, ...] = ()
    titles: dict[str, dict[str, str]] = field(default_factory=dict)


@dataclass
class Reading:
    """Businesses, and what was left out of them with the reason."""

    businesses: list[Business] = field(default_factory=list)
    left_out: list[tuple[str, str]] = field(default_factory=list)


def read(folder: Path, identify: LanguageIdentifier) -> Reading:
    """All businesses of a folder, cleaned and checked.

    Args:
        folder: of `<id>.yml` files.
        identify: for the language check.

    Raises:
        TongshiError: there is none, or a file is not of the right form.
    """
    reading = Reading()
    for path in sorted(folder.glob("*.yml")):
        business = _parse(path)
        business = _aligned(_in_their_languages(business, identify, reading.left_out), reading.left_out)
        reading.businesses.append(_supported(business, reading.left_out))
    if not reading.businesses:
        raise TongshiError(f"There is no business in {folder}.")
    drop_repetitions(reading)
    return reading


def drop_repetitions(reading: Reading, others: Iterable[Question] = ()) -> set[Question]:
    """Leave out of a reading what nearly repeats another question, see `distinct`.

    Args:
        others: questions from elsewhere; they stay where one of the same split is nearly the same.

    Returns:
        Those that stay, from the reading and elsewhere.
    """
    written = [one for business in reading.businesses for one in business.questions]
    kept = set(distinct([*others, *written], reading.left_out))
    reading.businesses = [
        replace(business, questions=tuple(one for one in business.questions if one in kept)) for business in reading.businesses
    ]
    return kept


def tidy(text: str) -> str:
    """One form of each character, single spaces, nothing invisible."""
    return _SPACE.sub(" ", clean(unicodedata.normalize("NFC", text)))


def numbers(text: str) -> set[str]:
    """Runs of two digits or more, in Western digits: a single one is as often a word ("two") as a figure."""
    return {run for run in _FIGURE.findall(fold_digits(fold_width(text))) if len(run) > 1}


def distinct(questions: Iterable[Question], left_out: list[tuple[str, str]]) -> list[Question]:
    """Questions without those that nearly repeat another of their language.

    Of two alike the one of the earlier split of `SPLITS` stays, so that nothing unseen comes near to what was learnt.
    """
    kept: list[Question] = []
    by_language: dict[str, list[Question]] = {}
    for one in sorted(questions, key=lambda one: SPLITS.index(one.split)):
        by_language.setdefault(one.language, []).append(one)
    for group in by_language.values():
        texts = [fold(" ".join((*one.before, one.ask))) for one in group]
        alike = process.cdist(texts, texts, scorer=fuzz.ratio, score_cutoff=NEAR, dtype=np.float32)
        dropped: set[int] = set()
        for number, one in enumerate(group):
            twin = next((other for other in np.flatnonzero(alike[number][:number]) if other not in dropped), None)
            if twin is None:
                kept.append(one)
            else:
                dropped.add(number)
                left_out.append((label(one), f"nearly the same as {label(group[twin])}"))
    return kept


def _parse(path: Path) -> Business:
    content = read_yaml(path)
    try:
        passages = {
            name: {language: tidy(text["text"]) for language, text in texts.items()}
            for name, texts in content["passages"].items()
        }
        titles = {
            name: {language: tidy(text["title"]) for language, text in texts.items()}
            for name, texts in content["passages"].items()
        }
        questions = tuple(
            _question(content, language, entry, passages)
            for language, entries in content["questions"].items()
            for entry in entries
        )
        if content["split"] not in SPLITS:
            raise ValueError(f"the split {content['split']!r} is none of {', '.join(SPLITS)}")
        return Business(content["id"], content["name"], content["split"], passages, questions, titles)
    except (KeyError, TypeError, ValueError) as error:
        raise TongshiError(f"{path} is not a business: {error}.") from error


def _question(content: dict[str, Any], language: str, entry: dict[str, Any], passages: Sequence[str]) -> Question:
    if entry["kind"] not in KINDS:
        raise ValueError(f"the kind {entry['kind']!r} is none of {', '.join(KINDS)}")
    if unknown := set(entry["rests"]) - set(passages):
        raise ValueError(f"there is no passage {', '.join(sorted(unknown))}")
    before = tuple(tidy(text) for text in entry.get("before", ()))
    rests = tuple(entry["rests"])
    ask, answer = tidy(entry["ask"]), tidy(entry["answer"])
    return Question(content["id"], content["split"], language, entry["kind"], ask, answer, rests, before)


def _in_their_languages(business: Business, identify: LanguageIdentifier, left_out: list[tuple[str, str]]) -> Business:
    """Without passages and answers that are surely in another language. Questions are as customers write: mixed."""

    def right(text: str, language: str, name: str) -> bool:
        found = identify(text)
        wrong = found.language not in (language, None) and found.confidence >= SURE
        if wrong:
            left_out.append((name, f"reads as {found.language}, not {language}"))
        return not wrong

    passages = {
        name: {language: text for language, text in texts.items() if right(text, language, f"{business.id}/{name}")}
        for name, texts in business.passages.items()
    }
    questions = tuple(one for one in business.questions if right(one.answer, one.language, label(one)))
    return replace(business, passages=passages, questions=questions)


def _aligned(business: Business, left_out: list[tuple[str, str]]) -> Business:
    """Without translations of a passage whose figures are not those of its first language."""
    passages: dict[str, dict[str, str]] = {}
    for name, texts in business.passages.items():
        first = next(iter(texts), None)
        passages[name] = {}
        for language, text in texts.items():
            # "24/7" and "round the clock" are one.
            if odd := (numbers(text) ^ numbers(texts[first])) - _ROUND_THE_CLOCK:
                left_out.append((f"{business.id}/{name}", f"{language} and {first} differ in {', '.join(sorted(odd))}"))
            else:
                passages[name][language] = text
    return replace(business, passages={name: texts for name, texts in passages.items() if texts})


def _supported(business: Business, left_out: list[tuple[str, str]]) -> Business:
    """Without answers that need a passage that is gone, or hold a figure that neither passages nor customer name."""
    kept = []
    for one in business.questions:
        texts = [business.passages.get(name, {}) for name in one.rests]
        known = numbers(" ".join([one.ask, *one.before, *(text for each in texts for text in each.values())]))
        if not all(texts):
            left_out.append((label(one), "rests on a passage that was left out"))
        elif one.rests and (odd := numbers(one.answer) - known):
            left_out.append((label(one), f"{', '.join(sorted(odd))} stands in none of its passages"))
        else:
            kept.append(one)
    return replace(business, questions=tuple(kept))


def label(question: Question) -> str:
    """How a question is called where it is said why it was left out."""
    return f"{question.business}/{question.language}: {question.ask[:40]}"
