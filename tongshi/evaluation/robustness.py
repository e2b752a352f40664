"""How well sloppy writing is understood: typos, missing accents and spaces, mixed languages, SMS, other scripts."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tongshi.evaluation.tables import TESTS, Report
from tongshi.files import read_yaml
from tongshi.nlu.wordings import Wording, training_wordings
from tongshi.settings import LANGUAGES, Settings

FOLDER = TESTS / "evaluation" / "robustness"
KINDS = ("typos", "accents", "spaces", "mixed", "sms", "romanised", "traditional")
"""Misspelt; accents left out; spaces left out; English (or another language) mixed in; as short as on a phone; in Latin letters (Pinyin,
Arabizi, romaji…); in traditional characters."""


def read(language: str) -> dict[str, list[Wording]]:
    """The wordings of a language by kind."""
    document = read_yaml(FOLDER / f"{language}.yml")
    return {kind: [_wording(line, language) for line in lines.splitlines()] for kind, lines in document["wordings"].items()}


def _wording(line: str, language: str) -> Wording:
    intent, _, text = line.removeprefix("- ").partition(": ")
    return Wording(text, intent, language)


def report(settings: Settings) -> Report:
    """The share of wordings whose intent is named, one row a language, one column a kind; none of them may be trained on."""
    from tongshi import system
    from tongshi.nlu.understanding import Understanding

    known = {one.text.casefold() for one in training_wordings(settings.data)}
    return measure(Understanding(system.train(settings)).many, known)


def measure(understand: Callable[[Sequence[str]], list[dict[str, Any]]], known: set[str] = frozenset()) -> Report:
    """The report of whatever names the intents of messages.

    Args:
        understand: gives for each text `{"intent": {"name", "confidence"}}` as Rasa does.
        known: texts, without capitals, that are left out.
    """
    found = Report(
        "Intents of sloppy wordings", "all", notes="tests/evaluation/robustness; - where a language has no such writing"
    )
    right: dict[str, list[bool]] = {kind: [] for kind in KINDS}
    for language in LANGUAGES:
        row: dict[str, Any] = {"language": language}
        all_right: list[bool] = []
        kinds = read(language)
        for kind in KINDS:
            wordings = [one for one in kinds.get(kind, ()) if one.text.casefold() not in known]
            parsed = understand([one.text for one in wordings]) if wordings else []
            named = [one["intent"]["name"] for one in parsed]
            hits = [name == one.intent for name, one in zip(named, wordings)]
            row[kind] = float(np.mean(hits)) if hits else "-"
            right[kind] += hits
            all_right += hits
            found.failures += [
                {"language": language, "kind": kind, "text": one.text, "intent": one.intent, "named": name}
                for name, one in zip(named, wordings)
                if name != one.intent
            ]
        found.rows.append({"language": language, "wordings": len(all_right), "all": float(np.mean(all_right)), **row})
    together = {kind: float(np.mean(hits)) for kind, hits in right.items()}
    mean = statistics.fmean(row["all"] for row in found.rows)
    found.rows.append({"language": "mean", "wordings": sum(map(len, right.values())), "all": mean, **together})
    return found
