"""Actions with the tracker that Rasa would send, and a database of their own."""

import asyncio

import pytest
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions import services
from tongshi.commerce.identity import Identity
from tongshi.conversations.handover import Handovers, SupportHours
from tongshi.storage.conversations import ConversationStore


@pytest.fixture(autouse=True)
def world(shop, database, clock, monkeypatch):
    """The actions work on the test's own shop and clock."""
    identity = Identity(shop, clock)
    monkeypatch.setattr(services, "shop", lambda: shop)
    monkeypatch.setattr(services, "identity", lambda: identity)
    handovers = Handovers(ConversationStore(database), SupportHours("always"), clock)
    monkeypatch.setattr(services, "handovers", lambda: handovers)
    monkeypatch.setattr("tongshi.clock.now", clock)


class Conversation:
    """Keeps slots, the form and what was said between turns, as Rasa does.

    Attributes:
        slots: by name; `requested_slot` is what was asked for last.
        said: names of the replies of the last action.
        messages: the last action's messages whole.
        form: the active one.
        next: the action that the last one asks to follow.
    """

    def __init__(self, sender="anna", language="en"):
        self.sender = sender
        self.slots = {"language": language, "requested_slot": None}
        self.said, self.messages, self.events = [], [], []
        self.form = self.next = None

    def run(
        self,
        action,
        *,
        text="…",
        intent="inform",
        entities=(),
        likely=None,
        sure=1.0,
        parts=(),
        message_id=None,
        channel="rest",
        **answers,
    ):
        """Run an action after the customer has said what fills these slots.

        Args:
            entities: pairs of kind and value that the message names; where the value stands in the text, so it is marked.
            sure: confidence of the intent.
            likely: probabilities of intents.
            parts: of the message, as `PartReader` gives them.
            message_id: the channel's name for the message.
        """
        self.form = getattr(action, "form", self.form)
        named = [{"entity": kind, "value": value, **_place(str(value), text)} for kind, value in entities]
        message = {"text": text, "intent": {"name": intent, "confidence": sure}, "entities": named, "message_id": message_id}
        message["parts"] = list(parts)
        message["intent_ranking"] = [{"name": name, "confidence": confidence} for name, confidence in (likely or {}).items()]
        self.slots |= answers
        self.events += [{"event": "action", "name": "action_listen"}, {"event": "user", "input_channel": channel, **message}]
        self._set(answers)
        return self._run(action, message)

    def follow(self, action):
        """Run the action that the last one asked for, in the same turn."""
        assert self.next == action.form
        self.form = action.form
        self.events.append({"event": "action", "name": action.form})
        message = next(event for event in reversed(self.events) if event["event"] == "user")
        return self._run(action, message)

    def _run(self, action, message):
        tracker = Tracker(
            self.sender, dict(self.slots), message, list(self.events), False, None, {"name": self.form}, "action_listen"
        )
        dispatcher = CollectingDispatcher()
        self.next = None
        for event in asyncio.run(action.run(dispatcher, tracker, {})):
            if event["event"] == "slot":
                self._set({event["name"]: event["value"]})
            elif event["event"] == "active_loop":
                self.form = event["name"]
            elif event["event"] == "followup":
                self.next = event["name"]
        self.messages = dispatcher.messages
        self.said = [message["response"] for message in dispatcher.messages]
        self.events += [{"event": "bot", "metadata": {"utter_action": name}, "data": {}} for name in self.said]
        return self.said

    def _set(self, values):
        self.slots |= values
        self.events += [{"event": "slot", "name": name, "value": value} for name, value in values.items()]

    @property
    def requested(self):
        return self.slots["requested_slot"]


def _place(value, text):
    start = text.find(value)
    return {} if start < 0 else {"start": start, "end": start + len(value)}


@pytest.fixture
def talk():
    return Conversation()


@pytest.fixture
def talk_in():
    return lambda language: Conversation(language=language)
