"""The life of articles over HTTP, for the desk and for programs that have its password."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tongshi.desk.endpoints import asked, author, error_of, guarded
from tongshi.desk.sessions import Cookie, refusal
from tongshi.errors import TongshiError
from tongshi.knowledge.articles import Article
from tongshi.knowledge.base import SHOP, Found, KnowledgeBase
from tongshi.knowledge.editing import Editor, Entry, fields_of, is_wanted, why_outdated, with_fields
from tongshi.knowledge.importing import read_one, take_in
from tongshi.knowledge.index import get_calibration
from tongshi.llm.answering import Answerer
from tongshi.llm.drafting import Drafter, draft_questions, draft_translation
from tongshi.settings import LANGUAGES, Settings

OUTDATED = "outdated"
"""What the filter for a status also takes: translations that `why_outdated` names."""

LARGEST_IMPORT = 20 * 1024 * 1024
"""Bytes of a file that may be sent."""

FILTERS = ("language", "status", "tag", "owner", "words")

Work = Callable[[Editor, Request, dict[str, Any]], Any]

_MOST_QUESTIONS = 30


class KnowledgeApi:
    """JSON routes under `/desk/api`; who is not signed in to the desk gets 401.

    A change needs the header `X-CSRF-Token` and a JSON body, neither of which a form on another site can send. An error is
    `{"error": "..."}` with status 400, 404 (no such article), 409 (somebody else has changed it) or 503 (no database).

    Args:
        editor: gives the editor of a collection.
        cookie: holds the sign-in.
        knowledge: what is searched, and what files are imported into.
        answerer: gives what answers customers.
        drafter: gives what drafts by the language model.
        settings: name the language that a question is answered in whose own does not show.
    """

    def __init__(
        self,
        editor: Callable[[str], Editor],
        cookie: Cookie,
        knowledge: KnowledgeBase,
        answerer: Callable[[], Answerer],
        drafter: Callable[[], Drafter],
        settings: Settings,
    ) -> None:
        self._editor = editor
        self._cookie = cookie
        self._knowledge = knowledge
        self._answerer = answerer
        self._drafter = drafter
        self._settings = settings

    def routes(self) -> list[Route]:
        article = "/desk/api/knowledge/{language}/{article_id:path}"
        return [
            Route("/desk/api/session", self.session),
            self._route("/desk/api/knowledge", _list),
            self._route(f"{article}/versions", _versions),
            self._route(f"{article}/versions/{{number:key}}", _version),
            self._route(f"{article}/diff", _diff),
            self._route(f"{article}/approve", _approve, "POST"),
            self._route(f"{article}/retire", _retire, "POST"),
            self._route(f"{article}/rollback", _rollback, "POST"),
            self._route(f"{article}/questions", self._questions, "POST"),
            self._route(f"{article}/translate", self._translate, "POST"),
            self._route("/desk/api/search", self._search),
            self._route("/desk/api/answers", self._answer, "POST"),
            Route("/desk/api/imports", self.take_in, methods=["POST"]),
            self._route(article, _get),
            self._route(article, _draft, "PUT"),
        ]

    async def session(self, request: Request) -> Response:
        """The token that changes need."""
        if refused := refusal(request, self._cookie):
            return refused
        return JSONResponse({"csrf": self._cookie.token(self._cookie.read(request))})

    def _route(self, path: str, work: Work, method: str = "GET") -> Route:
        def edit(request: Request, body: dict[str, Any]) -> Any:
            return work(self._editor(request.query_params.get("collection", SHOP)), request, body)

        return Route(path, guarded(self._cookie, edit, changes=method != "GET"), methods=[method])

    async def take_in(self, request: Request) -> Response:
        """Import one file into the collection: a form with `file`, its `path`, and `approve`, which has search see it at once."""
        if refused := refusal(request, self._cookie, changes=True):
            return refused
        form = await request.form()
        file = form.get("file")
        if not isinstance(file, UploadFile):
            return error_of(TongshiError("Send a form with a file."))
        name = str(form.get("path") or file.filename or "")
        approve = form.get("approve") == "true"
        try:
            return JSONResponse(
                await asyncio.to_thread(
                    self._taken_in,
                    name,
                    await file.read(),
                    request.query_params.get("collection", SHOP),
                    approve,
                    author(dict(form)),
                )
            )
        except TongshiError as error:
            return error_of(error)

    def _taken_in(self, name: str, data: bytes, collection: str, approve: bool, by: str) -> dict[str, Any]:
        reading = read_one(name, data)
        change, failures = take_in(self._knowledge.writer, reading, collection, draft=not approve, by=by)
        return {
            **asdict(change),
            "articles": [{"article": one.article_id, "lang": one.language} for one in reading.articles],
            "failed": [{"file": file, "reason": reason} for file, reason in failures],
        }

    def _questions(self, editor: Editor, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        """Have the language model draft similar questions; a person approves them."""
        number = _number(body.get("number", 8), "number")
        if not number or number > _MOST_QUESTIONS:
            raise TongshiError(f"number must be from 1 to {_MOST_QUESTIONS}.")
        entry, drafted = draft_questions(self._drafter(), editor, *_key(request), number, author(body))
        return {**entry.as_dict(), "drafted": drafted}

    def _translate(self, editor: Editor, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        """Have the language model draft the article in another language; a person approves it."""
        article_id, source = _key(request)
        language = body.get("to")
        if language not in LANGUAGES or language == source:
            raise TongshiError(f"to must be another of {' '.join(LANGUAGES)}.")
        entry, drafted = draft_translation(self._drafter(), editor, article_id, source, language, author(body))
        return {**entry.as_dict(), "text": drafted.text, "title": drafted.title, "differences": drafted.differences}

    def _search(self, editor: Editor, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        collection = request.query_params.get("collection", SHOP)
        query = request.query_params
        tried = self.try_search(query.get("question", ""), query.get("language", ""), collection)
        return {
            "language": tried.language,
            "confident": bool(tried.found.confident),
            "about_product": bool(tried.found.about_product),
            "threshold": tried.threshold,
            "passages": [
                {
                    "article": one.article,
                    "lang": one.language,
                    "title": one.title,
                    "score": round(float(one.score), 4),
                    "text": one.text,
                    "verbatim": bool(one.verbatim),
                }
                for one in tried.found.passages
            ],
        }

    def try_search(self, question: str, language: str, collection: str = SHOP) -> Tried:
        """What search finds to a question at this moment.

        Args:
            language: that an answer is wanted in; "": the question's own.

        Raises:
            TongshiError: there is no question, or nothing to search in.
        """
        question, _, language = asked(question, language, self._settings.language)
        found = self._knowledge.search(question, language, collection)
        return Tried(language, found, get_calibration(found.by_questions, self._knowledge.reranker).threshold)

    def _answer(self, editor: Editor, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        """What a customer would read who asked this; it is not kept."""
        question, _, language = asked(body.get("question"), body.get("language"), self._settings.language)
        answer = self._answerer().answer(question, language, collection=request.query_params.get("collection", SHOP))
        return {
            "text": answer.text,
            "lang": answer.language,
            "outcome": answer.outcome,
            "about_product": bool(answer.about_product),
            "citations": [one.as_dict() for one in answer.citations],
            "path": answer.details.get("path", []),
            "seconds": round(answer.seconds, 3),
        }


@dataclass(frozen=True)
class Tried:
    """What a search found.

    Attributes:
        language: that an answer was wanted in.
        threshold: probability from which one is given.
    """

    language: str
    found: Found
    threshold: float


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


def listed(entries: Sequence[Entry], wanted: Mapping[str, str | None] = {}) -> list[dict[str, Any]]:
    """Articles as lists show them.

    Args:
        entries: all in which a translation's original may be.
        wanted: filters by name, see `FILTERS`; what is empty filters nothing.
    """
    why = why_outdated(entries)
    filters = {name: wanted.get(name) or None for name in FILTERS}
    only_outdated = filters["status"] == OUTDATED
    if only_outdated:
        filters["status"] = None
    return [
        {**one.summary(), "outdated": one.article.key in why, "outdated_because": why.get(one.article.key, "")}
        for one in entries
        if is_wanted(one, **filters) and (not only_outdated or one.article.key in why)
    ]


def _list(editor: Editor, request: Request, body: dict[str, Any]) -> dict[str, Any]:
    return {"articles": listed(editor.entries(), request.query_params)}


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
        with_fields(article, {**fields_of(article), **body}), author(body), _note(body), _number(body.get("upon"), "upon")
    )
    return entry.as_dict()


def _approve(editor: Editor, request: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Have search see it; `upon` is the newest version that the author has read, another one is 409.

    So is a draft that is older than what search sees, without `over_newer`.
    """
    flags = {name: body.get(name) is True for name in ("up_to_date", "over_newer")}
    return editor.approve(*_key(request), author(body), _note(body), upon=_number(body.get("upon"), "upon"), **flags).as_dict()


