"""An agent reads a conversation in their own language, and writes in it; a real desk, a language model that says what it is told to."""

from __future__ import annotations

import html
import time
from datetime import UTC, datetime

import httpx
import pytest
from structlog.testing import capture_logs

from tests.desk.conftest import Site, running
from tests.llm.server import scripted
from tongshi.desk.reading import Helped, Reading
from tongshi.desk.sessions import CSRF_HEADER
from tongshi.desk.texts import texts
from tongshi.llm.client import ChatClient
from tongshi.llm.summary import Summariser
from tongshi.llm.translation import ModelEngine, Translator
from tongshi.settings import Settings
from tongshi.storage.conversations import ConversationStore
from tongshi.storage.models import ORIGINAL, Message

GERMAN = "Meine Bestellung MD-10234 ist nicht angekommen."
ENGLISH = "My order MD-10234 has not arrived."
SUMMARY = "The customer's order MD-10234 has not arrived. They were promised 500 euros."
MOOD = "mood: negative\nwords: nicht angekommen\nreason: The order has not arrived."
REPLY, TRANSLATED = "I will look for order MD-10234.", "Ich suche nach der Bestellung MD-10234."


def replies(messages: list[dict[str, str]]) -> str:
    """What the model says: the translations above, and a summary with a sum that nobody named."""
    told, asked = messages[0]["content"], messages[-1]["content"]
    if "mood: " in told:
        return MOOD
    if "sum up" in told:
        return SUMMARY
    # The number stands as a stand-in while it is translated.
    stand_in = next((word.strip(".") for word in asked.split() if word.startswith("QX-")), "")
    return {"German": TRANSLATED, "English": ENGLISH}["German" if "into German" in told else "English"].replace(
        "MD-10234", stand_in
    )


@pytest.fixture(scope="module")
def model():
    with scripted(replies) as server:
        yield server


@pytest.fixture(scope="module")
def desk(model, tmp_path_factory):
    home = tmp_path_factory.mktemp("reading") / "home"
    with running(Settings(home=home, encoder="use", llm_url=model.url)) as site:
        yield site


@pytest.fixture
def agent(desk) -> httpx.Client:
    """Signed in; `csrf` goes with every form."""
    client = desk.agent()
    client.csrf = client.headers[CSRF_HEADER]
    return client


def begun(desk: Site, sender: str) -> str:
    """A conversation in which a German has written; gives its page."""
    desk.store.add(Message(sender=sender, channel="web", author="customer", text=GERMAN, language="de", at=datetime.now(UTC)))
    return f"/desk/conversations/{sender}"


def wait_for(agent: httpx.Client, page: str, text: str) -> str:
    end = time.monotonic() + 20
    while text not in (shown := agent.get(page).text):
        assert time.monotonic() < end, shown
        time.sleep(0.05)
    return shown


def test_an_agent_reads_messages_and_a_summary_in_their_language(desk, agent, model):
    page = begun(desk, "reads")
    assert "Being written" in agent.get(page).text
    shown = wait_for(agent, page, "The customer&#39;s order MD-10234 has not arrived.")
    assert GERMAN in shown and ENGLISH in shown
    assert "500" not in shown, "a sum that nobody named"
    asked = len(model.asked)
    agent.get(page)
    assert len(model.asked) == asked, "what was made is kept"


def test_a_very_long_message_is_not_translated_and_others_are(desk, agent, model):
    page = begun(desk, "long")
    long = Message(sender="long", channel="web", author="customer", text=f"{GERMAN} " * 500, language="de", at=datetime.now(UTC))
    desk.store.add(long)
    shown = wait_for(agent, page, ENGLISH)
    assert texts("en")("talk.not_translated") in html.unescape(shown)


def test_an_agent_who_asks_is_told_how_the_customer_feels_and_why(desk, agent, model):
    page = begun(desk, "feels")
    asks = "How does the customer feel?"
    assert asks in agent.get(page).text
    assert agent.post(f"{page}/mood", data={"csrf": agent.csrf}).headers["location"] == page
    shown = agent.get(page).text
    assert "Unhappy" in shown and "nicht angekommen</q>" in shown and "The order has not arrived." in shown
    assert asks not in shown, "it is kept"
    desk.store.add(Message(sender="feels", channel="web", author="customer", text="Hallo?", language="de", at=datetime.now(UTC)))
    assert asks in agent.get(page).text
    assert "could not tell" in agent.post("/desk/conversations/nobody/mood", data={"csrf": agent.csrf}).text


