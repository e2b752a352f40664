"""Questions that the knowledge base answers."""

from __future__ import annotations

import asyncio
import threading
from itertools import count
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, FollowupAction
from rasa_sdk.executor import CollectingDispatcher

from actions import services
from actions.speaking import Say, language_of, say
from tongshi.commerce.forms import STARTS
from tongshi.conversations.live import Spoken, get_announcer
from tongshi.knowledge.offers import offer_for
from tongshi.language.chinese import to_traditional
from tongshi.llm.answering import Answer
from tongshi.llm.citing import OnSentence, Sentence
from tongshi.llm.followups import Turn
from tongshi.responses.catalog import get_replies
from tongshi.threads import beside

STREAMED = "web"
"""The channel whose customers see an answer while it is written."""

_LIKELY_WISH = 0.5
"""Confidence from which a wish that was taken for a question is carried out where nothing answers it."""


class ActionAnswer(Action):
    """Answer the customer's last message from the knowledge base, or say that it is not in there."""

    otherwise: str = "utter_answer_unknown"
    hangs: bool = True
    """Whether the message may hang on what was said before it."""

    def name(self) -> str:
        return "action_answer"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        answer = await details_asked_for(tracker) or await answer_last(tracker, hangs=self.hangs)
        if answer.outcome == "unknown" and (form := _wished(tracker)):
            return [FollowupAction(form)]
        if answer.outcome == "unknown":
            say(dispatcher, tracker, "utter_which_product" if answer.about_product else self.otherwise)
        else:
            say_answer(dispatcher, tracker, answer)
        return []


class ActionAnswerOrDecline(ActionAnswer):
    """Something that does not look like the shop's business is still looked up before it is declined."""

    otherwise = "utter_out_of_scope"
    hangs = False

    def name(self) -> str:
        return "action_answer_or_decline"


class ActionAnswerOrAskAgain(ActionAnswer):
    """What was not understood may still be a question that the knowledge base knows."""

    otherwise = "utter_not_understood"

    def name(self) -> str:
        return "action_answer_or_ask_again"


def _wished(tracker: Tracker) -> str | None:
    """The form of what the message wishes for, outside forms, where it was but taken for a question that has no answer."""
    intent = tracker.latest_message.get("intent") or {}
    likely = intent.get("confidence", 0.0) >= _LIKELY_WISH and not tracker.active_loop.get("name")
    return STARTS.get(intent.get("name")) if likely else None


async def details_asked_for(tracker: Tracker) -> Answer | None:
    """What the catalogue says of the product whose card's button was pressed; None for any other message."""
    message = tracker.latest_message
    if not (message.get("text") or "").startswith("/product_question{"):
        return None
    sku = next((one["value"] for one in message.get("entities", []) if one["entity"] == "product"), None)
    return sku and await beside("answering", lambda: services.answerer().describe(sku, language_of(tracker)))


async def answer_last(tracker: Tracker, question: str | None = None, *, hangs: bool = True) -> Answer:
    """The answer to the customer's last message. Where Rasa gives the turn up, so does the language model.

    Args:
        question: the part of the message that asks; all of it by default.
        hangs: whether it may hang on what was said before it.
    """
    gone = threading.Event()
    text = question or tracker.latest_message.get("text") or ""
    try:
        return await beside("answering", _answer, text, tracker, gone, _before(tracker, text) if hangs else [])
    except asyncio.CancelledError:
        gone.set()
        raise


def _answer(question: str, tracker: Tracker, gone: threading.Event, said: list[Turn]) -> Answer:
    return services.answerer().answer(
        question,
        language_of(tracker),
        history=said,
        sender=tracker.sender_id,
        on_sentence=told_at_once(tracker),
        gone=gone,
    )


def told_at_once(tracker: Tracker) -> OnSentence:
    """Tells each sentence to the customer's page as soon as it may be shown; other channels get whole replies."""
    turn = tracker.latest_message.get("message_id")
    if not turn or tracker.get_latest_input_channel() != STREAMED:
        return lambda sentence: None
    language, traditional = language_of(tracker), bool(tracker.get_slot("traditional_chinese"))
    numbers = count()

    def tell(sentence: Sentence) -> None:
        text = to_traditional(sentence.text) if traditional and language == "zh" else sentence.text
        get_announcer().announce(Spoken(tracker.sender_id, turn, next(numbers), text, language))

    return tell


def _before(tracker: Tracker, question: str) -> list[Turn]:
    """What was said before a question, be it in the same message: "I want to cancel. Do you charge for that?"."""
    said_along, found, _ = (tracker.latest_message.get("text") or "").partition(question)
    return [*history(tracker), *([Turn("customer", said_along.strip())] if found and said_along.strip() else [])]


def history(tracker: Tracker) -> list[Turn]:
    """The last few messages before the newest one, oldest first."""
    said = [event for event in tracker.events if event["event"] in ("bot", "user") and event.get("text")]
    return [Turn("customer" if event["event"] == "user" else "bot", event["text"]) for event in said[-7:-1]]


def say_answer(dispatcher: CollectingDispatcher, tracker: Tracker, answer: Answer) -> None:
    language = language_of(tracker)
    citations = [citation.as_dict() for citation in answer.citations]
    buttons = get_replies().buttons([offer], language) if (offer := offer_for(answer.citations[0].article)) else ()
    values: dict[str, Any] = {"answer": answer.text}
    reply = "utter_answer"
    if answer.outcome == "quoted" and answer.language != language:
        reply, values = "utter_answer_foreign", {**values, "language": answer.language}
    custom = {"citations": citations, "outcome": answer.outcome, "trace": answer.trace_id}
    say(dispatcher, tracker, Say(reply, values, tuple(buttons)), custom=custom)
