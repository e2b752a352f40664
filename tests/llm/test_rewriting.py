"""Follow-ups made self-contained, and conversations summed up, by a model that says what it is told to."""

from __future__ import annotations

import time

import pytest
import yaml

from tests.llm.test_answering import Model, pieces
from tongshi.errors import Unavailable
from tongshi.evaluation.followups import FOLLOWUPS
from tongshi.knowledge.articles import shop_articles
from tongshi.llm.client import Cut
from tongshi.llm.followups import Turn
from tongshi.llm.rewriting import Rewriter
from tongshi.llm.summary import Summariser
from tongshi.settings import LANGUAGES, ROOT

BEFORE = [Turn("customer", "What does delivery of the Halo Desk Lamp cost?"), Turn("bot", "Standard delivery costs €4.90.")]
SAID = [
    Turn("customer", "Meine Bestellung MD-10234 ist nicht da."),
    Turn("bot", "Sie kommt am Freitag an."),
    Turn("customer", "Ich möchte mit jemandem sprechen."),
]


@pytest.fixture
def rewrite(identify):
    """Rewrites a follow-up by what the model says."""

    def rewrite(reply, question="and to Japan?", language="en"):
        model = Model(pieces(reply) if isinstance(reply, str) else reply)
        found = Rewriter(model, identify).rewrite(question, language, BEFORE, time.monotonic() + 5)
        return found, model.asked

    return rewrite


def test_the_model_sees_what_was_said_and_its_question_is_taken(rewrite):
    found, asked = rewrite('"What does delivery of the Halo Desk Lamp to Japan cost?"\n')
    assert found == "What does delivery of the Halo Desk Lamp to Japan cost?"
    assert "Standard delivery costs €4.90." in asked[0][-1]["content"]
    assert asked[0][-1]["content"].endswith("and to Japan?")


@pytest.mark.parametrize(
    "reply",
    [
        "What does delivery of the Halo Desk Lamp to Japan cost for 3 kg?",
        "What does delivery of the Tide Speaker to Japan cost?",
        "Was kostet der Versand der Lampe nach Japan?",
        "",
        "Delivery costs a lot. " * 20,
        [Unavailable("gone")],
    ],
)
def test_what_names_something_new_or_is_no_question_in_the_language_is_not_taken(rewrite, reply):
    assert rewrite(reply)[0] is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_its_orders(identify, language):
    model = Model(pieces("?"))
    Rewriter(model, identify).rewrite("?", language, BEFORE, time.monotonic() + 5)
    Summariser(model := Model(*[pieces("?")] * 2), identify).summarise(SAID, "de", language)
    assert SAID[0].text in model.asked[0][-1]["content"]


def test_the_follow_ups_of_the_evaluation_ask_for_articles_that_there_are():
    known = {one.article_id for one in shop_articles(ROOT / "data")}
    for language in LANGUAGES:
        asked = yaml.safe_load((FOLLOWUPS / f"{language}.yml").read_text("utf-8"))
        assert len(asked) == 8 and {one["article"] for one in asked} <= known


def summed_up(identify, *replies, said=SAID, language="en"):
    model = Model(*(pieces(one) if isinstance(one, str) else one for one in replies))
    return Summariser(model, identify).summarise(said, "de", language), model.asked


def test_a_summary_whose_figures_were_all_said_is_given(identify):
    text = "Order MD-10234 has not arrived. The bot said that it comes on Friday. The customer wants to talk to a person."
    assert summed_up(identify, text)[0] == text


def test_a_sentence_with_what_nobody_said_is_written_again_and_then_left_out(identify):
    wrong = "- Order MD-10234 has not arrived.\n- It costs 99 euros.\n- It comes on Monday."
    found, asked = summed_up(identify, wrong, wrong)
    assert found == "Order MD-10234 has not arrived."
    assert len(asked) == 2 and "99 euros" in asked[1][-1]["content"]
    assert summed_up(identify, "It costs 99 euros.", "Es kostet 99 Euro.")[0] == ""


def test_of_a_summary_that_was_cut_the_last_sentence_is_left_out(identify):
    cut = ["Order MD-10234 has not arrived. The customer wants", Cut("cut")]
    found, asked = summed_up(identify, cut)
    assert found == "Order MD-10234 has not arrived." and len(asked) == 1


def test_of_a_long_conversation_the_beginning_and_the_end_are_read(identify):
    said = [Turn("customer", f"Nachricht {number} " + "bla " * 50) for number in range(40)]
    shown = summed_up(identify, "The customer wrote a lot.", said=said)[1][0][-1]["content"]
    assert len(shown) < 1800
    assert "Nachricht 0 " in shown and "Nachricht 39 " in shown and "Nachricht 20 " not in shown
