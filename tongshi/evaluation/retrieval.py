"""Whether search finds the right article, and knows when there is none.

Four settings beside each other: the shop's articles in all languages; its English and Chinese articles alone; all articles without their
similar questions; and businesses that no training saw, without similar questions. Each beside plain BM25 over words, the same
search with the encoder as published, that without the reranker, and that fused with BM25 by reciprocal rank; where there are no similar questions also with the first passages read.

Of each setting is told how often the right article is first (R@1) and among the first five (R@5), the mean reciprocal rank of the right one
(MRR), how many answers are right, how many questions that nothing answers are abstained from (the recall of abstention), and how many of those
abstained from nothing answers (its precision).
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
from rich.progress import track

from tongshi.evaluation.collections import business_collections
from tongshi.evaluation.tables import TESTS, Report, with_mean
from tongshi.files import read_yaml
from tongshi.knowledge.articles import ATTRIBUTE, UNANSWERABLE
from tongshi.knowledge.base import SHOP, KnowledgeBase, make_knowledge_base
from tongshi.knowledge.calibrate import Asked, KnownVectors
from tongshi.knowledge.index import SearchIndex, get_calibration, get_reader, get_reranker
from tongshi.knowledge.neighbours import make_neighbours
from tongshi.knowledge.products import PREFIX
from tongshi.knowledge.reading import Reader
from tongshi.knowledge.reranker import Reranker
from tongshi.language.segment import terms
from tongshi.language.vectors import Encoder, VectorCache, get_encoder, normalise
from tongshi.settings import LANGUAGES, Settings
from tongshi.storage.knowledge import KeyRow, KnowledgeStore

Finder = Callable[[Asked], tuple[Sequence[str], bool]]
"""Gives ids of articles for a question, best first, and whether it is sure of the first."""

_MOST = 5
_FUSED = 50
"""Articles of each search that are fused by rank."""
_DAMPING = 60
"""The constant of reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009)."""

UNTUNED = "use*0.5+e5*0.5"
_FIRST = "all"
"""The first setting, which is searched as customers do."""


@dataclass(frozen=True)
class Setting:
    """Collections with what is asked of each.

    Attributes:
        unanswerable: questions that are known to have no answer; beside the keys of a collection where abstention is measured.
    """

    name: str
    collections: Sequence[tuple[list[KeyRow], list[Asked]]]
    unanswerable: Sequence[KeyRow] = ()


@dataclass(frozen=True)
class Outcome:
    """What came of a question.

    Attributes:
        rank: of the first article that answers it, from 1; 0 where none that was found does.
        sure: whether search would have answered with the first that it found.
        milliseconds: that the search took.
    """

    asked: Asked
    rank: int
    sure: bool
    milliseconds: float


def report(settings: Settings) -> Report:
    """Recall at 1 of each setting, beside BM25 and the untuned encoder; all else of the first setting, and in parts of the others."""
    from tongshi.storage.database import get_database

    encoders = {"": get_encoder(settings.encoder), " untuned": get_encoder(UNTUNED)}
    base = make_knowledge_base(settings, get_database())
    found = Report(
        "Search: is the right article first?",
        "all",
        notes="tests/evaluation/answers; unseen: businesses of the split test. R@1 unless named; BM25, untuned (the encoder as published), "
        "not reranked, and fused with BM25 by rank beside",
    )
    columns: dict[str, dict[str, float]] = {language: {} for language in LANGUAGES}
    shop = [one for language in LANGUAGES for one in shop_questions(language)]
    for language, row in _whole(base, encoders[""], shop).items():
        columns[language] |= row
    caches = {name: VectorCache(encoder, settings.models / "vectors") for name, encoder in encoders.items()}
    for setting in track(list(_settings(settings, encoders[""], KnowledgeStore(get_database()))), "retrieval", transient=True):
        outcomes = _compared(setting, caches, settings.reranker)
        for name in sorted(outcomes):
            for language in LANGUAGES:
                columns[language].setdefault(name, ranks(_in(language, outcomes[name]))["R@1"])
        if setting.name != _FIRST:
            found.parts.append(_part(setting, outcomes, caches[""], settings.reranker))
    found.rows = [{"language": language, **row} for language, row in columns.items()]
    return with_mean(found)


def _compared(setting: Setting, caches: Mapping[str, VectorCache], name: str) -> dict[str, list[Outcome]]:
    """What came of a setting's questions by each way to search.

    Args:
        caches: of encoders, by what their columns are called.
        name: of the reranker.
    """
    reranker = get_reranker(name)
    finders = {f"{setting.name} BM25": [_bm25(keys) for keys, _ in setting.collections]}
    for suffix, cache in caches.items():
        known = _known(setting, cache)
        indexes = [_index(keys, known) for keys, _ in setting.collections]
        finders[setting.name + suffix] = [_ours(index, known, reranker) for index in indexes]
        if not suffix:
            finders[f"{setting.name} not reranked"] = [_ours(index, known, None) for index in indexes]
            finders[f"{setting.name} fused by rank"] = [
                _fused([_ours(index, known, None, most=_FUSED), _bm25(keys, _FUSED)])
                for index, (keys, _) in zip(indexes, setting.collections)
            ]
            if not indexes[0].has_questions and name == "cross":
                readers = [get_reader("cross", _texts(keys)) for keys, _ in setting.collections]
                finders[f"{setting.name} read"] = [
                    _ours(index, known, reranker, reader) for index, reader in zip(indexes, readers)
                ]
    return {column: judged(found, setting) for column, found in finders.items()}


def _part(setting: Setting, outcomes: Mapping[str, list[Outcome]], cache: VectorCache, name: str) -> Report:
    """A setting as the settings search it.

    Args:
        outcomes: of each way to search.
        cache: of the encoder.
        name: of the reranker.
    """
    plain, read = outcomes[setting.name], outcomes.get(f"{setting.name} read")
    searched = read or plain
    told = _beside_unanswerable(setting, _known(setting, cache), name) if setting.unanswerable else searched
    part = Report(f"Search: {setting.name}", "R@1", notes="as the settings say; milliseconds without the question's vector")
    for language in LANGUAGES:
        row = {"language": language, **ranks(_in(language, searched)), **certainty(_in(language, told))}
        row["ms p50"] = statistics.median(one.milliseconds for one in _in(language, searched))
        if read:
            pairs = zip(_in(language, read), _in(language, plain))
            row["reading ms p50"] = statistics.median(one.milliseconds - other.milliseconds for one, other in pairs)
        part.rows.append(row)
    return with_mean(part)


def _beside_unanswerable(setting: Setting, encoder: Encoder, name: str) -> list[Outcome]:
    """What comes of a setting's questions where those that nothing answers are known, as they are in the shop."""
    indexes = [_index([*keys, *setting.unanswerable], encoder) for keys, _ in setting.collections]
    return judged([_ours(index, encoder, get_reranker(name)) for index in indexes], setting)


