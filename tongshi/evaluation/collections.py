"""Collections to measure on: invented businesses as search keys, and a knowledge base of their own for whatever is put into it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from tongshi.knowledge.articles import passages
from tongshi.knowledge.base import KnowledgeBase
from tongshi.knowledge.calibrate import Asked
from tongshi.language.identify import get_identifier
from tongshi.language.vectors import Encoder, get_encoder, normalise
from tongshi.settings import Settings
from tongshi.storage.database import Database
from tongshi.storage.knowledge import KeyRow, KnowledgeStore
from tongshi.training.businesses import Business, read
from tongshi.training.centres import read as read_centres


@contextmanager
def empty_knowledge(settings: Settings) -> Iterator[KnowledgeBase]:
    """A knowledge base with nothing in it, searched as the settings say, until the block ends."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'knowledge.db'}")
        database.upgrade()
        yield KnowledgeBase(
            KnowledgeStore(database), get_encoder(settings.encoder), Path(folder) / "index", reranker=settings.reranker
        )
        database.engine.dispose()


def business_collections(data: Path, encoder: Encoder, split: str) -> Iterator[tuple[list[KeyRow], list[Asked]]]:
    """Titles and passages of each business of a split as search keys, without similar questions, and what its customers ask.

    Attempts to lead the agent astray are left out: they are no matter of search.

    Args:
        data: the project's data folder.
        encoder: for the keys' vectors.
        split: train, validation or test.
    """
    for business in read(data / "finetune" / "businesses", get_identifier()).businesses:
        if business.split == split:
            yield _keys(business, encoder), _asked(business)


def centre_collections(data: Path, encoder: Encoder, split: str) -> Iterator[tuple[list[KeyRow], list[Asked]]]:
    """Likewise each invented help centre of a split, as an import puts it into a collection.

    Args:
        data: the project's data folder.
        encoder: for the keys' vectors.
        split: train or validation.
    """
    for centre in read_centres(data / "finetune" / "centres"):
        if centre.split != split:
            continue
        titles = [(one.article_id, one.language, "title", one.title) for one in centre.articles]
        rows = _rows([*titles, *((one.article, one.language, "passage", one.text) for one in centre.pieces)], encoder)
        places = {piece: len(titles) + number for number, piece in enumerate(centre.pieces)}
        yield (
            rows,
            [
                Asked(
                    one.ask,
                    one.language,
                    tuple({piece.article for piece in one.right}),
                    frozenset(places[piece] for piece in one.right),
                )
                for one in centre.questions
            ],
        )


def _keys(business: Business, encoder: Encoder) -> list[KeyRow]:
    found = [
        (topic, language, kind, piece)
        for topic, texts in business.passages.items()
        for language, text in texts.items()
        for kind, piece in (("title", business.titles[topic][language]), *(("passage", one) for one in passages(text)))
    ]
    return _rows(found, encoder)


def _rows(found: Sequence[tuple[str, str, str, str]], encoder: Encoder) -> list[KeyRow]:
    vectors = np.asarray(encoder.encode([normalise(text) for *_, text in found]), np.float32)
    return [
        KeyRow(number, topic, language, kind, text, vector.tobytes())
        for number, ((topic, language, kind, text), vector) in enumerate(zip(found, vectors))
    ]


def _asked(business: Business) -> list[Asked]:
    # A follow-up is searched with the customer's turn before it.
    return [
        Asked(" ".join([*one.before[-2:-1], one.ask]), one.language, one.rests)
        for one in business.questions
        if one.kind != "attack"
    ]
