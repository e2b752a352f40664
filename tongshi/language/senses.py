"""Where a word means something else than customers of the shop mostly mean by it, or something of another maker."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

import regex

from tongshi.language.phrases import Found, fold_with_places
from tongshi.language.text import fold

_LETTERS = r"\p{Latin}\p{Cyrillic}\p{Arabic}\p{Hangul}"
_OF = (
    r"(?:(?:de|di|da|do|of|by|from|von|vom|der|marca|marke|marque|brand|от|фирмы|марки|ماركة|نوع)\s+|d['’]|(?:ของ|ยี่ห้อ|แบรนด์)\s*)"
)
"""What stands between a thing and its maker."""
_FITS = r"(?![\s\-]*(?:[ck]ompat|ready|совмест|متوافق|รองรับ))"
"""In "clavier Apple compatible" the maker is that of something else."""


def _spelled(expression: str) -> str:
    """A regular expression with its letters as `fold` leaves those of a text."""
    return "".join(fold(char) if char.isalpha() and not char.isascii() else char for char in expression)


class OtherSenses:
    """Finds the expressions in which a word names nothing: "14 Uhr" is no watch, "ich weiß nicht" is not white.

    Args:
        expressions: regular expressions, for text in lower case without accents; it does not matter whether they have accents themselves.
    """

    def __init__(self, expressions: Iterable[str]) -> None:
        joined = "|".join(f"(?:{_spelled(one)})" for one in expressions)
        self._pattern = regex.compile(rf"(?<![\p{{Latin}}\p{{Cyrillic}}\p{{Arabic}}\p{{N}}])(?:{joined or '(?!)'})")

    def without(self, found: Sequence[Found], text: str) -> list[Found]:
        """What a text names, less what stands within such an expression."""
        if not found:
            return []
        folded, places = fold_with_places(text)
        matches = self._pattern.finditer(folded, overlapped=True)
        senses = [(places[one.start()], places[one.end() - 1]) for one in matches if one.end() > one.start()]
        return [one for one in found if not any(start <= one.start and one.end <= end + 1 for start, end in senses)]


class OtherMakers:
    """Finds what is named with the name of another maker beside it: "bose headphones", "montre Apple", ソニーのヘッドホン.

    Args:
        makers: regular expressions, as those of `OtherSenses`.
        fitting: values beside which a maker tells what they are for: an "iPhone charger" may well be ours.
    """

    def __init__(self, makers: Iterable[str], fitting: Collection[str]) -> None:
        self._fitting = frozenset(fitting)
        names = [_spelled(one) for one in makers]
        spaced = [one for one in names if not regex.search(r"[\p{Han}\p{Katakana}\p{Hangul}]", one)]
        figure = r"(?:\s+[\p{L}\-]*\d[\p{L}\d\-]*)?"
        self._before = regex.compile(
            rf"(?<![{_LETTERS}])(?:{'|'.join(names) or '(?!)'})(?:['’]s)?{figure}[\s\-]*(?:の|的|의)?\s*$"
        )
        self._behind = regex.compile(
            rf"(?:[\s\-]+|(?<=\p{{Thai}})){_OF}{{0,2}}(?:{'|'.join(spaced) or '(?!)'})(?![{_LETTERS}]){_FITS}"
        )

    def without(self, found: Sequence[Found], text: str) -> list[Found]:
        """What a text names, less what is of another maker."""
        if all(one.value in self._fitting for one in found):
            return list(found)
        folded, places = fold_with_places(text)
        return [one for one in found if one.value in self._fitting or not any(self._beside(one, folded, places))]

    def _beside(self, one: Found, folded: str, places: Sequence[int]) -> Iterator[bool]:
        start = next((at for at, place in enumerate(places) if place >= one.start), len(places))
        end = next((at for at, place in enumerate(places) if place >= one.end), len(places))
        yield bool(self._before.search(folded, endpos=start))
        yield bool(self._behind.match(folded, end))
