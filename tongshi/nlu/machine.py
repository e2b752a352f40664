"""Linear support vector machines over vectors that are dense in one part and sparse in another."""

from __future__ import annotations

import numpy as np
import scipy.sparse

_MOST_STEPS = 30
_MOST_DIRECTIONS = 20
"""Of conjugate gradients, within one of Newton's steps."""

_PRECISION = 0.1
"""How far conjugate gradients go: until the residual is that share of what it was."""

_HALVINGS = 8
_TINY = np.finfo(np.float32).tiny


class LinearMachine:
    """One machine a class against the rest, with squared hinge loss and L2 regularisation: what scikit-learn's LinearSVC is.

    LinearSVC takes dense numbers for sparse ones, one class after the other. Here all classes are found together, by Newton's method with
    conjugate gradients (Keerthi and DeCoste 2005, "A Modified Finite Newton Method for Fast Solution of Large Scale Linear SVMs"), so
    that what is dense goes into products of matrices: a third of the time and of the memory for tens of thousands of wordings.

    Args:
        C: inverse regularisation.
        tolerance: length of the gradient at which a class is done, as a share of that at zero.

    Attributes:
        classes_: labels, sorted.
    """

    def __init__(self, C: float, tolerance: float = 3e-4) -> None:
        self._C = C
        self._tolerance = tolerance

    def fit(
        self, sparse: scipy.sparse.csr_matrix, dense: np.ndarray, labels: np.ndarray, start: LinearMachine | None = None
    ) -> LinearMachine:
        """Learn from labelled rows.

        Args:
            sparse: shape (n, s), float32.
            dense: shape (n, d), float32.
            labels: n of them.
            start: a machine of the same features and classes that has learnt from some of the rows; of others it is of no account.
        """
        self.classes_, places = np.unique(labels, return_inverse=True)
        rows = _Rows(sparse, dense)
        signs = np.full((len(labels), len(self.classes_)), -1, np.float32)
        signs[np.arange(len(labels)), places] = 1
        if start is not None and np.array_equal(start.classes_, self.classes_):
            weights = start._weights.copy()
        else:
            weights = np.zeros((rows.width, len(self.classes_)), np.float32)
        self._weights = self._minimise(rows, signs, weights)
        return self

    def decision_function(self, features: scipy.sparse.csr_matrix) -> np.ndarray:
        """Signed distances to the borders of each class, shape (n, classes).

        Args:
            features: the sparse columns, then the dense ones.
        """
        return np.asarray(features @ self._weights[:-1] + self._weights[-1])

    def _minimise(self, rows: _Rows, signs: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Newton's steps until no class has a gradient worth another."""
        enough = self._tolerance * np.linalg.norm(2 * self._C * rows.gathered(signs), axis=0)
        decisions = rows.times(weights)
        for _ in range(_MOST_STEPS):
            missed = np.maximum(0, 1 - signs * decisions)
            gradient = weights - 2 * self._C * rows.gathered(signs * missed)
            open_ = np.flatnonzero(np.linalg.norm(gradient, axis=0) > enough)
            if not len(open_):
                break
            curved = (missed[:, open_] > 0) * np.float32(2 * self._C)
            step = _solve(rows, curved, -gradient[:, open_])
            change = rows.times(step)
            length = self._length(weights[:, open_], step, signs[:, open_], decisions[:, open_], change)
            weights[:, open_] += length * step
            decisions[:, open_] += length * change
        return weights

    def _length(
        self, weights: np.ndarray, step: np.ndarray, signs: np.ndarray, decisions: np.ndarray, change: np.ndarray
    ) -> np.ndarray:
        """How far to go: the whole step, or, for the classes that it makes worse, half of it, and so on."""
        length = np.ones(step.shape[1], np.float32)
        before = self._loss(weights, signs * decisions)
        for _ in range(_HALVINGS):
            worse = self._loss(weights + length * step, signs * (decisions + length * change)) > before
            if not worse.any():
                break
            length[worse] /= 2
        return length

    def _loss(self, weights: np.ndarray, margins: np.ndarray) -> np.ndarray:
        return 0.5 * (weights**2).sum(0) + self._C * (np.maximum(0, 1 - margins) ** 2).sum(0)


class _Rows:
    """Rows of features, sparse, dense, and a one for the intercept.

    Attributes:
        width: how many features there are.
    """

    def __init__(self, sparse: scipy.sparse.csr_matrix, dense: np.ndarray) -> None:
        self._sparse, self._columns = sparse, sparse.T.tocsr()
        self._dense = np.hstack([dense, np.ones((len(dense), 1), np.float32)])
        self._border = sparse.shape[1]
        self.width = self._border + self._dense.shape[1]

    def times(self, weights: np.ndarray) -> np.ndarray:
        """What weights make of each row, shape (n, classes)."""
        return self._sparse @ weights[: self._border] + self._dense @ weights[self._border :]

    def gathered(self, values: np.ndarray) -> np.ndarray:
        """Sums of the rows, weighed by values, shape (features, classes)."""
        return np.vstack([self._columns @ values, self._dense.T @ values])


def _solve(rows: _Rows, curved: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Newton's step for each class by conjugate gradients; `curved` is how much each row counts in the second derivative."""
    solution, residual, direction = np.zeros_like(target), target, target
    length = (residual**2).sum(0)
    enough = length * _PRECISION**2
    for _ in range(_MOST_DIRECTIONS):
        image = direction + rows.gathered(curved * rows.times(direction))
        far = np.where(length > enough, length / np.maximum((direction * image).sum(0), _TINY), 0).astype(np.float32)
        solution = solution + far * direction
        residual = residual - far * image
        before, length = length, (residual**2).sum(0)
        if (length <= enough).all():
            break
        direction = residual + (length / np.maximum(before, _TINY)).astype(np.float32) * direction
    return solution
