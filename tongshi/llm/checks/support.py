"""Which words of a passage a sentence rests on: passages are cut into windows, and a sentence compared with each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import regex

from tongshi.language.segment import sentences
from tongshi.language.vectors import Encoder, normalise
from tongshi.llm.checks.names import weekdays, without_codes
from tongshi.llm.checks.quantities import Quantity, quantities
from tongshi.llm.checks.words import plain, words

_CLAUSE = regex.compile(r"(?<=[;；,，、،:：])\s*(?!\d)|\s[–—]\s|(?<=[()（）])\s*")
_SHORTEST = {"ja": 8, "ko": 8, "th": 12, "zh": 6}
_THAI_PHRASE = 60
# A figure stands between spaces too.
_THAI_SPACE = regex.compile(r"(?<=[\p{L}\p{M}])\s+(?=\p{L})")


@dataclass(frozen=True)
class Window:
    """A stretch of a passage with what it says.

    Attributes:
        text: the words themselves.
        quote: the sentence that they are part of.
        quantities: its figures.
        weekdays: the days that it speaks of, 0 for Monday.
        cues: how many words of each kind turn or bound it.
    """

    text: str
    quote: str
    quantities: tuple[Quantity, ...]
    weekdays: frozenset[int]
    cues: dict[str, int]


@dataclass(frozen=True)
class Windows:
    """A passage cut up.

    Attributes:
        windows: its sentences, their clauses, and neighbouring sentences together.
        vectors: of the windows, shape (len(windows), dimensions).
    """

    windows: tuple[Window, ...]
    vectors: np.ndarray


def parts(text: str, language: str) -> list[str]:
    """Sentences of a text; Thai, which marks no end of one, is cut at spaces into stretches of about a sentence's length."""
    if language != "th":
        return sentences(text)
    found = [""]
    for phrase in _THAI_SPACE.split(text):
        if len(found[-1]) > _THAI_PHRASE:
            found.append("")
        found[-1] = f"{found[-1]} {phrase}".strip()
    return [part for part in found if part]


def clauses(text: str, language: str) -> list[str]:
    """Clauses of a sentence, none shorter than says something."""
    least = _SHORTEST.get(language, 15)
    found: list[str] = []
    for piece in _CLAUSE.split(text) if language != "th" else _THAI_SPACE.split(text):
        if found and (len(piece) < least or len(found[-1]) < least):
            found[-1] += f" {piece}"
        elif piece.strip():
            found.append(piece.strip())
    return found


def cues(text: str, language: str) -> dict[str, int]:
    """How many words turn a text (`not`), and how many say yes and no at once (`both`)."""
    known = words(language).cues
    text = known["bound"].sub(" ", plain(text))
    return {kind: len(known[kind].findall(text)) for kind in ("not", "both")}


def window(text: str, quote: str, language: str) -> Window:
    figures = quantities(without_codes(text, language), language, generous=True)
    return Window(text, quote, tuple(figures), weekdays(text, language, generous=True), cues(text, language))


class Cutter:
    """Cuts passages into windows and keeps what it cut.

    Args:
        encoder: for the vectors of the windows.
        kept: how many passages are kept.
    """

    def __init__(self, encoder: Encoder, kept: int = 256) -> None:
        self._encoder = encoder
        self.cut = lru_cache(maxsize=kept)(self._cut)

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        return self._encoder.encode([normalise(text) for text in texts])

    def _cut(self, text: str, language: str) -> Windows:
        whole = parts(text, language)
        found = [window(sentence, sentence, language) for sentence in whole]
        for sentence in whole:
            pieces = clauses(sentence, language)
            found += [window(piece, sentence, language) for piece in pieces if len(pieces) > 1]
            found += [window(f"{a} {b}", sentence, language) for a, b in zip(pieces, pieces[1:]) if len(pieces) > 2]
        found += [window(f"{a} {b}", f"{a} {b}", language) for a, b in zip(whole, whole[1:])]
        found = found or [window(text, text, language)]
        return Windows(tuple(found), self.encode([one.text for one in found]))
