"""A message's way through the bot, step by step."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

import numpy as np
from rich.progress import track

from tongshi import system
from tongshi.evaluation.tables import Report
from tongshi.evaluation.understanding import held_out
from tongshi.settings import LANGUAGES, Settings

_MESSAGES = 60
_FIRST = 5
"""Messages of each language that come first and are not counted."""

_PARTS = ("understanding", "dialogue")


def report(settings: Settings, sample: int | None = None) -> Report:
    """Processor's milliseconds of each step for single messages that nobody was trained on.

    Figures are taken in each language and then averaged over the twelve. `whole` is that of all steps of a message, not the sum of the rows.

    Args:
        sample: messages a language; 60 by default.
    """
    from tongshi.nlu.profiling import Profiler

    profiler = Profiler(system.train(settings))
    noted: dict[str, list[list[dict[str, float]]]] = {part: [] for part in _PARTS}
    for language in track(LANGUAGES, "languages", transient=True):
        texts = [one.text for one in held_out(language)]
        texts = texts[:: max(1, len(texts) // ((sample or _MESSAGES) + _FIRST))]
        for part in _PARTS:
            noted[part].append([getattr(profiler, part)(text) for text in texts][_FIRST:])
    table = Report("A message's way (processor's ms)", "p50", notes="tests/evaluation/nlu, means of the twelve languages")
    for part, languages in noted.items():
        for step in languages[0][0]:
            table.rows.append(_row(part, step, [[one[step] for one in messages] for messages in languages]))
        table.rows.append(_row(part, "whole", [[sum(one.values()) for one in messages] for messages in languages]))
    return table


def _row(part: str, step: str, milliseconds: Sequence[Sequence[float]]) -> dict[str, Any]:
    return {
        "part": part,
        "step": step,
        "p50": round(statistics.fmean(float(np.quantile(one, 0.5)) for one in milliseconds), 2),
        "p95": round(statistics.fmean(float(np.quantile(one, 0.95)) for one in milliseconds), 2),
    }
