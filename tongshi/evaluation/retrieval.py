"""Whether search finds the right article, and knows when there is none.

Four settings beside each other: the shop's articles in all languages; its English and Chinese articles alone; all articles without their
similar questions; and businesses that no training saw, without similar questions. Each beside plain BM25 over words, the same
search with the encoder as published, and that without the reranker; where there are no similar questions also with the first passages read.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import bm25s
import numpy as np
import yaml
from rich.progress import track

from tongshi.evaluation.collections import business_collections
from tongshi.evaluation.tables import TESTS, Report, with_mean
from tongshi.knowledge.articles import ATTRIBUTE, UNANSWERABLE
from tongshi.knowledge.base import SHOP, KnowledgeBase, make_knowledge_base
from tongshi.knowledge.calibrate import Asked, KnownVectors
from tongshi.knowledge.index import SearchIndex, get_calibration, get_reader, get_reranker
from tongshi.knowledge.neighbours import make_neighbours
from tongshi.knowledge.reading import Reader
from tongshi.knowledge.reranker import Reranker
from tongshi.language.segment import terms
from tongshi.language.vectors import Encoder, VectorCache, get_encoder, normalise
from tongshi.settings import LANGUAGES, Settings
from tongshi.storage.knowledge import KeyRow, KnowledgeStore

Finder = Callable[[Asked], Sequence[str]]
"""Ids of articles for a question, best first."""

UNTUNED = "use*0.5+e5*0.5"


@dataclass(frozen=True)
class Setting:
    """Collections with what is asked of each."""

    name: str
    collections: Sequence[tuple[list[KeyRow], list[Asked]]]


def report(settings: Settings, sample: int | None = None) -> Report:
    """Recall at 1 of each setting, beside BM25 and the untuned encoder; of the first setting everything else as well."""
    from tongshi.storage.database import get_database

    encoders = {"": get_encoder(settings.encoder), " untuned": get_encoder(UNTUNED)}
    base = make_knowledge_base(settings, get_database())
    found = Report(
        "Search: is the right article first?",
        "all",
        notes="tests/evaluation/answers; unseen: businesses of the split test. R@1 unless named; BM25, untuned (the encoder as published) and "
        "not reranked beside",
    )
    columns: dict[str, dict[str, float]] = {language: {} for language in LANGUAGES}
    shop = [one for language in LANGUAGES for one in shop_questions(language)]
    for language, row in _whole(base, encoders[""], shop).items():
        columns[language] |= row
    for setting in track(list(_settings(settings, encoders[""], KnowledgeStore(get_database()))), "retrieval", transient=True):
        finders = {f"{setting.name} BM25": [_bm25(keys) for keys, _ in setting.collections]}
        for name, encoder in encoders.items():
            known = _known(setting, VectorCache(encoder, settings.models / "vectors"))
            indexes = [_index(keys, known) for keys, _ in setting.collections]
            reranker = get_reranker(settings.reranker)
            finders[setting.name + name] = [_ours(index, known, reranker) for index in indexes]
            if not name:
                finders[f"{setting.name} not reranked"] = [_ours(index, known, None) for index in indexes]
                if not indexes[0].has_questions and settings.reranker == "cross":
                    readers = [get_reader("cross", _texts(keys)) for keys, _ in setting.collections]
                    finders[f"{setting.name} read"] = [
                        _ours(index, known, reranker, reader) for index, reader in zip(indexes, readers)
                    ]
        for name in sorted(finders):
            for language, share in _recall(finders[name], setting).items():
                columns[language].setdefault(name, share)
    found.rows = [{"language": language, **row} for language, row in columns.items()]
    return with_mean(found)


def shop_questions(language: str) -> list[Asked]:
    """The questions to the shop in one language, which no training saw."""
    content = yaml.load((TESTS / "evaluation" / "answers" / f"{language}.yml").read_text("utf-8"), yaml.CSafeLoader)
    return [Asked(one["question"], language, (one["article"],) if one["article"] else ()) for one in content["questions"]]


def _known(setting: Setting, cache: VectorCache) -> KnownVectors:
    """The vectors of all that a setting compares, made in one go."""
    texts = {normalise(key.text) for keys, _ in setting.collections for key in keys}
    texts |= {normalise(one.text) for _, asked in setting.collections for one in asked}
    ordered = sorted(texts)
    return KnownVectors(dict(zip(ordered, cache.encode(ordered))))


def _settings(settings: Settings, encoder: Encoder, store: KnowledgeStore) -> Iterator[Setting]:
    keys = store.keys(SHOP)
    asked = [one for language in LANGUAGES for one in shop_questions(language) if one.articles and not _of_product(one)]
    articles = [key for key in keys if key.article_id != UNANSWERABLE and not key.article_id.startswith(ATTRIBUTE)]
    yield Setting("all", [(articles, asked)])
    yield Setting("en+zh", [([key for key in articles if key.language in ("en", "zh")], asked)])
    yield Setting("no questions", [([key for key in articles if key.kind != "question"], asked)])
    unseen = [
        (keys, [one for one in asked if one.articles]) for keys, asked in business_collections(settings.data, encoder, "test")
    ]
    yield Setting("unseen", unseen)


def _of_product(asked: Asked) -> bool:
    return asked.articles[0].startswith("product:")


def _whole(base: KnowledgeBase, encoder: Encoder, asked: Sequence[Asked]) -> dict[str, dict[str, float]]:
    """The search as customers meet it: articles, products and what nothing answers together."""
    rows: dict[str, dict[str, float]] = {}
    base.search("warm", "en")
    for language in track(LANGUAGES, "search", transient=True):
        ranks, products, milliseconds, answered, right, silent = [], [], [], 0, 0, []
        for one in (one for one in asked if one.language == language):
            began = time.perf_counter()
            found = base.search(one.text, language)
            milliseconds.append((time.perf_counter() - began) * 1000)
            ids = [passage.article for passage in found.passages]
            rank = next((place + 1 for place, article in enumerate(ids) if article in one.articles), 0)
            answered += found.confident
            right += found.confident and rank == 1
            if not one.articles:
                silent.append(not found.confident)
            else:
                (products if _of_product(one) else ranks).append(rank)
        rows[language] = {
            "all": _share(ranks, 1),
            "R@5": _share(ranks, 5),
            "MRR": float(np.mean([1 / rank if rank else 0 for rank in ranks])),
            "products": _share(products, 1),
            "answered right": right / answered,
            "abstained": float(np.mean(silent)),
            "ms p50": statistics.median(milliseconds),
            "ms p95": float(np.quantile(milliseconds, 0.95)),
            "reranker ms p50": _reranking(base, encoder, [one for one in asked if one.language == language]),
        }
    return rows


def _reranking(base: KnowledgeBase, encoder: Encoder, asked: Sequence[Asked]) -> float:
    """Milliseconds that the reranker adds to a search, in the middle."""
    index, reranker = base.index(), get_reranker(base.reranker)
    added = []
    for one in asked:
        index.rank(one.text, encoder, one.language)
        with_it, without = (
            _milliseconds(partial(index.rank, one.text, encoder, one.language, used)) for used in (reranker, None)
        )
        added.append(with_it - without)
    return statistics.median(added)


def _milliseconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def _index(keys: Sequence[KeyRow], encoder: Encoder) -> SearchIndex:
    vectors = np.asarray(encoder.encode([normalise(key.text) for key in keys]), np.float32)
    return SearchIndex.build("", [replace(key, vector=vector.tobytes()) for key, vector in zip(keys, vectors)])


def _texts(keys: Sequence[KeyRow]) -> Callable[[Sequence[int]], Mapping[int, str]]:
    texts = {key.key_id: key.text for key in keys}
    return lambda wanted: texts


def _ours(index: SearchIndex, encoder: Encoder, reranker: Reranker | None, reader: Reader | None = None) -> Finder:
    def find(asked: Asked) -> list[str]:
        ranking = index.rank(asked.text, encoder, asked.language, reranker, reader)
        return [ranking.labels[place] for place in ranking.order[:5]]

    return find


def _bm25(keys: Sequence[KeyRow]) -> Finder:
    words = [terms(normalise(key.text), key.language) for key in keys]
    index = bm25s.BM25()
    index.index(words, show_progress=False)

    def find(asked: Asked) -> list[str]:
        known = [word for word in terms(normalise(asked.text), asked.language) if word in index.vocab_dict]
        if not known:
            return []
        scores = index.get_scores(known)
        return list(dict.fromkeys(keys[place].article_id for place in np.argsort(-scores)[:50] if scores[place] > 0))[:5]

    return find


def _recall(finders: Sequence[Finder], setting: Setting) -> dict[str, float]:
    right: dict[str, list[bool]] = {language: [] for language in LANGUAGES}
    for find, (_, asked) in zip(finders, setting.collections):
        for one in asked:
            best = find(one)
            right[one.language].append(bool(best) and best[0] in one.articles)
    return {language: float(np.mean(values)) for language, values in right.items()}


def _share(ranks: Sequence[int], most: int) -> float:
    return float(np.mean([0 < rank <= most for rank in ranks]))


def scale(settings: Settings, sample: int | None = None) -> Report:
    """Milliseconds of a search in collections of growing size, on one core; the shop's keys, and synthetic ones that fill up.

    Neighbours are those of the settings. What a store that processes share does, it does on cores of its own.

    Args:
        sample: passages of the largest collection, 100,000 by default.
    """
    from tongshi.storage.database import get_database

    encoder = get_encoder(settings.encoder)
    keys = KnowledgeStore(get_database()).keys(SHOP)
    asked = [one for language in LANGUAGES for one in shop_questions(language)[:20]]
    found = Report(
        "Search by size of the collection, one core",
        "ms p95",
        notes="search without the question's vector and the reranker, which stand beside",
    )
    path = settings.home / "index" / "scale.index"
    make = make_neighbours(settings, get_database())
    sizes = [size for size in (1_000, 10_000, 100_000, 1_000_000) if size <= (sample or 100_000)]
    for size in track(sizes, "scale", transient=True):
        neighbours = make("scale") if make else None
        began = time.perf_counter()
        index = SearchIndex.build("", list(_filled(keys, size)), neighbours=neighbours)
        index.take_effect()
        index.save(path)
        built = time.perf_counter() - began
        began = time.perf_counter()
        index = SearchIndex.load(path, neighbours)
        loaded = time.perf_counter() - began
        searched = _times(index, encoder, asked)
        found.rows.append({"passages": f"{size:,}", **searched, "built in s": built, "loaded in s": loaded})
        _remove(path)
        if neighbours:
            neighbours.sync(index.key_ids[:0], np.empty((0, index.dimensions), np.float32))
    return found


def _times(index: SearchIndex, encoder: Encoder, asked: Sequence[Asked]) -> dict[str, float]:
    """Milliseconds of questions on one core."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1), _one_thread():
        encoding = [_milliseconds(partial(encoder.encode, [normalise(one.text)])) for one in asked]
        plain, reranked = ([_timed(index, encoder, one, used) for one in asked] for used in (None, get_reranker("linear")))
    return {
        "ms p50": statistics.median(plain),
        "ms p95": float(np.quantile(plain[len(plain) // 10 :], 0.95)),
        "vector ms p50": statistics.median(encoding),
        "reranker ms p50": statistics.median(np.subtract(reranked, plain)),
    }


def _timed(index: SearchIndex, encoder: Encoder, asked: Asked, reranker: Reranker | None) -> float:
    return _milliseconds(
        lambda: get_calibration(False).probability(index.rank(asked.text, encoder, asked.language, reranker).features(0))
    )


class _one_thread:
    """PyTorch on one thread within the block."""

    def __enter__(self) -> None:
        import torch

        self._before = torch.get_num_threads()
        torch.set_num_threads(1)

    def __exit__(self, *_: object) -> None:
        import torch

        torch.set_num_threads(self._before)


def _filled(keys: Sequence[KeyRow], size: int) -> Iterator[KeyRow]:
    """The keys, or the first of them, and as many like them as are wanted: words of two keys mixed, vectors between theirs with noise."""
    yield from (replace(key, key_id=number) for number, key in enumerate(keys[:size]))
    chance = np.random.default_rng(0)
    for number in range(len(keys), size):
        one, other = (keys[place] for place in chance.integers(len(keys), size=2))
        words = [*one.text.split(), *other.text.split()]
        chance.shuffle(words)
        vector = np.frombuffer(one.vector, np.float32) + np.frombuffer(other.vector, np.float32)
        vector = vector + chance.normal(0, 0.5 / len(vector) ** 0.5, len(vector))
        vector = (vector / np.linalg.norm(vector)).astype(np.float32)
        text = " ".join(words[: max(4, len(words) // 2)])
        yield KeyRow(number, f"filler-{number // 4}", one.language, "passage", text, vector.tobytes())


def _remove(path: Path) -> None:
    for file in path.parent.glob(path.stem + ".*"):
        file.unlink()
