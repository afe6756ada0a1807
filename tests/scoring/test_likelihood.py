from __future__ import annotations

import math

import pytest

from composer.scoring import score
from composer.scoring.likelihood import worst_bar
from tests.scoring.lines import piece_of


def test_the_worst_bar_is_named_and_empty_bars_have_no_surprise() -> None:
    found = worst_bar(piece_of("C4:4 D4:4 -:4 E4:4"), [1.0, 3.0, math.nan, 2.0])
    assert found.value == 3.0
    assert [(place.bar, place.note) for place in found.places] == [(2, "3.0 nats a note")]


def test_a_long_piece_is_no_worse_than_its_windows() -> None:
    nats = [1.0] * 15 + [5.0]
    values = [worst_bar(piece_of("C4:4 " * 16 * n), nats * n).value for n in (1, 2, 20)]
    assert values == [5.0] * 3


def test_nothing_is_measured_without_a_model(chorale) -> None:
    assert math.isnan(worst_bar(chorale, []).value)
    assert math.isnan(score(chorale)["worst_bar_nats"].value)


def test_a_bar_that_goes_astray_costs(chorale) -> None:
    even, astray = [2.0] * chorale.n_bars, [2.0] * (chorale.n_bars - 1) + [12.0]
    cards = [score(chorale, nats_per_bar=nats) for nats in (even, astray)]
    assert cards[0]["worst_bar_nats"].penalty == 0 < cards[1]["worst_bar_nats"].penalty
    assert cards[1]["worst_bar_nats"].value == pytest.approx(12)
