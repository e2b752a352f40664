"""What customers say to go on with a conversation on another channel, which is handled before Rasa and beside a person who has it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tongshi import clock
from tongshi.commerce.identity import Identity, Locked, Refused
from tongshi.conversations.continuing import MINUTES, Continuations, Invited, is_code, is_pin, is_token, make_continuations
from tongshi.conversations.handover import UNPROMPTED
from tongshi.conversations.scripts import writes_traditional
from tongshi.files import read_yaml
from tongshi.language.patterns import find
from tongshi.language.text import fold
from tongshi.responses.catalog import Replies, get_replies
from tongshi.settings import Settings, get_settings
from tongshi.storage.conversations import ConversationStore
from tongshi.storage.database import Database
from tongshi.storage.models import Message
from tongshi.storage.shop import make_shop

ASK, LEAVE, NOT_ME = "/continue", "/leave", "/not_me"
JOINED = "🔗"
"""What stands in the transcript for a code or a link."""

_CALL = "phone:"
"""What the names of callers begin with."""

_START = re.compile(r"/start(?:@\w+)?\s+(\S+)")
_EDGES = re.compile(r"^\W+|\W+$")
_SPACES = re.compile(r"\s+")
_LINES = 5
_LONGEST = 300
"""Characters of a message that asks to go on elsewhere."""


@dataclass(frozen=True)
class Notice:
    """A reply that is given without Rasa.

    Attributes:
        name: of the reply.
        values: for its placeholders.
        choices: buttons under it, which say what stands on them.
    """

    name: str
    values: Mapping[str, Any] = field(default_factory=dict)
    choices: tuple[str, ...] = ()


NO_REPLY = Notice("")
"""In place of a reply where the message belongs to one that has its reply."""


@dataclass(frozen=True)
class Route:
    """Where a message belongs.

    Attributes:
        sender: the conversation.
        text: as the transcript has it.
        notice: the reply, where the message was about going on elsewhere; it is given also while a person has the conversation.
    """

    sender: str
    text: str
    notice: Notice | None = None


class Switchboard:
    """Finds the conversation that a message belongs to, and does what it says about that.

    Args:
        continuations: who goes on with which conversation.
        conversations: where the place a customer comes from is told that they have gone on.
        identity: checks order numbers and e-mails, and locks who guesses.
        settings: name the channels that links lead to.
    """

    def __init__(
        self,
        continuations: Continuations,
        conversations: ConversationStore,
        identity: Identity,
        replies: Replies,
        settings: Settings,
    ) -> None:
        self._continuations = continuations
        self._conversations = conversations
        self._identity = identity
        self._replies = replies
        self._settings = settings

    def conversation(self, identity: str) -> str:
        """The conversation of somebody of this name on their channel."""
        return self._continuations.conversation(identity)

    def conversations(self, identities: Iterable[str]) -> dict[str, str]:
        """The conversation of each, by their name."""
        return self._continuations.conversations(identities)

    def route(self, identity: str, text: str, payload: str | None = None) -> Route:
        """Where a message belongs; what it says about going on elsewhere has been done.

        Args:
            identity: who writes, by the name that their channel has for them.
            text: what they write.
            payload: of the button that they pressed.
        """
        here = self.conversation(identity)
        wish = (payload or text).strip()
        if word := _word(text):
            return self._redeemed(identity, here, self._continuations.redeem(identity, word))
        if is_call(identity) and is_pin(text):
            return self._redeemed(identity, here, self._continuations.redeem_pin(identity, text))
        if wish == LEAVE:
            self._continuations.leave(identity)
            return Route(identity, text, Notice("utter_continue_left"))
        if wish == NOT_ME:
            self._continuations.part(here)
            return Route(self.conversation(identity), text, Notice("utter_continue_parted"))
        if len(wish) > _LONGEST or not _asks(wish):
            return Route(here, text)
        named = {match.kind: match.value for match in find(text)}
        if "order_number" in named and "email" in named:
            return self._prove(identity, here, text, named["order_number"], named["email"])
        return Route(here, text, self._invitation(identity, here))

    def _redeemed(self, identity: str, here: str, conversation: str | None) -> Route:
        if conversation is None:
            return Route(here, JOINED, Notice("utter_continue_failed", {"minutes": MINUTES}))
        return self._joined(identity, here, conversation, JOINED)

    def _prove(self, identity: str, here: str, text: str, order_number: str, email: str) -> Route:
        try:
            self._identity.order_of(here, order_number, email)
        except Locked as locked:
            return Route(here, text, Notice("utter_identity_locked", {"duration": locked.remaining.total_seconds()}))
        except Refused:
            return Route(here, text, Notice("utter_identity_refused"))
        conversation = self._continuations.join_proved(identity, email)
        if conversation is None:
            return Route(here, text, Notice("utter_continue_unproven"))
        return self._joined(identity, here, conversation, text)

    def _joined(self, identity: str, before: str, conversation: str, text: str) -> Route:
        if conversation != before:
            self._tell(conversation)
        return Route(conversation, text, Notice("utter_continued_phone" if is_call(identity) else "utter_continued"))

    def _tell(self, conversation: str) -> None:
        """Tell a customer, where they wrote last, that the conversation is open in another place."""
        last = self._conversations.last_of_customer(conversation)
        if last is None:
            return
        traditional = last.language == "zh" and writes_traditional(self._conversations.messages(conversation))
        language = last.language or self._settings.language
        reply = self._replies.render("utter_continued_elsewhere", language, traditional=traditional)
        self._conversations.add(
            Message(
                sender=conversation, channel=last.channel, author="bot", text=reply.text, language=last.language, at=clock.now(),
                extras={UNPROMPTED: True, "buttons": list(reply.buttons)},
            ),
            last,
        )  # fmt: skip

    def _invitation(self, identity: str, conversation: str) -> Notice:
        invited = self._continuations.invite(conversation)
        if is_call(identity):
            return Notice("utter_continue_phone", {"code": invited.code, "minutes": MINUTES})
        links = "\n".join(self._links(invited))
        return Notice("utter_continue", {"code": invited.code, "minutes": MINUTES, "links": links})

    def _links(self, invited: Invited) -> Iterable[str]:
        """Where a customer can go on by a link, or by telephone, a line each."""
        token, code = invited.token, invited.code
        settings = self._settings
        if settings.public_url:
            public = settings.public_url.rstrip("/")
            yield f"{urlsplit(public).netloc}: {public}/#continue={token}"
        if settings.telegram_token and settings.telegram_name:
            yield f"Telegram: https://t.me/{settings.telegram_name}?start={token}"
        if settings.messenger_token and settings.messenger_page:
            yield f"Messenger: https://m.me/{settings.messenger_page}?ref={token}"
        if settings.whatsapp_account:
            yield f"WhatsApp: https://wa.me/{settings.whatsapp_number.lstrip('+')}?text={code}"
        if settings.email_address:
            yield settings.email_address
        if settings.phone_token and settings.phone_number:
            yield f"☎ {settings.phone_number}: {invited.pin}"


def is_call(identity: str) -> bool:
    """Whether somebody is on the telephone."""
    return identity.startswith(_CALL)


def _word(text: str) -> str | None:
    """The token or code that a message brings: after /start, or on a line of its own."""
    if (started := _START.fullmatch(text.strip())) and is_token(started[1]):
        return started[1]
    lines = [line.strip() for line in text.strip().split("\n")[:_LINES]]
    return next((line for line in lines if is_code(line) or is_token(line)), None)


def _asks(text: str) -> bool:
    """Whether a message asks to go on elsewhere; order number and e-mail beside the request do not count."""
    rest, end = [], 0
    for match in find(text):
        if match.kind in ("order_number", "email"):
            rest.append(text[end : match.start])
            end = match.end
    words = " ".join([*rest, text[end:]]).strip()
    return words.rstrip(" ,") == ASK or _plain(words) in _requests()


def _plain(text: str) -> str:
    return _SPACES.sub(" ", _EDGES.sub("", fold(text)))


@lru_cache(maxsize=1)
def _requests() -> frozenset[str]:
    return read_requests(get_settings().data / "continuing.yml")


def read_requests(path: Path) -> frozenset[str]:
    """What customers say to go on elsewhere, in all languages, in the form that is compared."""
    return frozenset(_plain(one) for phrases in read_yaml(path).values() for one in phrases)


def make_switchboard(settings: Settings, database: Database) -> Switchboard:
    """The switchboard of the settings."""
    continuations = make_continuations(settings, database)
    identity = Identity(make_shop(database), clock.now)
    return Switchboard(continuations, ConversationStore(database), identity, get_replies(), settings)
