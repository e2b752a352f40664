"""A mailbox on an IMAP server: what is new in it, one message at a time, and the wait for more."""

from __future__ import annotations

import ipaddress
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date
from urllib.parse import urlsplit

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError, LoginError

from tongshi.channels.mail_access import TokenSource
from tongshi.errors import TongshiError

LARGEST = 35 * 1024 * 1024
"""Bytes of a message that is read whole; of a larger one only the head is."""

_TIMEOUT = 30.0
_SLICE = 1.0
_UNASKED = 20.0
"""Seconds until a server that cannot tell of new messages is asked again."""


class MailboxTrouble(TongshiError):
    """The mailbox cannot be reached, or does not let us in."""


def server(url: str, tls: str, plain: str) -> tuple[str, int | None, bool]:
    """Host, port and whether the connection is encrypted from its first byte.

    Args:
        url: `imaps://mail.example`, `imap://mail.example:143`, and so for SMTP.
        tls, plain: the two schemes.

    Raises:
        TongshiError: it is no such address.
    """
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = 0
    if parts.scheme not in (tls, plain) or not parts.hostname or port == 0:
        raise TongshiError(f"{url!r} must be {tls}://HOST or {plain}://HOST, with :PORT where it is not the usual one.")
    return parts.hostname, port, parts.scheme == tls


def is_local(host: str) -> bool:
    """Whether a server is this machine, so that nothing leaves it unencrypted."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Mailbox:
    """One folder of an account. To be used by one thread at a time, `stop` aside.

    Args:
        url: `imaps://HOST[:PORT]`; with `imap://` the connection is encrypted before anything is said, unless it is to this machine.
        tokens: signs in in place of the password, where there is one.
    """

    def __init__(self, url: str, user: str, password: str, folder: str, tokens: TokenSource | None = None) -> None:
        self._host, self._port, self._tls = server(url, "imaps", "imap")
        self._user = user
        self._password = password
        self._tokens = tokens
        self._folder = folder
        self._client: IMAPClient | None = None
        self._stopped = threading.Event()
        self.validity = 0
        self.name = f"{user}@{self._host}/{folder}"[:300]

    def open(self) -> None:
        """Connect, sign in, select the folder; `validity` is known afterwards."""
        with _explained():
            self._client = IMAPClient(self._host, self._port, ssl=self._tls, timeout=_TIMEOUT)
            if not self._tls and not is_local(self._host):
                self._client.starttls(ssl.create_default_context())
            self._sign_in()
            self.validity = self._select()

    def _sign_in(self) -> None:
        if self._tokens is None:
            self._client.login(self._user, self._password)
            return
        try:
            self._client.oauth2_login(self._user, self._tokens.token())
        except LoginError:
            self._tokens.forget()
            raise

    def _select(self) -> int:
        return int(self._client.select_folder(self._folder)[b"UIDVALIDITY"])

    def close(self) -> None:
        """Give up the connection; safe at any time."""
        client, self._client = self._client, None
        if client:
            with suppress(Exception):
                client.logout()

    def stop(self) -> None:
        """End a `wait` that goes on in another thread, and each later one at once."""
        self._stopped.set()

    def newest(self) -> int:
        """The number of the newest message, 0 where there never was one."""
        with _explained():
            return max(self._client.search(["UID", "*"]), default=0)

    def after(self, uid: int) -> list[int]:
        """Numbers above this one, in order."""
        with _explained():
            # A server takes n:* for the newest message too where n lies above it.
            return sorted(one for one in self._client.search(["UID", f"{uid + 1}:*"]) if one > uid)

    def since(self, day: date) -> list[int]:
        """Numbers of messages that arrived on a day or later, in order."""
        with _explained():
            return sorted(self._client.search(["SINCE", day]))

    def fetch(self, uid: int) -> bytes | None:
        """A message as it came, without marking it as read; of a very large one the head; None where it is gone."""
        with _explained():
            found = self._client.fetch([uid], ["RFC822.SIZE"])
            if uid not in found:
                return None
            part = "BODY[]" if found[uid][b"RFC822.SIZE"] <= LARGEST else "BODY[HEADER]"
            return self._client.fetch([uid], [part.replace("BODY", "BODY.PEEK")]).get(uid, {}).get(part.encode())

    def mark_answered(self, uid: int) -> None:
        """Show in other programs that a message is done with."""
        with _explained():
            self._client.add_flags([uid], [rb"\Seen", rb"\Answered"], silent=True)

    def wait(self, seconds: float) -> None:
        """Until something happens in the folder, or the time is over."""
        with _explained():
            if not self._client.has_capability("IDLE"):
                self._stopped.wait(min(seconds, _UNASKED))
                self._client.noop()
                return
            self._client.idle()
            until = time.monotonic() + seconds
            while not self._stopped.is_set() and time.monotonic() < until and not self._client.idle_check(_SLICE):
                pass
            self._client.idle_done()


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except (IMAPClientError, OSError, EOFError, AttributeError) as error:  # AttributeError: the connection was given up
        raise MailboxTrouble(f"{type(error).__name__}: {error}") from error
