"""Finding known phrases (names of products, colours, reasons…) in messages of any script, small typos included."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import regex
from rapidfuzz.distance import DamerauLevenshtein

from tongshi.language.segment import tokenize
from tongshi.language.text import fold, scripts
from tongshi.language.vocabulary import is_form_of, is_word, load_words

_WORD = regex.compile(r"[\p{Latin}\p{Cyrillic}\p{Arabic}\d'’]+")
_UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}]")
_HAN = regex.compile(r"\p{Han}{2,}")
_HANGUL = regex.compile(r"\p{Hangul}")
_PARTICLES = "을|를|이|가|은|는|도|로|으로|만|의|에|와|과|랑|이랑|요|이요|입니다|이에요|예요|인데|하고|나|이나|부터|까지|에서|야|이야|용|색"
_BORDERS = {
    # Arabic writes the article and short prepositions onto the word.
    "spaced": r"(?<![\p{{Latin}}\p{{Cyrillic}}\d])(?:(?<!\p{{Arabic}})(?:[وبلفك]?ال|لل|[وبلفك])?)(?P<phrase>{})"
    r"(?![\p{{Latin}}\p{{Cyrillic}}\p{{Arabic}}\p{{M}}])",
    "korean": rf"(?<!\p{{{{Hangul}}}})(?P<phrase>{{}})(?:{_PARTICLES})*(?!\p{{{{Hangul}}}})",
    "unspaced": r"(?P<phrase>{})",
}
_LONG_ENOUGH = 5
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

    Scripts that put spaces between words are matched at word borders, with Arabic prefixes and Korean particles allowed; in the others
    short phrases are matched where the language's own segmenter cuts, so that 白 is not found in 面白い. Words of six letters or more
    are also found with one letter wrong, missing, added or swapped, unless what stands there is a word of its own and no other form of
    the phrase: "changer" is French and no charger.

    Args:
        phrases: pairs of phrase and the value it stands for.
    """

    def __init__(self, phrases: Iterable[tuple[str, str]]) -> None:
        self._values: dict[str, str] = {}
        for phrase, value in phrases:
            self._values.setdefault(" ".join(fold(phrase).split()), value)
        self._values.pop("", None)
        self._squeezed = {regex.sub(r"[\s\-]", "", phrase): value for phrase, value in self._values.items()}
        # One alternation a kind of script, longest phrase first, so that "power bank" wins over "power".
        groups: dict[str, list[str]] = defaultdict(list)
        for phrase in sorted(self._values, key=len, reverse=True):
            kind = "unspaced" if _UNSPACED.search(phrase) else "korean" if _HANGUL.search(phrase) else "spaced"
            groups[kind].append(regex.escape(phrase).replace(r"\ ", r"[\s\-]*"))
        self._patterns = {kind: regex.compile(_BORDERS[kind].format("|".join(phrases))) for kind, phrases in groups.items()}
        self._by_length: dict[int, list[str]] = defaultdict(list)
        for phrase in self._values:
            if " " not in phrase and len(phrase) >= _TYPO_LENGTH and not _UNSPACED.search(phrase):
                self._by_length[len(phrase)].append(phrase)
        load_words()

    def find(self, text: str) -> list[Found]:
        """All phrases of a text, in order, none overlapping another."""
        folded, places = fold_with_places(text)
        found: list[Found] = []
        for kind, pattern in self._patterns.items():
            borders = None
            for match in pattern.finditer(folded):
                start, end = match.span("phrase")
                if kind == "unspaced" and end - start < _LONG_ENOUGH:
                    borders = _word_borders(folded) if borders is None else borders
                    # jieba lets 坏 of 充电宝坏了 run into the product: one border is enough for Chinese words of several characters.
                    enough = 1 if _HAN.fullmatch(match["phrase"]) else 2
                    if (start in borders) + (end in borders) < enough:
                        continue
                value = self._squeezed[regex.sub(r"[\s\-]", "", match["phrase"])]
                found.append(Found(places[start], places[end - 1] + 1, value, 1.0))
        found = _without_overlaps(found)
        for match in _WORD.finditer(folded):
            start, end = places[match.start()], places[match.end() - 1] + 1
            if any(start < other.end and other.start < end for other in found):
                continue
            if value := self._with_typo(match.group(), text[start:end].lower()):
                found.append(Found(start, end, value, 0.8))
        return sorted(found, key=lambda one: one.start)

    def _with_typo(self, word: str, written: str) -> str | None:
        """What a folded word means that is nearly a phrase; `written` is the word with its accents."""
        if len(word) < _TYPO_LENGTH:
            return None
        near = [
            phrase
            for length in (len(word) - 1, len(word), len(word) + 1)
            for phrase in self._by_length[length]
            # The first letter is hardly ever the wrong one; holding it keeps other words out.
            if phrase[0] == word[0] and DamerauLevenshtein.distance(phrase, word, score_cutoff=1) <= 1
        ]
        if near and (is_word(word) or is_word(written)):
            near = [phrase for phrase in near if is_form_of(phrase, word)]
        values = {self._values[phrase] for phrase in near}
        return values.pop() if len(values) == 1 else None


def fold_with_places(text: str) -> tuple[str, list[int]]:
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


def _word_borders(text: str) -> set[int]:
    """Where the segmenter of the text's own language cuts it."""
    counts = scripts(text)
    language = "th" if counts["Thai"] else "ja" if counts["Kana"] else "zh"
    tokens = tokenize(text, language)
    return {token.start for token in tokens} | {token.end for token in tokens}
