"""The desk's pages for who keeps the graph of what is known; what they decide or state goes over the JSON interface."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tongshi.desk.frame import Frame
from tongshi.desk.graph import ALL, FILTERS, PROPOSERS, GraphApi, listed, proposer, titles
from tongshi.desk.texts import Texts
from tongshi.errors import TongshiError
from tongshi.knowledge.articles import Article
from tongshi.knowledge.graph import Graph
from tongshi.knowledge.graph_kinds import KINDS, POLICY
from tongshi.language import formats
from tongshi.storage.models import PROPOSED, REJECTED, Relation

_PAGE = 50


class GraphPages:
    """`/desk/graph`: statements, one entity with all of them, a new one, and trying a question.

    Args:
        frame: renders pages for who is signed in.
        graph: gives the graph.
        articles: gives the shop's articles, of any status and language.
        api: answers who tries a question.
    """

    def __init__(self, frame: Frame, graph: Callable[[], Graph], articles: Callable[[], list[Article]], api: GraphApi) -> None:
        self._frame = frame
        self._graph = graph
        self._articles = articles
        self._api = api

    def routes(self) -> list[Route]:
        pages = [
            ("/desk/graph", "graph.html", self._list),
            ("/desk/graph/new", "graph_new.html", self._new),
            ("/desk/graph/try", "graph_try.html", self._try),
            ("/desk/graph/{entity:path}", "graph_entity.html", self._entity),
        ]
        return [Route(path, self._frame.signed_in(self._page(template, work))) for path, template, work in pages]

    def _page(self, template: str, work: Callable[[Request, _Words], dict[str, Any]]):
        def values(request: Request) -> dict[str, Any]:
            words = _Words(self._frame.texts(request), self._graph(), self._articles())
            return {"name": words.name, "relations": words.relations, **work(request, words)}

        async def page(request: Request) -> Response:
            try:
                return self._frame.render(request, template, **await asyncio.to_thread(values, request))
            except TongshiError as error:
                return self._frame.render(request, "sorry.html", 404, section="graph", error=str(error))

        return page

    def _list(self, request: Request, words: _Words) -> dict[str, Any]:
        wanted = {name: request.query_params.get(name, "") for name in FILTERS}
        relations = self._graph().store.relations()
        return {
            "way": "list",
            "wanted": {**wanted, "status": wanted["status"] or PROPOSED},
            "proposers": {one: words.texts.named("proposer", one) for one in PROPOSERS},
            "entities": words.ends(relations),
            "waiting": sum(one.status == PROPOSED for one in relations),
            **self._paged(request, listed(relations, wanted, words.called), words, wanted),
        }

    def _entity(self, request: Request, words: _Words) -> dict[str, Any]:
        """One entity with all its relations, and the way from it to another."""
        entity, to = request.path_params["entity"], request.query_params.get("to", "")
        found = listed(self._graph().store.relations(entity=entity), {"status": ALL}, words.called)
        if not found and entity not in words.called:
            raise TongshiError(f"The graph does not know {entity!r}.")
        shown = {
            "entity": entity,
            "to": to,
            "article": words.article(entity),
            "others": {one: name for one, name in words.ends(self._graph().store.relations()).items() if one != entity},
            **self._paged(request, sorted(found, key=_by_status), words, {"to": to}),
        }
        try:
            return {**shown, "way_there": [words.shown(one) for one in self._graph().facts().path(entity, to)] if to else []}
        except TongshiError as error:
            return {**shown, "error": str(error)}

    def _new(self, request: Request, words: _Words) -> dict[str, Any]:
        """A form for a statement of the kind of relation that was chosen."""
        name = request.query_params.get("relation", "")
        shown: dict[str, Any] = {"way": "new", "relation": name, "kind": KINDS.get(name)}
        if kind := shown["kind"]:
            shown["subjects"], shown["objects"] = (words.entities(kinds) for kinds in (kind.subjects, kind.objects))
        return shown

    def _try(self, request: Request, words: _Words) -> dict[str, Any]:
        question, language = (request.query_params.get(name, "").strip() for name in ("question", "language"))
        shown: dict[str, Any] = {"way": "try", "question": question, "asked_in": language}
        if not question:
            return shown
        try:
            spoken, tried = self._api.ask(question, language)
        except TongshiError as error:
            return {**shown, "error": str(error)}
        path = self._api.way(tried.passage.path) if tried.passage else []
        return {
            **shown,
            "spoken": spoken,
            "tried": tried,
            "named": list(dict.fromkeys(one.entity for one in tried.read.mentions)),
            "path": [words.shown(one) for one in path],
            "cited": {one: words.article(f"{POLICY}:{one}") for one in tried.passage.citations} if tried.passage else {},
        }

    def _paged(self, request: Request, found: list[Relation], words: _Words, query: Mapping[str, str]) -> dict[str, Any]:
        begin = int(page) if (page := request.query_params.get("from", "0")).isdecimal() else 0

        def at(place: int) -> str:
            return f"{request.url.path}?{urlencode({**{name: text for name, text in query.items() if text}, 'from': place})}"

        return {
            "statements": [words.shown(one) for one in found[begin : begin + _PAGE]],
            "found": len(found),
            "here": f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path,
            "before": at(max(0, begin - _PAGE)) if begin else "",
            "after": at(begin + _PAGE) if begin + _PAGE < len(found) else "",
        }


class _Words:
    """What the graph's entities, relations and figures are called for who reads a page.

    Args:
        texts: the desk's words in their language.
    """

    def __init__(self, texts: Texts, graph: Graph, articles: list[Article]) -> None:
        self.texts = texts
        self.called = graph.entities(texts.language, titles(articles, texts.language))
        self.relations = {name: f"{texts.named('relation', name)} ({name})" for name in KINDS}
        self._articles = articles
        self._facts = graph.facts()

    def name(self, entity: str) -> str:
        """What an entity is called; "UK plug" rather than "UK"."""
        kind, _, name = entity.partition(":")
        own = self.texts.strings.get(f"entity.{kind}.{name}")
        return own or self.texts.strings.get(f"entity_of.{kind}", "{name}").format(name=self.called.get(entity) or name)

    def ends(self, relations: Iterable[Relation]) -> dict[str, str]:
        """The entities that relations are between, with what they are called."""
        there = {end for one in relations for end in (one.subject, one.object)}
        return self._named(there)

    def entities(self, kinds: Iterable[str]) -> dict[str, str]:
        """All entities of some kinds, with what they are called."""
        return self._named(one for one in self.called if one.partition(":")[0] in kinds)

    def _named(self, entities: Iterable[str]) -> dict[str, str]:
        return dict(sorted(((one, self.name(one)) for one in entities), key=lambda one: (one[1].casefold(), one[0])))

    def article(self, entity: str) -> tuple[str, str] | None:
        """Language and id of the article that an entity is, for who reads the page."""
        kind, _, article_id = entity.partition(":")
        there = [one.language for one in self._articles if kind == POLICY and one.article_id == article_id]
        return (next((one for one in (self.texts.language, "en") if one in there), there[0]), article_id) if there else None

    def shown(self, relation: Relation) -> dict[str, Any]:
        """A relation with all that a page says of it."""
        read_in = self._read_in(relation)
        return {
            **relation.as_dict(),
            "said": self.texts.named("relation", relation.name),
            "said_figures": self._figures(relation),
            "proposer": proposer(relation),
            "lang": read_in.language if read_in else "",
            "article": read_in and (read_in.language, read_in.article_id),
            "against": [
                {"id": one.relation_id, "said": self.texts.named("relation", one.name), "said_figures": self._figures(one)}
                for one in self._facts.against(relation)
            ],
        }

    def _figures(self, relation: Relation) -> list[str]:
        return [self._figure(name, value) for name, value in (relation.figures or {}).items()]

    def _figure(self, name: str, value: Any) -> str:
        said = formats.money(Decimal(str(value)), self.texts.language) if name == "price" else value
        return self.texts.strings.get(f"figure.{name}", f"{name} {{value}}").format(value=said)

    def _read_in(self, relation: Relation) -> Article | None:
        """The article that a relation was read in, in the language that holds its words."""
        last = relation.evidence.rpartition("\n\n")[2]
        return next((one for one in self._articles if one.article_id == relation.source and last in one.text), None)


def _by_status(relation: Relation) -> int:
    """What waits first, what was rejected last."""
    return {PROPOSED: 0, REJECTED: 2}.get(relation.status, 1)
