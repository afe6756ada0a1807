"""Overlapping areas: alike sets overlap, others do not, and sets without variety less."""

from __future__ import annotations

import numpy as np
import pytest

from composer.evaluation import distributions
from composer.evaluation.distributions import compare_distributions, overlapping_area, shared
from composer.evaluation.features import KINDS
from composer.evaluation.features import distributions as count
from composer.piece import Piece


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distributions, "N_RESAMPLES", 20)


def shares_of(seed: int, *weights: float) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(weights, size=80)


def test_alike_sets_overlap_and_others_do_not() -> None:
    real, alike, other = shares_of(1, 5, 5, 1), shares_of(2, 5, 5, 1), shares_of(3, 1, 5, 50)
    near, far = overlapping_area(real, alike), overlapping_area(real, other)
    assert near.low > 0.8 > 0.4 > far.high
    assert shared(real, alike) > 0.9 > shared(real, other)


def test_a_set_without_variety_is_seen_though_its_mean_is_right() -> None:
    real = shares_of(1, 2, 2, 2)
    bland = np.tile(real.mean(axis=0), (80, 1))
    assert shared(real, bland) == pytest.approx(1.0)
    assert overlapping_area(real, bland).high < 0.8


def test_every_kind_is_compared_with_the_first_set(chorale: Piece, keyboard_piece: Piece) -> None:
    sets = {"real": [count(chorale)] * 3, "other": [count(keyboard_piece)] * 3}
    found = compare_distributions(sets)
    assert list(found) == list(KINDS)
    for kind in found.values():
        assert sum(kind["sets"]["real"]["shares"]) == pytest.approx(1.0, abs=0.01)
        assert "overlap" not in kind["sets"]["real"]
        assert 0 <= kind["sets"]["other"]["shared"]["value"] <= 1
