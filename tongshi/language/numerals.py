"""Numbers in words of twelve languages: "zwölf", "quatre-vingt-dix", 二十五, "двадцать пять", ยี่สิบ, in figures and words: "5 тыс.", 1万2千.

The words are listed in `numerals.yml`; one grammar puts them together, since text2num reads six of the twelve languages and cn2an a seventh, and
neither what is half in figures.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import regex

from tongshi.files import read_yaml
from tongshi.language.text import fold

_WORDS = Path(__file__).with_name("numerals.yml")
_BETWEEN = r"[\s\-]"
_FIGURE = r"\d+(?:\.\d+)?"


class Numerals:
    """Reads the numbers of some languages.

    Args:
        languages: of the twelve; several where a text's own language is not known.

    Attributes:
        values: what each word stands for.
        expression: a regular expression for a number in words, in folded text, without borders.
        word: one for a single word of it.
    """

    def __init__(self, languages: Iterable[str]) -> None:
        told = {language: _read()[language] for language in languages}
        self.values = {fold(word): value for one in told.values() for value, words in one["words"].items() for word in words}
        self._stacks = any(one.get("stacks") for one in told.values())
        self._small_first = any(one.get("small_first") for one in told.values())
        self._short = "zh" in told
        self.word = either(map(regex.escape, self.values))
        ands = [fold(one["and"]) for one in told.values() if "and" in one]
        link = rf"{_BETWEEN}*(?:{either(ands)}{_BETWEEN}*)?" if ands else r"\s?"
        self.expression = f"{self.word}(?:{link}{self.word})*"
        part = rf"(?:(?P<part>{_FIGURE})|(?P<part>{self.word}))"
        self._whole = regex.compile(f"{part}(?:{link}{part})*")

    def value(self, said: str) -> Decimal | None:
        """What a number amounts to.

        Args:
            said: what `expression` has found, or figures with a decimal point and such words after each other; folded.

        Returns:
            None where the words do not make one number: "two three".
        """
        whole = self._whole.fullmatch(said)
        if whole is None:
            return None
        found = self._value([Decimal(one) if one[0].isdecimal() else self.values[one] for one in whole.captures("part")])
        return None if found is None else Decimal(found)

    def _value(self, parts: Sequence[int | Decimal]) -> int | Decimal | None:
        top = max(parts)
        if self._multiplies(top):
            at = parts.index(top)
            before = self._value(parts[:at]) if at else 1
            after = self._value(parts[at + 1 :]) if at + 1 < len(parts) else 0
            if before is None or after is None or after >= top or (before >= top and top < 1000):
                return None
            if self._short and at + 2 == len(parts) and top >= 100 and isinstance(parts[-1], int) and 0 < after < 10:
                after = after * top // 10  # 一百五 is 150, 一百零五 is 105
            return before * top + after
        return self._sum(parts)

    def _multiplies(self, part: int | Decimal) -> bool:
        return isinstance(part, int) and part in ((10, *_SCALES) if self._stacks else _SCALES)

    def _sum(self, parts: Sequence[int | Decimal]) -> int | Decimal | None:
        """What words that do not multiply make together: hundreds, tens and units, each once."""
        first, *rest = parts
        if not rest:
            return first
        if any(isinstance(one, Decimal) for one in parts):
            return None
        if first == 0:
            return self._value(rest)
        if first >= 100:
            after = self._value(rest)
            return first + after if after is not None and after < 100 else None
        if len(rest) > 1:
            return None
        second = rest[0]
        if first >= 20 and first % 10 == 0 and (0 < second < 10 or (first in (60, 80) and 10 <= second < 20)):
            return first + second
        if self._small_first and 0 < first < 10 and second >= 20 and second % 10 == 0 and second < 100:
            return first + second
        # 两三天: the more of the two.
        return second if self._stacks and 0 < first < 9 and second == first + 1 else None


_SCALES = (100, 1000, 10_000, 100_000, 1_000_000)


def either(expressions: Iterable[str]) -> str:
    """One of several regular expressions, the longest first."""
    return "(?:" + "|".join(sorted(set(expressions), key=len, reverse=True)) + ")"


def ordinals(language: str) -> dict[str, int]:
    """Folded words for a day of a month: "third", третьего."""
    return {fold(word): value for value, words in _read()[language].get("ordinals", {}).items() for word in words}


@cache
def numerals(*languages: str) -> Numerals:
    """This process's reader of some languages."""
    return Numerals(languages)


@cache
def _read() -> dict[str, Any]:
    return read_yaml(_WORDS)
