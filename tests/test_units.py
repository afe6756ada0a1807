"""Score time, the grid and seconds."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from composer.units import (
    POSITIONS_PER_QUARTER,
    beats_to_positions,
    beats_to_seconds,
    positions_to_beats,
)

beats = st.fractions(0, 1000, max_denominator=1920)


@given(st.integers(0, 100_000))
def test_a_position_comes_back_from_its_beats(positions: int) -> None:
    assert beats_to_positions(positions_to_beats(positions)) == positions


@given(beats)
def test_the_nearest_position_is_half_a_position_away_at_most(onset: Fraction) -> None:
    moved = positions_to_beats(beats_to_positions(onset))
    assert abs(moved - onset) <= Fraction(1, 2 * POSITIONS_PER_QUARTER)


@given(beats, beats)
def test_rounding_keeps_the_order(a: Fraction, b: Fraction) -> None:
    assert (a <= b) <= (beats_to_positions(a) <= beats_to_positions(b))


def test_halves_are_rounded_up() -> None:
    assert beats_to_positions(Fraction(1, 48)) == 1
    assert beats_to_positions(Fraction(1, 49)) == 0


@pytest.mark.parametrize("parts", [1, 2, 3, 4, 6, 8, 12, 24])
def test_the_grid_holds_triplets_and_32nds_exactly(parts: int) -> None:
    assert positions_to_beats(beats_to_positions(Fraction(1, parts))) == Fraction(1, parts)


def test_a_quarter_at_sixty_takes_a_second() -> None:
    assert beats_to_seconds(Fraction(3), 60.0) == 3.0
    assert beats_to_seconds(1.5, 120.0) == 0.75
