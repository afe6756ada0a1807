"""Rhythms that a textbook calls plain beside rhythms that it calls syncopated, even, uneven."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import pytest

from composer.piece import MeterChange
from composer.scoring import measure
from composer.scoring.phrases import note_levels
from composer.scoring.texture import build_texture
from composer.theory import Meter
from tests.scoring.lines import piece_of, places_of, value_of


def test_equal_lengths_have_no_rhythmic_variety() -> None:
    assert value_of("rhythm_entropy", "C4 D4 E4 F4") == 0
    assert value_of("rhythm_entropy", "C4:2 D4:2 E4 F4") == pytest.approx(1)


def test_a_rhythm_is_the_same_on_other_pitches() -> None:
    assert value_of("distinct_rhythms", "C4:2 D4:2 | E4:2 F4:2 | G4:4 | A4:3 B4") == 0.75


def test_a_march_keeps_its_groove_and_changing_bars_do_not() -> None:
    assert value_of("groove", "C4 D4 E4:2 | F4 E4 D4:2 | E4 F4 G4:2") == 1
    assert value_of("groove", "C4:4 | D4 E4 F4 G4") == 1 / 4


def test_a_note_held_over_a_stronger_beat_is_syncopated() -> None:
    assert value_of("syncopation", "C4 D4:2 E4 | C4:2 D4:2 | C4:4") == pytest.approx(1 / 5)
    assert value_of("syncopation", "C4:1/2 D4 E4 F4 G4:1/2 | C4:4") == pytest.approx(3 / 5)
    assert value_of("syncopation", "C4:3/2 D4:1/2 E4 F4 | G4:2 E4:2 | C4:4") == 0


def test_the_syncopated_note_is_marked() -> None:
    (place,) = places_of("syncopation", "C4 D4:2 E4 | C4:4")
    assert (place.bar, place.onset_beats, place.parts) == (1, 1, (0,))


def test_a_tie_over_the_bar_line_is_a_syncopation() -> None:
    assert value_of("syncopation", "C4 D4 E4 F4:2 G4 A4 B4 | C5:4") == pytest.approx(1 / 7)


@pytest.mark.parametrize(
    ("meter", "levels"),
    [
        (Meter(4, 4), [4, 1, 2, 1, 3, 1, 2, 1]),
        (Meter(3, 4), [4, 1, 2, 1, 2, 1]),
        (Meter(6, 8), [4, 1, 1, 2, 1, 1]),
        (Meter(2, 2), [4, 0, 1, 0, 2, 0, 1, 0]),
        (Meter(5, 8), [4, 2, 2, 2, 2]),
    ],
)
def test_places_in_the_bar_have_their_strength(meter: Meter, levels: list[int]) -> None:
    eighths = piece_of("C4:1/2 " * len(levels))
    piece = replace(eighths, meters=(MeterChange(Fraction(0), meter),), n_bars=1)
    assert note_levels(build_texture(piece)).tolist() == levels


def test_onsets_on_strong_beats_are_stronger() -> None:
    assert value_of("onset_strength", "C4:4 D4:4") == 1
    assert value_of("onset_strength", "C4:2 D4:2") == pytest.approx(7 / 8)
    assert value_of("onset_strength", "-:1/4 C4:15/4") == 0


def test_long_notes_belong_on_strong_beats() -> None:
    assert value_of("accent_agreement", "C4:2 D4 E4 | F4:2 E4 D4 | C4:4") == 1
    assert value_of("accent_agreement", "C4 D4:2 E4 | F4 E4:2 D4 | C4 D4:2 E4 | C4:4") < 1 / 2


def test_even_notes_do_not_contrast_and_dotted_ones_do() -> None:
    assert value_of("length_contrast", "C4 D4 E4 F4 G4") == 0
    dotted = value_of("length_contrast", "C4:3/4 D4:1/4 E4:3/4 F4:1/4 G4:3/4 A4:1/4 B4")
    assert dotted == pytest.approx(100)


def test_without_two_notes_there_is_no_rhythm_to_judge(empty_piece) -> None:
    found = measure(empty_piece)
    names = ("groove", "syncopation", "onset_strength", "accent_agreement", "length_contrast")
    assert all(math.isnan(found[name].value) for name in names)


def test_note_lengths_are_counted_once_each() -> None:
    assert value_of("length_kinds", "C4 D4 E4 F4") == 1
    assert value_of("length_kinds", "C4:2 D4 E4:1/2 F4:1/2 | G4:4") == 4


def test_places_in_the_bar_vary_where_bars_begin_and_go_on_differently() -> None:
    assert value_of("onset_entropy", "C4:4 D4:4 E4:4") == 0
    assert value_of("onset_entropy", "C4:2 D4:2 | E4:2 F4:2") == pytest.approx(1)
    assert value_of("onset_entropy", "C4:2 D4:2", "C3+E3+G3:4") == pytest.approx(1)
