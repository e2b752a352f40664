"""What calibrating learns of reading."""

from __future__ import annotations

import numpy as np

from tests.knowledge.test_index import WordEncoder, key
from tests.knowledge.test_reading import WordJudge
from tongshi.knowledge.calibrate import WEIGHTS, Asked, KnownLogits, fit_reading
from tongshi.knowledge.index import get_reranker


def test_a_judge_that_is_right_is_heard_and_one_that_is_wrong_is_not():
    encoder = WordEncoder()
    rows = [
        key(0, "fees", "the entry fee is twelve", encoder, "passage"),
        key(1, "hours", "closed in winter", encoder, "passage"),
    ]
    asked = [Asked("what is the entry in the cold months", "en", ("hours",), frozenset({1}))]
    heard = [fit_reading([(rows, asked)], encoder, get_reranker("linear"), WordJudge(word)) for word in ("winter", "twelve")]
    assert heard[0] > 0 == heard[1] == WEIGHTS[0]


def test_nothing_is_read_twice():
    judge = WordJudge("winter")
    known = KnownLogits(judge)
    assert known.scores("when", ["in winter", "in spring"]).tolist() == [4, -4]
    assert known.scores("when", ["in spring", "in summer", "in winter"]).tolist() == [-4, -4, 4]
    assert judge.read == ["in summer"]
    assert known.scores("where", ["in winter"]).dtype == np.float32
