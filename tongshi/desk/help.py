"""The help centre: what search may find, as public pages in every language."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

import structlog
from jinja2 import Environment, FileSystemLoader, select_autoescape
from markdown_it import MarkdownIt
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from tongshi.conversations.rates import RateLimit
from tongshi.desk.sessions import address_of
from tongshi.errors import TongshiError
from tongshi.files import read_yaml
from tongshi.knowledge.base import SHOP, Found, KnowledgeBase, Passage
from tongshi.knowledge.products import PREFIX
from tongshi.language.text import clean
from tongshi.settings import LANGUAGES, Settings
from tongshi.storage.knowledge import KnowledgeStore
from tongshi.storage.models import Article

FRESH = "public, max-age=60"
"""How long browsers and proxies may show a page without asking whether it has changed."""

_OTHER = "other"
_LONGEST_QUERY = 300
_MOST_FOUND, _FEW_FOUND = 8, 3
_WORTH_SHOWING = 0.05
_PATIENCE = 20.0
_KEPT_PAGES = 2000

log = structlog.get_logger()


@dataclass(frozen=True)
class HelpTexts:
    """The help centre's own words in one language, see data/help."""

    strings: Mapping[str, str]
    topics: Mapping[str, str]

    def __call__(self, name: str, **values: str) -> str:
        return self.strings[name].format(**values)


@dataclass(frozen=True)
class Shelf:
    """The articles that may be read, as they were at one version of the collection.

    Attributes:
        articles: by id and language.
        topics: ids of the articles of each topic, in order.
    """

    version: str
    articles: Mapping[str, Mapping[str, Article]]
    topics: Mapping[str, tuple[str, ...]]
    pages: dict[str, Page] = field(default_factory=dict, compare=False)

    def of_topic(self, topic: str, language: str) -> list[Article]:
        """A topic's articles that there are in a language."""
        return [self.articles[one][language] for one in self.topics.get(topic, ()) if language in self.articles[one]]

    def topic_of(self, article_id: str) -> str | None:
        return next((topic for topic, ids in self.topics.items() if article_id in ids), None)


@dataclass(frozen=True)
class Page:
    """A page as it is sent, and the tag by which a browser asks whether it has changed."""

    body: bytes
    etag: str

    @classmethod
    def of(cls, text: str) -> Page:
        body = text.encode()
        return cls(body, f'"{hashlib.sha256(body).hexdigest()[:24]}"')


class Content:
    """What a page shows.

    Args:
        template: its file.
        versions: in which languages it is there, with the path after `/help/<language>`.
        values: for the template.
    """

    def __init__(self, template: str, versions: Mapping[str, str], **values: Any) -> None:
        self.template = template
        self.versions = versions
        self.values = values


