"""The life of articles over HTTP, for the desk and for programs that have its password."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tongshi.desk.sessions import AGENT, Cookie
from tongshi.errors import TongshiError, Unavailable
from tongshi.knowledge.articles import Article
from tongshi.knowledge.base import SHOP
from tongshi.knowledge.editing import Editor, NoSuchArticle, fields_of, with_fields
from tongshi.storage.knowledge import Conflict

CSRF_HEADER = "X-CSRF-Token"
"""Header in which whoever changes something shows the token of `/desk/api/session`."""

Work = Callable[[Editor, Request, dict[str, Any]], Any]

_FILTERS = ("language", "status", "tag", "owner", "words")
_STATUSES = {NoSuchArticle: 404, Conflict: 409, Unavailable: 503}


class KnowledgeApi:
    """JSON routes under `/desk/api`; who is not signed in to the desk gets 401.

    A change needs the header `X-CSRF-Token` and a JSON body, neither of which a form on another site can send. An error is
    `{"error": "..."}` with status 400, 404 (no such article), 409 (somebody else has changed it) or 503 (no database).

    Args:
        editor: gives the editor of a collection.
        cookie: holds the sign-in.
    """

    def __init__(self, editor: Callable[[str], Editor], cookie: Cookie) -> None:
        self._editor = editor
        self._cookie = cookie

    def routes(self) -> list[Route]:
        article = "/desk/api/knowledge/{language}/{article_id:path}"
        return [
            Route("/desk/api/session", self.session),
            self._route("/desk/api/knowledge", _list),
            self._route(f"{article}/versions", _versions),
            self._route(f"{article}/versions/{{number:int}}", _version),
            self._route(f"{article}/diff", _diff),
            self._route(f"{article}/approve", _approve, "POST"),
            self._route(f"{article}/retire", _retire, "POST"),
            self._route(f"{article}/rollback", _rollback, "POST"),
            self._route(article, _get),
            self._route(article, _draft, "PUT"),
        ]

    async def session(self, request: Request) -> Response:
        """The token that changes need."""
        if self._cookie.read(request) != AGENT:
            return _error("Sign in at /desk/login.", 401)
        return JSONResponse({"csrf": self._cookie.token(AGENT)})

    def _route(self, path: str, work: Work, method: str = "GET") -> Route:
        return Route(path, self._guarded(work, changes=method != "GET"), methods=[method])

    def _guarded(self, work: Work, changes: bool) -> Callable[[Request], Awaitable[Response]]:
        """Work as a route's endpoint: for who is signed in, with its errors as JSON."""

        async def endpoint(request: Request) -> Response:
            if self._cookie.read(request) != AGENT:
                return _error("Sign in at /desk/login.", 401)
            if changes and not self._cookie.is_token(request.headers.get(CSRF_HEADER, ""), AGENT):
                return _error(f"The header {CSRF_HEADER} lacks the token of /desk/api/session, or it is too old.", 403)
            try:
                body = await _body(request) if changes else {}
                editor = self._editor(request.query_params.get("collection", SHOP))
                return JSONResponse(await asyncio.to_thread(work, editor, request, body))
            except TongshiError as error:
                return _error(str(error), _STATUSES.get(type(error), 400))

        return endpoint


def _error(text: str, status: int) -> Response:
    return JSONResponse({"error": text}, status)


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


def _key(request: Request) -> tuple[str, str]:
    return request.path_params["article_id"], request.path_params["language"]


def _note(body: dict[str, Any]) -> str:
    return str(body.get("note") or "")[:1000]


def _number(value: object, name: str) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    raise TongshiError(f"{name} must be the number of a version.")


def _list(editor: Editor, request: Request, body: dict[str, Any]) -> dict[str, Any]:
    wanted = {name: request.query_params.get(name) for name in _FILTERS}
    return {"articles": [one.summary() for one in editor.entries(**wanted)]}


def _get(editor: Editor, request: Request, body: dict[str, Any]) -> dict[str, Any]:
    """An article as it is; with `?draft=true` as its newest draft has it."""
    entry = editor.entry(*_key(request))
    if request.query_params.get("draft") == "true":
        return {**entry.as_dict(), **fields_of(editor.latest(*_key(request)))}
    return entry.as_dict()


def _draft(editor: Editor, request: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Keep a draft: fields that the body names are changed, the others stay; a new article begins empty."""
    key = _key(request)
    there = any(one.article.key == key for one in editor.entries(article_id=key[0]))
    article = editor.latest(*key) if there else Article(*key, "", "")
    entry = editor.draft(
        with_fields(article, {**fields_of(article), **body}), AGENT, _note(body), _number(body.get("upon"), "upon")
    )
    return entry.as_dict()


def _approve(editor: Editor, request: Request, body: dict[str, Any]) -> dict[str, Any]:
    return editor.approve(*_key(request), AGENT, _note(body), up_to_date=body.get("up_to_date") is True).as_dict()


def _retire(editor: Editor, request: Request, body: dict[str, Any]) -> dict[str, Any]:
    return editor.retire(*_key(request), AGENT, _note(body)).as_dict()


def _rollback(editor: Editor, request: Request, body: dict[str, Any]) -> dict[str, Any]:
    number = _number(body.get("version"), "version")
    if number is None:
        raise TongshiError("version must be the number of a version.")
    return editor.rollback(*_key(request), number, AGENT, _note(body)).as_dict()


def _versions(editor: Editor, request: Request, body: dict[str, Any]) -> dict[str, Any]:
    return {"versions": [one.as_dict() for one in editor.versions(*_key(request))]}


def _version(editor: Editor, request: Request, body: dict[str, Any]) -> dict[str, Any]:
    version = editor.at_version(*_key(request), request.path_params["number"])
    return {**version.as_dict(), **fields_of(version.article)}


def _diff(editor: Editor, request: Request, body: dict[str, Any]) -> dict[str, Any]:
    old, new = (_number(request.query_params.get(name), name) for name in ("old", "new"))
    return {"diff": editor.diff(*_key(request), old, new)}
