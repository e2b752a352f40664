"""The graph of what is known: products, plugs, countries, policies, and how they relate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tongshi.commerce.ports import ShopSystem
from tongshi.errors import TongshiError
from tongshi.knowledge import extraction
from tongshi.knowledge.base import SHOP
from tongshi.knowledge.graph_answering import Solver
from tongshi.knowledge.graph_facts import Facts, GraphPassage, Missing
from tongshi.knowledge.graph_kinds import checked
from tongshi.knowledge.graph_names import entities
from tongshi.knowledge.graph_passages import PassageReader
from tongshi.knowledge.graph_reading import NearestRelation, Question, Reader, places_in, words_of
from tongshi.knowledge.graph_sources import Sources
from tongshi.knowledge.products import ProductFacts
from tongshi.settings import LANGUAGES
from tongshi.storage.graph import PERSON, Edge, GraphStore
from tongshi.storage.knowledge import KnowledgeStore
from tongshi.storage.models import CONFIRMED, PROPOSED, Article, Relation

FOLDER = Path("knowledge") / "graph"
"""Where, in the data folder, countries, policies and words of the graph stand."""


_SHIPS_TO = "ships_to"
_NEW_NAMES = ("carrier",)
"""Kinds of entity of which a person may name one that nothing else tells of."""


@dataclass(frozen=True)
class Asked:
    """What became of a question.

    Attributes:
        read: the question as it was understood.
        passage: the answer; None where the question is left to search.
        why: what speaks against an answer, for who keeps the graph; "" where there is one.
    """

    read: Question
    passage: GraphPassage | None = None
    why: str = ""


class Graph:
    """Answers what no single passage says, from relations that a person or the catalogue vouches for.

    Args:
        store: where relations are kept.
        knowledge: where the articles are kept that relations were taken from or are about.
        shop: for the products as they are now: what is sold, at which price, how many are left.
        facts: puts attributes of products into sentences.
        data: the project's data folder.
        nearest: see `Reader`.
    """

    def __init__(
        self,
        store: GraphStore,
        knowledge: KnowledgeStore,
        shop: ShopSystem,
        facts: ProductFacts,
        data: Path,
        nearest: Callable[[str, str], str | None] | None = None,
    ) -> None:
        self.store = store
        self._knowledge = knowledge
        self._shop = shop
        self._sentences = facts
        self._data = data
        self._reader = Reader(data, nearest)
        self._kept: tuple[object, Facts] | None = None

    def seed(self) -> int:
        """Take in what the catalogue and the shop's files say at this moment, and have what articles no longer say wait for a person.

        Returns:
            How many relations changed.
        """
        folder = self._data / FOLDER
        of_shop = list(extraction.of_shop(folder))
        sources = Sources(self._knowledge, of_shop)
        of_shop = [one if sources.say(one) else replace(one, status=PROPOSED) for one in of_shop]
        return (
            self.store.replace(extraction.CATALOGUE, extraction.of_catalogue(self._shop.products()))
            + self.store.replace(extraction.COUNTRIES, extraction.of_countries(folder))
            + self.store.replace(extraction.SHOP_FILE, of_shop)
            + self.store.doubt(self._doubted(self.store.relations(CONFIRMED)))
        )

    def _doubted(self, relations: Sequence[Relation]) -> set[int]:
        """Numbers of confirmed relations that their articles no longer say, and that no person has decided upon since."""
        confirmed = [one for one in relations if one.status == CONFIRMED]
        sources = Sources(self._knowledge, confirmed)
        return {one.relation_id for one in confirmed if not sources.vouch_for(one)}

    def propose(self, articles: Iterable[Article]) -> list[Relation]:
        """Propose what patterns find in articles and what past orders show, for a person to decide upon; gives what is new."""
        proposer = extraction.Proposer(Reader(self._data), self._shop.products())
        return self.store.propose([*proposer.of(articles), *self.store.carried()])

    def passage_reader(self) -> PassageReader:
        """Finds what passages of articles name of all that the graph knows at this moment."""
        return PassageReader(Reader(self._data), self._shop.products(), self.store.carriers())

    def entities(self, language: str, titles: Mapping[str, str]) -> dict[str, str]:
        """All that statements can be about, with what it is called in a language.

        Args:
            titles: of the shop's articles, by their ids; each is a policy for what it says.
        """
        return entities(self._data, language, self._shop.products(), titles, self.store.relations())

    def state(self, edge: Edge, by: str, articles: Iterable[str]) -> Relation:
        """Keep what a person states by hand; answers may rest on it.

        Args:
            edge: its figures may be texts; who states it is its source.
            by: the person.
            articles: ids of the shop's.

        Raises:
            TongshiError: it is no statement of the graph's kinds, or about something that is not known.
            Conflict: it is confirmed already, or somebody has rejected it.
        """
        edge = checked(edge)
        known = self.entities("en", dict.fromkeys(articles, ""))
        for entity in (edge.subject, edge.object):
            kind, _, name = entity.partition(":")
            if entity not in known and not (name.strip() and kind in _NEW_NAMES):
                raise TongshiError(f"The graph does not know {entity!r}.")
        return self.store.state(replace(edge, source=PERSON, proposed_by=PERSON), by)

    def warm_up(self) -> None:
        """Read the words of all languages, which the first question in each would wait for."""
        for language in LANGUAGES:
            words_of(self._data, language)

    def facts(self) -> Facts:
        """The relations as they are kept at this moment; what articles no longer say is not known."""
        stamp = self.store.stamp(), self._knowledge.version(SHOP)
        if self._kept is None or self._kept[0] != stamp:
            relations = self.store.relations()
            self._kept = stamp, Facts(relations, self._doubted(relations))
        return self._kept[1]

    def answer(self, question: str, language: str, asked_in: str | None = None) -> GraphPassage | None:
        """Answer a question that takes two relations or more; never a guess.

        Args:
            question: as the customer put it.
            language: of the answer.
            asked_in: language of the question; that of the answer by default.

        Returns:
            None where an entity or a relation is missing, where something else is asked as well, and where one relation is enough, which
            search finds as well.
        """
        return self.ask(question, language, asked_in).passage

    def elsewhere(self, article: str, said: Iterable[str], language: str) -> str | None:
        """The article that says of the place which is spoken of what another says of a place that it is not in.

        To a search "how much is shipping to Sweden" is as like the article on shipping outside the European Union as like the other.

        Args:
            article: what search has found.
            said: the question and what was said before it, newest first; the first that names a place counts, if that is one country:
                "outside the European Union" is no place in it.
            language: of these.

        Returns:
            None where the article is right, or nothing else is known.
        """
        facts = self.facts()
        of_article = {relation.object for relation in facts.to(f"policy:{article}", _SHIPS_TO)}
        places = next(filter(None, (places_in(self._data, text, language) for text in said)), []) if of_article else []
        if len(places) != 1 or places[0].kind == "region":
            return None
        country = places[0].entity.replace("of:", "country:")
        regions = {relation.object for relation in facts.to(country, "in_region")}
        others = {relation.subject for region in regions for relation in facts.of(_SHIPS_TO, region)}
        if regions & of_article or len(others) != 1:
            return None
        kind, _, name = others.pop().partition(":")
        return name if kind == "policy" else None

    def ask(self, question: str, language: str, asked_in: str | None = None) -> Asked:
        """As `answer`, with how the question was understood, and what speaks against an answer."""
        products = self._shop.products()
        read = self._reader.read(question, asked_in or language, [(one.name, one.sku) for one in products])
        if read.blocked or not read.of("product", "kind"):
            return Asked(read, why=read.blocked or "no product")
        texts = words_of(self._data, language).texts
        try:
            passage = Solver(self.facts(), read, products, self._sentences, texts, language).passage()
        except Missing as missing:
            return Asked(read, why=str(missing))
        return Asked(read, passage, "" if passage else "one relation is enough")


def make_graph(settings, database) -> Graph:
    """The graph of the settings, over our own database."""
    from tongshi.language.vectors import get_encoder
    from tongshi.responses.catalog import get_replies
    from tongshi.storage.shop import make_shop

    knowledge = KnowledgeStore(database)
    return Graph(
        GraphStore(database),
        knowledge,
        make_shop(database),
        ProductFacts(settings.data, get_replies()),
        settings.data,
        NearestRelation(lambda: get_encoder(settings.encoder), lambda: knowledge.keys(SHOP)),
    )
