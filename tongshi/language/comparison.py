"""Whether a message sets things beside each other."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import regex

from tongshi.files import read_yaml


def compares(text: str, language: str) -> bool:
    """Whether a text has words with which two things are compared: "which of those two", "cheaper", "than".

    They are words alone, looked at in no sentence: it takes two products that are spoken of for them to mean anything.
    """
    return bool(_words(language).search(text))


@lru_cache
def _words(language: str) -> regex.Pattern:
    return regex.compile(read_yaml(Path(__file__).with_name("comparison.yml"))[language], regex.I)
