from __future__ import annotations

import math

import pytest

from composer.scoring import measure
from tests.scoring.lines import places_of, value_of


def test_a_bar_that_returns_is_recalled_in_full() -> None:
    assert value_of("bar_recall", "C4 D4 E4 F4 | G4:4 | C4 D4 E4 F4") == pytest.approx(1 / 2)
    assert value_of("bar_recall", "C4 D4 E4 F4 | C4 D4 E4 G4") == pytest.approx(3 / 5)


def test_equal_bars_are_counted_once() -> None:
    assert value_of("distinct_bars", "C4:4 D4:4 C4:4 E4:4") == 0.75


def test_a_rhythm_is_the_same_on_other_pitches() -> None:
    assert value_of("distinct_rhythms", "C4:2 D4:2 | E4:2 F4:2 | G4:4 | A4:3 B4") == 0.75


def test_bars_that_stand_still_are_counted_in_a_row() -> None:
    line = "C4:4 D4:4 D4:4 D4:4 C4:4"
    assert value_of("identical_run", line) == 3
    assert places_of("identical_run", line)[0].bar == 2


def test_empty_bars_are_no_repetition() -> None:
    assert value_of("identical_run", "C4:4 -:4 -:4 -:4 D4:4") == 1


def test_only_a_bar_without_any_sound_is_empty() -> None:
    line = "C4:4 -:4 D4:8"
    assert value_of("empty_bars", line) == 0.25
    assert [place.bar for place in places_of("empty_bars", line)] == [2]


def test_the_quietest_part_is_the_one_with_most_rests() -> None:
    assert value_of("quietest_part", "C4:4", "- G3 - -", "C3 C3 C3 -") == 0.25


def test_equal_lengths_have_no_rhythmic_variety() -> None:
    assert value_of("rhythm_entropy", "C4 D4 E4 F4") == 0
    assert value_of("rhythm_entropy", "C4:2 D4:2 E4 F4") == pytest.approx(1)


def test_density_counts_the_notes_of_all_parts_a_beat() -> None:
    assert value_of("density", "C4 D4 E4 F4", "C3:4") == 5 / 4


def test_a_silent_piece_has_empty_bars_and_nothing_to_repeat(empty_piece) -> None:
    found = measure(empty_piece)
    assert (found["empty_bars"].value, found["density"].value) == (1, 0)
    assert math.isnan(found["bar_recall"].value)
