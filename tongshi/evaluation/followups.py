"""Follow-up questions: is the right article found by the question alone, joined with the one before it, or made self-contained?

Measured on tests/evaluation/followups, all in one run; questions that begin something new, each after another's answer, show what joining
costs. The model's replies are kept on disk, see `tongshi.evaluation.generation`.
"""

from __future__ import annotations

import statistics
from typing import Any

from rich.progress import track

from tongshi.evaluation.generation import model_of
from tongshi.evaluation.tables import TESTS, Report, with_mean
from tongshi.files import read_yaml
from tongshi.knowledge.base import SHOP, Found, KnowledgeBase, make_knowledge_base
from tongshi.language.identify import get_identifier
from tongshi.llm.followups import Turn, hangs_on_before, look_up
from tongshi.llm.prompting import with_before
from tongshi.llm.rewriting import Rewriter
from tongshi.settings import LANGUAGES, Settings
from tongshi.storage.database import get_database

FOLLOWUPS = TESTS / "evaluation" / "followups"


def report(settings: Settings, sample: int | None = None) -> Report:
    """The share of follow-ups whose article comes first, confidently, in each way of asking, and of those that come to a wrong one.

    `used` is what answering does; `rewritten` does the same with the model's question in place of the joined one. `new` is `used` where the
    customer asks something new after an answer.

    Args:
        settings: whose knowledge base and language model.
        sample: follow-ups a language; all by default.
    """
    knowledge = make_knowledge_base(settings, get_database())
    found = Report("Follow-up questions", "used", notes=f"tests/evaluation/followups; rewritten by {settings.llm}")
    with model_of(settings, None) as model:
        rewriter = Rewriter(model, get_identifier())
        for language in track(LANGUAGES, "followups", transient=True):
            items = read_yaml(FOLLOWUPS / f"{language}.yml")[:sample]
            found.rows.append(_row(language, items, knowledge, rewriter, found.failures))
    return with_mean(found)


def _row(
    language: str, items: list[dict[str, Any]], knowledge: KnowledgeBase, rewriter: Rewriter, failures: list[dict[str, Any]]
) -> dict[str, Any]:
    found: list[dict[str, str | None]] = []
    made: list[bool] = []
    for item in items:
        history = _history(item)
        rewritten = rewriter.rewrite(item["ask"], language, history, float("inf"))
        made.append(rewritten is not None)
        alone = _article(knowledge.search(item["ask"], language, context=item["before"]))
        joined = _article(knowledge.search(with_before(item["ask"], item["before"][0]), language))
        told = _article(knowledge.search(rewritten, language)) if rewritten else None
        found.append(
            {
                "alone": alone,
                "joined": joined,
                "rewritten": (told or alone) if hangs_on_before(item["ask"], language) else (alone or told),
                "used": _article(look_up(knowledge, item["ask"], language, history, SHOP)[1]),
            }
        )
        failures.append({"language": language, **item, "rewritten": rewritten, "found": found[-1]})
    wanted = [item["article"] for item in items]
    row: dict[str, Any] = {"language": language, "followups": len(items), "made": statistics.fmean(made)}
    row |= {way: statistics.fmean(one[way] == article for one, article in zip(found, wanted)) for way in found[0]}
    for way in ("rewritten", "used"):
        row[f"{way} wrong"] = statistics.fmean(one[way] not in (article, None) for one, article in zip(found, wanted))
    return row | {"new": statistics.fmean(_new(language, items, knowledge))}


def _new(language: str, items: list[dict[str, Any]], knowledge: KnowledgeBase) -> list[bool]:
    """Whether the first question of each item finds what it finds at the beginning of a conversation, asked after another's answer."""
    right = []
    for item, other in zip(items, [*items[1:], items[0]]):
        question = other["before"][0]
        first = _article(knowledge.search(question, language))
        right.append(_article(look_up(knowledge, question, language, _history(item), SHOP)[1]) == first)
    return right


def _history(item: dict[str, Any]) -> list[Turn]:
    asked, answered = item["before"]
    return [Turn("customer", asked), Turn("bot", answered)]


def _article(found: Found) -> str | None:
    """The article that confidently answers, None where there is none."""
    return found.passages[0].article if found.confident else None
