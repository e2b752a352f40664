"""Does an answer say only what its passages say? Each check is a reason to hold a sentence back."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import regex

from tongshi.language.identify import LanguageIdentifier
from tongshi.language.text import fold, fold_digits, fold_width

_FIGURE = regex.compile(r"\d+(?:[.,:\s]\d+)*")
_SENTENCE_START = regex.compile(r"(?:^|[.!?…:;。！？؟]\s*|[«“\"(]\s*)$")
_CODE = regex.compile(r"\b(?=\p{Latin}*\d)(?=\d*\p{Latin})[\p{Latin}\d]+(?:[-_.][\p{Latin}\d]+)*\b|\b\p{Lu}{2,}\b")
_NAME = regex.compile(r"\b\p{Lu}[\p{Latin}]+(?:\s+\p{Lu}[\p{Latin}\d]+)*")
_ADDRESS = regex.compile(r"\b[\w.+-]+@[\w.-]+\w|\bhttps?://\S+|\bwww\.\S+", regex.I)
_LATIN_LANGUAGES = {"de", "en", "es", "fr", "it", "pt"}


def figures(text: str) -> set[str]:
    """Numbers of a text in one notation: Western digits, no separators, no leading or cents' zeros."""
    found = set()
    for match in _FIGURE.findall(fold_digits(fold_width(text))):
        number = regex.sub(r"[.,](?=\d{3}(?:\D|$))|\s", "", match)
        number = regex.sub(r"[.,]00$", "", number).replace(",", ".")
        if number.endswith("0") and "." in number:
            number = number.rstrip("0").rstrip(".")
        found.add(number.replace(":", "").lstrip("0") or "0")
    return found


def unsupported(answer: str, sources: Sequence[str], language: str) -> list[str]:
    """Figures, codes, addresses and names of an answer that stand in none of its sources.

    Args:
        answer: a sentence or more.
        sources: passages it may rest on, and the question.
        language: of the answer: in German every noun has a capital, so names are looked for in the other languages.
    """
    together = " ".join(sources)
    missing = sorted(figures(answer) - figures(together))
    haystack = fold(unicodedata.normalize("NFKC", together))
    named = _ADDRESS.findall(answer) + _CODE.findall(answer)
    if language != "de":
        named += [
            match.group()
            for match in _NAME.finditer(answer)
            if language not in _LATIN_LANGUAGES or not _SENTENCE_START.search(answer[: match.start()])
        ]
    return missing + [name for name in dict.fromkeys(named) if fold(name) not in haystack and name not in missing]


def is_in_language(answer: str, language: str, identify: LanguageIdentifier) -> bool:
    """Whether an answer is written in a language; names and codes in Latin script do not count against it."""
    found = identify(answer)
    return found.language == language or (found.language is None and found.outside is None)
