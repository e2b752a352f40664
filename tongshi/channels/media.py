"""Photos and files that customers send on platforms: fetched from the platform's own servers and from nowhere else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

import httpx

from tongshi.channels.delivery import CALL_TIMEOUT

LARGEST = 10 * 1024 * 1024
"""Bytes of a file that is kept."""

MOST = 10
"""Files of one message."""

_MOST_REDIRECTS = 2
_PORTS = {"https": 443, "http": 80}


class NotFetched(Exception):
    """A file is too large, or the platform does not give it, or it lies where we do not go."""


class TooLarge(NotFetched):
    """A file has more bytes than are taken."""


@dataclass(frozen=True)
class Media:
    """A file of a message.

    Attributes:
        source: where the platform has it, in the platform's own terms: an address, or an id.
        name: as the customer called it; "" where it has none.
        kind: its media type as the platform names it; "" where it names none.
        size: bytes as the platform says; 0 where it does not.
    """

    source: str
    name: str = ""
    kind: str = ""
    size: int = 0


class Places:
    """Where files may be fetched from.

    Args:
        origins: like `https://files.slack.com`; also addresses of interfaces, whose paths do not count.
        domains: like `fbcdn.net`, whose hosts count under https.
    """

    def __init__(self, origins: Iterable[str], domains: Iterable[str] = ()) -> None:
        self._origins = {_origin(urlsplit(one)) for one in origins}
        self._domains = tuple(f".{one}" for one in domains)

    def include(self, address: str) -> bool:
        try:
            parts = urlsplit(address)
            if parts.username is not None or parts.password is not None or not parts.hostname:
                return False
            origin = _origin(parts)
        except ValueError:
            return False
        of_domain = origin[0] == "https" and origin[2] == 443 and f".{origin[1]}".endswith(self._domains or ("/",))
        return origin in self._origins or of_domain


def _origin(parts: SplitResult) -> tuple[str, str, int | None]:
    return parts.scheme, (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme)


async def download(client: httpx.AsyncClient, address: str, places: Places, largest: int = LARGEST, **first: Any) -> bytes:
    """Fetch a file; a redirection counts where it leads to another of the places.

    Args:
        client: gives the connections.
        address: where the file lies.
        places: where it may.
        largest: bytes that are taken.
        first: what is sent to the first address only, as httpx takes it: `auth`, `headers`.

    Raises:
        NotFetched: see there.
    """
    for _ in range(_MOST_REDIRECTS + 1):
        if not places.include(address):
            raise NotFetched(f"files of {urlsplit(address).hostname!r} are not fetched")
        data = bytearray()
        try:
            async with client.stream("GET", address, follow_redirects=False, timeout=CALL_TIMEOUT, **first) as answer:
                if answer.is_redirect:
                    address, first = urljoin(address, answer.headers.get("location", "")), {"auth": None}
                    continue
                if not answer.is_success:
                    raise NotFetched(f"the platform answered {answer.status_code}")
                async for chunk in answer.aiter_bytes():
                    data += chunk
                    if len(data) > largest:
                        raise TooLarge("the file is too large")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            # The error's own words may hold a token.
            raise NotFetched(f"no file: {type(error).__name__}") from None
        return bytes(data)
    raise NotFetched("the platform redirects again and again")
