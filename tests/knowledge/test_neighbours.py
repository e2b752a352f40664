"""Neighbours: the same tests on each back end that can run here."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

from tests.knowledge.helpers import HashEncoder
from tongshi.errors import TongshiError, Unavailable
from tongshi.knowledge import neighbours
from tongshi.knowledge.articles import Article
from tongshi.knowledge.base import KnowledgeBase
from tongshi.knowledge.editing import Editor
from tongshi.knowledge.index import SearchIndex
from tongshi.knowledge.neighbours import Graph, Neighbours, SharedNeighbours, make_neighbours
from tongshi.settings import Settings
from tongshi.storage.database import Database
from tongshi.storage.knowledge import KeyRow, KnowledgeStore
from tongshi.storage.qdrant import QdrantVectors
from tongshi.storage.vectors import PgVectors, VectorStore

STORES = ("pgvector", "qdrant")
DIMENSIONS = 32
RETURNS = Article("returns", "en", "Returns", "You can return an item within 30 days.", ("how long can i send it back",))
PARCELS = Article("parcels", "en", "Parcels", "Parcels take 3 to 5 days.", ("how long does it take",))
NOBODY_THERE = "http://127.0.0.1:1"


def shared(name: str, request: pytest.FixtureRequest) -> VectorStore:
    if name == "pgvector":
        return PgVectors(request.getfixturevalue("pgvector_database"))
    pytest.importorskip("qdrant_client")
    store = QdrantVectors("", "", request.getfixturevalue("quick_folder"))
    request.addfinalizer(store.close)
    return store


@pytest.fixture(params=STORES)
def store(request) -> VectorStore:
    """Each store of vectors that processes share."""
    return shared(request.param, request)


@pytest.fixture(params=[None, *STORES], ids=str)
def made(request) -> Callable[[np.ndarray, np.ndarray], Neighbours]:
    """Makes neighbours of each kind, with keys in them."""
    if request.param is None:
        return Graph

    def make(ids: np.ndarray, vectors: np.ndarray) -> Neighbours:
        found = SharedNeighbours(shared(request.param, request), "kb")
        found.sync(ids, vectors)
        return found

    return make


@pytest.fixture
def quick_folder(tmp_path) -> Iterator[Path]:
    """A folder in memory where there is one: the embedded Qdrant has the disk confirm each key by itself."""
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if memory.is_dir() else tmp_path) as folder:
        yield Path(folder)


def random_keys(count: int, first: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Ids from `first` on, and vectors of length one."""
    vectors = np.random.default_rng(first).normal(size=(count, DIMENSIONS)).astype(np.float32)
    return np.arange(first, first + count), vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def recall(found: Neighbours, ids: np.ndarray, vectors: np.ndarray, questions: np.ndarray) -> float:
    """Share of the ten nearest by comparing all that the neighbours find."""
    exact = [set(ids[np.argsort(-vectors @ question)[:10]]) for question in questions]
    return float(np.mean([len(right & set(found.search(one, 10))) / 10 for right, one in zip(exact, questions)]))


def test_of_5000_random_keys_nearly_all_that_are_nearest_are_found(made):
    ids, vectors = random_keys(5000)
    assert recall(made(ids, vectors), ids, vectors, random_keys(50, first=9000)[1]) >= 0.95


def test_keys_that_come_are_found_and_keys_that_go_are_not(made):
    ids, vectors = random_keys(300)
    found = made(ids, vectors)
    assert found.search(vectors[7], 1).tolist() == [8]
    new_ids, new_vectors = random_keys(50, first=1000)
    ids, vectors = np.concatenate([ids[100:], new_ids]), np.concatenate([vectors[100:], new_vectors])
    found.sync(ids, vectors)
    # A graph of neighbours is walked, not read whole: once in a while it misses one.
    assert np.mean([int(found.search(vector, 1)[0]) == one for one, vector in zip(ids, vectors)]) >= 0.98
    assert found.search(random_keys(300)[1][7], 1).tolist() != [8]
    everything = set(found.search(vectors[0], 1000).tolist())
    assert everything <= set(ids.tolist()) and len(everything) >= 0.98 * len(ids)


def test_a_graph_whose_file_is_gone_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match="gone"):
        Graph.load(tmp_path / "gone.usearch", random_keys(3)[0])


def test_collections_are_kept_apart(store):
    both = [random_keys(40), random_keys(40, first=500)]
    found = [SharedNeighbours(store, name) for name in ("one", "two's")]
    for one, keys in zip(found, both):
        one.sync(*keys)
    assert [sorted(one.search(both[0][1][0], 100)) for one in found] == [ids.tolist() for ids, _ in both]


def test_vectors_of_another_encoder_take_the_place_of_the_old(store):
    found = SharedNeighbours(store, "kb")
    found.sync(*random_keys(40))
    ids, vectors = random_keys(30, first=100)
    shorter = vectors[:, :16] / np.linalg.norm(vectors[:, :16], axis=1, keepdims=True)
    found.sync(ids, shorter)
    assert [int(found.search(vector, 1)[0]) for vector in shorter] == ids.tolist()
    assert (store.held("kb", DIMENSIONS).tolist(), store.held("kb", 16).tolist()) == ([], ids.tolist())


def test_a_process_that_starts_puts_right_what_is_there_and_leaves_what_is_newer(store):
    ids, vectors = random_keys(40)
    newer_ids, newer_vectors = random_keys(3, first=41)
    store.change("kb", ids[5:], vectors[5:], ids[:0])
    store.change("kb", newer_ids, newer_vectors, ids[:0])
    SharedNeighbours(store, "kb").sync(np.delete(ids, [8, 9]), np.delete(vectors, [8, 9], axis=0))
    assert store.held("kb", DIMENSIONS).tolist() == [*np.delete(ids, [8, 9]), *newer_ids]


