"""What is benchmarked on: BANKING77, CLINC150, and the project's own wordings in twelve languages."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tongshi.errors import TongshiError
from tongshi.evaluation.understanding import unseen
from tongshi.nlu.wordings import Wording, training_wordings
from tongshi.settings import LANGUAGES, Settings

OUTSIDE = "oos"
"""The intent of what belongs to no intent, as CLINC150 names it."""

PUBLIC = {"banking77": ("banking77_train.csv", "banking77_test.csv"), "clinc150": ("clinc150_full.json",)}
"""Public sets, with the files that their authors publish."""

_FROM = {"banking77": "github.com/PolyAI-LDN/task-specific-datasets", "clinc150": "github.com/clinc/oos-eval"}


@dataclass(frozen=True)
class BenchmarkSet:
    """Wordings to learn from and to be tested on.

    Attributes:
        held_out: what a threshold is chosen on, with wordings of `OUTSIDE`; empty where a set has none.
    """

    name: str
    training: list[Wording]
    test: list[Wording]
    held_out: list[Wording] = field(default_factory=list)

    def sampled(self, sample: int | None) -> BenchmarkSet:
        """The same set with at most so many wordings an intent and language to learn from and to be tested on each."""
        if not sample:
            return self
        return BenchmarkSet(f"{self.name}/{sample}", *(_few(part, sample) for part in (self.training, self.test, self.held_out)))


def banking77(folder: Path) -> BenchmarkSet:
    """BANKING77 (Casanueva et al. 2020, arXiv:2003.04807): 77 intents of a bank's customers.

    Args:
        folder: where its two files lie.

    Raises:
        TongshiError: one is missing.
    """
    parts = []
    for path in _files("banking77", folder):
        with path.open(encoding="utf-8", newline="") as file:
            parts.append([Wording(row["text"], row["category"], "en") for row in csv.DictReader(file)])
    return BenchmarkSet("banking77", *parts)


def clinc150(folder: Path) -> BenchmarkSet:
    """CLINC150 (Larson et al. 2019, arXiv:1909.02027): 150 intents of ten fields, tested with 1,000 wordings that belong to none.

    The 100 wordings of no intent that come for training are not learnt from; the 100 for validation help to choose the threshold.

    Args:
        folder: where its file lies.

    Raises:
        TongshiError: it is missing.
    """
    (path,) = _files("clinc150", folder)
    splits = json.loads(path.read_text("utf-8"))
    part = {name: [Wording(text, intent, "en") for text, intent in rows] for name, rows in splits.items()}
    return BenchmarkSet("clinc150", part["train"], part["test"] + part["oos_test"], part["val"] + part["oos_val"])


def own(settings: Settings, languages: Sequence[str] = LANGUAGES) -> BenchmarkSet:
    """The project's wordings, with the held-out ones of all twelve languages.

    Args:
        languages: which to learn from.
    """
    learnt = [one for one in training_wordings(settings.data) if one.language in languages]
    test = [one for wordings in unseen(settings).values() for one in wordings]
    return BenchmarkSet("own" if set(languages) == set(LANGUAGES) else f"own-{'-'.join(languages)}", learnt, test)


def _files(name: str, folder: Path) -> list[Path]:
    paths = [folder / file for file in PUBLIC[name]]
    if missing := [path.name for path in paths if not path.is_file()]:
        raise TongshiError(
            f"{' and '.join(missing)} of {name} ({_FROM[name]}) is not in {folder}. Name the folder that holds the public sets with "
            "--folder or TONGSHI_BENCHMARKS, or leave that set out with --set."
        )
    return paths


def _few(wordings: list[Wording], most: int) -> list[Wording]:
    counts: dict[tuple[str, str], int] = {}
    found = []
    for one in wordings:
        counts[one.intent, one.language] = counts.get((one.intent, one.language), 0) + 1
        if counts[one.intent, one.language] <= most:
            found.append(one)
    return found
