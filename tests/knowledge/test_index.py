"""The index of a collection: the same articles first whether all keys are compared or candidates, and changes at once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from tongshi.knowledge.index import SearchIndex
from tongshi.language.vectors import normalise
from tongshi.storage.knowledge import KeyRow

TOPICS = ("refund", "parcel", "invoice", "password", "warranty", "voucher", "address", "repair")
WORDS = ("when", "where", "money", "late", "broken", "new", "old", "lost", "change", "please", "tomorrow", "paper")


class WordEncoder:
    """A sum of one vector a word, so that texts with the same words lie together."""

    name = "words"
    dimensions = 64

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        vectors = np.stack([sum((self._of(word) for word in text.split()), np.zeros(self.dimensions)) for text in texts])
        return (vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)).astype(np.float32)

    def _of(self, word: str) -> np.ndarray:
        seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:4])
        return np.random.default_rng(seed).normal(size=self.dimensions)


@pytest.fixture(scope="module")
def encoder() -> WordEncoder:
    return WordEncoder()


def key(number: int, article: str, text: str, encoder: WordEncoder, kind: str = "question") -> KeyRow:
    vector = encoder.encode([normalise(text)])[0]
    return KeyRow(number, article, "en", kind, text, vector.tobytes())


@pytest.fixture(scope="module")
def keys(encoder) -> list[KeyRow]:
    chance = np.random.default_rng(1)
    rows = []
    for number in range(400):
        topic = TOPICS[number % len(TOPICS)]
        rows.append(key(number + 1, topic, f"{topic} {' '.join(chance.choice(WORDS, 3))}", encoder))
    return rows


def first(index: SearchIndex, question: str, encoder: WordEncoder) -> str:
    ranking = index.rank(question, encoder)
    return ranking.labels[ranking.order[0]]


@pytest.mark.parametrize("large", [10_000, 100])
def test_the_right_article_is_first(keys, encoder, large):
    index = SearchIndex.build("1", keys, large=large)
    assert [first(index, f"{topic} broken tomorrow", encoder) for topic in TOPICS] == list(TOPICS)


@pytest.mark.parametrize("large", [10_000, 100])
def test_an_index_is_the_same_when_loaded(keys, encoder, large, tmp_path):
    built = SearchIndex.build("1", keys, large=large)
    built.save(tmp_path / "one.index")
    loaded = SearchIndex.load(tmp_path / "one.index")
    for topic in TOPICS:
        before, after = (one.rank(f"{topic} please", encoder) for one in (built, loaded))
        assert before.labels == after.labels
        assert before.scores == pytest.approx(after.scores)


@pytest.mark.parametrize("large", [10_000, 100])
def test_a_change_is_found_at_once(keys, encoder, large):
    index = SearchIndex.build("1", keys, large=large)
    kept = np.array([row.key_id for row in keys if row.article_id != "refund"])
    for step in range(3):
        number = 1000 + step
        index = index.updated(str(step + 2), [key(number, f"gift-{step}", f"gift wrapping {'abc'[step]} ribbon", encoder)], kept)
        kept = np.append(kept, number)
        assert index.stale
        assert first(index, f"gift wrapping {'abc'[step]} ribbon", encoder) == f"gift-{step}"
    assert "refund" not in index.rank("refund late money", encoder).labels
    assert first(index, "warranty broken", encoder) == "warranty"
    assert list(index.key_ids) == list(kept)


def test_everything_may_go_but_one(keys, encoder):
    index = SearchIndex.build("1", keys, large=100).updated("2", [], np.array([keys[3].key_id]))
    assert index.rank("what is this", encoder).labels in ([keys[3].article_id], [])


def test_a_question_of_no_known_word_finds_something(keys, encoder):
    assert SearchIndex.build("1", keys, large=100).rank("☎ ☎", encoder).labels


def test_passages_of_one_article_in_one_language_are_given_nearest_first(keys, encoder):
    long = [
        replace(key(500 + number, article, text, encoder, "passage"), language=language)
        for number, (article, language, text) in enumerate(
            [("guide", "en", "lamp off"), ("guide", "de", "lamp on"), ("other", "en", "lamp on"), ("guide", "en", "lamp on")]
        )
    ]
    index = SearchIndex.build("1", [*keys, *long])
    assert index.nearest_passages("guide", "lamp on", encoder, "en") == [503, 500]
    assert index.nearest_passages("guide", "lamp on", encoder, "fr") == []
    assert index.nearest_passages("refund", "lamp on", encoder, "en") == []
    assert index.nearest_passages("nothing", "lamp on", encoder, "en") == []
