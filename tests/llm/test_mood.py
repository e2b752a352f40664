"""How a customer feels, by a language model that says what it is told to."""

from __future__ import annotations

import pytest

from tests.llm.test_answering import Model, pieces
from tongshi.llm.client import Cut
from tongshi.llm.mood import Mood, MoodReader

TEXT = "Das ist jetzt die DRITTE Mail, meine 79 € sind immer noch nicht da!"
RIGHT = "mood: negative\nwords: die dritte Mail\nreason: Der Kunde wartet noch immer auf seine 79 €."


def test_a_mood_comes_with_the_customers_words_and_a_reason(identify):
    model = Model(pieces(RIGHT))
    found = MoodReader(model, identify).read(TEXT, "de", "de")
    assert found == Mood(-1, "die dritte Mail", "Der Kunde wartet noch immer auf seine 79 €.")
    assert "in German" in model.asked[0][0]["content"] and model.asked[0][-1]["content"] == TEXT


@pytest.mark.parametrize(
    "wrong", ["mood: furious\nwords: DRITTE Mail", "mood: negative\nwords: Sauladen", "The customer is angry."]
)
def test_no_mood_and_words_that_nobody_wrote_are_asked_for_again_and_then_none(identify, wrong):
    assert MoodReader(Model(pieces(wrong), pieces(RIGHT)), identify).read(TEXT, "de", "de").sentiment == -1
    assert MoodReader(Model(pieces(wrong), pieces(wrong)), identify).read(TEXT, "de", "de") is None


@pytest.mark.parametrize(
    "reason", ["Der Kunde wartet auf 97 €.", "The customer has been waiting for a long time.", "Der Kunde ärgert sich über DHL."]
)
def test_a_reason_with_what_nobody_said_or_in_another_language_is_left_out(identify, reason):
    reply = RIGHT.rpartition("reason: ")[0] + f"reason: {reason}"
    assert MoodReader(Model(pieces(reply)), identify).read(TEXT, "de", "de") == Mood(-1, "die dritte Mail", "")


def test_a_reason_that_was_cut_is_left_out(identify):
    model = Model([RIGHT.removesuffix(" auf seine 79 €."), Cut("cut")])
    assert MoodReader(model, identify).read(TEXT, "de", "de") == Mood(-1, "die dritte Mail", "")
