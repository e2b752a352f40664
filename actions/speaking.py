"""From names of replies to messages of the dispatcher."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from tongshi.commerce.jobs import Say
from tongshi.responses.catalog import get_replies
from tongshi.settings import get_settings


def language_of(tracker: Tracker) -> str:
    return tracker.get_slot("language") or get_settings().language


def last_reply(tracker: Tracker) -> str | None:
    """Name of the bot's last reply."""
    last = next((event for event in reversed(tracker.events) if event["event"] == "bot"), {})
    return (last.get("metadata") or {}).get("utter_action")


def buttons(tracker: Tracker) -> list[tuple[str, str]]:
    """Title and payload of each button under the bot's last message."""
    last = next((event for event in reversed(tracker.events) if event["event"] == "bot"), {})
    return [(button["title"], button["payload"]) for button in (last.get("data") or {}).get("buttons") or []]


def offered(tracker: Tracker) -> list[str]:
    """Payloads of the buttons under the bot's last message."""
    return [payload for _, payload in buttons(tracker)]


def say(dispatcher: CollectingDispatcher, tracker: Tracker, *replies: Say | str, custom: dict[str, Any] | None = None) -> None:
    """Send replies in order; Rasa's generator puts them into the customer's language.

    Args:
        replies: names alone, or with values and buttons.
        custom: goes along with the last one, e.g. its citations.
    """
    for number, reply in enumerate(replies):
        reply = Say(reply) if isinstance(reply, str) else reply
        values = {name: value for name, value in reply.values.items() if value is not None}
        last = number == len(replies) - 1
        dispatcher.utter_message(
            response=reply.reply,
            buttons=list(_titled(reply.buttons, language_of(tracker))),
            json_message=custom if last else None,
            following=bool(dispatcher.messages),
            **values,
        )


def _titled(buttons: Iterable[dict[str, str]], language: str) -> Iterable[dict[str, str]]:
    """Buttons whose titles are terms ("colour:black") get the customer's word."""
    for button in buttons:
        kind, _, key = button["title"].partition(":")
        yield {**button, "title": get_replies().term(kind, key, language)} if key else button
