"""A person takes over from the bot, and gives back.

The state is kept in our own database and read by every channel before Rasa runs, so that nothing that happens to Rasa's tracker (a restart, an expired
session, a lost process) can make the bot speak again.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tongshi.conversations.scripts import writes_traditional
from tongshi.errors import TongshiError
from tongshi.responses.catalog import Replies
from tongshi.storage.calls import CallStore
from tongshi.storage.conversations import ConversationStore
from tongshi.storage.models import Case, Handover, Message

WAITING, TAKEN, AFTER_HOURS, RELEASED = "waiting", "taken", "after_hours", "released"
SILENT = {WAITING, TAKEN}
UNPROMPTED = "unprompted"
"""Marks what was said without the customer having asked just then."""
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True)
class SupportHours:
    """When people answer: `always`, `never`, or e.g. `Mon-Sat 08:00-20:00 Europe/Berlin`.

    Attributes:
        text: as set.
    """

    text: str

    def __post_init__(self) -> None:
        self.open_at(datetime.now().astimezone())

    def open_at(self, moment: datetime) -> bool:
        """Whether people answer at that moment.

        Raises:
            TongshiError: the text cannot be read.
        """
        if self.text in ("always", "never"):
            return self.text == "always"
        match = re.fullmatch(r"(\w{3})(?:-(\w{3}))? (\d\d):(\d\d)-(\d\d):(\d\d) (\S+)", self.text)
        try:
            first, last = _DAYS.index(match[1]), _DAYS.index(match[2] or match[1])
            opens, closes = time(int(match[3]), int(match[4])), time(int(match[5]), int(match[6]))
            local = moment.astimezone(ZoneInfo(match[7]))
            if opens >= closes:
                raise ValueError("they would never open")
        except (TypeError, ValueError, ZoneInfoNotFoundError) as error:
            raise TongshiError(
                f"TONGSHI_SUPPORT_HOURS is {self.text!r}; it must be always, never, or like 'Mon-Sat 08:00-20:00 Europe/Berlin'."
            ) from error
        days = range(first, last + 1) if first <= last else [*range(first, 7), *range(last + 1)]
        return local.weekday() in days and opens <= local.time() < closes


class Handovers:
    """Who has a conversation.

    Args:
        store: where it is kept.
        hours: when people answer.
        now: the clock.
        calls: tell whether a customer who spoke last by telephone is still on the line; without them every caller is.
    """

    def __init__(
        self, store: ConversationStore, hours: SupportHours, now: Callable[[], datetime], calls: CallStore | None = None
    ) -> None:
        self._store = store
        self._hours = hours
        self._now = now
        self._calls = calls

    @property
    def hours(self) -> SupportHours:
        return self._hours

    def is_silent(self, sender: str) -> bool:
        """Whether the bot must not speak in this conversation."""
        handover = self._store.handover(sender)
        return handover is not None and handover.state in SILENT

    def request(self, sender: str, language: str, reason: str) -> Handover:
        """Ask for a person: queued within support hours, kept as a case outside them. Asking again changes nothing."""
        current = self._store.handover(sender)
        open_now = self._hours.open_at(self._now())
        if current and (current.state in SILENT or (current.state == AFTER_HOURS and not open_now)):
            return current
        case = Case(kind="handover", sender=sender, created_at=self._now(), details={"reason": reason, "language": language})
        self._store.add(case)
        state = WAITING if open_now else AFTER_HOURS
        return self._set(sender, state, case_id=case.case_id, language=language, reason=reason)

    def take(self, sender: str) -> Handover:
        """A person takes the conversation; the bot is silent from now on, whether or not one was asked for."""
        current = self._store.handover(sender)
        kept = {name: getattr(current, name) for name in ("case_id", "language", "reason")} if current else {}
        return self._set(sender, TAKEN, **kept)

    def release(self, sender: str, replies: Replies) -> Handover:
        """Give the conversation back to the bot, and tell the customer so where it was silent.

        Args:
            replies: where the word to the customer comes from.

        Raises:
            TongshiError: no person has it or waits for it.
        """
        current = self._store.handover(sender)
        if current is None or current.state == RELEASED:
            raise TongshiError(f"The conversation {sender!r} is not with a person.")
        released = self._set(sender, RELEASED, case_id=current.case_id, language=current.language, reason=current.reason)
        if current.state in SILENT:
            self._say_released(sender, current.language, replies)
        return released

    def say(self, sender: str, text: str, channel: str, language: str | None) -> Message:
        """An agent's message to the customer; taking the conversation is implied.

        Args:
            channel: where it goes unless the customer has written from another.

        Who has hung up gets it where they wrote before in the same conversation, if they did.
        """
        self.take(sender)
        message = Message(
            sender=sender,
            channel=self._whereabouts(sender, channel),
            author="agent",
            text=text,
            language=language,
            at=self._now(),
            extras={UNPROMPTED: True},
        )
        self._store.add(message)
        return message

    def _whereabouts(self, sender: str, otherwise: str) -> str:
        """The channel from which the customer wrote last; of who has hung up, the one before it."""
        line = self._calls.line(sender, self._now()) if self._calls else None
        if line and line.end and line.elsewhere:
            return line.elsewhere
        last = self._store.last_of_customer(sender)
        return last.channel if last else otherwise

    def _say_released(self, sender: str, language: str | None, replies: Replies) -> None:
        said = self._store.messages(sender)
        if not said:
            return
        language = language or next((message.language for message in reversed(said) if message.language), "en")
        text = replies.render("utter_handoff_released", language, traditional=writes_traditional(said)).text
        message = Message(
            sender=sender, channel=self._whereabouts(sender, said[-1].channel), author="bot", text=text, language=language, at=self._now(),
            extras={UNPROMPTED: True},
        )  # fmt: skip
        self._store.add(message)

    def _set(self, sender: str, state: str, **values) -> Handover:
        self._store.set_handover(Handover(sender=sender, state=state, since=self._now(), **values))
        return self._store.handover(sender)
