"""The knowledge base: put articles in, find what answers a question."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import joblib
import numpy as np

from tongshi.commerce.ports import ShopSystem
from tongshi.errors import TongshiError
from tongshi.knowledge.articles import ATTRIBUTE, UNANSWERABLE, Article, passages
from tongshi.knowledge.index import SearchIndex, get_calibration
from tongshi.knowledge.products import (
    PREFIX,
    ProductFacts,
    mentioned,
    product_finder,
    without,
)
from tongshi.knowledge.writing import Change, Progress, Writer
from tongshi.language.vectors import Encoder
from tongshi.storage.knowledge import KnowledgeStore
from tongshi.storage.models import APPROVED, Product

SHOP = "shop"
"""Name of the collection that holds the shop's own articles and product questions."""

_NAMED_PRODUCT = 0.12
_SECOND_ATTRIBUTE = 0.08
_ATTRIBUTE_SLOPE = 8.0
_EXACT = 0.93
_VERSION = re.compile(r"\d+(\.\d+)?")


@dataclass(frozen=True)
class Passage:
    """Something an answer may rest on.

    Attributes:
        article: the policy's id, or `product:SKU`.
        score: probability from 0 to 1 that it answers the question.
        text: in `language`; for an article the passage nearest to the question, for a product the facts asked for.
        verbatim: whether the text is an editor's answer to just this question, to be given word for word.
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
    """

    passages: list[Passage]
    confident: bool
    about_product: bool = False


