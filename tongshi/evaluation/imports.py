"""Whether search finds what is asked of help centres as companies hand them over: imported from files of several kinds, without similar questions."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track

from tongshi.evaluation.collections import empty_knowledge
from tongshi.evaluation.tables import TESTS, Report, with_mean
from tongshi.files import read_yaml
from tongshi.knowledge.base import KnowledgeBase
from tongshi.knowledge.importing import read
from tongshi.settings import LANGUAGES, Settings

IMPORTS = TESTS / "evaluation" / "imports"
"""Folders of a business each: `docs`, and `questions.yml` with `{language, question, file, expect}`; `file: null` where nothing answers."""


def report(settings: Settings, sample: int | None = None) -> Report:
    """Import each business and look up what its customers ask.

    Args:
        sample: questions a business and language; all by default.
    """
    found: dict[str, dict[str, list[float]]] = {
        language: {"fact first": [], "and sure": [], "unsure": [], "ms": []} for language in LANGUAGES
    }
    for business in sorted(path.name for path in IMPORTS.iterdir() if path.is_dir()):
        with empty_knowledge(settings) as knowledge:
            knowledge.put(read(IMPORTS / business / "docs").articles, IMPORTS.name)
            for one in track(_chosen(business, sample), business, console=Console(stderr=True), transient=True):
                _look_up(knowledge, one, found[one["language"]])
    rows: list[dict[str, Any]] = [
        {
            "language": language,
            "questions": len(values["fact first"]) + len(values["unsure"]),
            "fact first": float(np.mean(values["fact first"])),
            "and sure": float(np.mean(values["and sure"])),
            "unsure where nothing answers": float(np.mean(values["unsure"] or [False])),
            "ms p50": float(np.median(values["ms"])),
        }
        for language, values in found.items()
    ]
    return with_mean(Report("Imported help centres", "fact first", rows, "tests/evaluation/imports, search alone"))


def _chosen(business: str, sample: int | None) -> list[dict[str, Any]]:
    """The questions that a program can judge, evenly taken, in order of language."""
    asked = read_yaml(IMPORTS / business / "questions.yml")["questions"]
    judged = [one for one in asked if one["file"] is None or one.get("expect")]
    groups = [[one for one in judged if one["language"] == language] for language in LANGUAGES]
    return [one for group in groups for one in group[:: max(1, len(group) // sample) if sample else 1]]


def _look_up(knowledge: KnowledgeBase, one: dict[str, Any], found: dict[str, list[float]]) -> None:
    began = time.perf_counter()
    answer = knowledge.search(one["question"], one["language"], IMPORTS.name)
    found["ms"].append((time.perf_counter() - began) * 1000)
    if one["file"] is None:
        found["unsure"].append(not answer.confident)
        return
    text = answer.passages[0].text.casefold() if answer.passages else ""
    right = all(str(part).casefold() in text for part in one["expect"])
    found["fact first"].append(right)
    found["and sure"].append(right and answer.confident)
