"""An article on a page of its own, for links from channels that show no articles."""

from __future__ import annotations

import asyncio
from pathlib import Path

from markdown_it import MarkdownIt
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.templating import Jinja2Templates

from tongshi.knowledge.base import KnowledgeBase
from tongshi.settings import LANGUAGES, Settings


class ArticlePages:
    """`/articles/<language>/<id>`: what customers may read, which is what search may find."""

    def __init__(self, knowledge: KnowledgeBase, settings: Settings) -> None:
        self._knowledge = knowledge
        self._shop = settings.shop
        self._templates = Jinja2Templates(Path(__file__).with_name("templates"))
        self._markdown = MarkdownIt("commonmark", {"html": False}).enable("table")

    def routes(self) -> list[Route]:
        return [Route("/articles/{language}/{article_id:path}", self.article)]

    async def article(self, request: Request) -> Response:
        language, article_id = request.path_params["language"], request.path_params["article_id"]
        found = await asyncio.to_thread(self._knowledge.article, article_id, language) if language in LANGUAGES else None
        if not found:
            return PlainTextResponse("No such article.", 404)
        shown = {
            "shop": self._shop,
            "lang": found.language,
            "direction": "rtl" if found.language == "ar" else "ltr",
            "title": found.title,
            "text": Markup(self._markdown.render(found.text)),
        }
        return self._templates.TemplateResponse(request, "article.html", shown)