class KnowledgeBase:
    """Articles and products, searched together.

    Args:
        store: where articles are kept.
        encoder: makes the vectors of keys and questions.
        folder: where built indexes are kept.
        shop: for the facts of products; None where there is no catalogue.
        facts: puts them into sentences.
        data: the project's data folder, for how customers call products.

    Attributes:
        writer: keeps changes of its articles.
    """

    def __init__(
        self,
        store: KnowledgeStore,
        encoder: Encoder,
        folder: Path,
        shop: ShopSystem | None = None,
        facts: ProductFacts | None = None,
        data: Path | None = None,
    ) -> None:
        self.writer = Writer(store, lambda: encoder)
        self._store = store
        self._encoder = encoder
        self._folder = folder
        self._shop = shop
        self._facts = facts
        self._data = data
        self._indexes: dict[str, SearchIndex] = {}
        self._lock = threading.Lock()

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
        change = self.writer.put(articles, collection, whole=whole, status=status, progress=progress)
        if change.any and self._store.keys(collection):
            self._index(collection)
        return change

    def _index(self, collection: str) -> SearchIndex:
        """The collection's index at its present version: in memory, else from disk, else built.

        Raises:
            TongshiError: there is no such collection, or nothing in it.
        """
        version = self._store.version(collection)
        if version is None:
            raise TongshiError(
                f"There is no collection {collection!r}. Make one with `tongshi knowledge import PATH --collection {collection}`."
            )
        with self._lock:
            index = self._indexes.get(collection)
            if index is None or index.version != version:
                path = self._folder / f"{collection}-{version}.joblib"
                index = joblib.load(path) if path.exists() else self._build(collection, version, path)
                self._indexes[collection] = index
            return index

    def _build(self, collection: str, version: str, path: Path) -> SearchIndex:
        keys = self._store.keys(collection)
        if not keys:
            raise TongshiError(f"The collection {collection!r} is empty.")
        index = SearchIndex.build(version, keys)
        index.save(path)
        for old in self._folder.glob(f"{collection}-*.joblib"):
            if old != path and _VERSION.fullmatch(old.stem.removeprefix(f"{collection}-")):
                old.unlink(missing_ok=True)
        return index

    def index(self, collection: str = SHOP) -> SearchIndex:
        """The collection's index, for measuring."""
        return self._index(collection)

    def search(self, question: str, language: str, collection: str = SHOP, most: int = 5, context: str = "") -> Found:
        """What answers a question, best first.

        Args:
            question: in any language.
            language: which an article is wanted in, if it is there; else in English, else in any.
            most: how many passages at the most.
            context: what was said before, to know which product is spoken of.
        """
        index = self._index(collection)
        ranking = index.rank(question, self._encoder)
        products, catalogue, unnamed = self._products(question, context) if collection == SHOP else ([], [], question)
        attribute_places = [place for place, label in enumerate(index.labels) if label.startswith(ATTRIBUTE)]
        if products:
            # The questions for attributes name no product, so they are compared with what is asked of it; those that cannot be answered
            # often do, so they are compared with both, lest they win by the name alone.
            none = [place for place, label in enumerate(index.labels) if label == UNANSWERABLE]
            for whole, part in zip(ranking, index.rank(unnamed, self._encoder)):
                whole[attribute_places] = np.maximum(whole, part)[attribute_places]
                whole[none] = (whole[none] + part[none]) / 2
            if unnamed != question:
                ranking[0][attribute_places] += _NAMED_PRODUCT
        scores, similarities, decisions = ranking
        order = scores.argsort()[::-1]
        calibration = get_calibration(index.has_questions)
        found: list[Passage] = []
        first_label = index.labels[order[0]]
        top_score = calibration.probability(index.features(order[0], scores, similarities, decisions))
        for place in order[: most * 2]:
            label = index.labels[place]
            if label == UNANSWERABLE:
                continue
            score = calibration.probability(index.features(place, scores, similarities, decisions))
            if label.startswith(ATTRIBUTE):
                # A named product's facts are certain; all that is asked is whether they are meant, or something else.
                score = self._about_attributes(scores, attribute_places)
                if products and not any(one.article.startswith(PREFIX) for one in found):
                    names = self._attributes(index, scores, place, attribute_places)
                    found += self._product_passages(products, names, catalogue, language, score)
                continue
            passage = self._article_passage(collection, index, label, question, language, score)
            found += [passage] if passage else []
        unanswerable = first_label == UNANSWERABLE
        about_product = first_label.startswith(ATTRIBUTE) and not products and top_score >= calibration.threshold
        confident = bool(found) and not unanswerable and not about_product and found[0].score >= calibration.threshold
        return Found(found[:most], confident, about_product)

    def _products(self, question: str, context: str) -> tuple[list[Product], list[Product], str]:
        """Products that are spoken of, the catalogue, and the question without their names."""
        if not (self._shop and self._data):
            return [], [], question
        catalogue = self._shop.products()
        finder = product_finder(self._data, tuple((product.name, product.sku) for product in catalogue))
        for text in (question, context):
            if products := mentioned(finder, text, catalogue):
                return products, catalogue, without(finder, question)
        return [], catalogue, question

    @staticmethod
    def _about_attributes(scores: np.ndarray, places: list[int]) -> float:
        """How likely a question that names a product is about one of its attributes rather than an article or the unknown."""
        lead = scores[places].max() - np.delete(scores, places).max()
        return float(1 / (1 + np.exp(-_ATTRIBUTE_SLOPE * lead)))

    @staticmethod
    def _attributes(index: SearchIndex, scores, place: int, places: list[int]) -> list[str]:
        """The attribute that is asked for, and a second one that is nearly as likely."""
        ranked = sorted(places, key=lambda one: -scores[one])
        names = [index.labels[place]]
        if len(ranked) > 1 and scores[ranked[0]] - scores[ranked[1]] < _SECOND_ATTRIBUTE:
            names.append(index.labels[ranked[1]])
        return [name.removeprefix(ATTRIBUTE) for name in names]

    def _product_passages(
        self, products: list[Product], attributes: list[str], catalogue: list[Product], language: str, score: float
    ) -> list[Passage]:
        if attributes[0] == "compatible" and len(products) > 1:
            # Of two products the one that lists what it works with answers for both.
            products = sorted(products, key=lambda one: not set(one.compatible_with) & {other.sku for other in products})[:1]
        return [
            Passage(
                PREFIX + product.sku,
                language,
                product.name,
                score,
                " ".join(self._facts.sentence(name, product, catalogue, language) for name in attributes),
            )
            for product in products[:3]
        ]

    def _article_passage(
        self, collection: str, index: SearchIndex, label: str, question: str, language: str, score: float
    ) -> Passage | None:
        """What an article says to a question; None where it was retired since the index was looked up."""
        versions = {article.language: article for article in self._store.articles(collection, label)}
        article = versions.get(language) or versions.get("en") or next(iter(versions.values()), None)
        if article is None:
            return None
        text = article.text
        if article.verbatim:
            similarity = index.search(question, self._encoder, 1)[0].similarity
            return Passage(label, article.language, article.title, score, text, verbatim=similarity >= _EXACT)
        if len(passages(text)) > 1 and (len(text) > 600 or text.startswith("#") or "\n#" in text):
            text = index.best_passage(label, question, self._encoder, article.language) or text
        return Passage(label, article.language, article.title, score, " ".join(text.lstrip("# ").split()))

    def article(self, article_id: str, language: str, collection: str = SHOP) -> Passage | None:
        """An article to be read, in a language if it is there in it; a product's facts for `product:SKU`."""
        if article_id.startswith(PREFIX):
            catalogue = self._shop.products() if self._shop else []
            product = next((one for one in catalogue if PREFIX + one.sku == article_id), None)
            return product and Passage(article_id, language, product.name, 1.0, self._facts.text(product, catalogue, language))
        versions = {article.language: article for article in self._store.articles(collection, article_id) if article.text}
        article = versions.get(language) or versions.get("en") or next(iter(versions.values()), None)
        return article and Passage(article_id, article.language, article.title, 1.0, article.text)


def make_knowledge_base(settings, database) -> KnowledgeBase:
    """The knowledge base of the settings, over our own database."""
    from tongshi.language.vectors import get_encoder
    from tongshi.responses.catalog import get_replies
    from tongshi.storage.shop import ShopStore

    return KnowledgeBase(
        KnowledgeStore(database),
        get_encoder(settings.encoder),
        settings.home / "index",
        ShopStore(database),
        ProductFacts(settings.data, get_replies()),
        settings.data,
    )
