"""What a translation must not touch, put out of its reach: addresses, codes, placeholders and names stand as short stand-ins while it is made.

A stand-in is of the same kind as what it stands for (`mail1@post.example` for an e-mail address), so that the sentence around it keeps
its sense: a model that reads "my e-mail is {1}" has been seen to write that an e-mail failed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import regex

from tongshi.llm.checks import names

_PLACEHOLDER = regex.compile(
    r"""\{\{[^{}\n]{1,60}\}\} | \$?\{[^{}\n]{0,60}\} | (?<![\p{L}\d$])\$[A-Za-z_]\w*
    | %\(\w+\)[\d.]*[sdif] | %(?:\d+\$)?[+0]?[\d.]*(?:[hlqz]|ll)?[sdifugxX@](?!\p{Latin})
    | </?[A-Za-z][^<>\n]{0,80}> | \[\p{L}[\p{L}\p{M}\d]*(?:[ _-][\p{L}\p{M}\d]+){0,3}\](?!\()""",
    regex.X,
)
"""What programs and templates fill in: `{name}`, `$name`, `%s`, `%1$s`, `%.2f`, `%@`, `[First name]`, and tags. A link's words in brackets are none."""

_LETTER = regex.compile(r"\p{L}")
_EMAIL = "@"
_STAND_INS: dict[str, Callable[[int], str]] = {
    "email": lambda number: f"mail{number}@post.example",
    "url": lambda number: f"https://page{number}.example",
    "phone": lambda number: f"555-01{number:02}",
    "placeholder": lambda number: f"{{{number}}}",
    "code": lambda number: f"QX-{number}",
}


@dataclass(frozen=True)
class Masked:
    """A text whose parts that must stay as they are have been taken out.

    Attributes:
        text: with stand-ins.
        originals: what each stand-in stands for.
        counts: how often each of them stands in the original.
    """

    text: str
    originals: dict[str, str]
    counts: dict[str, int]

    @property
    def is_bare(self) -> bool:
        """Whether nothing is left that has words."""
        text = self.text
        for stand_in in self.originals:
            text = _whole(stand_in).sub("", text)
        return not _LETTER.search(text)

    def restore(self, text: str) -> str:
        """A translation of `text` with what the stand-ins stand for."""
        for stand_in, original in self.originals.items():
            text = _whole(stand_in).sub(lambda _, original=original: original, text)
        return text

    def hide(self, text: str) -> str:
        """Another text with the same stand-ins."""
        for stand_in, original in self.originals.items():
            text = _whole(original).sub(lambda _, stand_in=stand_in: stand_in, text)
        return text

    def differing(self, restored: str) -> list[str]:
        """What does not stand in a restored translation as often as in the original."""
        return [one for one, count in self.counts.items() if len(_whole(one).findall(restored)) != count]


def mask(text: str, language: str, known: Iterable[str] = ()) -> Masked:
    """Take out what must stay as it is.

    Args:
        text: to be translated.
        language: that it is in.
        known: names that are written alike in every language, of products say.
    """
    originals: dict[str, str] = {}
    counts: dict[str, int] = {}
    masked = text
    for number, (kind, found) in enumerate(_found(text, language, known), 1):
        pattern = _whole(found)
        if not (count := len(pattern.findall(masked))):
            continue  # part of what was taken out before
        stand_in = _unused(kind, number, text)
        masked = pattern.sub(lambda _, stand_in=stand_in: stand_in, masked)
        originals[stand_in], counts[found] = found, count
    return Masked(masked, originals, counts)


def placeholders(text: str) -> list[str]:
    """What a program or a person fills in: `{name}`, `%s`, `[First name]`, a tag."""
    return _PLACEHOLDER.findall(text)


def _found(text: str, language: str, known: Iterable[str]) -> list[tuple[str, str]]:
    """What is to be taken out with its kind, each once, whole things before what may be a part of them."""
    found = [("placeholder", one) for one in placeholders(text)]
    found += [("email" if _EMAIL in one else "url", one) for one in names.addresses(text)]
    found += [("code", one) for one in sorted(known, key=len, reverse=True) if _whole(one).search(text)]
    found += [("phone", one) for one in names.phones(text)]
    found += [("code", one) for one in names.codes(text, language) if any(map(str.isdigit, one))]
    return list(dict.fromkeys(found))


def _unused(kind: str, number: int, text: str) -> str:
    """A stand-in that the text does not have."""
    while (stand_in := _STAND_INS[kind](number)) in text:
        number += 10
    return stand_in


def _whole(written: str) -> regex.Pattern:
    """An expression for a text that is no part of a longer word or number of Latin letters."""
    left = r"(?<![A-Za-z\d])" if written[0].isalnum() else ""
    right = r"(?![A-Za-z\d])" if written[-1].isalnum() else ""
    return regex.compile(f"{left}{regex.escape(written)}{right}", regex.IGNORECASE if written.isascii() else 0)
