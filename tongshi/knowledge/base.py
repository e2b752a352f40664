"""The knowledge base: put articles in, find what answers a question."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, combinations, starmap
from pathlib import Path

import numpy as np
import structlog
from filelock import FileLock
from joblib import Memory

from tongshi.commerce.ports import ShopSystem
from tongshi.errors import TongshiError
from tongshi.knowledge.articles import ATTRIBUTE, OVERVIEW, UNANSWERABLE, Article, passages, together
from tongshi.knowledge.graph_reading import asks_only, attributes_named, places_in, without_places
from tongshi.knowledge.index import GRAPH, Ranking, SearchIndex, get_calibration, get_reader, get_reranker
from tongshi.knowledge.neighbours import Neighbours, make_neighbours
from tongshi.knowledge.products import (
    PREFIX,
    ProductFacts,
    ProductFinder,
    all_without,
    beside,
    compared,
    digest_of_names,
    mentioned,
    product_finder,
    told_apart,
    without,
)
from tongshi.knowledge.reading import Reader
from tongshi.knowledge.writing import Change, Progress, Writer
from tongshi.language.comparison import compares
from tongshi.language.text import bare, letters
from tongshi.language.vectors import Encoder
from tongshi.settings import LANGUAGES, Settings
from tongshi.storage import models
from tongshi.storage.database import Database
from tongshi.storage.knowledge import KnowledgeStore
from tongshi.storage.models import APPROVED, Product

SHOP = "shop"
"""Name of the collection that holds the shop's own articles and product questions."""

_NAMED_PRODUCT = 0.15
_PRODUCT_BEFORE = -0.3
"""What speaks for a question about a product that it names, and against one about a product that was only spoken of before."""
_COMPARED = 0.3
"""What speaks for a question that names two products and an attribute, or two that work together: whoever does asks for nothing else."""
_WORKS_WITH, _RETURNABLE = "compatible", "final_sale"
"""Attributes that are asked for in ways of their own: which products go with which, and whether one can be sent back."""

_SECOND_ATTRIBUTE = 0.08
_FAR_MORE_LIKE = 0.3
_ATTRIBUTE_SLOPE = 8.0
_APPROVED = 1.0
"""Score of an editor's answer to one of its own questions, whatever has been learnt of it so far."""

_TWO = 2
"""Products of which one is compared with the other."""

_SAYS_NOTHING = 6
"""Letters up to which what is left of a question without the product that it names asks nothing."""

_SURELY = 0.8
"""Probability from which a question is taken for one that has no answer, whatever was asked before it."""

_KEPT_UNNAMED = 4 * len(LANGUAGES)
"""Lists of questions without products that are kept: those of a few states of the catalogue."""

_POLL = 0.2
"""Seconds between two looks whether another process is done with building an index."""

_VERSION = re.compile(r"\d+(\.\d+)?")

log = structlog.get_logger()


@dataclass(frozen=True)
class Passage:
    """Something an answer may rest on.

    Attributes:
        article: the policy's id, or `product:SKU`.
        score: probability from 0 to 1 that it answers the question.
        text: in `language`; for an article the passage nearest to the question, for a product the facts asked for.
        verbatim: whether the text is an editor's answer to just this question, in the language that is wanted, to be given word for word.
    """

    article: str
    language: str
    title: str
    score: float
    text: str
    verbatim: bool = False


@dataclass(frozen=True)
class Found:
    """The outcome of a search.

    Attributes:
        passages: best first.
        confident: whether the first is likely enough to answer the question.
        about_product: whether the question is about a property of some product that it does not name.
        unanswerable: whether it is surely one of those that are known to have no answer.
        plain: whether the first is of a product, and the question names in so many words the attribute that it asks for.
        by_questions: whether the collection has similar questions, by which its articles are found more surely.
    """

    passages: list[Passage]
    confident: bool
    about_product: bool = False
    unanswerable: bool = False
    plain: bool = False
    by_questions: bool = True


@dataclass(frozen=True)
class _About:
    """What a question has to do with products.

    Attributes:
        products: those that it names, else those spoken of before it.
        catalogue: all there are.
        unnamed: the question without their names.
        asked: the attributes that its newest part asks for in so many words.
        implied: those that it asks for by naming just these products: a charger and a laptop that it charges.
        plainly: whether it names products and attributes, and says nothing else.
    """

    products: Sequence[Product] = ()
    catalogue: Sequence[Product] = ()
    unnamed: str = ""
    asked: Sequence[str] = ()
    implied: Sequence[str] = ()
    plainly: bool = False


