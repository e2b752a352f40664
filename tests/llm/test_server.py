"""The real language model in a process of its own: streaming, deadlines, cancellation, several customers at once, and its other uses."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from tongshi.errors import Unavailable
from tongshi.evaluation.generation import serving
from tongshi.evaluation.running import free_port
from tongshi.knowledge.base import Passage
from tongshi.llm.checks import differences, make_checker
from tongshi.llm.client import Cancelled, ChatClient
from tongshi.llm.drafting import Drafter
from tongshi.llm.followups import Turn
from tongshi.llm.prompting import prompt
from tongshi.llm.rendering import render
from tongshi.llm.server import PARALLEL
from tongshi.llm.summary import Summariser
from tongshi.llm.translation import ModelEngine, Translator
from tongshi.settings import get_settings

pytestmark = pytest.mark.llm

PASSAGE = "You can return an item within 30 days of delivery."
ASKED = {"en": "how long can i return something", "zh": "多久之内可以退货？", "ru": "сколько дней на возврат?"}
COUNT = [{"role": "user", "content": "Count from one to two hundred in words."}]


@pytest.fixture(scope="module")
def client():
    settings = replace(get_settings(), llm_port=free_port(), llm_url="")
    client = ChatClient(settings.llm_address, settings.llm)
    with serving(settings, None, client):
        yield client


def ask(client: ChatClient, language: str) -> list[str]:
    messages = prompt("Meridian", language, [PASSAGE], ASKED[language])
    return list(client.stream(messages, deadline=time.monotonic() + 120))


def test_a_reply_comes_in_pieces_and_says_the_fact(client):
    pieces = ask(client, "en")
    assert len(pieces) > 1 and "30" in "".join(pieces)


def test_several_customers_are_answered_at_once(client):
    with ThreadPoolExecutor(PARALLEL + 1) as pool:
        replies = list(pool.map(lambda language: "".join(ask(client, language)), ASKED))
    assert all("30" in reply for reply in replies)


def test_who_goes_and_who_has_no_time_leave_the_server_free_for_others(client):
    began, gone = time.monotonic(), threading.Event()
    threading.Timer(1.0, gone.set).start()
    with pytest.raises(Cancelled):
        list(client.stream(COUNT, deadline=began + 600, most_tokens=900, gone=gone))
    assert time.monotonic() - began < 2
    for _ in range(PARALLEL):
        with pytest.raises(Unavailable, match="in time"):
            list(client.stream(COUNT, deadline=time.monotonic() + 1, most_tokens=900))
    first = client.stream(prompt("Meridian", "en", [PASSAGE], ASKED["en"]), deadline=time.monotonic() + 60, most_tokens=5)
    assert next(first)


def test_a_translation_keeps_the_number_or_says_that_it_is_none(client, identify):
    found = Translator([ModelEngine(client)] * 2, identify).translate("Where is my order MD-10234?", "zh", seconds=120)
    assert "MD-10234" in found.text
    assert found.language == ("zh" if found.translated else "en")


def test_a_passage_is_put_into_the_customers_language_with_its_figure(client, identify):
    translator = Translator([ModelEngine(client)] * 2, identify)
    passage, deadline = Passage("returns-window", "en", "Returns", 0.9, PASSAGE), time.monotonic() + 120
    ((original, sentence),) = render(passage, "zh", translator, make_checker(identify), deadline)
    assert original == PASSAGE
    assert "30" in sentence.text and identify(sentence.text).language == "zh"
    assert sentence.citation.quote == PASSAGE


def test_a_summary_says_only_what_was_said_and_drafted_wordings_are_new(client, identify):
    said = [
        Turn("customer", "Where is my order MD-10234? It should have been here on Tuesday."),
        Turn("bot", "Your order MD-10234 is with DHL and arrives on Thursday."),
        Turn("customer", "That is too late for me. I want my 79 euros back and to talk to somebody."),
    ]
    text = Summariser(client, identify).summarise(said, "en", "en", seconds=180)
    assert text and differences(text, "en", " ".join(one.text for one in said), "en") == []
    examples = ["where is my parcel", "when does my order arrive", "has my package been sent yet"]
    found = Drafter(client, identify, Translator([ModelEngine(client)], identify)).wordings(examples, "en", 4)
    assert found and not set(found) & set(examples)
