"""What a message is made of: characters, digits, scripts."""

from __future__ import annotations

import unicodedata
from collections import Counter

import regex

_CONTROL = regex.compile(r"[\p{Cc}\p{Cf}\p{Co}\p{Cs}--[\n\t\u200c\u200d]]", regex.V1)
_SCRIPTS = {
    "Latin": regex.compile(r"\p{Script=Latin}"),
    "Cyrillic": regex.compile(r"\p{Script=Cyrillic}"),
    "Arabic": regex.compile(r"\p{Script=Arabic}"),
    "Thai": regex.compile(r"\p{Script=Thai}"),
    "Hangul": regex.compile(r"\p{Script=Hangul}"),
    "Kana": regex.compile(r"[\p{Script=Hiragana}\p{Script=Katakana}]"),
    "Han": regex.compile(r"\p{Script=Han}"),
}
# Marks that make another letter, not an accent: Thai vowels and tones, Japanese voicing.
_KEPT_MARK = regex.compile(r"[\p{Script=Thai}\u3099\u309a]")
_LETTER = regex.compile(r"\p{L}")
# A sign between two figures, before one, or that says what they count, makes another figure: 1.5 and 15, -5 and 5, $5 and €5, 5% and 5.
_SEPARATORS = regex.compile(
    r"""(?: (?<=\d)\s+(?=\d)
          | (?<=\d\s*)[.,:/\-–٫⁄−](?=\s*\d)
          | (?<![^\s(])[.,\-−](?=\d)
          | \p{Sc}
          | (?<=\d\s*)%
          | (?<=[\p{L}\d]\+*)\+
        ) (*SKIP)(*FAIL)
      | [\p{P}\p{S}\s]""",
    regex.X,
)
_DENSE = {"Han", "Kana", "Hangul"}

QUESTION_MARKS = ("?", "？", "؟")
"""Those of the twelve languages."""


def clean(text: str) -> str:
    """Drop control and invisible formatting characters (joiners that scripts need stay) and outer white space."""
    return _CONTROL.sub("", text).strip()


def fold_digits(text: str) -> str:
    """Every decimal digit of any script as 0-9; all else, and the length, unchanged."""
    return "".join(str(unicodedata.digit(char)) if char.isdecimal() and not char.isascii() else char for char in text)


def fold_width(text: str) -> str:
    """Full-width Latin letters, digits and signs as their ASCII counterparts; the length unchanged."""
    return "".join(chr(ord(char) - 0xFEE0) if "！" <= char <= "～" else " " if char == "\u3000" else char for char in text)


def fold(text: str) -> str:
    """A form for comparing: lower case, without accents, width and digit script folded."""
    text = unicodedata.normalize("NFKD", fold_digits(fold_width(text)).casefold())
    text = "".join(char for char in text if not unicodedata.combining(char) or _KEPT_MARK.match(char))
    return unicodedata.normalize("NFC", text)


def bare(text: str) -> str:
    """What is left of a text without case, accents, punctuation and white space: texts of which the same is left read the same.

    What makes another figure or another name stays: "1.5 m" and "15 m", "S24+" and "S24" do not read the same.
    """
    return _SEPARATORS.sub("", fold(text)) or text


def has_question_mark(text: str) -> bool:
    """Whether something is asked in so many signs, wherever in the text."""
    return any(mark in text for mark in QUESTION_MARKS)


def scripts(text: str) -> Counter[str]:
    """Letters a script; Hiragana and Katakana together are `Kana`, scripts of no language here are `Other`."""
    counts: Counter[str] = Counter()
    for char in _LETTER.findall(text):
        for name, pattern in _SCRIPTS.items():
            if pattern.match(char):
                counts[name] += 1
                break
        else:
            counts["Other"] += 1
    return counts


def letters(text: str) -> int:
    """How long a text is in letters of an alphabet; a character of Chinese, Japanese or Korean counts as three."""
    return sum(count * (3 if script in _DENSE else 1) for script, count in scripts(text).items())