def test_who_wants_messages_as_they_were_written_gets_them(desk, agent, model):
    page, asked = begun(desk, "plain"), len(model.asked)
    assert agent.post("/desk/language", data={"csrf": agent.csrf, "language": "", "back": page}).headers["location"] == page
    shown = agent.get(page).text
    assert "In short" not in shown and len(model.asked) == asked
    agent.post("/desk/language", data={"csrf": agent.csrf, "language": "en", "back": "https://other.example"})
    assert 'value="en" selected' in agent.get(page).text


def test_a_reply_is_translated_looked_at_and_sent(desk, agent):
    page = begun(desk, "writes")
    agent.post(f"{page}/take", data={"csrf": agent.csrf})
    draft = agent.post(f"{page}/translate", data={"csrf": agent.csrf, "text": REPLY}).text
    assert f">{TRANSLATED}</textarea>" in draft and f'name="original" value="{REPLY}"' in draft
    assert [one.author for one in desk.store.messages("writes")] == ["customer"], "nothing is sent yet"
    agent.post(f"{page}/reply", data={"csrf": agent.csrf, "text": TRANSLATED, "original": REPLY})
    said = desk.store.messages("writes")[-1]
    assert said.text == TRANSLATED
    assert desk.store.renderings([said.message_id], "en")[said.message_id, ORIGINAL].text == REPLY
    assert REPLY in agent.get(page).text


def test_what_cannot_be_translated_stays_the_agents_draft(desk, agent):
    page = begun(desk, "fails")
    agent.post(f"{page}/take", data={"csrf": agent.csrf})
    shown = agent.post(f"{page}/translate", data={"csrf": agent.csrf, "text": "Pay 12 euros by Friday."}).text
    assert "Not translated" in shown and ">Pay 12 euros by Friday.</textarea>" in shown


def test_a_model_that_is_away_leaves_the_page_as_it_is(tmp_path):
    with running(Settings(home=tmp_path / "home", encoder="use", llm_url="http://127.0.0.1:9/v1")) as desk:
        agent, page = desk.agent(), begun(desk, "away")
        assert GERMAN in wait_for(agent, page, "There is no summary.")
        asked = agent.post(f"{page}/mood", data={"csrf": agent.headers[CSRF_HEADER]}).text
        assert "It cannot be told how the customer feels" in asked and GERMAN in asked


@pytest.fixture
def messages(database) -> list[Message]:
    """What a German has written."""
    store = ConversationStore(database)
    store.add(Message(sender="r", channel="web", author="customer", text=GERMAN, language="de", at=datetime.now(UTC)))
    return list(store.messages("r"))


def made(reading: Reading, messages: list[Message]) -> Helped:
    """What is there once nothing is being made any more."""
    end = time.monotonic() + 20
    while (found := reading.open("r", messages, "en")).waiting:
        assert time.monotonic() < end
        time.sleep(0.02)
    return found


def test_a_summary_that_does_not_come_costs_no_translation(database, identify, messages):
    def reply(asked: list[dict[str, str]]) -> str:
        if "sum up" in asked[0]["content"]:
            raise ConnectionResetError
        return replies(asked)

    with scripted(reply) as server:
        client = ChatClient(server.url, "m")
        translator = Translator([ModelEngine(client)], identify)
        reading = Reading(ConversationStore(database), lambda: translator, lambda: Summariser(client, identify))
        with capture_logs() as logged:
            found = made(reading, messages)
    assert list(found.translations.values()) == [ENGLISH] and found.summary is None
    assert [one["event"] for one in logged] == ["desk.reading_unavailable"]


def test_what_goes_wrong_otherwise_is_logged_and_not_tried_again_at_once(database, messages):
    tried = []

    def broken() -> Translator:
        tried.append(1)
        raise RuntimeError("no translator")

    reading = Reading(ConversationStore(database), broken, broken)
    with capture_logs() as logged:
        made(reading, messages)
        made(reading, messages)
    assert [(one["event"], one["log_level"]) for one in logged] == [("desk.reading_failed", "error")]
    assert len(tried) == 1