class TestInTheKnowledgeBase:
    @pytest.fixture
    def articles(self, database, clock) -> KnowledgeStore:
        return KnowledgeStore(database, clock)

    @pytest.fixture
    def base(self, articles, store, tmp_path) -> Callable[[str], KnowledgeBase]:
        """Makes the knowledge base of a process with a folder of its own."""
        return lambda name: KnowledgeBase(articles, HashEncoder(), tmp_path / name, neighbours=partial(SharedNeighbours, store))

    def test_a_change_is_seen_by_another_process_within_a_second(self, base, articles, store):
        here, elsewhere = base("here"), base("elsewhere")
        here.put([RETURNS, PARCELS], "kb")
        assert elsewhere.search("can i send it back", "en", "kb").passages
        editor = Editor(articles, here.writer, "kb")
        for days in (14, 60):
            editor.draft(replace(RETURNS, text=f"You can return an item within {days} days."), "ana")
            editor.approve("returns", "en", "ana")
            began = time.perf_counter()
            texts = [passage.text for passage in elsewhere.search(f"within {days} days", "en", "kb").passages]
            assert time.perf_counter() - began < 1
            assert f"You can return an item within {days} days." in texts
            assert store.held("kb", HashEncoder.dimensions).tolist() == articles.key_ids("kb")
        editor.retire("returns", "en", "ana")
        assert [passage.article for passage in elsewhere.search("can i send it back", "en", "kb").passages] == ["parcels"]
        assert store.held("kb", HashEncoder.dimensions).tolist() == articles.key_ids("kb")

    def test_an_index_that_was_saved_asks_the_store_again(self, base):
        base("here").put([RETURNS, PARCELS], "kb")
        again = base("here")
        assert {passage.article for passage in again.search("how long", "en", "kb").passages} == {"returns", "parcels"}

    def test_an_import_that_brings_nothing_new_fills_an_empty_store(self, articles, store, base, tmp_path):
        KnowledgeBase(articles, HashEncoder(), tmp_path / "before").put([RETURNS], "kb")
        base("here").put([RETURNS], "kb")
        assert store.held("kb", HashEncoder.dimensions).tolist() == articles.key_ids("kb")


class TestAStoreThatDoesNotAnswer:
    def test_all_keys_are_compared_at_once(self, database, clock, tmp_path):
        pytest.importorskip("qdrant_client")
        away = QdrantVectors(NOBODY_THERE, "", tmp_path)
        base = KnowledgeBase(KnowledgeStore(database, clock), HashEncoder(), tmp_path, neighbours=partial(SharedNeighbours, away))
        base.put([RETURNS, PARCELS], "kb")
        began = time.perf_counter()
        for _ in range(5):
            assert {one.article for one in base.search("how long", "en", "kb").passages} == {"returns", "parcels"}
        assert time.perf_counter() - began < 2

    def test_it_is_filled_once_it_is_back(self, tmp_path, monkeypatch):
        pytest.importorskip("qdrant_client")
        monkeypatch.setattr(neighbours, "PAUSE", 0.0)
        somebody = QdrantVectors("", "", tmp_path / "qdrant")
        somebody.held("kb", DIMENSIONS)
        found = SharedNeighbours(QdrantVectors("", "", tmp_path / "qdrant"), "kb")
        ids, vectors = random_keys(30)
        found.sync(ids, vectors)
        with pytest.raises(Unavailable, match="TONGSHI_QDRANT_URL"):
            found.search(vectors[3], 1)
        somebody.close()
        assert found.search(vectors[3], 1).tolist() == [4]


class TestSettings:
    def test_by_default_each_process_has_its_own(self, database):
        assert make_neighbours(Settings(), database) is None

    def test_qdrant_is_embedded_in_the_home_where_no_server_is_named(self, database, tmp_path):
        pytest.importorskip("qdrant_client")
        make = make_neighbours(Settings(home=tmp_path, neighbours="qdrant"), database)
        make("kb").sync(*random_keys(3))
        assert (tmp_path / "qdrant" / "collection" / "tongshi-kb").is_dir()

    def test_pgvector_needs_postgresql(self, database):
        with pytest.raises(TongshiError, match="TONGSHI_DATABASE_URL=postgresql"):
            make_neighbours(Settings(neighbours="pgvector"), database)

    def test_pgvector_needs_the_extension(self, plain_postgresql):
        database = Database(plain_postgresql)
        with pytest.raises(TongshiError, match="CREATE EXTENSION vector"):
            PgVectors(database).held("kb", DIMENSIONS)
        database.engine.dispose()


def test_keys_whose_time_comes_stay_with_their_vectors(tmp_path):
    ids, vectors = random_keys(30)
    rows = [KeyRow(int(number), f"a{number}", "en", "passage", f"text {number}", v.tobytes()) for number, v in zip(ids, vectors)]
    index = SearchIndex.build("1", rows[10:], large=5).updated("2", rows[:3], ids[12:])
    assert index.key_ids.tolist() == [1, 2, 3, *range(13, 31)]
    index = index.updated("3", rows[5:6], np.array([2, 20]))
    assert index.key_ids.tolist() == [2, 6, 20]
    assert [index._keys.names[label] for label in index._keys.labels] == ["a2", "a6", "a20"]
    assert index._keys.vectors == pytest.approx(vectors[[1, 5, 19]])
