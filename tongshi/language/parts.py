"""Where one message says several things: its sentences, and what comes after "and by the way"."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import regex

from tongshi.files import read_yaml
from tongshi.language.patterns import NAMES, find, without_names
from tongshi.language.text import letters

_QUESTION = r"(?P<question>[,،，、])\s{0,3}(?=[^,،，、?？؟]{8,}[?？؟]\s*$)"
"""Before a question with which a message ends: a part by itself only behind number or address, since "if I send it back, do I pay?" is one question."""
_END = r"(?<=[.!?…][)\"”»]?)\s{1,3}(?=\S)|(?<=[。！？；])(?![。！？])|(?<=؟)\s{0,3}|[;\n]+|(?<=\s)(?=\d[.)]\s)"
_BEFORE_QUESTION = regex.compile(_QUESTION)
SHORTEST = 8
"""Letters of a part, numbers and e-mail addresses left out; a shorter one goes with what follows it, unless it is but such names."""


@dataclass(frozen=True)
class Part:
    """A part of a message, and how many letters it has beside numbers and addresses."""

    text: str
    letters: int


def parts_of(text: str) -> list[Part]:
    """The parts of a message, in order; one part where it says but one thing."""
    named = [(one.start, one.end) for one in find(text) if one.kind in NAMES]
    parts: list[Part] = []
    begin = 0
    pattern = _pattern(beside_names=bool(named))
    ends = [(match.span(), match.groupdict().get("question")) for match in pattern.finditer(text)]
    for end, before_question in (*ends, ((len(text), len(text)), None)):
        if any(start < end[0] < stop for start, stop in named):
            continue
        if before_question and not any(begin <= start < end[0] for start, _ in named):
            continue
        part = text[begin : end[0]].strip()
        size = letters(without_names(part))
        # A number and an address by themselves belong to no sentence.
        only_names = size < SHORTEST and any(begin <= start < end[0] for start, _ in named)
        if part and (size >= SHORTEST or only_names or end[0] == len(text)):
            parts.append(Part(part, size))
            begin = end[1]
    return parts


def clauses_of(text: str) -> list[Part]:
    """A message of one part, cut before the question with which it ends; one clause where there is none."""
    if not (cut := _BEFORE_QUESTION.search(text)):
        return [Part(text.strip(), letters(text))]
    return [Part(clause.strip(), letters(clause)) for clause in (text[: cut.start()], text[cut.end() :])]


@lru_cache
def _pattern(*, beside_names: bool) -> regex.Pattern:
    words = read_yaml(Path(__file__).with_name("parts.yml"))
    return regex.compile("|".join([_END, *words.values(), *([_QUESTION] if beside_names else [])]), regex.I)
