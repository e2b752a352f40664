"""What the channels of platforms share: a webhook that acknowledges at once, turns in the background, replies through the outbox."""

from __future__ import annotations

import asyncio
import re
from abc import abstractmethod
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any, Self
from weakref import WeakValueDictionary

import structlog
from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse

from tongshi import clock
from tongshi.channels.channel import Channel, add_health
from tongshi.channels.continuing import NO_REPLY, Notice
from tongshi.channels.database import in_database, log_failure
from tongshi.channels.delivery import FilesPlatform, Platform, Postman
from tongshi.channels.guard import Guard, Handler, make_guard
from tongshi.channels.media import LARGEST, MOST, Media, NotFetched, TooLarge
from tongshi.channels.written import buttons_of
from tongshi.conversations.photos import KIND as PHOTO
from tongshi.conversations.photos import NotAPhoto, PhotoReader, make_photo_reader, order_numbers, photo_file
from tongshi.errors import TongshiError
from tongshi.language.text import clean
from tongshi.settings import LANGUAGES, get_settings
from tongshi.storage.conversations import ConversationStore
from tongshi.storage.database import get_database
from tongshi.storage.inbox import InboxStore
from tongshi.storage.mail import AttachmentStore, File
from tongshi.storage.models import Message, Received
from tongshi.storage.outbox import OutboxStore
from tongshi.threads import beside

PICTURE, SOUND, FILM, FILE, PLACE, CARD = "🖼", "🎤", "🎬", "📎", "📍", "👤"
"""What stands in the transcript for what is no text."""

GLYPHS = {"image": PICTURE, "audio": SOUND, "video": FILM}
"""The same by what a media type begins with."""

_MOST_WAITING = 20
_MOST_PROFILES = 10_000
_LONGEST_NAME = 200
_LAST_WORDS = 4.0
_OLDEST_LEFT = timedelta(days=1)
_PLATFORMS_PATIENCE = 1.5
"""Seconds in which a call is acknowledged even where the database does not answer; Slack waits 3."""

log = structlog.get_logger()


