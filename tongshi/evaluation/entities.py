"""How well what a message names is found: order numbers, products, colours, dates and the like, with their places."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from unittest import mock

import regex

from tongshi import clock
from tongshi.evaluation.tables import TESTS, Report, with_mean
from tongshi.files import read_yaml
from tongshi.settings import LANGUAGES, Settings

FOLDER = TESTS / "evaluation" / "entities"
_MARKED = regex.compile(r"\[(?P<text>[^\]]+)\]\((?P<kind>\w+)=(?P<value>[^)]*)\)")
_NOT_JUDGED = {"number"}
"""A bare figure is an entity wherever it stands; nothing can be told by that."""


@dataclass(frozen=True)
class Named:
    """Something that a message names: its kind, canonical value and place."""

    kind: str
    value: str
    start: int
    end: int

    def is_met_by(self, other: Named) -> bool:
        """Whether another one says the same of the same words, its borders aside."""
        return (self.kind, self.value) == (other.kind, other.value) and self.start < other.end and other.start < self.end


@dataclass(frozen=True)
class Labelled:
    """A message and all that it names."""

    text: str
    named: tuple[Named, ...]


@dataclass
class Tally:
    """Counts of what was found and what should have been.

    Attributes:
        exact: of what was found rightly, how many with the labelled borders.
    """

    wanted: int = 0
    given: int = 0
    right: int = 0
    exact: int = 0

    def add(self, other: Tally) -> None:
        self.wanted += other.wanted
        self.given += other.given
        self.right += other.right
        self.exact += other.exact

    @property
    def precision(self) -> float:
        return self.right / self.given if self.given else float(not self.wanted)

    @property
    def recall(self) -> float:
        return self.right / self.wanted if self.wanted else 1.0

    @property
    def f1(self) -> float:
        return 2 * self.right / (self.given + self.wanted) if self.given + self.wanted else 1.0

    @property
    def exactness(self) -> float:
        return self.exact / self.right if self.right else 1.0


@dataclass
class Judged:
    """What came of one language's messages.

    Attributes:
        tallies: by kind of entity.
        untouched: of the messages that name nothing, the share in which nothing was found.
    """

    tallies: dict[str, Tally] = field(default_factory=dict)
    untouched: float = 1.0
    failures: list[dict[str, Any]] = field(default_factory=list)

    def together(self) -> Tally:
        whole = Tally()
        for tally in self.tallies.values():
            whole.add(tally)
        return whole


def read(language: str) -> tuple[datetime, list[Labelled]]:
    """The labelled messages of a language, and the day they were written on."""
    document = read_yaml(FOLDER / f"{language}.yml")
    today = datetime.combine(document["today"], datetime.min.time(), tzinfo=clock.now().tzinfo).replace(hour=12)
    return today, [_labelled(line[2:]) for line in document["messages"].splitlines() if line.startswith("- ")]


def _labelled(marked: str) -> Labelled:
    text, named, end = "", [], 0
    for match in _MARKED.finditer(marked):
        text += marked[end : match.start()]
        named.append(Named(match["kind"], match["value"], len(text), len(text) + len(match["text"])))
        text += match["text"]
        end = match.end()
    return Labelled(text + marked[end:], tuple(named))


def judge(messages: Sequence[Labelled], found: Sequence[Iterable[Named]]) -> Judged:
    """Compare what was found in messages with what they name."""
    judged, quiet = Judged(), []
    for message, given in zip(messages, found):
        left = list(given)
        missed = []
        for wanted in message.named:
            tally = judged.tallies.setdefault(wanted.kind, Tally())
            tally.wanted += 1
            met = next((one for one in left if wanted.is_met_by(one)), None)
            if met is None:
                missed.append(wanted)
                continue
            left.remove(met)
            tally.given += 1
            tally.right += 1
            tally.exact += (met.start, met.end) == (wanted.start, wanted.end)
        for wrong in left:
            judged.tallies.setdefault(wrong.kind, Tally()).given += 1
        if not message.named:
            quiet.append(not left)
        if missed or left:
            judged.failures.append({"text": message.text, "missed": _told(missed, message), "wrong": _told(left, message)})
    judged.untouched = sum(quiet) / len(quiet) if quiet else 1.0
    return judged


def _told(named: Iterable[Named], message: Labelled) -> list[str]:
    return [f"{one.kind}={one.value}: {message.text[one.start : one.end]}" for one in named]


def named_by(parsed: dict[str, Any]) -> list[Named]:
    """What the pipeline has found in a message, without what is not judged."""
    return [
        Named(one["entity"], str(one["value"]), one["start"], one["end"])
        for one in parsed["entities"]
        if one["entity"] not in _NOT_JUDGED
    ]


def report(settings: Settings) -> Report:
    """Precision, recall and F1 of kind and value, one row a language; a second table tells them a kind."""
    from tongshi import system
    from tongshi.nlu.understanding import Understanding

    return measure(Understanding(system.train(settings)).many)


def measure(understand: Callable[[Sequence[str]], list[dict[str, Any]]]) -> Report:
    """The report of whatever tells the entities of messages.

    Args:
        understand: gives for each text `{"entities": [...]}` as Rasa does.
    """
    found = Report(
        "Entities", "F1", notes="tests/evaluation/entities; right is kind and value at the place, exact its borders too"
    )
    judged: dict[str, Judged] = {}
    for language in LANGUAGES:
        today, messages = read(language)
        with mock.patch.object(clock, "now", lambda today=today: today):
            parsed = understand([one.text for one in messages])
        judged[language] = judge(messages, [named_by(one) for one in parsed])
        whole = judged[language].together()
        found.rows.append(
            {
                "language": language,
                "messages": len(messages),
                "named": whole.wanted,
                "precision": whole.precision,
                "recall": whole.recall,
                "F1": whole.f1,
                "exact borders": whole.exactness,
                "left alone": judged[language].untouched,
            }
        )
        found.failures += [{"language": language, **one} for one in judged[language].failures]
    found.parts.append(_by_kind(judged))
    return with_mean(found)


def _by_kind(judged: dict[str, Judged]) -> Report:
    """One row a kind: its figures in all languages together, and its F1 in each."""
    found = Report("Entities by kind (F1 a language)", "F1")
    for kind in sorted({kind for one in judged.values() for kind in one.tallies}):
        whole = Tally()
        for one in judged.values():
            whole.add(one.tallies.get(kind, Tally()))
        row: dict[str, Any] = {"kind": kind, "named": whole.wanted, "precision": whole.precision}
        row |= {"recall": whole.recall, "F1": whole.f1}
        row |= {language: one.tallies.get(kind, Tally()).f1 for language, one in judged.items()}
        found.rows.append(row)
    return found