def _retire(editor: Editor, request: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Take it out of search, with `all_languages` in every language; `live_in` names those in which search still sees it."""
    article_id, language = _key(request)
    all_languages = body.get("all_languages") is True
    entry = editor.retire(article_id, language, author(body), _note(body), all_languages=all_languages)
    return {**entry.as_dict(), "live_in": editor.live_in(article_id)}


def _rollback(editor: Editor, request: Request, body: dict[str, Any]) -> dict[str, Any]:
    number = _number(body.get("version"), "version")
    if number is None:
        raise TongshiError("version must be the number of a version.")
    return editor.rollback(*_key(request), number, author(body), _note(body)).as_dict()


def _versions(editor: Editor, request: Request, body: dict[str, Any]) -> dict[str, Any]:
    return {"versions": [one.as_dict() for one in editor.versions(*_key(request))]}


def _version(editor: Editor, request: Request, body: dict[str, Any]) -> dict[str, Any]:
    version = editor.at_version(*_key(request), request.path_params["number"])
    return {**version.as_dict(), **fields_of(version.article)}


def _diff(editor: Editor, request: Request, body: dict[str, Any]) -> dict[str, Any]:
    old, new = (_number(request.query_params.get(name), name) for name in ("old", "new"))
    return {"diff": editor.diff(*_key(request), old, new)}
