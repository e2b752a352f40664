"""What a translation has left of another language: words that were not translated, and words in a script that the language is not written in."""

from __future__ import annotations

from collections.abc import Iterable

import regex

from tongshi.language.vocabulary import frequencies

_LATIN = "Latin"
_SCRIPTS = {
    "ar": ("Arabic",),
    "ja": ("Han", "Hiragana", "Katakana"),
    "ko": ("Hangul",),
    "ru": ("Cyrillic",),
    "th": ("Thai",),
    "zh": ("Han",),
}
"""Scripts of the languages that are not written in Latin letters."""

_WORD = regex.compile(r"\p{Latin}{3,}")
_FEWEST = 2
"""Words of another language in the same letters that make a sentence untranslated: one alone is mostly a loan that no word list has yet."""

_START = regex.compile(r"(?:^|[.!?:]\s+)(\p{Latin}+)")


def leftovers(draft: str, language: str, text: str, source: str, kept: Iterable[str] = ()) -> list[str]:
    """Words of a translation that are of another language.

    A word in Latin letters is none where the language has taken it up ("app", "online"), nor where it may be a name, with a capital.

    Args:
        draft: the translation.
        language: that it should be in.
        text: the original.
        source: its language.
        kept: what stands in the translation on purpose.
    """
    for one in kept:
        draft = draft.replace(one, " ")
    own = "".join(rf"\p{{{script}}}" for script in _SCRIPTS.get(language, (_LATIN,)))
    found = regex.findall(rf"[^\W\d_{own}\p{{Latin}}\p{{Common}}\p{{Inherited}}]+", draft)
    words = _WORD.findall(draft)
    if language in _SCRIPTS:
        return found + [word for word in words if word.islower() and not _is_taken_up(word, language)]
    untranslated = {word for word in _WORD.findall(text) if word.islower()} | {word.casefold() for word in _START.findall(text)}
    said = frequencies(source, "small")
    left = [
        word
        for word in words
        if (low := word.casefold()) in untranslated and low in said and low not in frequencies(language, "small")
    ]
    return found + (left if len(left) >= _FEWEST else [])


def _is_taken_up(word: str, language: str) -> bool:
    """Whether a language of another script writes a word in Latin letters.

    Thai's word list was made of translated texts and holds any English word; what Chinese, Japanese or Korean write so, Thai does too.
    """
    return any(word in frequencies(one, "small") for one in (("ja", "ko", "zh") if language == "th" else (language,)))
