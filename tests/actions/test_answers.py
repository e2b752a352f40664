"""Answers: what the customer's page is told before the reply is whole."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions import answers, services
from actions.answers import ActionAnswer
from tongshi.conversations.live import Spoken
from tongshi.llm.answering import Answer
from tongshi.llm.citing import Citation, Sentence
from tongshi.llm.server import CONNECTIONS

WINDOW = Citation("returns-window", "30 天内可以退货。", "zh", "退货")


class Answerer:
    """Writes two sentences."""

    def answer(self, question, language, *, on_sentence, **_):
        for text in ("30 天内可以退货。", "商品须未使用。"):
            on_sentence(Sentence(text, WINDOW))
        return Answer("30 天内可以退货。 商品须未使用。", language, "generated", (WINDOW,))


@pytest.fixture
def told(monkeypatch):
    """What was announced."""
    events = []
    announcer = type("Announcer", (), {"announce": lambda self, event: events.append(event)})()
    monkeypatch.setattr(answers, "get_announcer", lambda: announcer)
    monkeypatch.setattr(services, "answerer", Answerer)
    return events


def ask(conversation, channel, message_id="q1"):
    return conversation.run(ActionAnswer(), text="?", message_id=message_id, channel=channel)


def test_the_page_is_told_each_sentence_with_the_message_that_it_answers(talk_in, told):
    assert ask(talk_in("zh"), "web") == ["utter_answer"]
    assert told == [Spoken("anna", "q1", 0, "30 天内可以退货。", "zh"), Spoken("anna", "q1", 1, "商品须未使用。", "zh")]


def test_traditional_characters_are_answered_in_traditional_ones(talk_in, told):
    talk = talk_in("zh")
    talk.slots["traditional_chinese"] = True
    ask(talk, "web")
    assert told[1].text == "商品須未使用。"


@pytest.mark.parametrize(("channel", "message_id"), [("slack", "q1"), ("web", None)])
def test_who_sees_no_sentences_is_told_none(talk_in, told, channel, message_id):
    assert ask(talk_in("en"), channel, message_id) == ["utter_answer"]
    assert told == []


def test_where_rasa_gives_the_turn_up_the_language_model_is_told_so(monkeypatch):
    """Rasa closes its connection when a turn has taken too long, and the action server then cancels the action."""
    heard = threading.Event()

    class Slow:
        def answer(self, *_, gone, **__):
            heard.set() if gone.wait(10) else None

    monkeypatch.setattr(services, "answerer", Slow)
    said = {"text": "?", "intent": {}, "entities": []}
    tracker = Tracker("anna", {"language": "en"}, said, [], False, None, {}, "action_listen")

    async def give_up() -> None:
        action = asyncio.create_task(ActionAnswer().run(CollectingDispatcher(), tracker, {}))
        await asyncio.sleep(0.2)
        action.cancel()
        with pytest.raises(asyncio.CancelledError):
            await action

    asyncio.run(give_up())
    assert heard.wait(5)


async def test_a_quotation_waits_for_nobody_who_waits_for_the_language_model(monkeypatch):
    """Its server takes many more requests than asyncio has threads on a machine with two cores."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(6))
    may, waiting = threading.Event(), threading.Semaphore(0)

    class Busy(Answerer):
        def answer(self, question, language, **options):
            if question == "slow":
                waiting.release()
                may.wait(20)
            return super().answer(question, language, **options)

        def describe(self, sku, language):
            return Answer("Noise cancelling.", language, "quoted", (WINDOW,))

    monkeypatch.setattr(services, "answerer", Busy)

    def asked(text, *entities):
        said = {"text": text, "intent": {}, "entities": list(entities)}
        tracker = Tracker("anna", {"language": "en"}, said, [], False, None, {}, "action_listen")
        return asyncio.create_task(ActionAnswer().run(CollectingDispatcher(), tracker, {}))

    slow = [asked("slow") for _ in range(CONNECTIONS)]
    try:
        async with asyncio.timeout(5):
            await asked("quick")
            await asked("/product_question{}", {"entity": "product", "value": "MER-HP-200"})
        assert all(waiting.acquire(timeout=5) for _ in slow) and not any(one.done() for one in slow)
    finally:
        may.set()
        await asyncio.gather(*slow)


@pytest.mark.parametrize(
    ("intent", "sure", "reply", "form"),
    [
        ("lost_parcel", 0.6, [], "lost_form"),
        ("return_item", 0.4, ["utter_answer_unknown"], None),
        ("policy_question", 0.9, ["utter_answer_unknown"], None),
    ],
)
def test_a_wish_that_was_taken_for_a_question_without_an_answer_is_carried_out(talk, monkeypatch, intent, sure, reply, form):
    nothing = type("Nothing", (), {"answer": lambda self, question, language, **_: Answer("", language, "unknown")})
    monkeypatch.setattr(services, "answerer", nothing)
    assert talk.run(ActionAnswer(), text="it has not come, is it lost", intent=intent, sure=sure) == reply
    assert talk.next == form
