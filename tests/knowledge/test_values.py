"""What customers answer when they are asked about a seal, learnt from some of the answers and asked about the others."""

import numpy as np
import pytest

from tongshi.knowledge.values import SEAL, fit_linear, seal_told, value_vectors
from tongshi.settings import LANGUAGES

FOLDS = 8


@pytest.fixture(scope="module")
def told():
    """Of each answer how the seal is, and what is said of it by a model that has not seen the answer."""
    answers = [
        (value, vector)
        for language in LANGUAGES
        for value, vectors in value_vectors(SEAL, language).items()
        for vector in vectors
    ]
    folds = np.random.default_rng(0).integers(FOLDS, size=len(answers))
    found = []
    for fold in range(FOLDS):
        seen = [one for one, number in zip(answers, folds) if number != fold]
        model = fit_linear(np.stack([vector for _, vector in seen]), [value for value, _ in seen])
        held = [one for one, number in zip(answers, folds) if number == fold]
        found += [(value, seal_told(model.chances(vector))) for value, vector in held]
    return found


def test_an_answer_about_a_seal_is_seldom_taken_for_its_contrary(told):
    sure = [value == found for value, found in told if value != "neither" and found in ("sealed", "opened")]
    assert len(sure) >= 0.6 * sum(value != "neither" for value, _ in told)
    assert np.mean(sure) >= 0.84


def test_a_plain_yes_or_no_says_nothing_of_a_seal(told):
    assert np.mean([found is not None for value, found in told if value == "neither"]) <= 0.03
