"""The desk's own words: a file for each language, `en.yml` and others beside it with the same keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tongshi.files import read_yaml
from tongshi.settings import LANGUAGES

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Texts:
    """The desk's words in one language.

    Attributes:
        language: theirs.
        strings: by dotted name, e.g. `article.approve`; they may have placeholders.
    """

    language: str
    strings: Mapping[str, str]

    def __call__(self, name: str, **values: object) -> str:
        return self.strings[name].format(**values)

    def named(self, group: str, key: str | None) -> str:
        """What a thing is called, e.g. `named("status", "draft")`; a name without a text stands for itself."""
        return self.strings.get(f"{group}.{key}", key or "")

    def group(self, name: str) -> dict[str, str]:
        """All words under a name, e.g. those that a script needs."""
        prefix = f"{name}."
        return {key.removeprefix(prefix): text for key, text in self.strings.items() if key.startswith(prefix)}

    @property
    def direction(self) -> str:
        return "rtl" if self.language == "ar" else "ltr"


@cache
def languages() -> tuple[str, ...]:
    """The languages that the desk can be read in."""
    return tuple(one for one in LANGUAGES if (_FOLDER / f"{one}.yml").exists())


@cache
def texts(language: str) -> Texts:
    """The desk's words in one of `languages`."""
    return Texts(language, dict(_flat(read_yaml(_FOLDER / f"{language}.yml"))))


def _flat(tree: Mapping[str, Any], prefix: str = ""):
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", str(value)