@dataclass(frozen=True)
class Incoming:
    """A message of a customer as a platform brought it.

    Attributes:
        sender: who wrote, beginning with the channel's name; also the name of the conversation, unless they go on with another.
        address: where replies go.
        text: what it says.
        client_id: the platform's name for it, the same when it is brought again.
        button: the reference of the button that was pressed.
        instead: the reply to give where it is no text.
        is_spoken: whether it is a voice message, which the channel can fetch.
        media: photos and files that came with it; `instead` says whether nothing else did.
        album: the platform's name for several photos that were sent at once, each of which it brings as a message of its own.
        about: what the channel itself needs to handle it.
    """

    sender: str
    address: dict[str, Any]
    text: str
    client_id: str
    button: str | None = None
    instead: str | Notice | None = None
    is_spoken: bool = False
    media: tuple[Media, ...] = ()
    album: str | None = None
    about: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The message that `asdict` gave."""
        instead, media = values["instead"], tuple(Media(**one) for one in values["media"])
        return cls(**{**values, "instead": Notice(**instead) if isinstance(instead, dict) else instead, "media": media})


class PlatformChannel(Channel):
    """A channel whose customers are answered by calling their platform.

    It is closed, so that its addresses are not found and nothing is called, where it has no platform.

    Args:
        platform: how messages are sent; None where the channel's secrets are not set.
    """

    def __init__(
        self,
        platform: Platform | None,
        guard: Guard | None = None,
        store: ConversationStore | None = None,
        outbox: OutboxStore | None = None,
        attachments: AttachmentStore | None = None,
    ) -> None:
        self._platform = platform
        self._guard = guard
        self._store = store
        self._outbox = outbox
        self._attachments = attachments

    def blueprint(self, on_new_message: Handler) -> Blueprint:
        webhook = self.empty_blueprint()
        if self._platform is None:
            return webhook
        self._guard = self._guard or make_guard()
        self._store = self._store or ConversationStore(get_database())
        self._outbox = self._outbox or OutboxStore(get_database())
        self._attachments = self._attachments or AttachmentStore(get_database())
        self._on_new_message = on_new_message
        add_health(webhook)
        self.add_routes(webhook)
        webhook.listener("after_server_start")(self._start)
        webhook.listener("before_server_stop")(self._stop)
        return webhook

    @abstractmethod
    def add_routes(self, webhook: Blueprint) -> None:
        """Where the platform calls, if it does."""

    async def _start(self, *_: Any) -> None:
        self._postman = Postman(self.name(), self._platform, self._outbox)
        self._delivery = asyncio.create_task(self._postman.run())

    async def _stop(self, *_: Any) -> None:
        self._delivery.cancel()
        await asyncio.gather(self._delivery, return_exceptions=True)
        await self._platform.close()


class WebhookChannel(PlatformChannel):
    """A channel whose platform calls us with each message; it is kept, acknowledged at once and answered in the background.

    What a process that ended has left unanswered, another one answers, when it starts or while it runs.

    Args:
        platform: how messages are sent, and customers' files fetched; None where the channel's secrets are not set.
        photo_reader: reads text in photos; None where that is off.
        inbox: where messages are kept until they are handled.
        stores: as for `PlatformChannel`.
    """

    numbers_buttons = False
    """Whether the platform has no buttons, so that they are written with numbers, and a number is one that was pressed."""

    def __init__(
        self,
        platform: FilesPlatform | None,
        photo_reader: PhotoReader | None = None,
        inbox: InboxStore | None = None,
        **stores: Any,
    ) -> None:
        super().__init__(platform, **stores)
        self._photo_reader = photo_reader
        self._inbox = inbox

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> Self:
        settings = get_settings()
        return cls.from_settings(settings, photo_reader=make_photo_reader(settings))

    @abstractmethod
    async def receive(self, request: Request) -> HTTPResponse:
        """Answer the platform's call; what a customer says is given to `take`."""

    async def fetch(self, media: Media) -> bytes:
        """What a customer sent, from the platform's own servers.

        Raises:
            NotFetched: it is too large, or the platform does not give it.
        """
        return await self._platform.file(media.source)

    async def before_turn(self, incoming: Incoming) -> str | None:
        """Done before a message is answered; gives the language that the customer's profile names."""
        return None

    def add_routes(self, webhook: Blueprint) -> None:
        @webhook.route("/webhook", methods=["POST"])
        async def receive(request: Request) -> HTTPResponse:
            return await self.receive(request)

    async def _start(self, *_: Any) -> None:
        self._turns = Turns()
        self._inbox = self._inbox or InboxStore(get_database())
        await super()._start()
        self._tending = asyncio.create_task(self._tend())

    async def _stop(self, *_: Any) -> None:
        await self._turns.finish(_LAST_WORDS)
        self._tending.cancel()
        await asyncio.gather(self._tending, return_exceptions=True)
        await in_database(self._inbox.release, self.name())
        await super()._stop()

    async def take(self, incoming: Incoming) -> None:
        """Keep a message, and handle it in the background."""
        keeping = asyncio.create_task(self._keep_safe(incoming))
        # In line before it is kept, so that messages stay in the order in which they came.
        if self._turns.add(incoming.sender, partial(self._handle_kept, incoming, keeping)):
            await asyncio.wait([keeping], timeout=_PLATFORMS_PATIENCE)
        else:
            await self._done(incoming, keeping)

    async def _keep_safe(self, incoming: Incoming) -> bool:
        """Whether a message is to be handled: it is not where the platform brings it again while it waits."""
        row = Received(
            channel=self.name(), sender=incoming.sender, client_id=incoming.client_id, content=asdict(incoming), at=clock.now()
        )
        try:
            return await in_database(self._inbox.keep, row, clock.now()) is not False
        except Exception:
            # What the database cannot hold is answered all the same.
            log.exception("channel.message_not_kept", sender=incoming.sender)
            return True

    async def _handle_kept(self, incoming: Incoming, keeping: asyncio.Task[bool]) -> None:
        if await keeping:
            await self._handle(incoming)
            await self._done(incoming, keeping)

    async def _done(self, incoming: Incoming, keeping: asyncio.Task[bool] | None = None) -> None:
        if keeping is None or await keeping:
            await in_database(self._inbox.handled, self.name(), incoming.sender, incoming.client_id)

    async def _tend(self) -> None:
        """Keep what is in hand from other processes, and take up what they have left."""
        while True:
            try:
                await in_database(self._inbox.renew, self.name(), clock.now())
                await self._take_up()
            except Exception:
                # Nobody waits for this task; the log is where it is heard of.
                log.exception("channel.tending_failed", channel=self.name())
            await asyncio.sleep(self._inbox.lease.total_seconds() / 5)

    async def _take_up(self) -> None:
        """Handle what a process that ended has acknowledged and not handled."""
        left = await in_database(self._inbox.claim, self.name(), clock.now(), _OLDEST_LEFT) or []
        for content in left:
            try:
                incoming = Incoming.from_dict(content)
            except (TypeError, LookupError):
                log.exception("channel.message_unreadable", channel=self.name(), hint="another version kept it, and may read it")
                self._inbox.leave(content.get("sender"), content.get("client_id"))
                continue
            if not self._turns.add(incoming.sender, partial(self._handle_left, incoming)):
                await self._done(incoming)

    async def _handle_left(self, incoming: Incoming) -> None:
        """Answer what nobody has; where the bot had begun, so that it may have done something, the customer is asked to say it again."""
        log.warning("channel.taken_up", channel=self.name(), sender=incoming.sender, hint="the system ended in the middle of it")
        try:
            if not await self._is_settled(incoming):
                await self._handle(incoming)
        except Exception:
            # Nobody waits for a turn in the background; the log is where it is heard of.
            log.exception("channel.message_failed", sender=incoming.sender)
        await self._done(incoming)

    async def _is_settled(self, incoming: Incoming) -> bool:
        """Whether a message is kept; where it has no reply, the customer is asked to say it again, unless a person has the conversation."""
        conversation = await asyncio.to_thread(self._conversation, incoming)
        replies = await asyncio.to_thread(self._store.replies_to, conversation, incoming.client_id)
        if replies is not None and not replies:
            await asyncio.to_thread(self._guard.apologise, conversation, incoming.client_id)
            self._postman.wake()
        return replies is not None

    async def _handle(self, incoming: Incoming) -> None:
        """Answer a message; the customer hears of it whatever goes wrong."""
        hint = await self._hint(incoming)
        try:
            await self._respond(incoming, hint)
        except TongshiError as error:
            log_failure(error)
            await self._say_trouble(incoming, hint)
        except Exception:
            log.exception("channel.message_failed", sender=incoming.sender)
            await self._make_good(incoming, hint)

    async def _respond(self, incoming: Incoming, hint: str | None) -> None:
        await self._answer(incoming, hint)

    async def _make_good(self, incoming: Incoming, hint: str | None) -> None:
        """See that a message in whose handling we failed has a reply."""
        try:
            if await self._is_settled(incoming):
                return
        except Exception:
            log.exception("channel.message_failed", sender=incoming.sender)
        await self._say_trouble(incoming, hint)

    async def _say_trouble(self, incoming: Incoming, hint: str | None) -> None:
        """Ask the customer to send a message again that is not kept."""
        trouble = self._guard.trouble(incoming.sender, incoming.text, self.name(), hint)
        await self._postman.send_unkept(incoming.address, trouble)

    def _conversation(self, incoming: Incoming) -> str:
        """The conversation that a message belongs to; those that were begun on other channels have other names."""
        return self._guard.conversation(incoming.sender)

    async def _answer(self, incoming: Incoming, hint: str | None) -> list[Message]:
        text, payload = incoming.text, None
        button = incoming.button
        conversation = await asyncio.to_thread(self._conversation, incoming)
        if button is None and self.numbers_buttons and text.strip().isdecimal():
            button = await asyncio.to_thread(self._numbered, conversation, int(text))
        if button is not None:
            title, payload = await asyncio.to_thread(self._pressed, conversation, button)
            text = title or text
        goes_on = await asyncio.to_thread(self._goes_on, conversation, incoming)
        kept, instead = await self._keep(conversation, incoming, hint)
        if goes_on and not (isinstance(instead, Notice) and instead.name == "utter_photo_number"):
            # Five photos of one dent are answered once.
            instead = NO_REPLY
        replies = await self._guard.turn(
            self._on_new_message,
            sender=incoming.sender,
            text=text,
            channel=self.name(),
            payload=payload,
            hint=hint,
            client_id=incoming.client_id,
            extras={
                "address": incoming.address,
                **({"attachments": kept} if kept else {}),
                **({"album": incoming.album} if incoming.album else {}),
            },
            instead=instead,
        )
        self._postman.wake()
        for reply in replies:
            if reply.message_id is None:
                await self._postman.send_unkept(incoming.address, reply)
        return replies

    def _goes_on(self, conversation: str, incoming: Incoming) -> bool:
        """Whether a message without words belongs to the album that the customer's last one is of."""
        last = self._store.last_of_customer(conversation) if incoming.album and incoming.instead == "utter_only_text" else None
        return last is not None and last.extras.get("album") == incoming.album

    async def _keep(
        self, conversation: str, incoming: Incoming, hint: str | None
    ) -> tuple[list[dict[str, Any]], str | Notice | None]:
        """Keep a message's photos and files; gives what the transcript shows, and the reply where there is nothing but them."""
        if not incoming.media or await asyncio.to_thread(self._store.replies_to, conversation, incoming.client_id) is not None:
            return [], incoming.instead
        last = await asyncio.to_thread(self._store.last_of_customer, conversation)
        language = hint or (last.language if last else None) or get_settings().language
        files = [await self._file(one, language) for one in incoming.media[:MOST]]
        found = [file for file in files if file]
        kept = await asyncio.to_thread(self._attachments.keep, conversation, incoming.client_id, found, clock.now())
        return kept, about_files(found) if incoming.instead == "utter_only_text" else incoming.instead

    async def _file(self, media: Media, language: str) -> File | None:
        """A file as it is kept, a photo made small; None where it is not to be had."""
        try:
            if media.size > LARGEST:
                raise TooLarge("the file is too large")
            data = await self.fetch(media)
        except NotFetched as error:
            log.warning("channel.file_not_kept", channel=self.name(), error=str(error))
            return None
        try:
            return await beside("reading", photo_file, data, language, self._photo_reader)
        except NotAPhoto:
            kind = media.kind if media.kind and media.kind != PHOTO else "application/octet-stream"
            return File(clean(media.name)[:_LONGEST_NAME] or "file", kind[:120], data)

    async def _hint(self, incoming: Incoming) -> str | None:
        try:
            return await self.before_turn(incoming)
        except Exception:
            # A customer is answered whatever a look at their profile comes to.
            log.exception("channel.profile_failed", sender=incoming.sender)
            return None

    def _numbered(self, sender: str, number: int) -> str | None:
        """The reference of the button of that number under what was said last."""
        last = self._store.messages(sender, most=1)
        references = [reference for _, reference in buttons_of(last[0])] if last and last[0].author == "bot" else []
        return references[number - 1] if 1 <= number <= len(references) else None

    def _pressed(self, sender: str, reference: str) -> tuple[str | None, str | None]:
        """Title and payload of a button of this conversation."""
        number, _, index = reference.partition(".")
        message = self._store.message(sender, int(number)) if number.isdecimal() and index.isdecimal() else None
        buttons = message.extras.get("buttons", []) if message else []
        if not buttons or int(index) >= len(buttons):
            return None, None
        return buttons[int(index)]["title"], buttons[int(index)].get("payload")


