"""Which words a language has, and how often they are said."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache

from tongshi.language.segment import terms

_SPACED = ("ar", "de", "en", "es", "fr", "it", "pt", "ru")
"""Languages whose words can be looked up as they are written; of the others a word's borders are uncertain."""


@cache
def frequencies(language: str, size: str = "best") -> dict[str, float]:
    """Words of a language, without their capitals, with their frequency from 0 to 1.

    Args:
        size: wordfreq's `small` (words said once in a million words or more), `large` or `best`; Thai has one size, PyThaiNLP's.
    """
    if language == "th":
        from pythainlp.corpus.tnc import word_freqs

        counts = dict(word_freqs())
        total = sum(counts.values())
        return {word: count / total for word, count in counts.items()}
    from wordfreq import get_frequency_dict

    return get_frequency_dict(language, size)


def is_word(word: str) -> bool:
    """Whether one of the languages with spaces has this word.

    Args:
        word: lower case, with its accents or without.
    """
    return any(word in frequencies(language, "small") for language in _SPACED)


def is_said_in(word: str, language: str) -> bool:
    """Whether a language with spaces between its words has this one.

    Args:
        word: lower case, with its accents or without.
        language: one of the twelve; those without spaces have none.
    """
    return language in _SPACED and word in frequencies(language, "small")


def is_form_of(word: str, other: str, languages: Collection[str] = _SPACED) -> bool:
    """Whether a language with spaces between its words writes both with the same stem, as Russian does Японии and Япония.

    English has hardly a form but the plural; its stemmer would make a charger and a charge one word.

    Args:
        languages: those that are asked.
    """
    if word.removesuffix("s") == other.removesuffix("s"):
        return True
    return any(
        terms(word, language) == terms(other, language) for language in _SPACED if language in languages and language != "en"
    )


def load_words() -> None:
    """Load what `is_word` looks into: half a second."""
    for language in _SPACED:
        frequencies(language, "small")
