"""Intervals: they hold the value, narrow with the number of pieces, and survive nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest

from composer.evaluation.intervals import (
    Interval,
    bootstrap,
    bootstrap_two,
    difference,
    mean,
    ratio_of_shares,
    ratio_of_sums,
    share,
)


def test_more_pieces_narrow_the_interval(rng: np.random.Generator) -> None:
    few, many = (bootstrap(rng.normal(size=n)) for n in (20, 2000))
    assert few.low < few.value < few.high
    assert many.high - many.low < (few.high - few.low) / 3


def test_notes_of_one_piece_are_no_independent_trials() -> None:
    """One long piece that differs moves the ratio as far as its notes weigh."""
    table = np.array([(10.0, 10.0)] * 9 + [(900.0, 300.0)])
    found = bootstrap(table, ratio_of_sums)
    assert found.value == pytest.approx(990 / 390)
    assert found.low == 1.0


def test_pieces_with_nothing_to_measure_are_left_out() -> None:
    assert bootstrap([1.0, math.nan, 1.0]) == Interval(1.0, 1.0, 1.0, 2)
    assert bootstrap([math.nan]).n == bootstrap([]).n == 0


def test_exact_rates_keep_an_interval() -> None:
    found = share([True] * 100)
    assert (found.value, found.high) == (1.0, 1.0)
    assert 0.95 < found.low < 0.97
    assert share([]).n == 0


def test_a_rate_by_that_of_real_pieces() -> None:
    found = ratio_of_shares([True] * 80 + [False] * 20, [True] * 40 + [False] * 60)
    assert found.value == pytest.approx(0.5)
    assert found.low < found.value < found.high
    assert math.isnan(ratio_of_shares([False], [True]).value)


def test_what_two_sets_share_lies_inside_its_interval(rng: np.random.Generator) -> None:
    a, b = rng.random((2, 30, 5))
    found = bootstrap_two(a, b, lambda x, y: float(np.minimum(x.mean(0), y.mean(0)).sum() / 5))
    assert found.low <= found.value <= found.high <= 1.0


def test_a_difference_of_two_equal_intervals_is_wider_than_either() -> None:
    one = Interval(0.5, 0.4, 0.6, 100)
    found = difference(one, one)
    assert (found.value, found.high) == (0.0, pytest.approx(0.1 * math.sqrt(2)))
    assert found.low == -found.high


def test_an_interval_goes_through_json() -> None:
    one, nothing = Interval(0.25, 0.125, 0.5, 9), Interval(math.nan, math.nan, math.nan, 0)
    assert Interval.from_dict(one.to_dict()) == one
    assert math.isnan(Interval.from_dict(nothing.to_dict()).value)


def test_a_mean_has_the_interval_of_the_bootstrap(rng: np.random.Generator) -> None:
    values = rng.normal(3.0, size=80)
    found, slow = mean(values), bootstrap(values)
    assert found.value == pytest.approx(slow.value) and found.n == 80
    assert (found.low, found.high) == pytest.approx((slow.low, slow.high), abs=0.05)
    assert mean([1.0, math.nan, 1.0]) == Interval(1.0, 1.0, 1.0, 2)
    assert mean([math.nan]).n == 0
