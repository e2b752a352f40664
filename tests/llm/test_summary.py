"""What is made of a conversation; a language model that says what it is told to, over real HTTP."""

from __future__ import annotations

import time

import pytest

from tests.llm.server import ScriptedModel, scripted
from tongshi.errors import Unavailable
from tongshi.llm.client import ChatClient
from tongshi.llm.followups import Turn
from tongshi.llm.summary import Summariser

SAID = [
    Turn("customer", "Where is my order MD-10234? It should have been here on Tuesday."),
    Turn("bot", "Your order MD-10234 is with DHL and arrives on Thursday."),
]
GOOD, INVENTED = "The customer's order MD-10234 has not arrived.", "They were promised 500 euros."


def summarise(server: ScriptedModel, identify, seconds: float = 20) -> str:
    return Summariser(ChatClient(server.url, "m"), identify).summarise(SAID, "en", "en", seconds=seconds)


def test_what_was_good_stays_where_the_repair_does_not_come(identify):
    def reply(messages):
        if len(messages) > 2:
            time.sleep(4)
        return f"{GOOD} {INVENTED}"

    with scripted(reply) as server:
        assert summarise(server, identify, seconds=3) == GOOD
    assert len(server.asked) == 2


def test_without_a_good_sentence_there_is_none_to_fall_back_on(identify):
    def reply(messages):
        if len(messages) > 2:
            time.sleep(4)
        return INVENTED

    with scripted(reply) as server, pytest.raises(Unavailable):
        summarise(server, identify, seconds=3)


def test_the_repair_is_told_what_was_wrong_and_sends_the_conversation_once(identify):
    with scripted(lambda messages: GOOD if len(messages) > 2 else f"{GOOD} {INVENTED}") as server:
        assert summarise(server, identify) == GOOD
    first, again = server.asked
    assert again[:2] == first and "500" in again[-1]["content"]
    assert sum(one["content"].count(SAID[1].text) for one in again) == 1
