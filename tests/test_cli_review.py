"""The commands for explanations and for messages in review, over a database of their own; what they do is tested beside the library."""

from __future__ import annotations

import json

import pytest
import typer
from typer.testing import CliRunner

from tests.explanation.test_message import bot
from tongshi import cli_explain, cli_review, system
from tongshi.errors import TongshiError
from tongshi.evaluation import learning
from tongshi.evaluation.learning import LeftOut, Lesson, Outcome
from tongshi.evaluation.tables import Report
from tongshi.evaluation.understanding import Comparison, Shift
from tongshi.explanation.message import Explainer
from tongshi.explanation.neighbours import Neighbour
from tongshi.nlu.wordings import Wording
from tongshi.settings import Settings
from tongshi.storage.conversations import ConversationStore
from tongshi.storage.models import Message, Reading, Trace
from tongshi.storage.review import ReviewStore


@pytest.fixture
def run(database, monkeypatch, tmp_path):
    """Runs `tongshi review …` or `tongshi explain …`; gives the status and what is printed, JSON as values."""
    monkeypatch.setattr("tongshi.storage.database.get_database", lambda: database)
    monkeypatch.setattr(cli_explain, "ready", lambda: Settings(home=tmp_path))
    explain = typer.Typer()
    explain.command()(cli_explain.explain)

    def run(*words: str):
        app = explain if words[0] == "explain" else cli_review.review
        result = CliRunner().invoke(app, list(words[1:]), env={"COLUMNS": "200"})
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, json.loads(result.stdout) if "--json" in words else result.output

    return run


@pytest.fixture
def message(database, clock, monkeypatch):
    """One message that was not understood, and an answer with the number 1."""
    monkeypatch.setattr("tongshi.clock.now", clock)
    store = ConversationStore(database)
    store.add(Message(sender="anna", channel="web", author="customer", text="wheres me thing", language="en", at=clock()))
    ReviewStore(database).note(
        "anna", "wheres me thing", Reading(intent="nlu_fallback", confidence=0.8, ranking=[["order_status", 0.2]])
    )
    details = {"passages": [{"article": "returns-window", "lang": "en", "score": 0.9}]}
    store.add(Trace(sender="ben", question="how long?", outcome="quoted", seconds=0.1, at=clock(), details=details))


def test_a_message_is_listed_shown_and_decided(run, message):
    _, (listed,) = run("review", "list", "--json")
    number = str(listed["id"])
    assert (listed["reason"], listed["intent"], listed["confidence"]) == ("fallback", "order_status", 0.2)
    assert "wheres me thing" in run("review", "list")[1] and "20.0%  order_status" in run("review", "show", number)[1]
    assert run("review", "correct", number, "lost_parcel", "--by", "mia")[1] == f"{number}: corrected as lost_parcel\n"
    assert run("review", "accept", number, "--by", "mia", "--json")[1][0]["status"] == "accepted"
    assert run("review", "list")[1] == "Nothing is in review.\n"
    with pytest.raises(TongshiError, match="There is no intent 'refund'"):
        run("review", "correct", number, "refund")
    with pytest.raises(TongshiError, match="--lang is 'xx'"):
        run("review", "list", "--lang", "xx")


def test_a_training_that_makes_it_worse_says_so_and_fails(run, monkeypatch, tmp_path):
    wording = Wording("where is it", "order_status", "en")
    rows = [{"language": one, "before": 0.9, "after": 0.8, "better": 0, "worse": 1} for one in ("en", "mean")]
    comparison = Comparison(Report("What changes", "better", rows), [Shift(wording, "order_status", "greet")])
    lesson = Lesson({1: wording}, [LeftOut(2, wording, "it teaches the same already")])
    monkeypatch.setattr(cli_review, "get_settings", lambda: Settings(home=tmp_path))
    monkeypatch.setattr(system, "pull_models", lambda settings: None)
    monkeypatch.setattr(learning, "learn", lambda *_: Outcome(lesson, comparison))
    status, said = run("review", "train")
    assert status == 1
    assert (
        "“where is it”: order_status → greet" in said and "Not live: worse in en" in said and "teaches the same already" in said
    )
    status, told = run("review", "train", "--json")
    assert (status, told["live"], told["worse"], told["learnt"]) == (1, False, ["en"], 0)


def test_a_message_and_an_answer_are_explained(run, message, monkeypatch, tmp_path):
    explainer = Explainer(bot, lambda text: [Neighbour("send it back", "return_item", "en", 0.8)], 0.4, "en")
    monkeypatch.setattr(cli_explain, "_explanation", lambda settings, text: explainer(text))
    said = run("explain", "I want to return it", "--html", str(tmp_path / "why.html"))[1]
    assert "the customer wants to send something back (return_item)" in " ".join(said.split()) and "send it back" in said
    assert "<title>Why the bot understood it so</title>" in (tmp_path / "why.html").read_text()
    assert run("explain", "I want to return it", "--json")[1]["intent"] == "return_item"
    assert "returns-window (90 %)" in run("explain", "--trace", "1")[1]
    for words, why in ((("explain", " "), "Give a message"), (("explain", "--trace", "9"), "no answer with the number 9")):
        with pytest.raises(TongshiError, match=why):
            run(*words)
