"""Does an answer say only what its passages say? Each check is a reason to hold a sentence back."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import regex

from tongshi.language.identify import LanguageIdentifier
from tongshi.language.text import fold, fold_digits, fold_width

_FIGURE = regex.compile(r"\d+(?:[.,:\s]\d+)*")
_SENTENCE_START = regex.compile(r"(?:^|[.!?…:;。！？؟]\s*|[«“\"(]\s*)$")
# Not \b: Chinese, Japanese and Thai write no space around a name, and their characters are word characters too.
_LEFT, _RIGHT = r"(?<![\p{Latin}\p{Cyrillic}\d])", r"(?![\p{Latin}\p{Cyrillic}\d])"
_CODE = regex.compile(
    rf"{_LEFT}(?=\p{{Latin}}*\d)(?=\d*\p{{Latin}})[\p{{Latin}}\d]+(?:[-_.][\p{{Latin}}\d]+)*|{_LEFT}\p{{Lu}}{{2,}}{_RIGHT}"
)
_NAME = regex.compile(rf"{_LEFT}\p{{Lu}}[\p{{Latin}}]+(?:\s+\p{{Lu}}[\p{{Latin}}\d]+)*")
_ADDRESS = regex.compile(r"\b[\w.+-]+@[\w.-]+\w|\bhttps?://\S+|\bwww\.\S+", regex.I)
_SURE = 0.8
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
    haystack = _squeezed(unicodedata.normalize("NFKC", together))
    named = _ADDRESS.findall(answer) + _CODE.findall(answer)
    if language != "de":
        for match in _NAME.finditer(answer):
            name = match.group()
            if language in _LATIN_LANGUAGES and _SENTENCE_START.search(answer[: match.start()]):
                # Any first word has a capital; what follows it with one is a name.
                name = "".join(name.split(maxsplit=1)[1:])
            named += [name] if name else []
    return missing + [name for name in dict.fromkeys(named) if _squeezed(name) not in haystack and name not in missing]


def _squeezed(text: str) -> str:
    """For comparing: "20 W" and "20W" are one."""
    return "".join(fold(text).split())


def is_in_language(answer: str, language: str, identify: LanguageIdentifier) -> bool:
    """Whether an answer is written in a language.

    Names and codes in Latin script do not count against it, and a fragment such as "12 Euro, 4 Tage" is too short to be held against it on doubt.
    """
    found = identify(answer)
    if found.language in (language, None) and found.outside is None:
        return True
    return found.language in _LATIN_LANGUAGES and language in _LATIN_LANGUAGES and found.confidence < _SURE
