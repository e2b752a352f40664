"""Where the border lies between what a model knows and what it does not."""

import pytest

from tongshi.evaluation.abstention import border


@pytest.mark.parametrize(
    ("answered", "unknown", "least", "most"),
    [
        ([-3.0, -1.0, 1.0], [2.0, 4.0], 1.0, 2.0),
        ([-3.0, 5.0, 1.0, 1.5], [2.0, 4.0], 1.5, 2.0),
        ([0.0], [0.0], 0.0, 0.0),
    ],
)
def test_the_border_errs_least_on_both_sides(answered, unknown, least, most):
    assert least <= border(answered, unknown) <= most
