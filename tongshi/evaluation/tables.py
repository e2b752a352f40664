"""The table that every report is."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from typing import Any

import yaml
from rich.table import Table

from tongshi.settings import ROOT

TESTS = ROOT / "tests"


def asked_questions(language: str) -> list[dict[str, Any]]:
    """Those of tests/evaluation/answers: `question`, `article` (None where nothing answers), `expect` (what a right answer says)."""
    content = (TESTS / "evaluation" / "answers" / f"{language}.yml").read_text("utf-8")
    return yaml.load(content, yaml.CSafeLoader)["questions"]


@dataclass
class Report:
    """Figures in rows.

    Attributes:
        primary: the column that a reader should look at first.
        notes: what the figures were measured on.
        failures: what went wrong, one by one, where the report tells; in JSON only.
        parts: reports that belong to it, each with `as_dict` and `table`.
    """

    title: str
    primary: str
    rows: list[dict[str, Any]] = field(default_factory=list)
    notes: str = ""
    failures: list[dict[str, Any]] = field(default_factory=list)
    parts: list[Any] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        told: dict[str, Any] = {"failures": self.failures} if self.failures else {}
        if self.parts:
            told["parts"] = [part.as_dict() for part in self.parts]
        return {"title": self.title, "primary": self.primary, "notes": self.notes, "rows": self.rows, **told}

    def table(self) -> Table:
        table = Table(title=self.title, caption=self.notes)
        for name in self.rows[0]:
            table.add_column(name, justify="left" if isinstance(self.rows[0][name], str) else "right")
        for row in self.rows:
            table.add_row(*(f"{value:.3f}" if isinstance(value, float) else str(value) for value in row.values()))
        return table


def with_mean(report: Report) -> Report:
    """A last row with the mean over the languages."""
    mean: dict[str, Any] = {"language": "mean"}
    for name in list(report.rows[0])[1:]:
        value = statistics.fmean(row[name] for row in report.rows)
        mean[name] = value if isinstance(report.rows[0][name], float) else round(value)
    report.rows.append(mean)
    return report
