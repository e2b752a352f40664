"""The reranker: what it weighs, how it learns, and that a few similar questions do not hide the articles that have none."""

from __future__ import annotations

import numpy as np
import pytest

from tests.knowledge.test_index import WordEncoder, key
from tongshi.knowledge.index import SearchIndex, get_calibration, get_reranker
from tongshi.knowledge.reranker import Reranker, evidence, fit, trust, trust_in_likeness


def test_what_an_article_lacks_its_other_texts_stand_for():
    labels, titles = np.array([0, 0, 1, 2]), np.array([True, False, True, False])
    languages = np.array(["en"] * 4)
    said = evidence(np.arange(4), labels, titles, languages, np.array([0.2, 0.8, 0.5, 0.3]), np.array([0.1, 0.0, 0.0, 0.0]))
    assert said[0] == pytest.approx([0.55, 0.2, 0.8, 0.8, 0.5])
    assert said[1] == pytest.approx([0.5] * 5)
    assert said[2] == pytest.approx([0.3] * 5)
    assert np.isnan(said[3]).all()


def test_of_a_long_article_the_best_passage_of_each_language_is_heard():
    labels, titles = np.zeros(6, int), np.array([True, True, False, False, False, False])
    languages = np.array(["en", "zh", "en", "en", "en", "zh"])
    said = evidence(np.arange(1), labels, titles, languages, np.array([0.4, 0.2, 0.1, 0.9, 0.0, 0.5]), np.zeros(6))
    assert said[0] == pytest.approx([0.6, 0.4, 0.9, 0.7, 0.5])


def test_an_article_of_questions_alone_is_held_against_the_others_on_their_scale():
    said = np.array([[0.5] * 5, [0.2] * 5, [np.nan] * 5])
    scores = Reranker((0.2,) * 5).scores(said, np.array([1.0, 0.4, 0.8]), trust(0, 3))
    assert scores == pytest.approx([0.5, 0.2, 0.4])


def test_weights_go_to_what_tells_the_right_article():
    chance = np.random.default_rng(0)
    cases = []
    for _ in range(200):
        features = chance.normal(size=(6, 3))
        cases.append((features, np.arange(6) == features[:, 1].argmax()))
    weights = fit(cases).weights
    assert sum(weights) == pytest.approx(1)
    assert weights[1] > 5 * max(abs(weights[0]), abs(weights[2]))


def test_questions_count_by_their_number_and_by_likeness():
    assert trust(0, 0) == 0
    assert trust(5 * 30, 30) < 0.2 < 0.8 < trust(200 * 30, 30)
    assert (trust_in_likeness(0.3), trust_in_likeness(1.0)) == (0, 1)


@pytest.fixture(scope="module")
def few() -> tuple[SearchIndex, WordEncoder]:
    """Articles of which one has no similar questions."""
    encoder = WordEncoder()
    texts = {"refund": "refund money back account", "parcel": "parcel lost post search", "voucher": "voucher gift card value"}
    rows = [
        key(2 * number + place, name, text, encoder, kind)
        for number, (name, body) in enumerate(texts.items())
        for place, (kind, text) in enumerate((("title", name), ("passage", body)))
    ]
    asked = {
        "refund": ("when does my money arrive", "is the money late", "money please", "why is my account empty", "pay me back"),
        "parcel": ("where is my post", "does the post come tomorrow", "search my parcel please", "is it lost", "late again"),
    }
    rows += [
        key(10 + 5 * (name == "parcel") + at, name, text, encoder)
        for name, texts in asked.items()
        for at, text in enumerate(texts)
    ]
    return SearchIndex.build("1", rows), encoder


def test_a_few_similar_questions_do_not_hide_other_articles(few):
    index, encoder = few
    for question in ("my gift card please", "is my voucher late please", "money on my gift card"):
        ranking = index.rank(question, encoder, "en", get_reranker("linear"))
        assert ranking.labels[ranking.order[0]] == "voucher"


def test_a_similar_question_itself_finds_its_article(few):
    index, encoder = few
    ranking = index.rank("why is my account empty", encoder, "en", get_reranker("linear"))
    assert ranking.labels[ranking.order[0]] == "refund"


def test_without_it_nothing_changes(few):
    index, encoder = few
    plain, off = index.rank("lost parcel", encoder), index.rank("lost parcel", encoder, "en", get_reranker("off"))
    assert off.scores == pytest.approx(plain.scores)


@pytest.mark.parametrize("reranker", ["cross", "linear", "off"])
@pytest.mark.parametrize("has_questions", [True, False])
def test_each_way_to_search_has_a_calibration(reranker, has_questions):
    one = get_calibration(has_questions, reranker)
    assert 0 < one.threshold < 1 and len(one.slopes) == 4
