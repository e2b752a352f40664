"""What all JSON interfaces of the desk share: who may, how a change is sent, how an error is told, who its author is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tongshi.desk.sessions import Cookie, refusal
from tongshi.errors import TongshiError, Unavailable
from tongshi.knowledge.editing import NoSuchArticle
from tongshi.language.identify import get_identifier
from tongshi.language.text import clean
from tongshi.settings import LANGUAGES
from tongshi.storage.graph import NoSuchRelation
from tongshi.storage.knowledge import Conflict

Work = Callable[[Request, dict[str, Any]], Any]

_STATUSES = {NoSuchArticle: 404, NoSuchRelation: 404, Conflict: 409, Unavailable: 503}
_NAMELESS = "agent"
_LONGEST_NAME = 100
_LONGEST_QUESTION = 2000
_HIGHEST_KEY = 2**63 - 1


def guarded(cookie: Cookie, work: Work, *, changes: bool) -> Callable[[Request], Awaitable[Response]]:
    """Work as a route's endpoint: for who is signed in, with its errors as JSON.

    Args:
        work: gets the request and a change's JSON object; runs in a thread of its own.
        changes: whether the request has to show its token.
    """

    async def endpoint(request: Request) -> Response:
        if refused := refusal(request, cookie, changes=changes):
            return refused
        try:
            body = await _body(request) if changes else {}
            return JSONResponse(await asyncio.to_thread(work, request, body))
        except TongshiError as error:
            return error_of(error)

    return endpoint


def error_of(error: TongshiError) -> Response:
    """An error as JSON: 404 for what is not there, 409 where somebody was faster, 503 for what does not answer, else 400."""
    return JSONResponse({"error": str(error)}, _STATUSES.get(type(error), 400))


async def _body(request: Request) -> dict[str, Any]:
    """A change's JSON object; an empty body is an empty one.

    Raises:
        TongshiError: it is none.
    """
    if not (await request.body()).strip():
        return {}
    try:
        body = await request.json()
    except ValueError:
        body = None
    if not isinstance(body, dict) or "json" not in request.headers.get("content-type", ""):
        raise TongshiError("The body must be a JSON object, with the content type application/json.")
    return body


class Full(Exception):
    """So many wait already that who comes now had better come later."""


class Line:
    """A line for an engine in which only so many stand, the one whose turn it is among them.

    Args:
        most: how many.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._standing = 0

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place in the line while the block lasts.

        Raises:
            Full: there is none.
        """
        if self._standing >= self._most:
            raise Full
        self._standing += 1
        try:
            yield
        finally:
            self._standing -= 1


def row_key(text: str) -> int | None:
    """A row's key as an address names it; None where no row can have it."""
    key = int(text) if text.isdecimal() and len(text) <= len(str(_HIGHEST_KEY)) else None
    return key if is_row_key(key) else None


def is_row_key(value: object) -> bool:
    """Whether a row of the database can have a key."""
    return type(value) is int and 0 <= value <= _HIGHEST_KEY


def author(body: Mapping[str, Any]) -> str:
    """Who does it: the name that they give themselves with a change."""
    return line(body.get("by"))[:_LONGEST_NAME] or _NAMELESS


def line(value: object) -> str:
    """A text of one line, as somebody sends it."""
    return " ".join(clean(str(value or "")).split())


def asked(question: object, language: object, otherwise: str) -> tuple[str, str, str]:
    """A question that somebody tries, the language that it is in, and the one that its answer is wanted in.

    Args:
        language: of the answer; where it is none of ours, that of the question.
        otherwise: language of a question that does not show its own.

    Raises:
        TongshiError: there is no question.
    """
    text = clean(str(question or ""))[:_LONGEST_QUESTION]
    if not text:
        raise TongshiError("question is empty.")
    spoken = get_identifier()(text).language or otherwise
    return text, spoken, str(language) if language in LANGUAGES else spoken
