"""Right sentences made wrong by code: another figure, a negation put in or left out, another name, another passage's figure, another unit."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path

import regex

from tongshi.files import read_yaml
from tongshi.llm.checks.calibrate import Text
from tongshi.llm.checks.names import without_codes
from tongshi.llm.checks.quantities import quantities
from tongshi.llm.checks.support import cues

CORRUPTIONS = Path(__file__).with_name("corruptions.yml")
KINDS = ("figure", "negation", "name", "other", "unit")


def corrupted(sentence: str, language: str, kind: str, sources: tuple[Text, ...], chance: random.Random) -> str | None:
    """A sentence made wrong in one way.

    Args:
        kind: one of `KINDS`.
        sources: the passages it rests on, and last one that it does not.

    Returns:
        None where the sentence holds nothing to be changed.
    """
    if kind == "other":
        return _mixed(sentence, language, sources[:-1], sources[-1], chance)
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


@cache
def _corruptions() -> dict:
    return read_yaml(CORRUPTIONS)
