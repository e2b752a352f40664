"""Follow-up questions: is the right article found by the question alone, joined with the one before it, or made self-contained?

Measured on tests/evaluation/followups, all in one run. The model's replies are kept on disk, see `tongshi.evaluation.generation`.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import yaml
from rich.progress import track

from tongshi.evaluation.generation import model_of
from tongshi.evaluation.tables import TESTS, Report, with_mean
from tongshi.knowledge.base import KnowledgeBase, make_knowledge_base
from tongshi.language.identify import get_identifier
from tongshi.llm.answering import Turn
from tongshi.llm.prompting import with_before
from tongshi.llm.rewriting import Rewriter
from tongshi.llm.server import installed_adapter
from tongshi.settings import LANGUAGES, Settings
from tongshi.storage.database import get_database

FOLLOWUPS = TESTS / "evaluation" / "followups"
_DEADLINE = 600.0


def report(settings: Settings, sample: int | None = None) -> Report:
    """The share of follow-ups whose article comes first, confidently, in each way of asking, and of those that come to a wrong one.

    Args:
        settings: whose knowledge base and language model.
        sample: follow-ups a language; all by default.
    """
    knowledge = make_knowledge_base(settings, get_database())
    found = Report("Follow-up questions", "joined", notes=f"tests/evaluation/followups; rewritten by {settings.llm}")
    with model_of(settings, installed_adapter(settings)) as model:
        rewriter = Rewriter(model, get_identifier())
        for language in track(LANGUAGES, "followups", transient=True):
            items = yaml.safe_load((FOLLOWUPS / f"{language}.yml").read_text("utf-8"))[:sample]
            found.rows.append(_row(language, items, knowledge, rewriter, found.failures))
    return with_mean(found)


def _row(
    language: str, items: list[dict[str, Any]], knowledge: KnowledgeBase, rewriter: Rewriter, failures: list[dict[str, Any]]
) -> dict[str, Any]:
    right: dict[str, list[bool]] = {}
    wrong: dict[str, list[bool]] = {}
    made, seconds = [], []
    for item in items:
        asked, answered = item["before"]
        history = [Turn("customer", asked), Turn("bot", answered)]
        began = time.monotonic()
        rewritten = rewriter.rewrite(item["ask"], language, history, began + _DEADLINE)
        seconds.append(time.monotonic() - began)
        made.append(rewritten is not None)
        search = _searcher(knowledge, language, f"{asked} {answered}")
        alone, joined = search(item["ask"]), search(with_before(item["ask"], asked), context="")
        told = search(rewritten, context="") if rewritten else None
        ways = {
            "alone": alone,
            "joined": alone or joined,
            "rewritten": alone or told,
            "joined, else rewritten": alone or joined or told,
            "rewritten, else joined": alone or told or joined,
            "only joined": joined,
            "only rewritten": told,
        }
        for name, article in ways.items():
            right.setdefault(name, []).append(article == item["article"])
            wrong.setdefault(name, []).append(article not in (item["article"], None))
        failures.append({"language": language, **item, "rewritten": rewritten, "found": ways})
    row: dict[str, Any] = {"language": language, "followups": len(items), "made": statistics.fmean(made)}
    row |= {name: statistics.fmean(values) for name, values in right.items()}
    row |= {f"{name} wrong": statistics.fmean(wrong[name]) for name in ("joined", "rewritten")}
    return row | {"s p50": statistics.median(seconds)}


def _searcher(knowledge: KnowledgeBase, language: str, context: str) -> Callable[..., str | None]:
    """Finds the article that confidently answers a question, None where there is none."""

    def search(question: str, context: str = context) -> str | None:
        found = knowledge.search(question, language, context=context)
        return found.passages[0].article if found.confident else None

    return search