class HelpCentre:
    """`/help`: topics, articles, search; the language stands in the path, and comes from the browser where it does not.

    Pages are rendered once for each version of the knowledge, and carry an ETag.

    Args:
        store: the articles.
        knowledge: searches them, and tells the facts of products, which citations link to.
        limit: how often one address may search.
    """

    def __init__(self, store: KnowledgeStore, knowledge: KnowledgeBase, settings: Settings, limit: RateLimit) -> None:
        self._store = store
        self._knowledge = knowledge
        self._settings = settings
        self._limit = limit
        self._texts = {language: _texts(settings.data / "help" / f"{language}.yml") for language in LANGUAGES}
        self._listed = read_yaml(settings.data / "help" / "topics.yml")["topics"]
        self._templates = Environment(
            loader=FileSystemLoader(Path(__file__).with_name("templates")), autoescape=select_autoescape(), trim_blocks=True
        )
        self._markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
        self._shelf: Shelf | None = None
        self._searches = asyncio.Semaphore(2)
        self._warm: asyncio.Task | None = None

    def routes(self) -> list[Route]:
        return [
            Route("/help", self.front_door),
            Route("/help/sitemap.xml", self.sitemap),
            Route("/help/{language}", self.home),
            Route("/help/{language}/search", self.search),
            Route("/help/{language}/topics/{topic}", self.topic),
            Route("/help/{language}/articles/{article_id:path}", self.article),
        ]

    async def front_door(self, request: Request) -> Response:
        """On to the page in the browser's language."""
        language = accepted_language(request.headers.get("accept-language", ""), self._settings.language)
        return RedirectResponse(f"/help/{language}", 302, {"Vary": "Accept-Language", "Cache-Control": "private, max-age=60"})

    async def home(self, request: Request) -> Response:
        def content(shelf: Shelf, language: str) -> Content:
            topics = [(topic, shelf.of_topic(topic, language)) for topic in shelf.topics]
            versions = dict.fromkeys(LANGUAGES, "")
            return Content("help_home.html", versions, topics=[(topic, found) for topic, found in topics if found])

        return await self._page(request, "", content)

    async def topic(self, request: Request) -> Response:
        topic = request.path_params["topic"]

        def content(shelf: Shelf, language: str) -> Content | None:
            articles = shelf.of_topic(topic, language)
            versions = {one: f"/topics/{topic}" for one in LANGUAGES if shelf.of_topic(topic, one)}
            return Content("help_topic.html", versions, topic=topic, articles=articles) if versions else None

        return await self._page(request, f"/topics/{topic}", content)

    async def article(self, request: Request) -> Response:
        article_id = request.path_params["article_id"]

        def content(shelf: Shelf, language: str) -> Content | None:
            found = self._readable(shelf, article_id, language)
            if found is None:
                return None
            in_languages = LANGUAGES if article_id.startswith(PREFIX) else shelf.articles[article_id]
            topic = shelf.topic_of(article_id)
            related = [one for one in shelf.of_topic(topic, language) if one.article_id != article_id] if topic else []
            return Content(
                "help_article.html",
                {one: _article_path(article_id) for one in LANGUAGES if one in in_languages},
                article=found,
                direction=_direction(found.language),
                text=Markup(self._markdown.render(found.text)),
                product=article_id.startswith(PREFIX),
                topic=topic,
                related=related,
            )

        return await self._page(request, _article_path(article_id), content)

    async def search(self, request: Request) -> Response:
        """What answers a question, best first; in the page's language where it is there in it."""
        language = request.path_params["language"]
        if language not in LANGUAGES:
            return await self._not_found(request)
        query = " ".join(clean(request.query_params.get("q", "")).split())[:_LONGEST_QUERY]
        if not query:
            return RedirectResponse(f"/help/{language}", 303)
        shown: dict[str, Any] = {"query": query, "results": [], "notice": None}
        status, headers = 200, {"Cache-Control": "private, no-cache"}
        if wait := await self._limit.count(f"search {address_of(request)}"):
            shown["notice"], status = "too_many", 429
            headers["Retry-After"] = str(int(wait) + 1)
        else:
            try:
                async with asyncio.timeout(_PATIENCE), self._searches:
                    found = await asyncio.to_thread(self._knowledge.search, query, language, most=_MOST_FOUND)
                shown["results"] = _worth_showing(found)
                # Who searches by a word of an article's title means it, though the word alone is no question that it answers.
                shown["confident"] = found.confident or any(query.casefold() in one.title.casefold() for one in shown["results"])
            except (TongshiError, TimeoutError) as error:
                hint = "is the collection there, and the machine not too busy? `tongshi prepare` makes the one"
                log.error("help.search_failed", error=str(error) or type(error).__name__, hint=hint)
                shown["notice"], status = "trouble", 503
        versions = {one: f"/search?q={quote(query)}" for one in LANGUAGES}
        text = self._render(Content("help_search.html", versions, **shown), language)
        return Response(text, status, headers, "text/html")

    async def sitemap(self, request: Request) -> Response:
        """Every page with its versions, for search engines; they want whole addresses, so that there is none without a public one."""
        base = self._settings.public_url.rstrip("/")
        if not base:
            return PlainTextResponse("Set TONGSHI_PUBLIC_URL to have a sitemap.", 404)
        shelf = await asyncio.to_thread(self._current)
        pages = [dict.fromkeys(LANGUAGES, "")]
        pages += [{one: f"/topics/{topic}" for one in LANGUAGES if shelf.of_topic(topic, one)} for topic in shelf.topics]
        pages += [{one: _article_path(key) for one in LANGUAGES if one in found} for key, found in shelf.articles.items()]
        lines = "".join(_sitemap_entry(base, language, versions) for versions in pages for language in versions)
        head = '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
        body = f'{head} xmlns:xhtml="http://www.w3.org/1999/xhtml">\n{lines}</urlset>\n'
        return _answer(request, Page.of(body), "application/xml")

    async def _page(self, request: Request, path: str, content: Callable[[Shelf, str], Content | None]) -> Response:
        language = request.path_params["language"]
        if language not in LANGUAGES:
            return await self._not_found(request)
        self._warm_up()
        shelf = await asyncio.to_thread(self._current)
        key = f"{language}{path}"
        page = shelf.pages.get(key)
        if page is None:
            found = await asyncio.to_thread(content, shelf, language)
            if found is None:
                return await self._not_found(request)
            page = Page.of(self._render(found, language))
            # What products say changes without the articles, so their pages are made each time.
            if not path.startswith(_article_path(PREFIX)) and len(shelf.pages) < _KEPT_PAGES:
                shelf.pages[key] = page
        return _answer(request, page, "text/html")

    async def _not_found(self, request: Request) -> Response:
        language = request.path_params["language"]
        if language not in LANGUAGES:
            language = accepted_language(request.headers.get("accept-language", ""), self._settings.language)
        text = self._render(Content("help_not_found.html", dict.fromkeys(LANGUAGES, "")), language)
        return Response(text, 404, {"Cache-Control": "no-cache"}, "text/html")

    def _render(self, content: Content, language: str) -> str:
        texts = self._texts[language]
        return self._templates.get_template(content.template).render(
            t=texts,
            topic_name=lambda topic: texts.topics.get(topic, topic),
            article_url=lambda one: f"/help/{language}{_article_path(getattr(one, 'article_id', None) or one.article)}",
            shop=self._settings.shop,
            language=language,
            page_direction=_direction(language),
            languages={one: self._texts[one].strings["name"] for one in LANGUAGES},
            versions={one: f"/help/{one}{path}" for one, path in content.versions.items()},
            base=self._settings.public_url.rstrip("/"),
            **content.values,
        )

    def _current(self) -> Shelf:
        """The articles as they are; read anew when any has changed."""
        version = self._store.version(SHOP) or ""
        shelf = self._shelf
        if shelf is None or shelf.version != version:
            self._shelf = shelf = self._read(version)
        return shelf

    def _read(self, version: str) -> Shelf:
        articles: dict[str, dict[str, Article]] = {}
        for row in self._store.articles(SHOP):
            if row.text:
                articles.setdefault(row.article_id, {})[row.language] = row
        topics: dict[str, list[str]] = {
            topic: [article_id for article_id in listed if article_id in articles] for topic, listed in self._listed.items()
        }
        placed = {article_id for ids in topics.values() for article_id in ids}
        for article_id, versions in articles.items():
            if article_id not in placed:
                tags = [tag for row in versions.values() for tag in row.tags]
                topics.setdefault(next((tag for tag in tags if tag in self._listed), _OTHER), []).append(article_id)
        return Shelf(version, articles, {topic: tuple(ids) for topic, ids in topics.items() if ids})

    def _readable(self, shelf: Shelf, article_id: str, language: str) -> Passage | None:
        """An article in the language, else in English, else in any; a product's facts."""
        if article_id.startswith(PREFIX):
            return self._knowledge.article(article_id, language)
        versions = shelf.articles.get(article_id, {})
        row = versions.get(language) or versions.get("en") or next(iter(versions.values()), None)
        return row and Passage(row.article_id, row.language, row.title, 1.0, row.text)

    def _warm_up(self) -> None:
        """Load what the first search would wait for, beside the first page that is read."""
        if self._warm is None:
            self._warm = asyncio.create_task(asyncio.to_thread(self._try_search))

    def _try_search(self) -> None:
        try:
            self._knowledge.search("?", self._settings.language)
        except TongshiError:
            pass  # whoever searches is told; here nobody asked


