"""The figures of search, by hand and on a collection of a few articles."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.knowledge.test_index import WordEncoder, key
from tongshi.evaluation import retrieval
from tongshi.evaluation.retrieval import Outcome, Setting, certainty, judged, ranks
from tongshi.knowledge.articles import UNANSWERABLE, Article
from tongshi.knowledge.base import SHOP, KnowledgeBase
from tongshi.knowledge.calibrate import Asked
from tongshi.language.vectors import VectorCache
from tongshi.settings import LANGUAGES
from tongshi.storage.knowledge import KnowledgeStore

TEXTS = {"refund": "money back after returning", "parcel": "lost on the way", "invoice": "paper with the tax number"}
RIGHT, NOTHING = Asked("", "en", ("refund",)), Asked("", "en", ())


@pytest.fixture
def encoder() -> WordEncoder:
    return WordEncoder()


def asked(language: str) -> list[Asked]:
    """A question to each article, one to a product, and one that nothing answers."""
    found = [Asked(text, language, (article,)) for article, text in TEXTS.items()]
    return [*found, Asked("tax number", language, ("product:X",)), Asked("☎", language, ())]


def test_figures_are_those_of_the_outcomes():
    outcomes = [
        *(Outcome(RIGHT, rank, sure, 1.0) for rank, sure in ((1, True), (1, False), (2, True), (5, False), (0, True))),
        *(Outcome(NOTHING, 0, sure, 1.0) for sure in (True, False, False)),
    ]
    assert ranks(outcomes) == pytest.approx({"R@1": 2 / 5, "R@5": 4 / 5, "MRR": (1 + 1 + 1 / 2 + 1 / 5) / 5})
    assert certainty(outcomes) == pytest.approx({"answered right": 1 / 4, "abstained": 2 / 3, "abstained right": 2 / 4})


def test_nothing_asked_is_nothing_found():
    assert set(ranks([]).values()) | set(certainty([]).values()) == {0.0}


@pytest.fixture
def setting(encoder) -> Setting:
    keys = [key(number, article, text, encoder, "passage") for number, (article, text) in enumerate(TEXTS.items())]
    return Setting("small", [(keys, [one for language in LANGUAGES for one in asked(language)])])


def test_each_way_to_search_is_judged_by_the_same_questions(encoder, setting, tmp_path):
    cache = VectorCache(encoder, tmp_path)
    outcomes = retrieval._compared(setting, {"": cache}, "linear")
    assert set(outcomes) == {"small", "small BM25", "small not reranked", "small fused by rank"}
    asked_of_each = [[one.asked for one in found] for found in outcomes.values()]
    assert asked_of_each == [setting.collections[0][1]] * 4
    assert ranks(outcomes["small"])["R@1"] == ranks(outcomes["small not reranked"])["R@1"] == 3 / 4
    rows = {row["language"]: row for row in retrieval._part(setting, outcomes, cache, "linear").rows}
    assert set(rows) == {*LANGUAGES, "mean"}
    assert rows["th"]["R@1"] == rows["mean"]["R@5"] == 3 / 4 and "reading ms p50" not in rows["th"]


def test_searches_are_fused_by_the_ranks_that_they_give():
    def finder(*ids, sure=False):
        return lambda asked: (list(ids), sure)

    found, sure = retrieval._fused([finder("a", "b", "c", sure=True), finder("c", "b", "d")])(RIGHT)
    # b and c are found by both; 1/61 + 1/63 is more than 2/62.
    assert (found, sure) == (["c", "b", "a", "d"], True)


def test_abstention_is_measured_beside_what_is_known_to_have_no_answer(encoder, setting):
    known = replace(setting, unanswerable=[key(9, UNANSWERABLE, "☎", encoder)])
    (nothing,) = {one.sure for one in retrieval._beside_unanswerable(known, encoder, "linear") if one.asked.text == "☎"}
    assert nothing is False


def test_what_reading_takes_stands_beside(encoder, setting):
    plain, read = (
        judged([lambda one: (["refund"], False)], setting),
        judged([lambda one: (["parcel"], one.text == TEXTS["parcel"])], setting),
    )
    (row, *_) = retrieval._part(setting, {"small": plain, "small read": read}, encoder, "cross").rows
    assert (row["R@1"], row["answered right"], row["abstained"], row["abstained right"]) == (1 / 4, 1.0, 1.0, 1 / 4)
    assert row["reading ms p50"] < 1


def test_search_is_measured_as_customers_meet_it(database, clock, encoder, tmp_path):
    base = KnowledgeBase(KnowledgeStore(database, clock), encoder, tmp_path)
    base.put([Article(name, "en", name, text) for name, text in TEXTS.items()], SHOP)
    rows = retrieval._whole(base, encoder, [one for language in LANGUAGES for one in asked(language)])
    assert list(rows) == list(LANGUAGES)
    row = rows["en"]
    assert (row["all"], row["R@5"], row["MRR"], row["products"]) == (1.0, 1.0, 1.0, 0.0)
    assert {"answered right", "abstained", "abstained right", "ms p95", "reranker ms p50"} <= set(row)
