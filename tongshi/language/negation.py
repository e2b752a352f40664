"""Whether a message says no to anything."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import regex
import yaml


def negations(text: str, language: str) -> list[int]:
    """Where in a text the words begin that say no.

    Many a word here says no only sometimes, and no word is looked at in its sentence: this is to keep from taking for a yes what is none.
    """
    denial, harmless = _words(language)
    text = harmless.sub(lambda match: " " * len(match[0]), text)
    return [match.start() for match in denial.finditer(text)]


@lru_cache
def _words(language: str) -> tuple[regex.Pattern, regex.Pattern]:
    words = yaml.safe_load(Path(__file__).with_name("negation.yml").read_text("utf-8"))[language]
    return regex.compile(words["denial"], regex.I), regex.compile(words["harmless"], regex.I)