def accepted_language(header: str, default: str, among: Sequence[str] = LANGUAGES) -> str:
    """Which of some languages an `Accept-Language` header likes best."""
    wanted = []
    for place, part in enumerate(header.split(",")):
        tag, _, parameter = part.strip().partition(";")
        quality = re.fullmatch(r"\s*q=([01](?:\.\d{0,3})?)\s*", parameter)
        wanted.append((-float(quality[1]) if quality else -1.0, place, re.split(r"[-_]", tag)[0].lower()))
    return next((code for quality, _, code in sorted(wanted) if code in among and quality), default)


def _answer(request: Request, page: Page, kind: str) -> Response:
    headers = {"ETag": page.etag, "Cache-Control": FRESH}
    known = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    if page.etag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return Response(page.body, 200, headers, kind)


def _article_path(article_id: str) -> str:
    return f"/articles/{quote(article_id, safe='/:')}"


def _direction(language: str) -> str:
    return "rtl" if language == "ar" else "ltr"


def _worth_showing(found: Found) -> list[Passage]:
    """The best passage of each article; of those that hardly answer only the first few."""
    best: dict[str, Passage] = {}
    for passage in found.passages:
        best.setdefault(passage.article, passage)
    return [one for place, one in enumerate(best.values()) if place < _FEW_FOUND or one.score >= _WORTH_SHOWING]


def _sitemap_entry(base: str, language: str, versions: Mapping[str, str]) -> str:
    links = "".join(
        f'<xhtml:link rel="alternate" hreflang="{one}" href={quoteattr(f"{base}/help/{one}{path}")}/>'
        for one, path in versions.items()
    )
    return f"<url><loc>{base}/help/{language}{versions[language]}</loc>{links}</url>\n"


@lru_cache(maxsize=len(LANGUAGES))
def _texts(path: Path) -> HelpTexts:
    document = read_yaml(path)
    return HelpTexts({key: text for key, text in document.items() if key != "topic"}, document["topic"])
