"""Why a question got the answer that it got, or none: passages, their scores, and the checks on what was written."""

from __future__ import annotations

from typing import Any

from tongshi.explanation.message import percent
from tongshi.knowledge.base import Found
from tongshi.storage.models import NOT_UNDERSTOOD, Trace

LOOKED_UP = frozenset({"policy_question", "product_question", "out_of_scope", NOT_UNDERSTOOD})
"""Intents whose messages are looked up in the knowledge base."""

_OUTCOMES = {
    "approved": "The customer got an editor's answer to just this question, word for word.",
    "quoted": "The customer got the knowledge base's own words.",
    "generated": "The language model wrote the answer from the passages; each sentence passed the checks.",
    "unknown": "The customer was told that the answer is not known, and offered a person.",
}

_PROBLEMS = {
    "language": "it is not in the customer's language",
    "figure": "the passage does not give this figure",
    "unit": "the passage counts something else by this figure",
    "name": "the passage does not name this",
    "day": "the passage does not name this day",
    "mixed": "it puts figures of one passage together with words of another",
    "support": "no words of the passages say it",
    "contrary": "the passage rather says the contrary",
}
"""Why the checks of `tongshi.llm.checks` hold a sentence back."""


def explain_search(found: Found) -> dict[str, Any]:
    """What the knowledge base found for a message, with the reasons in plain words under `plain`."""
    passages = [
        {"article": one.article, "lang": one.language, "title": one.title, "score": round(one.score, 3), "text": one.text}
        for one in found.passages[:3]
    ]
    return {"confident": found.confident, "passages": passages, "plain": _searched(found)}


def _searched(found: Found) -> list[str]:
    if not found.passages:
        return ["The knowledge base has nothing that resembles this message."]
    best = found.passages[0]
    nearest = f"“{best.title}” ({best.article}), {percent(best.score)} likely to answer it"
    if found.confident:
        said = [f"As a question it would be answered from {nearest}."]
        return said + (["It is an editor's answer to just this question."] if best.verbatim else [])
    if found.about_product:
        return ["It asks for a property of a product without saying which; the bot would ask which one is meant."]
    return [
        f"As a question it would not be answered: the nearest is {nearest}, which is not enough, or it is known to have no answer."
    ]


def explain_trace(trace: Trace) -> dict[str, Any]:
    """How an answer came about that was given to a customer, with the reasons in plain words under `plain`."""
    details = trace.details
    return {
        "trace": trace.trace_id,
        "question": trace.question,
        "outcome": trace.outcome,
        "seconds": round(trace.seconds, 3),
        "at": trace.at.isoformat(),
        "passages": details.get("passages", []),
        "checks": details.get("checks", []),
        "path": details.get("path", []),
        "plain": [_OUTCOMES.get(trace.outcome, f"Outcome: {trace.outcome}."), *_rested_on(details), *_checked(details)],
    }


def _rested_on(details: dict[str, Any]) -> list[str]:
    if details.get("path"):
        return [f"It was put together from what is known of products and policies, step by step: {'; '.join(details['path'])}."]
    passages = details.get("passages", [])
    if not passages:
        return ["The search found nothing."]
    likely = ", ".join(f"{one['article']} ({percent(one['score'])})" for one in passages[:3])
    return [f"The search thought these articles likely to answer it: {likely}."]


def _checked(details: dict[str, Any]) -> list[str]:
    said = []
    for check in details.get("checks", []):
        if check["passed"]:
            said.append(f"Released: “{check['sentence']}”")
        else:
            reasons = "; ".join(f"{_PROBLEMS.get(kind, kind)}{f' ({what})' if what else ''}" for kind, what in check["problems"])
            said.append(f"Held back: “{check['sentence']}”: {reasons}.")
    return said
