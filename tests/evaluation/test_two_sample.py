"""Two sets of numbers: alike ones cannot be told apart, others can, the more the further."""

from __future__ import annotations

import numpy as np
import pytest

from composer.errors import OptionError
from composer.evaluation import two_sample
from composer.evaluation.two_sample import auc, two_sample_auc

N, K = 60, 6


@pytest.fixture(autouse=True)
def few_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(two_sample, "N_TREES", 20)


def normal(seed: int, mean: float = 0.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(mean, 1.0, (N, K))


def test_two_draws_of_one_kind_cannot_be_told_apart() -> None:
    found = two_sample_auc(normal(1), normal(2))
    assert found.low < 0.5 < found.high


def test_sets_further_apart_are_told_apart_more_often() -> None:
    near, far = (two_sample_auc(normal(1), normal(2, mean)) for mean in (0.5, 3.0))
    assert 0.5 < near.low < near.value < far.value
    assert far.value > 0.99


def test_what_a_piece_does_not_have_is_no_obstacle() -> None:
    real, other = normal(1), normal(2, 3.0)
    other[::2, 0] = np.nan
    assert two_sample_auc(real, other).value > 0.99


def test_the_same_seed_gives_the_same_interval() -> None:
    assert two_sample_auc(normal(1), normal(2), seed=5) == two_sample_auc(
        normal(1), normal(2), seed=5
    )


def test_ties_count_half() -> None:
    assert auc(np.zeros(3), np.zeros(4)) == 0.5
    assert auc(np.array([0.0, 1.0]), np.array([1.0, 2.0])) == 0.875


@pytest.mark.parametrize(
    ("real", "other"), [(np.ones((2, 3)), np.ones((9, 3))), (np.ones((9, 3)), np.ones((9, 2)))]
)
def test_too_few_pieces_and_other_columns_are_refused(real: np.ndarray, other: np.ndarray) -> None:
    with pytest.raises(OptionError, match="set"):
        two_sample_auc(real, other)
