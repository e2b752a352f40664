"""Finding known phrases (names of products, colours, reasons…) in messages of any script, small typos included."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import regex
from rapidfuzz.distance import DamerauLevenshtein

from tongshi.language.text import fold

_WORD = regex.compile(r"[\p{Latin}\p{Cyrillic}\p{Arabic}\p{Hangul}\d'’]+|[\p{Han}\p{Hiragana}\p{Katakana}ー]+|[\p{Thai}]+")
_UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Hangul}]")
_TYPO_LENGTH = 6


@dataclass(frozen=True)
class Found:
    """A phrase in a text: where, which value it stands for, and how surely (1.0 as written, less with a typo)."""

    start: int
    end: int
    value: str
    confidence: float


class PhraseFinder:
    """Finds phrases, the longest first.

    Scripts that put spaces between words are matched at word borders, with an Arabic or Korean ending or prefix allowed; the others
    anywhere. Words of six letters or more are also found with one letter wrong, missing, added or swapped.

    Args:
        phrases: pairs of phrase and the value it stands for.
    """

    def __init__(self, phrases: Iterable[tuple[str, str]]) -> None:
        self._values: dict[str, str] = {}
        for phrase, value in phrases:
            self._values.setdefault(" ".join(fold(phrase).split()), value)
        self._values.pop("", None)
        # One alternation, longest phrase first, so that "power bank" wins over "power".
        ordered = sorted(self._values, key=len, reverse=True)
        spaced = [phrase for phrase in ordered if not _UNSPACED.search(phrase)]
        unspaced = [phrase for phrase in ordered if _UNSPACED.search(phrase)]
        self._patterns = []
        if spaced:
            choice = "|".join(regex.escape(phrase).replace(r"\ ", r"[\s\-]*") for phrase in spaced)
            self._patterns.append(regex.compile(rf"(?<![\p{{Latin}}\p{{Cyrillic}}\d])(?:(?<=(?<!\p{{Arabic}})(?:[وبلفك]?ال|لل|[وبلفك]))|(?<!\p{{Arabic}}))(?:{choice})(?![\p{{Latin}}\p{{Cyrillic}}\p{{Arabic}}\p{{M}}])"))
        if unspaced:
            choice = "|".join(regex.escape(phrase).replace(r"\ ", r"\s*") for phrase in unspaced)
            self._patterns.append(regex.compile(choice))
        self._by_length: dict[int, list[str]] = defaultdict(list)
        for phrase in spaced:
            if " " not in phrase and len(phrase) >= _TYPO_LENGTH:
                self._by_length[len(phrase)].append(phrase)

    def find(self, text: str) -> list[Found]:
        """All phrases of a text, in order, none overlapping another."""
        folded, places = _fold_with_places(text)
        found: list[Found] = []
        for pattern in self._patterns:
            for match in pattern.finditer(folded):
                value = self._values.get(" ".join(match.group().replace("-", " ").split())) or self._values.get(match.group())
                value = value or self._loose(match.group())
                if value:
                    found.append(Found(places[match.start()], places[match.end() - 1] + 1, value, 1.0))
        found = _without_overlaps(found)
        for match in _WORD.finditer(folded):
            start, end = places[match.start()], places[match.end() - 1] + 1
            if any(start < other.end and other.start < end for other in found):
                continue
            if value := self._with_typo(match.group()):
                found.append(Found(start, end, value, 0.8))
        return sorted(found, key=lambda one: one.start)

    def _loose(self, text: str) -> str | None:
        """The value of a phrase whose words were joined or hyphenated otherwise."""
        squeezed = regex.sub(r"[\s\-]", "", text)
        return next((value for phrase, value in self._values.items() if regex.sub(r"[\s\-]", "", phrase) == squeezed), None)

    def _with_typo(self, word: str) -> str | None:
        if len(word) < _TYPO_LENGTH or _UNSPACED.search(word):
            return None
        values = {
            self._values[phrase]
            for length in (len(word) - 1, len(word), len(word) + 1)
            for phrase in self._by_length[length]
            # The first letter is hardly ever the wrong one; holding it keeps other words out.
            if phrase[0] == word[0] and DamerauLevenshtein.distance(phrase, word, score_cutoff=1) <= 1
        }
        return values.pop() if len(values) == 1 else None


def _fold_with_places(text: str) -> tuple[str, list[int]]:
    """The folded text, and for each of its characters the place in the original it came from."""
    folded, places = [], []
    for place, char in enumerate(text):
        for piece in fold(char):
            folded.append(piece)
            places.append(place)
    return "".join(folded), places


def _without_overlaps(found: list[Found]) -> list[Found]:
    kept: list[Found] = []
    for one in sorted(found, key=lambda one: (one.start - one.end, one.start)):
        if not any(one.start < other.end and other.start < one.end for other in kept):
            kept.append(one)
    return kept
