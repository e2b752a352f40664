"""What is said of answers."""

from __future__ import annotations

from tongshi.explanation.answer import explain_search, explain_trace
from tongshi.knowledge.base import Found, Passage
from tongshi.storage.models import Trace


def test_an_answer_is_explained_from_its_trace(clock):
    details = {
        "passages": [{"article": "returns-window", "lang": "en", "score": 0.93}],
        "checks": [
            {"sentence": "Within 60 days.", "passed": False, "problems": [["figure", "60"]], "source": 0},
            {"sentence": "Within 30 days.", "passed": True, "problems": [], "source": 0},
        ],
    }
    told = explain_trace(Trace(trace_id=7, question="how long?", outcome="generated", seconds=1.5, at=clock(), details=details))
    assert told["plain"][1:] == [
        "The search thought these articles likely to answer it: returns-window (93 %).",
        "Held back: “Within 60 days.”: the passage does not give this figure (60).",
        "Released: “Within 30 days.”",
    ]


def test_why_a_question_is_not_answered():
    passage = Passage("returns-window", "en", "Returning an item", 0.2, "Within 30 days.")
    assert "would not be answered" in explain_search(Found([passage], False))["plain"][0]
    assert "would be answered from “Returning an item”" in explain_search(Found([passage], True))["plain"][0]
    assert "which one is meant" in explain_search(Found([passage], False, about_product=True))["plain"][0]
    assert "nothing" in explain_search(Found([], False))["plain"][0]