class KnowledgeBase:
    """Articles and products, searched together.

    Args:
        store: where articles are kept.
        encoder: makes the vectors of keys and questions.
        folder: where built indexes are kept.
        shop: for the facts of products; None where there is no catalogue.
        facts: puts them into sentences.
        data: the project's data folder, for how customers call products.
        neighbours: gives those of a collection that processes share; None where each has its own.
        reranker: name of what looks at the first articles again, `cross`, `linear` or `off`.

    Attributes:
        writer: keeps changes of its articles.
        reranker: as given.
    """

    def __init__(
        self,
        store: KnowledgeStore,
        encoder: Encoder,
        folder: Path,
        shop: ShopSystem | None = None,
        facts: ProductFacts | None = None,
        data: Path | None = None,
        neighbours: Callable[[str], Neighbours] | None = None,
        reranker: str = "linear",
    ) -> None:
        self.reranker = reranker
        self.writer = Writer(store, lambda: encoder)
        self._store = store
        self._encoder = encoder
        self._folder = folder
        self._shop = shop
        self._facts = facts
        self._data = data
        self._make_neighbours = neighbours
        self._neighbours: dict[str, Neighbours] = {}
        self._indexes: dict[str, SearchIndex] = {}
        self._building: set[str] = set()
        self._locks: dict[str, threading.Lock] = {}

    def put(
        self,
        articles: Iterable[Article],
        collection: str = SHOP,
        *,
        whole: bool = False,
        status: str = APPROVED,
        progress: Progress = lambda done, total: None,
    ) -> Change:
        """Put imported articles into a collection, see `Writer.put`, and make its index."""
        if collection == SHOP:
            articles = self._without_products(articles)
        change = self.writer.put(articles, collection, whole=whole, status=status, progress=progress)
        if (change.any or self._make_neighbours) and self._store.key_ids(collection):
            self.index(collection)
        return change

    def _index(self, collection: str) -> SearchIndex:
        """The collection's index at its present version: in memory, else from disk, else brought up to date, else built.

        Raises:
            TongshiError: there is no such collection, or nothing in it.
        """
        version = self._version(collection)
        with self._lock(collection):
            before = self._indexes.get(collection)
            if before is None or before.version != version:
                index = self._saved_at(version, collection)
                if index is None and (before := before or self._saved(collection)):
                    index = self._updated(before, collection, version)
                self._put_in_place(collection, index or self._build(collection, version))
            return self._indexes[collection]

    def _version(self, collection: str) -> str:
        version = self._store.version(collection)
        if version is None:
            raise TongshiError(
                f"There is no collection {collection!r}. Make one with `tongshi knowledge import PATH --collection {collection}`."
            )
        return version

    def _lock(self, collection: str) -> threading.Lock:
        return self._locks.setdefault(collection, threading.Lock())

    def _put_in_place(self, collection: str, index: SearchIndex) -> None:
        index.take_effect()
        self._indexes[collection] = index

    def _shared(self, collection: str) -> Neighbours | None:
        """The collection's neighbours that processes share, if they do."""
        if self._make_neighbours and collection not in self._neighbours:
            self._neighbours[collection] = self._make_neighbours(collection)
        return self._neighbours.get(collection)

    def _path(self, collection: str, version: str) -> Path:
        return self._folder / f"{collection}-{version}.index"

    def _saved_at(self, version: str, collection: str) -> SearchIndex | None:
        """The index of a version on disk; None where there is none."""
        return self._load(self._path(collection, version), collection)

    def _saved(self, collection: str) -> SearchIndex | None:
        """The newest index on disk; None where there is none, or where it is of another encoder."""
        # One that is gone before it is read has given way to a newer one, which the second look finds.
        for path in chain.from_iterable(self._saved_paths(collection) for _ in range(2)):
            if index := self._load(path, collection):
                return index if index.dimensions == self._encoder.dimensions else None
        return None

    def _load(self, path: Path, collection: str) -> SearchIndex | None:
        """An index on disk; None where it is not, or no longer: whoever builds one takes the older ones away."""
        try:
            return SearchIndex.load(path, self._shared(collection))
        except FileNotFoundError:
            return None

    def _saved_paths(self, collection: str) -> list[Path]:
        """Files of the collection's indexes, newest first."""
        found = self._folder.glob(f"{collection}-*.index")
        of_versions = [path for path in found if _VERSION.fullmatch(path.stem.removeprefix(f"{collection}-"))]
        return sorted(of_versions, key=_written_at, reverse=True)

    def _updated(self, before: SearchIndex, collection: str, version: str) -> SearchIndex:
        """An index that knows what has changed, at once; a whole one is built beside it."""
        ids = np.array(self._store.key_ids(collection), np.int64)
        if not len(ids):
            raise TongshiError(f"The collection {collection!r} is empty.")
        fresh = np.setdiff1d(ids, before.key_ids, assume_unique=True)
        kept = np.intersect1d(ids, before.key_ids)
        if not len(kept):
            # What was learnt from other keys, be it of another encoder, says nothing of these.
            return self._build(collection, version)
        index = before.updated(version, self._store.keys(collection, fresh.tolist()), kept)
        if collection not in self._building:
            self._building.add(collection)
            threading.Thread(target=self._rebuild, args=(collection,), name=f"index {collection}", daemon=True).start()
        return index

    def _rebuild(self, collection: str) -> None:
        try:
            self._make_whole(collection)
        except TongshiError as error:
            log.warning("knowledge.index_not_built", collection=collection, error=str(error))
        finally:
            self._building.discard(collection)

    def _make_whole(self, collection: str) -> SearchIndex:
        """Have a whole index of the present version in memory; of several processes one builds it, and the others wait for it.

        Raises:
            TongshiError: there is no such collection, or nothing in it.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self._folder / f"{collection}.lock", poll_interval=_POLL):
            while True:
                version = self._version(collection)
                index = self._saved_at(version, collection) or self._build(collection, version)
                with self._lock(collection):
                    if self._version(collection) == version:
                        self._put_in_place(collection, index)
                        # What changes from here on needs another build.
                        self._building.discard(collection)
                        return index

    def _build(self, collection: str, version: str) -> SearchIndex:
        keys = self._store.keys(collection)
        if not keys:
            raise TongshiError(f"The collection {collection!r} is empty.")
        index = SearchIndex.build(version, keys, neighbours=self._shared(collection))
        path = self._path(collection, version)
        index.save(path)
        for old in self._saved_paths(collection):
            if old != path:
                old.unlink(missing_ok=True)
                old.with_suffix(GRAPH).unlink(missing_ok=True)
        return index

    def index(self, collection: str = SHOP) -> SearchIndex:
        """The collection's index, with all that is learnt from its keys; whoever wants it waits until it is built.

        Raises:
            TongshiError: there is no such collection, or nothing in it.
        """
        index = self._index(collection)
        return self._make_whole(collection) if index.stale else index

    def search(
        self, question: str, language: str, collection: str = SHOP, most: int = 5, context: Sequence[str] = (), newest: str = ""
    ) -> Found:
        """What answers a question, best first.

        Args:
            question: in any language.
            language: which an article is wanted in, if it is there; else in English, else in any.
            most: how many passages at the most.
            context: what was said before, oldest first, to know which product is spoken of.
            newest: the last part of a question that is put together of several; a product that it names is the one that is meant.
        """
        index = self._index(collection)
        about = self._products(question, newest or question, context, language) if collection == SHOP else _About()
        if about.plainly:
            # What nothing answers is without its products as near to "price?" as what they are asked for.
            return Found(self._product_passages(about, about.asked, language, _APPROVED)[:most], True, plain=True)
        ranking, attributes = self._rank(index, collection, question, about, language)
        if not ranking.labels:
            return Found([], False)
        calibration = get_calibration(index.has_questions, self.reranker)
        found: list[Passage] = []
        own: Passage | None = None
        order = ranking.order
        for place in order[: most * 2]:
            label = ranking.labels[place]
            if label == UNANSWERABLE:
                continue
            if label.startswith(ATTRIBUTE):
                if about.products and not any(one.article.startswith(PREFIX) for one in found):
                    # A named product's facts are certain; all that is asked is whether they are meant, or something else.
                    score = self._about_attributes(ranking.scores, attributes)
                    names = self._attributes(ranking, attributes, about.asked or about.implied)
                    found += self._product_passages(about, names, language, score)
                continue
            versions = {article.language: article for article in self._store.articles(collection, label)}
            # One that was retired since the index was looked up has none.
            article = versions.get(language) or versions.get("en") or next(iter(versions.values()), None)
            if article and article.verbatim and _is_asked(question, versions.values()):
                given = Passage(label, article.language, article.title, _APPROVED, article.text, article.language == language)
                if own is None:
                    own = given
                else:
                    found.append(given)
                continue
            score = calibration.probability(ranking.features(place))
            found += [self._article_passage(collection, index, ranking, article, question, score)] if article else []
        if own:
            return Found([own, *found][:most], True)
        first = ranking.labels[order[0]]
        top_score = calibration.probability(ranking.features(order[0]))
        about_product = first.startswith(ATTRIBUTE) and not about.products and top_score >= calibration.threshold
        confident = bool(found) and first != UNANSWERABLE and not about_product and found[0].score >= calibration.threshold
        plain = confident and bool(about.asked) and found[0].article.startswith(PREFIX)
        unanswerable = first == UNANSWERABLE and top_score >= _SURELY
        return Found(found[:most], confident, about_product, unanswerable, plain, index.has_questions)

    def _reader(self, collection: str) -> Reader | None:
        return get_reader(self.reranker, lambda keys: {row.key_id: row.text for row in self._store.keys(collection, keys)})

    def _rank(
        self, index: SearchIndex, collection: str, question: str, about: _About, language: str
    ) -> tuple[Ranking, list[int]]:
        """What a question is close to, and the places of attributes of products among that."""
        reranker = get_reranker(self.reranker)
        reader = None if index.has_questions else self._reader(collection)
        ranking = index.rank(question, self._encoder, language, reranker, reader)
        attributes = ranking.places(lambda label: label.startswith(ATTRIBUTE))
        if about.products and attributes:
            without_names = index.rank(about.unnamed, self._encoder, language, reranker)
            self._ask_of_products(ranking, without_names, attributes, plain=bool(about.asked))
            ranking.scores[attributes] += _bonus(about, named=about.unnamed != question)
        elif attributes:
            self._ask_of_all(ranking, attributes)
        return ranking, attributes

    @staticmethod
    def _ask_of_all(ranking: Ranking, attributes: list[int]) -> None:
        """Where no product is spoken of, who asks whether it can be sent back asks for the rule: the article that is nearest counts for both."""
        returnable = next((place for place in attributes if ranking.labels[place] == ATTRIBUTE + _RETURNABLE), None)
        articles = np.array(
            [place for place, label in enumerate(ranking.labels) if not (label.startswith(ATTRIBUTE) or label == UNANSWERABLE)]
        )
        if returnable is None or not len(articles):
            return
        nearest = articles[ranking.scores[articles].argmax()]
        for values in (ranking.scores, ranking.similarities, ranking.decisions):
            values[nearest] = max(values[nearest], values[returnable])
        ranking.scores[returnable] = ranking.scores.min()

    @staticmethod
    def _ask_of_products(ranking: Ranking, unnamed: Ranking, attributes: list[int], *, plain: bool) -> None:
        """Compare with what is asked of a product: the questions for attributes, and those that nothing answers, name none.

        Articles do now and then, so they are compared with both, lest one wins by the name alone; and what nothing answers is as like as the
        likelier of both, "how many lumens has the lamp" asks for something by its name too; but as articles are where the question
        names an attribute: "what does the tablet cost at yours" is only without the tablet like what others ask for things that are not sold.

        Args:
            plain: whether the question names an attribute.
        """
        places = {label: place for place, label in enumerate(unnamed.labels)}
        unanswerable = ranking.places(lambda label: label == UNANSWERABLE)
        known_without_names = {*attributes, *unanswerable}
        by_name = ranking.scores[unanswerable]
        for name in ("scores", "similarities", "decisions"):
            whole, part = getattr(ranking, name), getattr(unnamed, name)
            for place, label in enumerate(ranking.labels):
                other = places.get(label)
                if other is not None:
                    whole[place] = part[other] if place in known_without_names else (whole[place] + part[other]) / 2
        both = ranking.scores[unanswerable], by_name
        ranking.scores[unanswerable] = np.mean(both, axis=0) if plain else np.maximum(*both)

    def _without_products(self, articles: Iterable[Article]) -> Iterator[Article]:
        """The articles; what nothing answers without the products it names, since it is them that the shop does sell."""
        finder, catalogue = self._finder()
        if not finder:
            yield from articles
            return
        # It takes seconds a language, so it is kept for as long as products have the same names.
        kept = Memory(self._folder / "unnamed", verbose=0)
        unnamed = kept.cache(all_without, ignore=["finder", "catalogue"])
        digest = digest_of_names(self._data, catalogue)
        for article in articles:
            if article.article_id == UNANSWERABLE:
                names = finder.of(article.language)
                article = replace(article, questions=unnamed(article.questions, digest, names, catalogue))
            yield article
        kept.reduce_size(items_limit=_KEPT_UNNAMED)

    def _finder(self, language: str | None = None) -> tuple[ProductFinder | None, list[Product]]:
        """What finds products in texts of a language, or of any, and the products; None where there is no catalogue."""
        if not (self._shop and self._data):
            return None, []
        catalogue = self._shop.products()
        finder = product_finder(self._data, tuple((product.name, product.sku) for product in catalogue))
        return finder.of(language) if language else finder, catalogue

    def names_only(self, question: str, language: str) -> bool:
        """Whether a question names a product and says nothing of it: "and the watch?"."""
        finder, catalogue = self._finder(language)
        if not finder or not mentioned(finder, question, catalogue):
            return False
        return letters(without(finder, question, catalogue)) <= _SAYS_NOTHING

    def elsewhere(self, question: str, before: str, language: str) -> str:
        """What was asked before, without the place that it named where the question puts another in its stead: "and to Austria?"."""
        if not self._data or not places_in(self._data, question, language):
            return before
        return without_places(self._data, before, language)

    def _products(self, question: str, newest: str, context: Sequence[str], language: str) -> _About:
        """The products that are spoken of, and what is asked of them."""
        finder, catalogue = self._finder(language)
        if not finder:
            return _About(unnamed=question)
        products = named = compared(newest, mentioned(finder, newest, catalogue), catalogue)
        if len(named) < _TWO:
            earlier = (mentioned(finder, text, catalogue) for text in (question, *reversed(context)) if text != newest)
            spoken_of = list(filter(None, earlier))
            before = next(iter(spoken_of), [])
            if len(spoken_of) > 1 and len(spoken_of[1]) >= _TWO and all(one in before for one in spoken_of[1]):
                # An answer about two products names what goes with them as well.
                before = spoken_of[1]
            products = named or told_apart(newest, before, catalogue) or before
            if len(products) < _TWO and compares(without(finder, newest, catalogue), language):
                products = beside(products, spoken_of)
        if not products:
            return _About(unnamed=question)
        unnamed = without(finder, newest, catalogue)
        asked = attributes_named(self._data, unnamed, language)
        implied = [_WORKS_WITH] if any(starmap(_works_with, combinations(named, 2))) else []
        plainly = bool(named) and asks_only(self._data, unnamed, language)
        return _About(products, catalogue, without(finder, question, catalogue), asked, implied, plainly)

    @staticmethod
    def _about_attributes(scores: np.ndarray, places: list[int]) -> float:
        """How likely a question that names a product is about one of its attributes rather than an article or the unknown."""
        lead = scores[places].max() - np.delete(scores, places).max(initial=scores.min())
        return float(1 / (1 + np.exp(-_ATTRIBUTE_SLOPE * lead)))

    @staticmethod
    def _attributes(ranking: Ranking, places: list[int], asked: Sequence[str]) -> list[str]:
        """The attributes that a question asks for: those that it names, and what it is most like.

        Args:
            places: of all attributes.
            asked: those that it names; they are not heard where it is far more like another: "vale" costs, and suits.
        """
        scores = {ranking.labels[place].removeprefix(ATTRIBUTE): float(ranking.scores[place]) for place in places}
        ranked = sorted(scores, key=lambda name: -scores[name])
        if ranked[0] == OVERVIEW and not asked:
            return [OVERVIEW]
        ranked = [name for name in ranked if name != OVERVIEW] or [OVERVIEW]
        named = [name for name in asked if scores[ranked[0]] - scores.get(name, -1.0) < _FAR_MORE_LIKE]
        rival = ranked[0] if named or len(ranked) == 1 else ranked[1]
        named = named or ranked[:1]
        near = abs(max(scores[name] for name in named) - scores[rival]) < _SECOND_ATTRIBUTE
        return [*named, rival] if near and rival not in named else named

    def _product_passages(self, about: _About, attributes: list[str], language: str, score: float) -> list[Passage]:
        products = about.products
        if OVERVIEW in attributes:
            return [self._overview(product, about, language, score) for product in products[:3]]
        if attributes[0] == _WORKS_WITH and len(products) > 1:
            # Of two products the one that lists what it works with answers for both.
            products = sorted(products, key=lambda one: not set(one.compatible_with) & {other.sku for other in products})[:1]
        return [
            Passage(
                PREFIX + product.sku,
                language,
                product.name,
                score,
                " ".join(self._facts.sentence(name, product, about.catalogue, language) for name in attributes),
            )
            for product in products[:3]
        ]

    def _overview(self, product: Product, about: _About, language: str, score: float) -> Passage:
        """What a product is altogether, or where several are spoken of, what distinguishes it."""
        others = [one for one in about.products[:3] if one is not product]
        told = (
            self._facts.difference(product, others, about.catalogue, language)
            if others
            else self._facts.summary(product, about.catalogue, language)
        )
        return Passage(PREFIX + product.sku, language, product.name, score, told)

    def _article_passage(
        self, collection: str, index: SearchIndex, ranking: Ranking, article: models.Article, question: str, score: float
    ) -> Passage:
        """What an article says to a question that is none of its own: all of it, of a long one what is nearest; a pair's answer stays whole."""
        label, text = article.article_id, article.text
        if article.verbatim:
            return Passage(label, article.language, article.title, score, text)
        if len(passages(text)) > 1 and (len(text) > 600 or text.startswith("#") or "\n#" in text):
            nearest = index.nearest_passages(label, question, self._encoder, article.language)
            read = [key for key in ranking.read.get(label, ()) if key in nearest]
            nearest = [*read, *(key for key in nearest if key not in read)]
            texts = {row.key_id: row.text for row in self._store.keys(collection, nearest)}
            text = together([texts[key] for key in nearest if key in texts], [texts[key] for key in sorted(texts)]) or text
        return Passage(label, article.language, article.title, score, " ".join(text.lstrip("# ").split()))

    def article(self, article_id: str, language: str, collection: str = SHOP) -> Passage | None:
        """An article to be read, in a language if it is there in it; a product's facts for `product:SKU`."""
        if article_id.startswith(PREFIX):
            return self._of_product(article_id, language, self._facts.text)
        versions = {article.language: article for article in self._store.articles(collection, article_id) if article.text}
        article = versions.get(language) or versions.get("en") or next(iter(versions.values()), None)
        return article and Passage(article_id, article.language, article.title, 1.0, article.text)

    def summary(self, sku: str, language: str) -> Passage | None:
        """What the catalogue says of a product, in brief."""
        return self._of_product(PREFIX + sku, language, self._facts.summary)

    def _of_product(self, article_id: str, language: str, told: Callable[[Product, list[Product], str], str]) -> Passage | None:
        catalogue = self._shop.products() if self._shop else []
        product = next((one for one in catalogue if PREFIX + one.sku == article_id), None)
        return product and Passage(article_id, language, product.name, 1.0, told(product, catalogue, language))


