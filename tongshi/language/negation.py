"""Whether a message says no to anything."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import regex

from tongshi.files import read_yaml


def negations(text: str, language: str) -> list[int]:
    """Where in a text the words begin that say no.

    Many a word here says no only sometimes, and no word is looked at in its sentence: this is to keep from taking for a yes what is none.
    """
    denial, harmless = _words(language)
    text = harmless.sub(lambda match: " " * len(match[0]), text)
    return [match.start() for match in denial.finditer(text)]


def denied(text: str, start: int, end: int, language: str, others: Iterable[tuple[int, int]] = ()) -> bool:
    """Whether a text says right beside a phrase of it that this is not so: "it's not broken", 故障ではありません.

    Args:
        start: where the phrase begins, in characters.
        end: where it ends.
        others: starts and ends of what says something itself, as "doesn't work" does in "doesn't work defective".
    """
    before, behind = _beside(language)
    said = (before and before.search(text, endpos=start)) or (behind and behind.match(text, end))
    return bool(said) and not any(
        said.start() < last and first < said.end() for first, last in others if (first, last) != (start, end)
    )


@lru_cache
def _words(language: str) -> tuple[regex.Pattern, regex.Pattern]:
    words = _told()[language]
    return regex.compile(words["denial"], regex.I), regex.compile(words["harmless"], regex.I)


@lru_cache
def _beside(language: str) -> tuple[regex.Pattern | None, regex.Pattern | None]:
    words = _told()[language]
    before, behind = words.get("before"), words.get("behind")
    return (
        regex.compile(rf"(?:{before})$", regex.I) if before else None,
        regex.compile(behind, regex.I) if behind else None,
    )


@lru_cache(maxsize=1)
def _told() -> dict[str, dict[str, str]]:
    return read_yaml(Path(__file__).with_name("negation.yml"))
