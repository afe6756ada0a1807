from __future__ import annotations

import math
from fractions import Fraction

import pytest

from composer.scoring import measure
from tests.scoring.lines import piece_of, places_of, value_of


def test_parallel_fifths_are_found_at_their_place() -> None:
    """Fux, first species: two fifths in a row in the same direction."""
    place = places_of("parallel_fifths", "G4 A4 B4:2 | C5:4", "E3 D3 E3:2 | C3:4")[0]
    assert (place.bar, place.onset_beats, place.parts) == (1, 2, (0, 1))
    assert place.note == "A4/D3 to B4/E3"


@pytest.mark.parametrize(
    ("upper", "lower"),
    [
        ("E4 D4", "C3 G3"),  # contrary motion to a fifth
        ("G4 D5", "C4 G3"),  # from fifth to fifth by contrary motion
        ("A4 G4", "D4 D4"),  # oblique
        ("G4 G4", "C4 C4"),  # repeated
        ("G4 - A4", "C4 - D4"),  # a rest between
        ("G4 A4", "C4 C4:1/2 D4:1/2"),  # not at once
    ],
)
def test_other_motion_to_a_fifth_is_no_parallel(upper: str, lower: str) -> None:
    assert value_of("parallel_fifths", upper, lower) == 0


def test_a_twelfth_counts_as_a_fifth_and_a_fifteenth_as_an_octave() -> None:
    assert len(places_of("parallel_fifths", "G5 A5", "C4 D4")) == 1
    assert len(places_of("parallel_octaves", "C5 D5", "C3 D3")) == 1


def test_unisons_count_as_octaves() -> None:
    assert len(places_of("parallel_octaves", "C4 D4", "C4 D4")) == 1


def test_crossed_voices_in_fifths_are_parallel_fifths() -> None:
    assert len(places_of("parallel_fifths", "C4 D4", "G4 A4")) == 1


def test_parallels_are_counted_for_every_hundred_notes_and_every_pair() -> None:
    lines = "G4 A4 B4 C5", "E4 F4 D4 C4", "C4 D4 G3 E3"
    assert value_of("parallel_fifths", *lines) == pytest.approx(100 / 12)
    assert places_of("parallel_fifths", *lines)[0].parts == (0, 2)


def test_a_hand_that_plays_octaves_is_one_voice() -> None:
    assert value_of("parallel_octaves", "C4+C5 D4+D5 E4+E5", "C3 G2 C3") == 0


def test_hidden_octaves_need_a_leaping_upper_voice() -> None:
    """Aldwell and Schachter: a hidden octave is mild where the soprano moves by step."""
    assert value_of("direct_perfects", "E4 C5", "G3 C4") > 0
    assert value_of("direct_perfects", "B4 C5", "G3 C4") == 0
    assert value_of("direct_perfects", "E4 C5", "D4 C4") == 0


def test_crossing_is_the_share_of_the_time_and_names_its_beginning() -> None:
    lines = "C5 E4 C5 C5", "G4 G4 G4 G4"
    assert value_of("voice_crossing", *lines) == 0.25
    assert [place.onset_beats for place in places_of("voice_crossing", *lines)] == [1]


def test_only_upper_voices_must_stay_within_an_octave() -> None:
    assert value_of("wide_spacing", "G5 C5", "C4 C4", "C3 C3") == 0.5
    assert value_of("wide_spacing", "C5 C5", "C4 C4", "C2 C2") == 0


def test_a_fourth_is_a_leap_and_a_third_is_none() -> None:
    assert value_of("leaps", "C4 F4 A4 G4 G4") == pytest.approx(1 / 3)


def test_a_leap_that_turns_back_is_recovered() -> None:
    assert value_of("leap_recovery", "C4 G4 F4") == 1
    assert value_of("leap_recovery", "C4 G4 A4") == 0


@pytest.mark.parametrize("line", ["F4 B4", "C4 Bb4", "C4 B4", "C4 D5", "B4 F4"])
def test_tritones_sevenths_and_more_than_an_octave_are_awkward(line: str) -> None:
    assert value_of("awkward_leaps", line) == 100


@pytest.mark.parametrize("line", ["C4 A4", "C4 C5", "C4 G4", "F4 - B4"])
def test_sixths_octaves_and_leaps_over_a_rest_are_not_awkward(line: str) -> None:
    assert value_of("awkward_leaps", line) in (0, pytest.approx(math.nan, nan_ok=True))


def test_the_augmented_second_of_minor_is_awkward_and_the_minor_third_is_not() -> None:
    assert value_of("awkward_leaps", "F4 G#4", key="A minor") == 100
    assert value_of("awkward_leaps", "E4 G4", key="A minor") == 0