def _written_at(path: Path) -> float:
    """When a file was written; the beginning of time where it is gone."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _bonus(about: _About, *, named: bool) -> float:
    """What speaks for a question's being about attributes of its products.

    Args:
        named: whether it names them itself.
    """
    if not named:
        return 0.0 if about.asked else _PRODUCT_BEFORE
    return _COMPARED if (about.asked and len(about.products) > 1) or about.implied else _NAMED_PRODUCT


def _is_asked(question: str, versions: Iterable[models.Article]) -> bool:
    """Whether a question reads the same as one of an article's own, in whatever language."""
    return bare(question) in {bare(one) for version in versions for one in version.questions}


def _works_with(one: Product, other: Product) -> bool:
    """Whether the catalogue says of either that it works with the other."""
    return other.sku in one.compatible_with or one.sku in other.compatible_with


def make_knowledge_base(settings: Settings, database: Database) -> KnowledgeBase:
    """The knowledge base of the settings, over our own database."""
    from tongshi.language.vectors import get_encoder
    from tongshi.responses.catalog import get_replies
    from tongshi.storage.shop import make_shop

    neighbours = make_neighbours(settings, database)
    return KnowledgeBase(
        KnowledgeStore(database),
        get_encoder(settings.encoder),
        # An index that has neighbours of its own is another than one that shares them.
        settings.home / "index" / ("shared" if neighbours else ""),
        make_shop(database),
        ProductFacts(settings.data, get_replies()),
        settings.data,
        neighbours,
        settings.reranker,
    )
