from __future__ import annotations

import math
from dataclasses import replace

import pytest

from composer.piece import Piece
from composer.scoring import RULES, measure
from composer.scoring.phrases import phrase_starts
from composer.scoring.texture import build_texture
from tests.scoring.lines import piece_of, places_of, value_of

PERIOD = "C4 D4 E4 F4 | G4:2 -:2 | C4 D4 E4 D4 | C4:2 -:2 |"


def test_a_bar_that_returns_is_recalled_in_full() -> None:
    assert value_of("bar_recall", "C4 D4 E4 F4 | G4:4 | C4 D4 E4 F4") == pytest.approx(1 / 2)
    assert value_of("bar_recall", "C4 D4 E4 F4 | C4 D4 E4 G4") == pytest.approx(3 / 5)


def test_equal_bars_are_counted_once() -> None:
    assert value_of("distinct_bars", "C4:4 D4:4 C4:4 E4:4") == 0.75


def test_bars_that_stand_still_are_counted_in_a_row() -> None:
    line = "C4:4 D4:4 D4:4 D4:4 C4:4"
    assert value_of("identical_run", line) == 3
    assert places_of("identical_run", line)[0].bar == 2


def test_empty_bars_are_no_repetition() -> None:
    assert value_of("identical_run", "C4:4 -:4 -:4 -:4 D4:4") == 1


def test_a_period_is_like_itself_at_its_own_distance() -> None:
    period = "C4 D4 E4 F4 | G4:4 | F#4:1/2 G#4:3/2 A#4:2 | B4:3 G#4 |" * 3
    likeness = {lag: value_of(f"likeness_{lag}", period) for lag in (1, 2, 4, 8)}
    assert likeness[4] == likeness[8] == pytest.approx(1)
    assert max(likeness[1], likeness[2]) < 0.6


def test_an_empty_bar_is_like_no_other_and_does_not_count() -> None:
    assert value_of("likeness_1", "C4 D4 E4 F4 | -:4 | C4 D4 E4 F4 | C4 D4 E4 F4") == pytest.approx(
        1
    )
    assert math.isnan(value_of("likeness_8", "C4:4 D4:4"))


def test_phrases_end_with_a_rest_or_with_a_long_note() -> None:
    for line in (PERIOD, "C4 D4 E4 F4 | G4:4 | C4 D4 E4 D4 | C4:4"):
        assert phrase_starts(build_texture(piece_of(line))).tolist() == [0, 5]


def test_a_period_has_square_phrases_of_two_bars() -> None:
    assert value_of("phrase_length", PERIOD * 2) == pytest.approx(2, abs=0.2)
    assert value_of("square_phrases", PERIOD * 2) == 1
    ragged = "C4 D4 E4 F4 | E4 D4 C4:2 | -:2 D4 E4 | F4 E4 D4 C4 | E4 D4 C4 - | C4:4"
    assert value_of("square_phrases", ragged) == 0


def test_a_line_without_a_breath_is_one_phrase_of_a_window_at_most() -> None:
    assert value_of("phrase_length", "C4 D4 E4 D4 " * 40) == 16


def test_a_silent_piece_has_nothing_to_repeat(empty_piece) -> None:
    found = measure(empty_piece)
    assert (found["empty_bars"].value, found["density"].value) == (1, 0)
    names = ("bar_recall", "likeness_1", "phrase_length", "square_phrases")
    assert all(math.isnan(found[name].value) for name in names)


def times(piece: Piece, n: int) -> Piece:
    """Return a piece played several times over, as one."""
    parts = tuple(
        replace(
            part,
            notes=tuple(
                replace(note, onset_beats=note.onset_beats + i * piece.length_beats)
                for i in range(n)
                for note in part.notes
            ),
        )
        for part in piece.parts
    )
    return replace(piece, parts=parts, n_bars=n * piece.n_bars)


def test_no_value_depends_on_the_length_of_a_piece(chorale, keyboard_piece) -> None:
    families = ("melody", "rhythm", "texture", "form")
    for piece in (chorale, keyboard_piece):
        short, long = measure(times(piece, 4)), measure(times(piece, 32))
        for rule in RULES:
            if rule.family in families:
                here, there = short[rule.name].value, long[rule.name].value
                assert here == pytest.approx(there, abs=rule.least_spread / 2, nan_ok=True), rule


TURN = "C4 D4 E4 F4 | G4 F4 E4 D4 |"
THEME = "C4 D4 E4 F4 | G4:4 | A4 G4 F4 E4 | D4:4 |"
ELSEWHERE = "F#4 G#4 A#4 B4 | A#4:4 | G#4 F#4 G#4 A#4 | F#4:2 A#4:2 |"


def test_two_bars_in_turn_are_a_loop_and_a_theme_that_comes_back_is_none() -> None:
    assert value_of("loop_run", TURN * 4) == 6
    assert [place.bar for place in places_of("loop_run", TURN * 4)] == [3]
    assert value_of("loop_run", THEME + ELSEWHERE + THEME) == 0


def test_a_bar_whose_notes_are_only_held_longer_is_a_copy() -> None:
    assert value_of("loop_run", "C4 D4 E4 F4 | C4 D4 E4 F4:1/2 -:1/2") == 1
    assert value_of("identical_run", "C4 D4 E4 F4 | C4 D4 E4 F4:1/2 -:1/2") == 1


def test_a_theme_that_comes_back_after_eight_bars_is_recalled_from_afar() -> None:
    assert value_of("distant_recall", THEME + ELSEWHERE + THEME) == 1
    assert value_of("distant_recall", THEME * 2 + ELSEWHERE) == 0
    assert math.isnan(value_of("distant_recall", THEME * 2))


def test_phrases_of_four_bars_begin_with_the_groups_and_phrases_of_three_do_not() -> None:
    four = "C4 D4 E4 F4 | G4 F4 E4 D4 | E4 F4 G4 A4 | G4:2 -:2 |"
    three = "C4 D4 E4 F4 | G4 F4 E4 D4 | G4:2 -:2 |"
    assert value_of("groups_of_four", four * 4) == 1
    assert value_of("groups_of_four", "C4:4 |" + four * 4) == 1
    assert value_of("groups_of_four", three * 5) <= 1 / 2
    assert math.isnan(value_of("groups_of_four", "C4 D4 E4 F4"))
