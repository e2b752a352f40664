"""What customers say of a seal and of their reasons, learnt from some of it and asked about the rest."""

from functools import cache

import numpy as np
import pytest

from tongshi.knowledge.values import NEITHER, REASON, SEAL, fit_linear, reason_told, seal_told, told_vectors
from tongshi.settings import LANGUAGES

pytestmark = pytest.mark.usefixtures("encoded")

FOLDS = 8
READ = {SEAL: seal_told, REASON: reason_told}


@cache
def told(slot):
    """Of each sentence what it says of a slot, and what a model that has not seen the sentence says that it does."""
    sentences = [
        (value, vector) for language in LANGUAGES for value, vectors in told_vectors(slot, language).items() for vector in vectors
    ]
    folds = np.random.default_rng(0).integers(FOLDS, size=len(sentences))
    found = []
    for fold in range(FOLDS):
        seen = [one for one, number in zip(sentences, folds) if number != fold]
        model = fit_linear(np.stack([vector for _, vector in seen]), [value for value, _ in seen])
        held = [one for one, number in zip(sentences, folds) if number == fold]
        found += [(value, READ[slot](model.chances(vector))) for value, vector in held]
    return found


def test_an_answer_about_a_seal_is_seldom_taken_for_its_contrary():
    sure = [value == found for value, found in told(SEAL) if value != NEITHER and found in ("sealed", "opened")]
    assert len(sure) >= 0.6 * sum(value != NEITHER for value, _ in told(SEAL))
    assert np.mean(sure) >= 0.84


def test_a_plain_yes_or_no_says_nothing_of_a_seal():
    assert np.mean([found is not None for value, found in told(SEAL) if value == NEITHER]) <= 0.03


def test_a_reason_that_is_told_is_mostly_the_right_one():
    found = [value == found for value, found in told(REASON) if value != NEITHER and found]
    assert len(found) >= 0.7 * sum(value != NEITHER for value, _ in told(REASON))
    assert np.mean(found) >= 0.92


def test_a_wish_without_a_reason_tells_none():
    assert np.mean([found is not None for value, found in told(REASON) if value == NEITHER]) <= 0.06
