"""How figures, letters and signs are spoken in each language, from data/speech."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import yaml

from tongshi.errors import TongshiError
from tongshi.files import read_yaml
from tongshi.settings import get_settings


@dataclass(frozen=True)
class SpokenWords:
    """One language's file.

    Attributes:
        prompt: a sentence of the shop, which makes its words likelier to a recogniser.
        digits: what each figure is heard as, the usual word first.
        letters: the same for a to z.
        signs: the same for `at`, `dot`, `dash` and `underscore`.
        prefixes: what the first letters of order and case numbers are heard as in one word.
        double: words for a figure said twice or thrice.
        number: words that may stand between such letters and the figures.
        like: words by which a letter is explained with a name: "M as in Mary".
        other: words that begin with one for a figure and are none, where words are written together.
        say: how signs, amounts of euro and per cent are said.
        agreed, refused: how somebody says yes and no to "is that right?".
        endings: how parts of e-mail addresses sound that are written in Latin letters.
    """

    language: str
    prompt: str
    digits: dict[int, list[str]]
    letters: dict[str, list[str]]
    signs: dict[str, list[str]]
    prefixes: dict[str, list[str]]
    double: dict[str, int]
    number: list[str]
    say: dict[str, str]
    agreed: list[str]
    refused: list[str]
    endings: dict[str, list[str]] = field(default_factory=dict)
    like: list[str] = field(default_factory=list)
    other: list[str] = field(default_factory=list)


@cache
def spoken_words(language: str) -> SpokenWords:
    """The words of one of the twelve languages.

    Raises:
        TongshiError: its file is missing or cannot be read.
    """
    path = get_settings().data / "speech" / f"{language}.yml"
    try:
        return SpokenWords(**read_yaml(path))
    except (OSError, yaml.YAMLError, TypeError) as error:
        raise TongshiError(f"Cannot read the spoken words {path}: {error}") from error