def judged(finders: Sequence[Finder], setting: Setting) -> list[Outcome]:
    """What comes of a setting's questions.

    Args:
        finders: one for each of its collections.
    """
    return [_outcome(find, one) for find, (_, asked) in zip(finders, setting.collections) for one in asked]


def _outcome(find: Finder, asked: Asked) -> Outcome:
    began = time.perf_counter()
    ids, sure = find(asked)
    milliseconds = (time.perf_counter() - began) * 1000
    rank = next((place + 1 for place, article in enumerate(ids) if article in asked.articles), 0)
    return Outcome(asked, rank, sure, milliseconds)


def ranks(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """How far in front the right articles are, of questions that have one."""
    found = [one.rank for one in outcomes if one.asked.articles]
    return {
        "R@1": _share([rank == 1 for rank in found]),
        "R@5": _share([0 < rank <= 5 for rank in found]),
        "MRR": _share([1 / rank if rank else 0.0 for rank in found]),
    }


def certainty(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """Whether search answers what it can, and nothing else."""
    return {
        "answered right": _share([one.rank == 1 for one in outcomes if one.sure]),
        "abstained": _share([not one.sure for one in outcomes if not one.asked.articles]),
        "abstained right": _share([not one.asked.articles for one in outcomes if not one.sure]),
    }


def _in(language: str, outcomes: Sequence[Outcome]) -> list[Outcome]:
    return [one for one in outcomes if one.asked.language == language]


def _share(values: Sequence[float]) -> float:
    """The mean; 0 where there are none."""
    return float(np.mean(values)) if values else 0.0


def shop_questions(language: str) -> list[Asked]:
    """The questions to the shop in one language, which no training saw."""
    content = read_yaml(TESTS / "evaluation" / "answers" / f"{language}.yml")
    return [Asked(one["question"], language, (one["article"],) if one["article"] else ()) for one in content["questions"]]


def _known(setting: Setting, cache: VectorCache) -> KnownVectors:
    """The vectors of all that a setting compares, made in one go."""
    texts = {normalise(key.text) for keys in (setting.unanswerable, *(keys for keys, _ in setting.collections)) for key in keys}
    texts |= {normalise(one.text) for _, asked in setting.collections for one in asked}
    ordered = sorted(texts)
    return KnownVectors(dict(zip(ordered, cache.encode(ordered))))


def _settings(settings: Settings, encoder: Encoder, store: KnowledgeStore) -> Iterator[Setting]:
    keys = store.keys(SHOP)
    asked = [one for language in LANGUAGES for one in shop_questions(language) if not _of_product(one)]
    articles = [key for key in keys if key.article_id != UNANSWERABLE and not key.article_id.startswith(ATTRIBUTE)]
    some, unanswerable = (
        [key for key in found if key.language in ("en", "zh")]
        for found in (articles, [key for key in keys if key.article_id == UNANSWERABLE])
    )
    yield Setting(_FIRST, [(articles, asked)])
    yield Setting("en+zh", [(some, asked)], unanswerable)
    yield Setting("no questions", [([key for key in articles if key.kind != "question"], asked)])
    yield Setting("unseen", list(business_collections(settings.data, encoder, "test")))


def _of_product(asked: Asked) -> bool:
    return bool(asked.articles) and asked.articles[0].startswith(PREFIX)


def _whole(base: KnowledgeBase, encoder: Encoder, asked: Sequence[Asked]) -> dict[str, dict[str, float]]:
    """The search as customers meet it: articles, products and what nothing answers together."""
    rows: dict[str, dict[str, float]] = {}
    base.search("warm", "en")
    for language in track(LANGUAGES, "search", transient=True):
        outcomes = [_outcome(partial(_searched, base), one) for one in asked if one.language == language]
        of_articles, of_products = ([one for one in outcomes if _of_product(one.asked) is wanted] for wanted in (False, True))
        found = ranks(of_articles)
        rows[language] = {
            _FIRST: found.pop("R@1"),
            **found,
            "products": ranks(of_products)["R@1"],
            **certainty(outcomes),
            "ms p50": statistics.median(one.milliseconds for one in outcomes),
            "ms p95": float(np.quantile([one.milliseconds for one in outcomes], 0.95)),
            "reranker ms p50": _reranking(base, encoder, [one for one in asked if one.language == language]),
        }
    return rows


def _searched(base: KnowledgeBase, asked: Asked) -> tuple[list[str], bool]:
    found = base.search(asked.text, asked.language, most=_MOST)
    return [passage.article for passage in found.passages], found.confident


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


def _ours(
    index: SearchIndex, encoder: Encoder, reranker: Reranker | None, reader: Reader | None = None, most: int = _MOST
) -> Finder:
    calibration = get_calibration(index.has_questions, "cross" if reader else "linear" if reranker else "off")

    def find(asked: Asked) -> tuple[list[str], bool]:
        ranking = index.rank(asked.text, encoder, asked.language, reranker, reader)
        first = ranking.order[0]
        likely = calibration.probability(ranking.features(first)) >= calibration.threshold
        ids = [ranking.labels[place] for place in ranking.order[:most]]
        return ids, likely and ids[0] != UNANSWERABLE

    return find


def _bm25(keys: Sequence[KeyRow], most: int = _MOST) -> Finder:
    words = [terms(normalise(key.text), key.language) for key in keys]
    index = bm25s.BM25()
    index.index(words, show_progress=False)

    def find(asked: Asked) -> tuple[list[str], bool]:
        known = [word for word in terms(normalise(asked.text), asked.language) if word in index.vocab_dict]
        if not known:
            return [], False
        scores = index.get_scores(known)
        found: dict[str, None] = {}
        for place in np.argsort(-scores):
            if scores[place] <= 0 or len(found) == most:
                break
            found[keys[place].article_id] = None
        return list(found), bool(found)

    return find


def _fused(finders: Sequence[Finder]) -> Finder:
    """What several searches find, fused by reciprocal rank; as sure as the first of them."""

    def find(asked: Asked) -> tuple[list[str], bool]:
        found = [finder(asked) for finder in finders]
        scores: dict[str, float] = {}
        for ids, _ in found:
            for rank, article in enumerate(ids, 1):
                scores[article] = scores.get(article, 0.0) + 1 / (_DAMPING + rank)
        return sorted(scores, key=scores.__getitem__, reverse=True)[:_MOST], found[0][1]

    return find


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
