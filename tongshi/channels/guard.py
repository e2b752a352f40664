"""What every channel does before and after Rasa.

Who goes on with a conversation on another channel is led to it. A person may have the conversation: then Rasa does not run. Input is
bounded and cleaned; a payload counts only where the bot offered it as a button. A turn has a deadline below the lifetime of Rasa's lock, and
where it ends without a word, in time or not, the customer is told in their language. What was sent is kept, both ways.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import structlog
from rasa.core.channels.channel import OutputChannel, UserMessage

from tongshi import clock
from tongshi.channels.continuing import NO_REPLY, Notice, Route, Switchboard, make_switchboard
from tongshi.channels.database import log_failure
from tongshi.conversations.handover import UNPROMPTED, Handovers, SupportHours
from tongshi.conversations.scripts import PRESSED, writes_traditional
from tongshi.errors import TongshiError
from tongshi.language.identify import LanguageIdentifier, get_identifier, is_traditional
from tongshi.language.text import clean
from tongshi.responses.catalog import Replies, get_replies
from tongshi.settings import LANGUAGES, Settings, get_settings
from tongshi.storage.conversations import ConversationStore
from tongshi.storage.database import get_database
from tongshi.storage.models import Message

LONGEST = 2000
"""Characters of a message that Rasa gets; a longer one is asked for in brief."""

_MOST_KEPT = 50_000
"""Characters of a message that are kept, for the person who has the conversation or takes it over."""

_LOOK_BACK = 20
_BEFORE_WORDS = re.compile(r"^[/\s]+")

log = structlog.get_logger()

Handler = Callable[[UserMessage], Awaitable[Any]]
Review = Callable[[list[Message]], list[Message]]
"""What a channel makes of the bot's replies before they are kept, in a thread of its own; `REPLY` in their extras tells their names."""

REPLY = "reply"
"""Under this name a message's extras hold the reply's name, e.g. `utter_greet`, where it has one."""


