"""Lines that a textbook would praise beside lines that it would blame."""

from __future__ import annotations

import math

import pytest

from tests.scoring.lines import places_of, value_of

# "Ode to Joy" without its dots: steps around, every note the neighbour of the last.
ODE = "E4 E4 F4 G4 | G4 F4 E4 D4 | C4 C4 D4 E4 | E4 D4 D4:2"
JAGGED = "E4 B4 F4 C5 | G4 C4 A4 D4 | C5 E4 B4 F4 | C4 G4 D4:2"


def test_a_song_goes_by_steps_and_random_notes_leap() -> None:
    assert value_of("steps", ODE) == 1
    assert value_of("steps", JAGGED) == 0


def test_notes_on_the_same_pitch_are_repeats() -> None:
    assert value_of("repeated_notes", ODE) == pytest.approx(5 / 14)
    assert value_of("repeated_notes", JAGGED) == 0


def test_a_scale_never_turns_and_a_zigzag_always_does() -> None:
    assert value_of("turns", "C4 D4 E4 F4 G4 A4 B4 C5") == 0
    assert value_of("turns", "C4 E4 D4 F4 E4 G4 F4 A4") == 1


def test_one_interval_alone_has_no_variety() -> None:
    assert value_of("interval_entropy", "C4 D4 E4 F#4") == 0
    assert value_of("interval_entropy", "C4 D4 C4 D4 C4") == pytest.approx(1)


def test_a_line_runs_on_over_the_bar_line_and_pasted_bars_jump() -> None:
    assert value_of("bar_line_jumps", "C4 D4 E4 F#4 | G#4 A#4 C5 D5 | E5 F#5 G#5 A#5") == 1
    assert value_of("bar_line_jumps", "C4 D4 E4 F#4 | C5 D5 E5 F#5 | C4 D4 E4 F#4") == 4.5
    assert value_of("bar_line_jumps", "C4 G4 C4 G4 | F4 Bb4 F4 C5 | C5 G4 C5 F4") < 0.5
    assert math.isnan(value_of("bar_line_jumps", "C4 C4 C4 C4 | D4 D4 D4 D4"))


def test_a_phrase_that_rises_and_falls_is_an_arch() -> None:
    assert value_of("melodic_arch", "C4 E4 G4 E4 | D4 C4 -:2 | C4 F4 A4 G4 | E4 C4 -:2") == 1
    assert value_of("melodic_arch", "G4 E4 C4 E4 | F4 G4 -:2 | C4 D4 E4 F4 | G4 A4 -:2") == 0


def test_the_best_climax_is_reached_once_and_a_note_held_again_is_the_same_one() -> None:
    assert value_of("climax_once", "C4 D4 E4 F4 | A4 A4 F4 D4 | E4 D4 C4:2") == 1
    assert value_of("climax_once", "C4 A4 E4 A4 | C4 A4 F4 A4 | E4 D4 C4:2") == 1 / 4


def test_the_climax_is_shown_in_the_music() -> None:
    (place,) = places_of("climax_once", "C4 D4 E4 F4 | G4 A4 F4 D4", "C3:4 C3:4")
    assert (place.bar, place.parts, place.note) == (2, (0,), "the tune's highest, A4")


def test_the_place_of_the_climax_runs_from_the_first_bar_line_to_the_last() -> None:
    assert value_of("climax_place", "C5 B4 A4 G4 | F4 E4 D4 C4") == 0
    assert value_of("climax_place", "C4 D4 E4 F4 | G4 A4 C5 C4") == pytest.approx(3 / 4)


def test_compass_is_that_of_the_highest_line() -> None:
    assert value_of("tune_range", "C4 E4 G4 C5", "C2 C3 C4 C2") == 12


def test_a_motif_is_known_again_on_other_degrees_and_in_other_voices() -> None:
    assert value_of("motif_recall", "G4:1/2 G4:1/2 G4:1/2 Eb4:5/2") == 0
    sequence = "C4 D4 E4 C4 D4 E4 F4 D4"
    assert value_of("motif_recall", sequence) == pytest.approx(1 / 5)
    imitation = value_of("motif_recall", "C5 D5 E5 G5 -:4", "-:4 C4 D4 E4 G4")
    assert imitation == 1 / 2


@pytest.mark.parametrize("name", ["steps", "turns", "melodic_arch", "climax_once", "tune_range"])
def test_one_note_has_no_melody(name: str) -> None:
    assert math.isnan(value_of(name, "C4:4"))


def test_only_leaps_above_a_fifth_are_wide() -> None:
    assert value_of("wide_leaps", "C4 G4 C4 C5") == pytest.approx(1 / 3)
    assert value_of("wide_leaps", ODE) == 0


def test_the_compass_of_the_bass_is_that_of_the_lowest_voice() -> None:
    assert value_of("bass_range", "C5 C4 G4 C5", "C3:2 G3:2") == 7
