"""How words of scripts without spaces sound, so that 健盘 is heard as 键盘 and タブレト as タブレット."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

import regex

_HAN = regex.compile(r"\p{Han}+")
_KATAKANA = regex.compile(r"[\p{Katakana}ー]+")
_HANGUL = regex.compile(r"\p{Hangul}+")
_THAI = regex.compile(r"[\p{Thai}\s]+")
_UNHEARD_KANA = regex.compile(r"[ーッ・]")
_SMALL_KANA = str.maketrans("ァィゥェォャュョヮヵヶヂヅ", "アイウエオヤユヨワカケジズ")
# A consonant under thanthakhat is silent; tone marks are what is mistyped most.
_UNHEARD_THAI = regex.compile(r"[ก-ฮ][ิุ]?์|[็-๎]")
_VOWELS = {"ᅢ": "ᅦ", "ᅤ": "ᅨ", "ᅫ": "ᅬ", "ᅰ": "ᅬ"}
"""Korean vowels that have come to sound alike."""
_TENSE = {"ᄁ": "ᄀ", "ᄏ": "ᄀ", "ᄄ": "ᄃ", "ᄐ": "ᄃ", "ᄈ": "ᄇ", "ᄑ": "ᄇ", "ᄊ": "ᄉ", "ᄍ": "ᄌ", "ᄎ": "ᄌ"}
"""Korean initials by the plain one of their row."""


def runs(text: str) -> Iterator[tuple[int, int, str]]:
    """Stretches of a text in one script whose sound can be told: start, end and the script's name."""
    for name, pattern in (("Han", _HAN), ("Katakana", _KATAKANA), ("Hangul", _HANGUL), ("Thai", _THAI)):
        for match in pattern.finditer(text):
            yield *match.span(), name


def script_of(phrase: str) -> str | None:
    """The script of a phrase that is written in one of them throughout."""
    return next((name for start, end, name in runs(phrase) if end - start == len(phrase)), None)


def heard(text: str, script: str) -> list[str]:
    """The sound of each character of a text; empty for one that is not heard."""
    return _HEARD[script](text)


def _chinese(text: str) -> list[str]:
    return [_pinyin(char) for char in text]


@lru_cache(maxsize=20_000)
def _pinyin(char: str) -> str:
    from pypinyin import lazy_pinyin

    return lazy_pinyin(char)[0]


def _japanese(text: str) -> list[str]:
    return ["" if _UNHEARD_KANA.match(char) else char.translate(_SMALL_KANA) for char in text]


def _korean(text: str) -> list[str]:
    import unicodedata

    sounds = []
    for char in text:
        jamo = unicodedata.normalize("NFD", char)
        sounds.append("".join(_TENSE.get(one, _VOWELS.get(one, one)) for one in jamo))
    return sounds


def _thai(text: str) -> list[str]:
    sounds = list(text)
    for match in _UNHEARD_THAI.finditer(text):
        sounds[match.start() : match.end()] = [""] * (match.end() - match.start())
    return ["" if char == " " else char for char in sounds]


_HEARD: dict[str, Callable[[str], list[str]]] = {"Han": _chinese, "Katakana": _japanese, "Hangul": _korean, "Thai": _thai}