def about_files(files: list[File]) -> Notice:
    """What is said to a customer who sent files and no words."""
    if not files:
        return Notice("utter_file_refused", {"size": LARGEST // 2**20})
    if any(file.kind != PHOTO for file in files):
        return Notice("utter_file")
    return about_photos([file.text for file in files])


def about_photos(texts: list[str]) -> Notice:
    """What is said to a customer who sent photos and no words: that they are there, and which order number was read in them.

    Args:
        texts: what was read in each.
    """
    numbers = [number for text in texts for number in order_numbers(text)]
    if numbers:
        return Notice("utter_photo_number", {"order_number": numbers[0]}, (numbers[0],))
    return Notice("utter_photo")


def place(latitude: Any, longitude: Any) -> str:
    """What stands in the transcript for a place: its sign and where it is, for the person who has the conversation; no name, whose language
    is not the customer's."""
    return f"{PLACE} {latitude}, {longitude}"


class Turns:
    """Messages handled in the background: those of one conversation in order, those of several at once."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._waiting: Counter[str] = Counter()
        self._tasks: set[asyncio.Task] = set()

    def add(self, sender: str, work: Callable[[], Awaitable[None]]) -> bool:
        """Do the work of a message after that of those of its sender that came before; False where a flood is not taken."""
        if self._waiting[sender] >= _MOST_WAITING:
            log.warning("channel.flooded", sender=sender, hint="the message is ignored")
            return False
        self._waiting[sender] += 1
        lock = self._locks.setdefault(sender, asyncio.Lock())
        task = asyncio.create_task(self._run(sender, work, lock))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    async def _run(self, sender: str, work: Callable[[], Awaitable[None]], lock: asyncio.Lock) -> None:
        try:
            async with lock:
                await work()
        finally:
            self._waiting[sender] -= 1
            self._waiting += Counter()  # drops who waits for nothing

    async def finish(self, seconds: float) -> None:
        """Wait for what is being handled, for a while; what is not done then is broken off."""
        if self._tasks:
            _, unfinished = await asyncio.wait(self._tasks, timeout=seconds)
            for task in unfinished:
                task.cancel()
            await asyncio.gather(*unfinished, return_exceptions=True)


class Profiles:
    """Languages of customers' profiles, each asked for once.

    Args:
        ask: the platform's answer for a customer's id, None where it gives none.
    """

    def __init__(self, ask: Callable[[str], Awaitable[str | None]]) -> None:
        self._ask = ask
        self._known: dict[str, str | None] = {}

    async def language(self, customer: str) -> str | None:
        if customer not in self._known:
            if len(self._known) >= _MOST_PROFILES:
                self._known.clear()
            self._known[customer] = await self._ask(customer)
        return self._known[customer]


def language_code(tag: str | None) -> str | None:
    """One of our languages for a tag like `pt-BR` or `zh_Hant`; None where it is none of them."""
    code = re.split(r"[-_]", tag or "")[0].lower()
    return code if code in LANGUAGES else None
