"""One conversation on several channels: a customer who has an invitation, or has proved whose order it is, goes on with it elsewhere.

On each channel a customer has a name, which is that of the conversation they would have of their own. An alias leads from it to the
conversation that they go on with instead. It is looked up once and never followed further.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from tongshi import clock
from tongshi.settings import Settings
from tongshi.storage.continuing import ContinuationStore
from tongshi.storage.database import Database
from tongshi.storage.models import Invitation

MINUTES = 15
"""For how long an invitation counts."""

_PROOF_AGE = timedelta(days=30)
_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_HALF = 5
CODE = re.compile(rf"(?=.*\d)[{_LETTERS}]{{{_HALF}}}-[{_LETTERS}]{{{_HALF}}}", re.I)
"""What is typed."""

_PIN = re.compile(r"(?:\d[\s\-.,]*){8}")
_MOST_WRONG = 30
"""Wrong pins within `MINUTES` by all callers together, after which none is looked at: few figures are soon tried through."""

_NAME, _SEAL = 16, 32
_TOKEN = re.compile(rf"[0-9a-f]{{{_NAME + _SEAL}}}")


@dataclass(frozen=True)
class Invited:
    """What lets a customer go on elsewhere.

    Attributes:
        token: for a link; 48 characters of 0-9a-f, signed.
        code: to be typed, like `K7QM3-XWD9A`.
        pin: to be said or keyed in on the telephone, and nowhere else, like `4812 0937`.
    """

    token: str
    code: str
    pin: str


class Continuations:
    """Who goes on with which conversation.

    Args:
        store: where it is kept; of tokens and codes only digests are.
        secret: what they are signed with.
        now: the clock.
    """

    def __init__(self, store: ContinuationStore, secret: str, now: Callable[[], datetime]) -> None:
        self._store = store
        self._secret = secret.encode()
        self._now = now
        self._wrong: deque[datetime] = deque()

    def conversation(self, identity: str) -> str:
        """The conversation of somebody of this name on their channel."""
        return self.conversations([identity])[identity]

    def conversations(self, identities: Iterable[str]) -> dict[str, str]:
        """The conversation of each, by their name."""
        names = set(identities)
        return {name: name for name in names} | self._store.conversations(names)

    def invite(self, conversation: str) -> Invited:
        """An invitation to a conversation, in place of an earlier one that nobody has used."""
        name = secrets.token_hex(_NAME // 2)
        invited = Invited(name + self._seal(name), _new_code(), f"{secrets.randbelow(10**4):04} {secrets.randbelow(10**4):04}")
        now = self._now()
        row = Invitation(
            link=self._digest(invited.token), code=self._digest(invited.code), pin=self._digest_of_pin(invited.pin),
            sender=conversation, expires=now + timedelta(minutes=MINUTES),
        )  # fmt: skip
        self._store.invite(row, now)
        return invited

    def redeem(self, identity: str, word: str) -> str | None:
        """Have somebody go on with the conversation that a token or a code invites to.

        Returns:
            The conversation; None where the word is forged, unknown, too old, or used by another.
        """
        word = word.strip()
        if _TOKEN.fullmatch(word) and not hmac.compare_digest(word[_NAME:], self._seal(word[:_NAME])):
            return None
        conversation = self._store.use(self._digest(word.upper() if is_code(word) else word), identity, self._now())
        return self._join(identity, conversation) if conversation else None

    def redeem_pin(self, identity: str, pin: str) -> str | None:
        """Have a caller go on with the conversation that a pin invites to.

        Returns:
            The conversation; None where the pin is unknown, too old, used by another, or many wrong ones came before it.
        """
        now = self._now()
        while self._wrong and self._wrong[0] < now - timedelta(minutes=MINUTES):
            self._wrong.popleft()
        if len(self._wrong) >= _MOST_WRONG:
            return None
        conversation = self._store.use(self._digest_of_pin(pin), identity, now)
        if conversation is None:
            self._wrong.append(now)
            return None
        return self._join(identity, conversation)

    def prove(self, conversation: str, email: str) -> None:
        """Note that in a conversation an order's number was named with its e-mail."""
        self._store.prove(conversation, _customer(email), self._now())

    def join_proved(self, identity: str, email: str) -> str | None:
        """Have somebody who has just proved to be a customer go on with that customer's last conversation elsewhere.

        Returns:
            The conversation; None where there is none of the last 30 days in which this customer, and nobody else, was proved.
        """
        since = self._now() - _PROOF_AGE
        conversation = self._store.proved(_customer(email), since, self.conversation(identity))
        return self._join(identity, conversation) if conversation else None

    def leave(self, identity: str) -> None:
        """Somebody goes back to the conversation of their own."""
        self._store.leave(identity)

    def part(self, conversation: str) -> None:
        """Nobody goes on with a conversation from elsewhere any more."""
        self._store.part(conversation)

    def _join(self, identity: str, conversation: str) -> str:
        if identity == conversation:
            self._store.leave(identity)
        else:
            self._store.join(identity, conversation, self._now())
        return conversation

    def _seal(self, name: str) -> str:
        return hmac.new(self._secret, f"link {name}".encode(), hashlib.sha256).hexdigest()[:_SEAL]

    def _digest_of_pin(self, pin: str) -> str:
        # Of another kind than those of codes and tokens, so that a pin counts on the telephone only.
        return self._digest("pin " + re.sub(r"\D", "", pin))

    def _digest(self, word: str) -> str:
        return hmac.new(self._secret, word.encode(), hashlib.sha256).hexdigest()


def is_code(word: str) -> bool:
    """Whether a word looks like a code that is typed."""
    return CODE.fullmatch(word.strip()) is not None


def is_token(word: str) -> bool:
    """Whether a word looks like what a link carries."""
    return _TOKEN.fullmatch(word.strip()) is not None


def is_pin(word: str) -> bool:
    """Whether a caller's words are the figures of a pin and nothing else."""
    return _PIN.fullmatch(word.strip()) is not None


def _new_code() -> str:
    while True:
        code = "-".join("".join(secrets.choice(_LETTERS) for _ in range(_HALF)) for _ in range(2))
        if is_code(code):
            return code


def _customer(email: str) -> str:
    return hashlib.sha256(email.strip().casefold().encode()).hexdigest()


def make_continuations(settings: Settings, database: Database) -> Continuations:
    """Those of the settings."""
    return Continuations(ContinuationStore(database), settings.secret("continuing"), clock.now)
