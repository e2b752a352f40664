"""The linear machine finds what scikit-learn's does."""

import numpy as np
import scipy.sparse
from sklearn.svm import LinearSVC

from tongshi.nlu.machine import LinearMachine

CHANCE = np.random.default_rng(0)
CENTRES = CHANCE.normal(size=(5, 8))
PLACES = CHANCE.integers(0, 5, 600)
DENSE = (CENTRES[PLACES] + CHANCE.normal(size=(600, 8))).astype(np.float32)
SPARSE = scipy.sparse.random(600, 40, density=0.1, format="csr", dtype=np.float32, random_state=0)
LABELS = np.array(["a", "b", "c", "d", "e"])[PLACES]
BOTH = scipy.sparse.hstack([SPARSE, scipy.sparse.csr_matrix(DENSE)], format="csr")


def test_it_decides_as_liblinear_does():
    theirs = LinearSVC(C=1.0, random_state=0, tol=1e-6, max_iter=100_000).fit(BOTH, LABELS)
    ours = LinearMachine(C=1.0, tolerance=1e-5).fit(SPARSE, DENSE, LABELS)
    assert ours.classes_.tolist() == theirs.classes_.tolist()
    assert np.abs(ours.decision_function(BOTH) - theirs.decision_function(BOTH)).max() < 0.01


def test_it_goes_on_from_what_it_learnt_from_some_rows():
    alone = LinearMachine(C=1.0, tolerance=1e-5).fit(SPARSE, DENSE, LABELS)
    half = LinearMachine(C=1.0).fit(SPARSE[::2], DENSE[::2], LABELS[::2])
    fewer = LinearMachine(C=1.0).fit(SPARSE[LABELS != "e"], DENSE[LABELS != "e"], LABELS[LABELS != "e"])
    for start in (half, fewer):
        ours = LinearMachine(C=1.0, tolerance=1e-5).fit(SPARSE, DENSE, LABELS, start)
        assert np.allclose(ours.decision_function(BOTH), alone.decision_function(BOTH), atol=0.01)


def test_features_of_one_kind_are_enough():
    none = scipy.sparse.csr_matrix((600, 0), dtype=np.float32)
    right = LinearMachine(C=1.0).fit(none, DENSE, LABELS).decision_function(scipy.sparse.csr_matrix(DENSE)).argmax(1) == PLACES
    assert right.mean() > 0.7