class CollectingChannel(OutputChannel):
    """Collects what Rasa sends, text, buttons and custom parts of one message together."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.messages: list[dict[str, Any]] = []

    def name(self) -> str:
        return self._name

    async def send_response(self, recipient_id: str, message: dict[str, Any]) -> None:
        kept = {key: message[key] for key in ("text", "buttons", "image", "attachment", "custom") if message.get(key)}
        if kept:
            name = message.get("utter_action")
            self.messages.append({**kept, REPLY: name} if name else kept)

    async def send_text_message(self, recipient_id: str, text: str, **kwargs: Any) -> None:
        self.messages.append({"text": text})


class Guard:
    """One turn of a conversation, on any channel.

    Args:
        store: where messages are kept.
        handovers: whether a person has the conversation.
        replies: for what is said without Rasa.
        identify: for the language of that.
        deadline: seconds that a turn may take.
        language: of the settings.
        switchboard: finds the conversation of who goes on with one on another channel; without it nobody does.
    """

    def __init__(
        self,
        store: ConversationStore,
        handovers: Handovers,
        replies: Replies,
        identify: LanguageIdentifier,
        deadline: float,
        language: str,
        switchboard: Switchboard | None = None,
    ) -> None:
        self._store = store
        self._handovers = handovers
        self._replies = replies
        self._identify = identify
        self._deadline = deadline
        self._language = language
        self._switchboard = switchboard

    def conversation(self, sender: str) -> str:
        """The conversation that somebody of this name on a channel is in: their own, or one that they go on with."""
        return self.conversations([sender])[sender]

    def conversations(self, senders: Iterable[str]) -> dict[str, str]:
        """The conversation of each, by their name."""
        return self._switchboard.conversations(senders) if self._switchboard else {sender: sender for sender in senders}

    async def turn(
        self,
        on_new_message: Handler,
        *,
        sender: str,
        text: Any,
        channel: str,
        payload: str | None = None,
        hint: str | None = None,
        client_id: str | None = None,
        extras: dict[str, Any] | None = None,
        instead: str | Notice | None = None,
        review: Review | None = None,
    ) -> list[Message]:
        """Handle one message of a customer.

        Args:
            on_new_message: Rasa's handler.
            sender: who writes, by the channel's name for them.
            text: as it came; anything that is no text counts as empty.
            channel: name of the channel.
            payload: what a button sends, where `text` is its title.
            hint: a language that the channel believes in.
            client_id: the sender's own name for the message; one that came before is not handled again.
            extras: what the channel keeps with the message, e.g. the `address` that replies go to.
            instead: the reply to give without asking Rasa, for what is no text, e.g. a photo; `NO_REPLY` for none.
            review: what the channel makes of the replies.

        Returns:
            The replies, kept already (unless the database is down); none while a person has the conversation.
        """
        hint = hint if hint in LANGUAGES else None
        route, language = Route(sender, _words(text)), None
        try:
            route = await asyncio.to_thread(self._route, sender, route.text, payload)
            language = await asyncio.to_thread(self._language_of, route.sender, route.text, hint)
            incoming = Message(
                sender=route.sender, channel=channel, author="customer", text=route.text, language=language, at=clock.now(),
                client_id=client_id, extras={**(extras or {}), **({PRESSED: True} if payload else {})},
            )  # fmt: skip
            if not await asyncio.to_thread(self._store.add_once, incoming):
                return await asyncio.to_thread(self._store.replies_to, route.sender, client_id) or []
            replies = await self._replies_to(incoming, on_new_message, payload, hint, route.notice, instead)
            return await self._kept(replies, incoming, review)
        except TongshiError as error:
            log_failure(error)
            if language:
                return [self._reply("utter_trouble", route.sender, channel, language, bool(is_traditional(route.text)))]
            return [self.trouble(route.sender, route.text, channel, hint)]

    def trouble(self, sender: str, text: str, channel: str, hint: str | None) -> Message:
        """What a customer is told of a message that cannot even be kept: to send it again.

        Args:
            text, hint: as for `turn`; the language is told from them alone.
        """
        language = self._identify(text[:LONGEST]).language or hint or self._language
        return self._reply("utter_trouble", sender, channel, language, bool(is_traditional(text)))

    async def _kept(self, replies: list[Message], incoming: Message, review: Review | None) -> list[Message]:
        """The replies to a message, as the channel makes them, once they are kept."""
        if review and replies:
            replies = await asyncio.to_thread(review, replies)
        for reply in replies:
            await asyncio.to_thread(self._store.add, reply, incoming)
        return replies

    async def _replies_to(
        self,
        incoming: Message,
        on_new_message: Handler,
        payload: str | None,
        hint: str | None,
        notice: Notice | None,
        instead: str | Notice | None,
    ) -> list[Message]:
        """What is said to a message: by ourselves, by Rasa, or nothing while a person has the conversation."""
        if notice:
            return [await self._reply_to(incoming, notice)]
        if await asyncio.to_thread(self._handovers.is_silent, incoming.sender):
            return []
        if instead == NO_REPLY:
            return []
        if ours := instead or _flaw(incoming.text):
            return [await self._reply_to(incoming, ours)]
        text = await asyncio.to_thread(self._allowed, incoming.sender, incoming.text, payload)
        return await self._rasa(on_new_message, incoming, text, hint)

    async def _rasa(self, on_new_message: Handler, incoming: Message, text: str, hint: str | None) -> list[Message]:
        """What Rasa says to a message, of which it gets `text`; something in any case, unless a person has taken over meanwhile."""
        output = CollectingChannel(incoming.channel)
        metadata = {"language": hint} if hint else {}
        message = UserMessage(
            text, output, incoming.sender, input_channel=incoming.channel, metadata=metadata, message_id=incoming.client_id
        )
        trouble = await self._run(on_new_message, message)
        if output.messages:
            return [self._from_rasa(incoming, one) for one in output.messages]
        if await asyncio.to_thread(self._handovers.is_silent, incoming.sender):
            return []
        log.error("channel.nothing_said", sender=incoming.sender, hint="is the action server alive? see `tongshi status`")
        return [await self._reply_to(incoming, trouble)]

    async def _run(self, on_new_message: Handler, message: UserMessage) -> str:
        """Have Rasa handle a message.

        Returns:
            The name of the reply for the customer, should it have said nothing.
        """
        try:
            await asyncio.wait_for(on_new_message(message), self._deadline)
        except TimeoutError:
            hint = "is the action server alive?"
            log.error("channel.turn_timed_out", sender=message.sender_id, seconds=self._deadline, hint=hint)
            return "utter_timeout"
        except Exception:
            # Whatever went wrong inside, the customer gets an answer; the log has the rest.
            log.exception("channel.turn_failed", sender=message.sender_id, hint="see the lines above; the conversation goes on")
        return "utter_trouble"

    def _from_rasa(self, incoming: Message, said: dict[str, Any]) -> Message:
        text = said.get("text", "")
        return Message(
            sender=incoming.sender,
            channel=incoming.channel,
            author="bot",
            text=text,
            language=self._identify(text).language or incoming.language,
            at=clock.now(),
            extras={key: value for key, value in said.items() if key != "text"},
        )

    def is_silent(self, sender: str) -> bool:
        """Whether a person has the conversation that somebody is in, or is to have it."""
        return self._handovers.is_silent(self.conversation(sender))

    def unasked(self, sender: str, after: int) -> tuple[str, list[Message]]:
        """The conversation that somebody is in, and what was said in it unasked: by a person, or when one gave it back.

        Args:
            after: the number of the last message that they know.
        """
        conversation = self.conversation(sender)
        return conversation, [one for one in self._store.messages(conversation, after) if one.extras.get(UNPROMPTED)]

    def apologise(self, conversation: str, client_id: str) -> None:
        """Tell a customer whose message of that name got no answer, since the system ended in the middle of it, to send it again."""
        asked = self._store.message_of(conversation, client_id)
        if asked and not self._handovers.is_silent(conversation):
            language = asked.language or self._language
            traditional = self._writes_traditional(conversation, language)
            self._store.add(self._reply("utter_trouble", conversation, asked.channel, language, traditional), asked)

    def _route(self, sender: str, text: str, payload: str | None) -> Route:
        return self._switchboard.route(sender, text, payload) if self._switchboard else Route(sender, text)

    def _language_of(self, sender: str, text: str, hint: str | None) -> str:
        """The language for what is said without Rasa: of this message if it shows, else of the last one, else the hint."""
        found = self._identify("" if text.startswith("/") else text[:LONGEST])  # a payload is in no language
        if found.language and found.confidence >= 0.8:
            return found.language
        before = self._store.messages(sender, most=1)
        return (before[-1].language if before else None) or found.language or hint or self._language

    def _allowed(self, sender: str, text: str, payload: str | None) -> str:
        """What Rasa gets: a payload only if it stood on a button of this conversation, else the text, without what looks like one."""
        wanted = payload or text
        # Rasa strips white space, of any kind, before it looks for a payload.
        if not wanted.lstrip().startswith("/"):
            return wanted
        offered = {
            button.get("payload") for message in self._store.messages(sender, most=_LOOK_BACK) for button in _pressable(message)
        }
        return wanted if wanted in offered else _BEFORE_WORDS.sub("", text).split("{")[0] or "?"

    async def _reply_to(self, incoming: Message, said: str | Notice) -> Message:
        sender, language = incoming.sender, incoming.language
        traditional = await asyncio.to_thread(self._writes_traditional, sender, language)
        return self._reply(said, sender, incoming.channel, language, traditional)

    def _writes_traditional(self, sender: str, language: str) -> bool:
        return language == "zh" and writes_traditional(self._store.messages(sender, most=_LOOK_BACK))

    def _reply(self, said: str | Notice, sender: str, channel: str, language: str, traditional: bool) -> Message:
        notice = said if isinstance(said, Notice) else Notice(said)
        reply = self._replies.render(notice.name, language, notice.values, traditional=traditional)
        buttons = [*reply.buttons, *({"title": one, "payload": one} for one in notice.choices)]
        extras = {"buttons": buttons, REPLY: notice.name} if buttons else {REPLY: notice.name}
        text = reply.text.strip()
        return Message(sender=sender, channel=channel, author="bot", text=text, language=language, at=clock.now(), extras=extras)


def _pressable(message: Message) -> list[dict[str, Any]]:
    """The buttons under a message, and those of its cards."""
    cards = (message.extras.get("custom") or {}).get("cards") or []
    return [*message.extras.get("buttons", []), *(card["button"] for card in cards)]


def _words(text: Any) -> str:
    """What is kept of a text as it came."""
    return clean(text)[:_MOST_KEPT] if isinstance(text, str) else ""


def _flaw(text: str) -> str | None:
    """The reply to a text that is not for Rasa, an empty or a too long one; None for any other."""
    if not text:
        return "utter_empty_message"
    return "utter_message_too_long" if len(text) > LONGEST else None


def make_guard(settings: Settings | None = None) -> Guard:
    """The guard of the settings."""
    settings = settings or get_settings()
    store = ConversationStore(get_database())
    handovers = Handovers(store, SupportHours(settings.support_hours), clock.now)
    return Guard(
        store,
        handovers,
        get_replies(),
        get_identifier(),
        settings.turn_deadline,
        settings.language,
        make_switchboard(settings, get_database()),
    )
