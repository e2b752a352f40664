"""The indexes of a knowledge base: no search waits for one that is built, and what another process built is taken."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from filelock import FileLock

from tests.knowledge.helpers import HashEncoder
from tongshi.knowledge.articles import Article
from tongshi.knowledge.base import KnowledgeBase
from tongshi.knowledge.editing import Editor
from tongshi.knowledge.index import SearchIndex
from tongshi.storage.knowledge import KnowledgeStore

RETURNS = Article("returns", "en", "Returns", "You can return an item within 30 days.", ("how long can i send it back",))
PARCELS = Article("parcels", "en", "Parcels", "Parcels take 3 to 5 days.", ("how long does it take",))
GIFTS = [Article(f"gift-{number}", "en", f"Gift {number}", f"We wrap gift {number}.") for number in range(20)]


@pytest.fixture
def store(database, clock) -> KnowledgeStore:
    return KnowledgeStore(database, clock)


@pytest.fixture
def process(store, tmp_path) -> Callable[[], KnowledgeBase]:
    """Makes the knowledge base of another process; all have one folder."""
    return lambda: KnowledgeBase(store, HashEncoder(), tmp_path / "index")


@pytest.fixture
def gate(monkeypatch) -> threading.Event:
    """Building an index waits for it once it is cleared."""
    open_gate, build = threading.Event(), SearchIndex.build
    open_gate.set()
    monkeypatch.setattr(SearchIndex, "build", lambda *words, **names: open_gate.wait(20) and build(*words, **names))
    yield open_gate
    open_gate.set()


def approve(store: KnowledgeStore, base: KnowledgeBase, *articles: Article) -> None:
    editor = Editor(store, base.writer, "kb")
    for article in articles:
        editor.draft(article, "ana")
        editor.approve(*article.key, "ana")


def found(base: KnowledgeBase, question: str, collection: str = "kb") -> list[str]:
    return [passage.article for passage in base.search(question, "en", collection).passages]


def is_whole_soon(base: KnowledgeBase) -> bool:
    until = time.monotonic() + 20
    while base._index("kb").stale and time.monotonic() < until:
        time.sleep(0.01)
    return not base._index("kb").stale


def test_the_index_that_another_process_built_takes_the_place_of_a_hasty_one(process, store, tmp_path, monkeypatch):
    here = process()
    here.put([RETURNS, PARCELS], "kb")
    approve(store, here, replace(RETURNS, text="You can return an item within 14 days."))
    with FileLock(tmp_path / "index" / "kb.lock"):
        assert here._index("kb").stale
        version = store.version("kb")
        SearchIndex.build(version, store.keys("kb")).save(tmp_path / "index" / f"kb-{version}.index")
        monkeypatch.setattr(SearchIndex, "build", lambda *_, **__: pytest.fail("built a second time"))
    assert is_whole_soon(here)


def test_a_large_change_is_found_while_the_whole_index_is_built(process, store, gate):
    base = process()
    base.put([RETURNS, PARCELS], "kb")
    approve(store, base, *GIFTS)
    gate.clear()
    assert found(base, "Gift 7")[0] == "gift-7"
    assert base._index("kb").stale
    gate.set()
    assert is_whole_soon(base)
    assert found(base, "Gift 7")[0] == "gift-7"


def test_a_collection_does_not_wait_for_another(process, gate):
    base = process()
    base.put([RETURNS], "kb")
    base.writer.put([PARCELS], "new")
    gate.clear()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(found, base, "parcels", "new")
        time.sleep(0.1)
        assert found(base, "returns") == ["returns"] and not waiting.done()
        gate.set()
        assert waiting.result(20) == ["parcels"]


def test_an_index_that_is_taken_away_before_it_is_read_has_a_newer_one_beside_it(process, store, monkeypatch):
    here, there = process(), process()
    here.put([RETURNS, PARCELS], "kb")
    approve(store, here, replace(RETURNS, text="You can return an item within 14 days."))
    load = SearchIndex.load

    def load_late(path, *rest):
        if path.exists() and "kb" not in there._indexes:
            monkeypatch.setattr(SearchIndex, "load", load)
            here.index("kb")
            monkeypatch.setattr(SearchIndex, "build", lambda *_, **__: pytest.fail("built a second time"))
        return load(path, *rest)

    monkeypatch.setattr(SearchIndex, "load", load_late)
    assert set(found(there, "within 14 days")) == {"returns", "parcels"}