def test_a_cross_relation_is_a_note_after_its_own_alteration_in_another_voice() -> None:
    place = places_of("cross_relations", "F4 E4", "D3 F#3", key="G major")[0]
    assert (place.note, place.parts, place.onset_beats) == ("F4, then F#3", (0, 1), 1)


def test_a_voice_that_moves_by_the_chromatic_semitone_makes_no_cross_relation() -> None:
    assert value_of("cross_relations", "F4 F#4", "D3 C3", key="G major") == 0
    assert value_of("cross_relations", "E4 G4", "G3 F3", key="G major") == 0


def test_a_chromatic_note_must_leave_by_step() -> None:
    assert value_of("stray_chromatics", "D4 F#4 G4") == 0
    assert value_of("stray_chromatics", "D4 F#4 C4") == 50


def test_notes_below_the_range_of_the_voice_are_found() -> None:
    found = measure(piece_of("C4 C3", "C3 C3"))["out_of_range"]
    assert found.value == 0.25
    assert found.places[0].note == "C3 for soprano"
    assert found.places[0].onset_beats == Fraction(1)


def test_a_voice_that_passes_where_its_neighbour_was_overlaps_it() -> None:
    """Huron: E4 in the alto after C5 in the soprano is clear, E5 is an overlap."""
    place = places_of("voice_overlap", "C5 G5", "A4 E5")[0]
    assert (place.onset_beats, place.parts, place.note) == (1, (0, 1), "C5/A4 to G5/E5")
    assert value_of("voice_overlap", "C5 G5", "A4 B4") == 0
    assert value_of("voice_overlap", "C5 C5", "A4 C5") == 0


def test_two_skips_in_one_direction_must_not_span_a_seventh() -> None:
    """Fourth and fourth make a seventh; third and third a fifth, fifth and fourth an octave."""
    assert value_of("unbroken_leaps", "C4 F4 Bb4") == 50
    assert value_of("unbroken_leaps", "C4 E4 G4") == 0
    assert value_of("unbroken_leaps", "C4 G4 C5") == 0
    assert value_of("unbroken_leaps", "C4 F4 - Bb4") == 0


def test_the_ends_of_a_range_are_extreme_registers() -> None:
    """A soprano from C4 to C6, as Adler has it here: below F4 and above G5 it is extreme."""
    soprano = "A3 C5 B5 C5"
    assert value_of("extreme_registers", soprano) == 0.5
    assert math.isnan(value_of("extreme_registers", "-:4"))


@pytest.mark.parametrize(
    ("soprano", "bass", "value"),
    [
        ("B4 C5", "G2 C3", 0.0),  # it rises
        ("B4 G4", "G2 C3", 1.0),  # it falls in an outer voice
        ("B4 G4", "C3 F3", math.nan),  # no dominant
    ],
)
def test_a_leading_note_rises_to_the_tonic(soprano: str, bass: str, value: float) -> None:
    found = value_of("unresolved_leading_notes", soprano, "D4 E4", "G3 G3", bass)
    assert found == pytest.approx(value, nan_ok=True)


def test_a_leading_note_in_an_inner_voice_may_fall_to_the_fifth() -> None:
    """Aldwell and Schachter, on V and I: for the sake of a complete chord."""
    assert value_of("unresolved_leading_notes", "D5 C5", "B4 G4", "G4 E4", "G2 C3") == 0


def test_a_seventh_falls_by_step() -> None:
    assert value_of("unresolved_sevenths", "F4 E4", "B3 C4", "G2 C3") == 0
    place = places_of("unresolved_sevenths", "F4 G4", "D4 E4", "B3 C4", "G2 C3")[0]
    assert (place.note, place.parts, place.onset_beats) == ("F4 to G4", (0,), 0)


def test_over_a_passing_bass_the_seventh_may_rise() -> None:
    """Aldwell and Schachter, on inversions of V7: I V4/3 I6 in parallel tenths."""
    lines = "E4 F4 G4", "C4 B3 C4", "G3 G3 G3", "C3 D3 E3"
    assert value_of("unresolved_sevenths", *lines) != 1


def test_a_leading_note_in_two_voices_is_doubled() -> None:
    place = places_of("doubled_tendencies", "B4 C5", "D4 E4", "B3 C4", "G2 C3")[0]
    assert (place.note, place.parts) == ("B4/B3 doubled", (0, 2))
    assert value_of("doubled_tendencies", "B4 C5", "D4 E4", "G3 G3", "G2 C3") == 0


def test_the_third_of_a_tonic_is_no_leading_note() -> None:
    assert math.isnan(value_of("doubled_tendencies", "E4 F4", "C4 C4", "E3 F3", "C3 F2"))
