"""The learning rate: up in a line, down in a cosine."""

from __future__ import annotations

from itertools import pairwise

import pytest

from composer.training.schedule import rate_at


def test_the_rate_rises_from_nothing_to_its_peak_and_falls_to_its_floor() -> None:
    assert rate_at(0.0, warmup=0.1) == 0
    assert rate_at(0.05, warmup=0.1) == pytest.approx(0.5)
    assert rate_at(0.1, warmup=0.1) == 1
    assert rate_at(0.55, warmup=0.1, floor=0.0) == pytest.approx(0.5)
    assert rate_at(1.0, warmup=0.1, floor=0.05) == pytest.approx(0.05)


def test_the_rate_never_jumps_and_turns_once() -> None:
    rates = [rate_at(step / 1000, warmup=0.02) for step in range(1001)]
    peak = rates.index(max(rates))
    assert rates[:peak] == sorted(rates[:peak])
    assert rates[peak:] == sorted(rates[peak:], reverse=True)
    assert max(abs(a - b) for a, b in pairwise(rates)) < 0.06


def test_a_run_without_warm_up_begins_at_the_peak_and_one_too_long_stays_at_the_floor() -> None:
    assert rate_at(0.0, warmup=0.0) == 1
    assert rate_at(1.2, warmup=0.02, floor=0.1) == pytest.approx(0.1)
