"""The graph of what is known over HTTP, for the desk and for programs that have its password."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from tongshi.desk.endpoints import Work, asked, author, guarded, line
from tongshi.desk.sessions import Cookie
from tongshi.errors import TongshiError
from tongshi.knowledge.articles import Article
from tongshi.knowledge.extraction import PATTERNS
from tongshi.knowledge.graph import Asked, Graph
from tongshi.knowledge.graph_facts import Facts, spelled
from tongshi.language.text import clean, fold
from tongshi.llm.relating import MODEL
from tongshi.settings import Settings
from tongshi.storage import models
from tongshi.storage.graph import PERSON, Edge
from tongshi.storage.models import CONFIRMED, PROPOSED, REJECTED, Relation

ALL = "all"
"""What the filter for a status also takes."""

SHOP_ITSELF = "shop"
"""Who proposed what the catalogue, the shop's files and past orders say."""

PROPOSERS = (PATTERNS, MODEL, PERSON, SHOP_ITSELF)

FILTERS = ("status", "relation", "entity", "proposed_by", "words")

_DECISIONS = {"confirm": CONFIRMED, "reject": REJECTED}
_LONGEST_EVIDENCE = 2000
_LONGEST_ENTITY = 200


class GraphApi:
    """JSON routes under `/desk/api/graph`, with the sign-in, the token and the errors of `KnowledgeApi`.

    Args:
        graph: gives the graph.
        cookie: holds the sign-in.
        articles: gives the shop's articles, of any status and language.
        approved: gives those that search sees, from which rules may propose.
        settings: name the language that a question is answered in whose own does not show.
    """

    def __init__(
        self,
        graph: Callable[[], Graph],
        cookie: Cookie,
        articles: Callable[[], list[Article]],
        approved: Callable[[], list[models.Article]],
        settings: Settings,
    ) -> None:
        self._graph = graph
        self._cookie = cookie
        self._articles = articles
        self._approved = approved
        self._settings = settings

    def routes(self) -> list[Route]:
        return [
            self._route("/desk/api/graph", self._list),
            self._route("/desk/api/graph", self._state, "POST"),
            self._route("/desk/api/graph/proposals", self._propose, "POST"),
            self._route("/desk/api/graph/answer", self._answer),
            self._route("/desk/api/graph/path", self._path),
            self._route("/desk/api/graph/{number:key}", self._decide, "POST"),
        ]

    def _route(self, path: str, work: Work, method: str = "GET") -> Route:
        return Route(path, guarded(self._cookie, work, changes=method != "GET"), methods=[method])

    def _list(self, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        graph, facts = self._graph(), self._graph().facts()
        called = graph.entities(self._settings.language, titles(self._articles(), self._settings.language))
        return {"relations": [as_dict(one, facts) for one in listed(graph.store.relations(), request.query_params, called)]}

    def _state(self, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        """Keep what a person states by hand, confirmed by them."""
        figures = body.get("figures") or {}
        if not isinstance(figures, dict):
            raise TongshiError("figures must be an object of names and values.")
        subject, name, object_ = (line(body.get(key))[:_LONGEST_ENTITY] for key in ("subject", "relation", "object"))
        evidence = clean(str(body.get("evidence") or ""))[:_LONGEST_EVIDENCE]
        graph = self._graph()
        articles = [one.article_id for one in self._articles()]
        stated = graph.state(Edge(subject, name, object_, figures, evidence=evidence), author(body), articles)
        return as_dict(stated, graph.facts())

    def _decide(self, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        """Confirm or reject a relation; `seen` is the status that whoever decides has read, another one is 409."""
        status, seen = _DECISIONS.get(str(body.get("decision"))), body.get("seen")
        if status is None or seen not in (None, PROPOSED, CONFIRMED, REJECTED):
            raise TongshiError('Send {"decision": "confirm"} or {"decision": "reject"}, with the status seen where it matters.')
        decided = self._graph().store.decide(request.path_params["number"], status, author(body), seen)
        return as_dict(decided, self._graph().facts())

    def _propose(self, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        """Take in catalogue and shop's files, and have rules read articles and past orders; gives what is new."""
        graph = self._graph()
        graph.seed()
        proposed = graph.propose(self._approved())
        return {"relations": [as_dict(one, graph.facts()) for one in proposed]}

    def _path(self, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        query = request.query_params
        return {"path": [one.as_dict() for one in self._graph().facts().path(query.get("from", ""), query.get("to", ""))]}

    def _answer(self, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        language, tried = self.ask(request.query_params.get("question"), request.query_params.get("language"))
        passage = tried.passage
        return {
            "language": language,
            "entities": list(dict.fromkeys(one.entity for one in tried.read.mentions)),
            "asks": sorted(tried.read.relations),
            "why": tried.why,
            "answer": passage
            and {
                "text": passage.text,
                "path": [one.as_dict() for one in self.way(passage.path)],
                "citations": list(passage.citations),
                "score": round(float(passage.score), 4),
            },
        }

    def ask(self, question: object, language: object) -> tuple[str, Asked]:
        """What the graph alone makes of a question at this moment, and the language of its answer.

        Raises:
            TongshiError: there is no question.
        """
        text, spoken, wanted = asked(question, language, self._settings.language)
        return wanted, self._graph().ask(text, wanted, spoken)

    def way(self, path: Iterable[str]) -> list[Relation]:
        """The relations of an answer's path."""
        known = {spelled(one): one for one in self._graph().store.relations(CONFIRMED)}
        return [known[step] for step in path if step in known]


def proposer(relation: Relation) -> str:
    """Who proposed a relation, one of `PROPOSERS`."""
    return next((one for one in PROPOSERS if relation.proposed_by.startswith(one)), SHOP_ITSELF)


def as_dict(relation: Relation, facts: Facts) -> dict[str, Any]:
    """A relation as the desk gives it, with the numbers of those that are known and contradict it."""
    return {**relation.as_dict(), "contradicts": [one.relation_id for one in facts.against(relation)]}


def titles(articles: Iterable[Article], language: str) -> dict[str, str]:
    """What articles are called, by their ids: in a language, else in English, else in any."""
    ordered = sorted(articles, key=lambda one: (one.language == language, one.language == "en"))
    return {one.article_id: one.title for one in ordered}


def listed(relations: Iterable[Relation], wanted: Mapping[str, str], called: Mapping[str, str]) -> list[Relation]:
    """Relations as lists show them.

    Args:
        wanted: filters by name, see `FILTERS`; what is empty filters nothing, but without a status what is proposed is wanted.
        called: what entities are called.
    """
    status = wanted.get("status") or PROPOSED
    words, entity = (fold(wanted.get(name) or "") for name in ("words", "entity"))
    return [
        one
        for one in relations
        if (status in (ALL, one.status))
        and wanted.get("relation") in (None, "", one.name)
        and wanted.get("proposed_by") in (None, "", proposer(one))
        and (not entity or any(_is_meant(end, entity, called) for end in (one.subject, one.object)))
        and all(word in _words_of(one, called) for word in words.split())
    ]


def _is_meant(entity: str, words: str, called: Mapping[str, str]) -> bool:
    """Whether folded words are an entity itself, or stand in what it is called."""
    return fold(entity) == words or (":" not in words and words in fold(called.get(entity, entity)))


def _words_of(relation: Relation, called: Mapping[str, str]) -> str:
    ends = (called.get(relation.subject, ""), called.get(relation.object, ""))
    return fold("\n".join((spelled(relation), *ends, relation.evidence, relation.source)))
