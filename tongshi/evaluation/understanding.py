"""How well messages are understood: one bot's report, and two bots beside one another."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.progress import track
from sklearn.metrics import f1_score

from tongshi.evaluation.tables import TESTS, Report, with_mean
from tongshi.language.text import bare
from tongshi.nlu.wordings import Wording, read, training_wordings
from tongshi.settings import LANGUAGES, Settings


def unseen(settings: Settings) -> dict[str, list[Wording]]:
    """The held-out wordings of each language, without those that read the same as a training wording, whatever their case and punctuation."""
    known = {bare(wording.text) for wording in training_wordings(settings.data)}
    return {language: [one for one in held_out(language) if bare(one.text) not in known] for language in LANGUAGES}


def held_out(language: str) -> list[Wording]:
    """The wordings of a language that no training may see."""
    return read(TESTS / "evaluation" / "nlu" / f"{language}.yml", language)


def report(settings: Settings) -> Report:
    """Intents of held-out wordings, which no training wording repeats."""
    from tongshi import system
    from tongshi.nlu.understanding import Understanding

    understand = Understanding(system.train(settings))
    found = Report(
        "Intents of unseen wordings", "accuracy", notes="tests/evaluation/nlu, without wordings that the bot is trained on"
    )
    for language, wordings in track(unseen(settings).items(), "nlu", transient=True):
        began = time.perf_counter()
        parsed = [understand(one.text) for one in wordings]
        milliseconds = (time.perf_counter() - began) / len(wordings) * 1000
        wanted = [one.intent for one in wordings]
        given = [one["intent"]["name"] for one in parsed]
        right_language = [one["language"]["code"] in (language, None) for one in parsed]
        found.rows.append(
            {
                "language": language,
                "wordings": len(wordings),
                "accuracy": float(np.mean([a == b for a, b in zip(wanted, given)])),
                "macro F1": float(f1_score(wanted, given, average="macro", labels=sorted(set(wanted)))),
                "language right": float(np.mean(right_language)),
                "ms": milliseconds,
            }
        )
    return with_mean(found)


@dataclass(frozen=True)
class Shift:
    """A held-out wording that one of two bots gets right and the other wrong."""

    wording: Wording
    before: str
    after: str

    @property
    def better(self) -> bool:
        return self.after == self.wording.intent

    def as_dict(self) -> dict[str, str | bool]:
        return {
            "language": self.wording.language,
            "text": self.wording.text,
            "intent": self.wording.intent,
            "before": self.before,
            "after": self.after,
            "better": self.better,
        }


@dataclass(frozen=True)
class Comparison:
    """Two bots on the same held-out wordings.

    Attributes:
        report: accuracy of both, one row a language, with how many wordings got better and worse.
        shifts: which these are.
    """

    report: Report
    shifts: list[Shift]

    @property
    def worse(self) -> list[str]:
        """Languages in which more wordings got worse than better."""
        return [row["language"] for row in self.report.rows[:-1] if row["worse"] > row["better"]]


def compare(before: Path, after: Path, settings: Settings) -> Comparison:
    """Measure two trained bots on the held-out wordings that neither may have seen.

    Args:
        before: file of the bot that is live.
        after: file of the bot that may take its place.
    """
    from tongshi.nlu.understanding import Understanding

    wordings = [one for language in unseen(settings).values() for one in language]
    texts = [one.text for one in wordings]
    old, new = ([one["intent"]["name"] for one in Understanding(model).many(texts)] for model in (before, after))
    found = Report(
        "What a new training changes", "better", notes="tests/evaluation/nlu, without wordings that the bot is trained on"
    )
    shifts = []
    for language in LANGUAGES:
        rows = [(one, a, b) for one, a, b in zip(wordings, old, new) if one.language == language]
        moved = [Shift(one, a, b) for one, a, b in rows if (a == one.intent) != (b == one.intent)]
        shifts += moved
        found.rows.append(
            {
                "language": language,
                "wordings": len(rows),
                "before": float(np.mean([a == one.intent for one, a, _ in rows])),
                "after": float(np.mean([b == one.intent for one, _, b in rows])),
                "better": sum(one.better for one in moved),
                "worse": sum(not one.better for one in moved),
            }
        )
    return Comparison(with_mean(found), shifts)
