"""The desk's pages for who keeps the articles; what they change goes over the JSON interface."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tongshi.desk.frame import Frame
from tongshi.desk.knowledge import FILTERS, LARGEST_IMPORT, KnowledgeApi, listed
from tongshi.errors import TongshiError
from tongshi.knowledge.articles import Article
from tongshi.knowledge.editing import Editor, NoSuchArticle, fields_of
from tongshi.knowledge.importing import KINDS
from tongshi.language.text import fold
from tongshi.settings import LANGUAGES
from tongshi.storage.models import DRAFT

_PAGE = 50


class EditorPages:
    """`/desk/knowledge`: the shop's articles, one article, a new one, importing, and trying a question.

    Args:
        frame: renders pages for who is signed in.
        editor: of the shop's articles.
        api: searches for who tries a question.
    """

    def __init__(self, frame: Frame, editor: Editor, api: KnowledgeApi) -> None:
        self._frame = frame
        self._editor = editor
        self._api = api

    def routes(self) -> list[Route]:
        pages = [
            ("/desk/knowledge", "knowledge.html", self._list),
            ("/desk/knowledge/new", "article_new.html", self._new),
            ("/desk/knowledge/import", "knowledge_import.html", self._import),
            ("/desk/knowledge/try", "knowledge_try.html", self._try),
            ("/desk/knowledge/{language}/{article_id:path}", "article.html", self._article),
        ]
        return [Route(path, self._frame.signed_in(self._page(template, work))) for path, template, work in pages]

    def _page(self, template: str, work: Callable[[Request], dict[str, Any]]):
        async def page(request: Request) -> Response:
            try:
                return self._frame.render(request, template, **await asyncio.to_thread(work, request))
            except TongshiError as error:
                status = 404 if isinstance(error, NoSuchArticle) else 400
                return self._frame.render(request, "sorry.html", status, section="knowledge", error=str(error))

        return page

    def _list(self, request: Request) -> dict[str, Any]:
        wanted = {name: request.query_params.get(name, "") for name in FILTERS}
        entries = self._editor.entries()
        found = _gathered(listed(entries, wanted), self._frame.texts(request).language)
        begin = int(page) if (page := request.query_params.get("from", "0")).isdecimal() else 0

        def at(place: int) -> str:
            return f"/desk/knowledge?{urlencode({**{name: text for name, text in wanted.items() if text}, 'from': place})}"

        return {
            "way": "list",
            "wanted": wanted,
            "articles": found[begin : begin + _PAGE],
            "found": len(found),
            "drafts": _drafts(found[begin : begin + _PAGE]) if wanted["status"] == DRAFT else [],
            "tags": sorted({tag for one in entries for tag in one.article.tags}, key=fold),
            "owners": sorted({one.article.owner for one in entries if one.article.owner}, key=fold),
            "before": at(max(0, begin - _PAGE)) if begin else "",
            "after": at(begin + _PAGE) if begin + _PAGE < len(found) else "",
        }

    def _new(self, request: Request) -> dict[str, Any]:
        """A form for an article; with `?from=xx` for that of an article that is there in another language."""
        query = request.query_params
        language = query.get("language", "")
        article = Article(query.get("id", ""), language, "", "")
        if source := query.get("from"):
            original = self._editor.entry(article.article_id, source).article
            article = Article(
                article.article_id, language, "", "", owner=original.owner, tags=original.tags, translation_of=source
            )
        return {"way": "new", "wanted_id": article.article_id, "lang": language or "en", "shown": fields_of(article)}

    def _import(self, request: Request) -> dict[str, Any]:
        return {"way": "import", "kinds": KINDS, "largest": LARGEST_IMPORT}

    def _try(self, request: Request) -> dict[str, Any]:
        question, language = (request.query_params.get(name, "").strip() for name in ("question", "language"))
        shown: dict[str, Any] = {"way": "try", "question": question, "asked_in": language}
        if not question:
            return shown
        try:
            tried = self._api.try_search(question, language)
        except TongshiError as error:
            return {**shown, "error": str(error)}
        return {**shown, "found": tried.found, "threshold": round(100 * tried.threshold), "spoken": tried.language}

    def _article(self, request: Request) -> dict[str, Any]:
        article_id, language = request.path_params["article_id"], request.path_params["language"]
        editor = self._editor
        entry = editor.entry(article_id, language)
        versions = editor.versions(article_id, language)
        translations = listed(editor.entries(article_id=article_id))
        there = {one["lang"]: one for one in translations}
        beside = request.query_params.get("beside", "")
        old, new = (_number(request.query_params.get(name)) for name in ("old", "new"))
        return {
            "entry": entry.as_dict(),
            "lang": language,
            "shown": fields_of(editor.latest(article_id, language)),
            "drafted": next((one.as_dict() for one in versions if one.number == entry.draft), None),
            "is_old_draft": bool(entry.draft and entry.draft < entry.version),
            "newest_version": entry.newest,
            "change": editor.diff(article_id, language) if entry.draft else "",
            "outdated": there[language]["outdated_because"],
            "still_in": [code for code in editor.live_in(article_id) if code != language],
            "translations": translations,
            "others": {code: name for code, name in self._frame.language_names(request).items() if code != language},
            "missing": [code for code in LANGUAGES if code not in there],
            "beside": editor.entry(article_id, beside).as_dict() if beside in there and beside != language else None,
            "versions": [one.as_dict() for one in versions],
            "compared": editor.diff(article_id, language, old, new) if old and new else None,
            "old": old,
            "new": new or versions[0].number,
        }


def _gathered(articles: list[dict[str, Any]], language: str) -> list[dict[str, Any]]:
    """Articles with their languages together, called by their title in the reader's language, else in English, else in any."""
    found: dict[str, list[dict[str, Any]]] = {}
    for one in articles:
        found.setdefault(one["article"], []).append(one)
    return [
        {
            "article": article_id,
            "called": min(versions, key=lambda one: (one["lang"] != language, one["lang"] != "en")),
            "versions": versions,
            "owners": sorted({one["owner"] for one in versions if one["owner"]}),
            "tags": sorted({tag for one in versions for tag in one["tags"]}),
        }
        for article_id, versions in found.items()
    ]


def _drafts(articles: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the script that approves drafts needs of each: where it is approved, upon which version, and its name."""
    return [
        {
            "url": f"/desk/api/knowledge/{one['lang']}/{quote(one['article'])}",
            "upon": max(one["version"], one["draft"]),
            "name": f"{one['article']} ({one['lang']})",
        }
        for article in articles
        for one in article["versions"]
        if one["draft"]
    ]


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None
