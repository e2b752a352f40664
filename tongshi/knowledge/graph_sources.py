"""Whether articles still say what relations of the graph were taken from them for."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from tongshi.knowledge.base import SHOP
from tongshi.knowledge.extraction import CATALOGUE, COUNTRIES, SHOP_FILE
from tongshi.knowledge.graph_kinds import AMOUNT, KINDS, POLICY, figures_in
from tongshi.knowledge.writing import article_of
from tongshi.language.chinese import to_simplified
from tongshi.language.text import bare
from tongshi.storage import models
from tongshi.storage.graph import ORDERS, PERSON, Edge
from tongshi.storage.knowledge import KnowledgeStore, Standing
from tongshi.storage.models import Relation

_NO_ARTICLES = frozenset({CATALOGUE, COUNTRIES, SHOP_FILE, ORDERS, PERSON})
"""Sources of relations that are no articles."""


class Sources:
    """The shop's articles that relations were taken from or are about, as search sees them at this moment.

    Args:
        store: where articles are kept.
        relations: those that will be asked for.
    """

    def __init__(self, store: KnowledgeStore, relations: Iterable[Edge | Relation]) -> None:
        self._store = store
        self._standing: dict[str, list[Standing]] = {}
        wanted = {article_id for one in relations for article_id in (*_policies(one), *_read_in(one))}
        for one in store.standing(SHOP, wanted):
            self._standing.setdefault(one.article.article_id, []).append(one)
        self._texts: dict[int, str] = {}

    def vouch_for(self, relation: Relation) -> bool:
        """Whether a relation that was confirmed may still be rested on: its articles say it, or a person has decided since they changed."""
        if relation.decided_by:
            concerned = (*_policies(relation), *_read_in(relation))
            if all(one.since < relation.changed_at for article_id in concerned for one in self._of(article_id)):
                return True
        return self.say(relation)

    def say(self, relation: Edge | Relation) -> bool:
        """Whether articles say a relation.

        Its policy has to be live and name all its figures, in every language; the article it was read in has to hold the words that say so, in
        some language. Where a file of the shop's states it without figures, its policy has to be as its own file has it, or to hold the file's
        words. Of an article that the shop does not have nothing can be told.
        """
        policies = {article_id: rows for article_id in _policies(relation) if (rows := self._of(article_id))}
        read_in = {article_id: rows for article_id in _read_in(relation) if (rows := self._of(article_id))}
        live = {article_id: [one.article for one in rows if one.live] for article_id, rows in (policies | read_in).items()}
        if not all(live.values()):
            return False
        if not all(any(self._holds(row, relation) for row in live[article_id]) for article_id in read_in):
            return False
        said_by_policies = [row for article_id in policies for row in live[article_id]]
        if relation.figures:
            return all(self._names_figures(row, relation) for row in said_by_policies)
        if relation.source == SHOP_FILE:
            # One that was written by hand has no file to be compared with.
            return all(self._holds(row, relation) or self._is_as_imported(row) for row in said_by_policies if row.imported)
        return True

    def _of(self, article_id: str) -> list[Standing]:
        return self._standing.get(article_id, [])

    def _holds(self, row: models.Article, relation: Edge | Relation) -> bool:
        """Whether an article holds the words that say a relation."""
        if row.article_key not in self._texts:
            self._texts[row.article_key] = _bare(row.text, row.language)
        return _bare(_words(relation), row.language) in self._texts[row.article_key]

    @staticmethod
    def _names_figures(row: models.Article, relation: Edge | Relation) -> bool:
        """Whether all figures of a relation stand in an article."""
        named = figures_in(f"{row.title}\n{row.text}")
        kinds = KINDS[relation.name].figures
        return all(
            any(_is_same(figure, other, kinds[name]) for other in named[kinds[name]].values())
            for name, figure in relation.figures.items()
        )

    def _is_as_imported(self, row: models.Article) -> bool:
        """Whether an article has the text of the file that it was taken in from last, whatever else of it was changed since."""
        if article_of(row).digest == row.imported:
            return True
        versions = [article_of(one, row.article_id, row.language) for one in self._store.versions(row.article_key)]
        return any(one.digest == row.imported and one.text == row.text for one in versions)


def _policies(relation: Edge | Relation) -> list[str]:
    """Ids of the articles that a relation is about."""
    ends = (end.partition(":") for end in (relation.subject, relation.object))
    return [name for kind, _, name in ends if kind == POLICY]


def _read_in(relation: Edge | Relation) -> list[str]:
    """Id of the article that a relation was proposed from."""
    return [] if relation.source in _NO_ARTICLES else [relation.source]


def _words(relation: Edge | Relation) -> str:
    """The words that say a relation: after the policy's id where a file names one, else what stands under an article's title."""
    if relation.source == SHOP_FILE:
        return relation.evidence.partition(": ")[2]
    return relation.evidence.rpartition("\n\n")[2]


def _bare(text: str, language: str) -> str:
    text = " ".join(text.split())
    return bare(to_simplified(text) if language == "zh" else text)


def _is_same(figure: object, other: object, kind: str) -> bool:
    if kind == AMOUNT:
        return Decimal(str(figure)) == Decimal(str(other))
    return str(figure) == str(other)
