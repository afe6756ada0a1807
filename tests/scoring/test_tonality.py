from __future__ import annotations

import math
from dataclasses import replace

import pytest

from composer.scoring import measure
from composer.theory import parse_key
from tests.scoring.lines import piece_of, places_of, value_of

SCALE = "C4 D4 E4 F4 G4 A4 B4 C5"


def test_a_scale_lies_in_its_own_key() -> None:
    assert value_of("scale_share", SCALE) == 1
    assert value_of("scale_share", SCALE, key="Db major") == pytest.approx(3 / 8)


def test_notes_count_in_the_scale_by_their_length() -> None:
    assert value_of("scale_share", "C4:3 C#4:1") == 0.75


def test_both_sixths_and_sevenths_belong_to_minor() -> None:
    assert value_of("scale_share", "A4 G4 F4 E4 F#4 G#4 A4", key="A minor") == 1


@pytest.mark.parametrize(
    ("key", "agreement"),
    [("G major", 1), ("E minor", 0.5), ("D major", 0.5), ("G minor", 0.5), ("Eb major", 0)],
)
def test_agreement_falls_with_the_distance_of_the_asked_key(
    chorale, key: str, agreement: float
) -> None:
    piece = replace(chorale, key=parse_key(key))
    assert measure(piece)["key_agreement"].value == agreement


def test_a_full_close_is_tonic_after_dominant() -> None:
    lines = "D4 E4:3", "B3 C4:3", "G3 G3:3", "G2 C3:3"
    assert value_of("final_cadence", *lines) == 1
    assert places_of("final_cadence", *lines)[0].note == (
        "bass on C3, tonic triad, after the dominant"
    )


def test_a_leading_note_over_the_second_degree_is_a_dominant() -> None:
    assert value_of("final_cadence", "B4 C5:3", "F4 E4:3", "D3 C3:3") == 1


def test_a_plagal_close_is_less_than_a_full_one() -> None:
    assert value_of("final_cadence", "A4 G4:3", "F4 E4:3", "F3 C3:3") == pytest.approx(2 / 3)


def test_a_picardy_third_closes_a_minor_piece_and_a_minor_third_no_major_one() -> None:
    lines = "B4 C#5:3", "E3 A2:3"
    assert value_of("final_cadence", *lines, key="A minor") == 1
    assert value_of("final_cadence", "B4 C5:3", "E3 A2:3", key="A major") == pytest.approx(2 / 3)


def test_a_half_close_is_no_close() -> None:
    assert value_of("final_cadence", "C4 B3:3", "C3 G2:3") == 0
    assert value_of("final_bass", "C4 B3:3", "C3 G2:3") == 0


def test_a_last_bass_note_that_lasts_is_still_the_last_one() -> None:
    assert value_of("final_bass", "D4 F4:1/2 E4:1/2", "G2 C3") == 1


def test_entropy_counts_the_pitch_classes_in_bits() -> None:
    assert value_of("pitch_class_entropy", "C4 D4 E4 F4") == pytest.approx(2)
    assert value_of("pitch_class_entropy", "C4 C5 C4 C5") == 0


def test_entropy_does_not_grow_with_length() -> None:
    def bars(n: int) -> str:
        return "C4:4 G4:4 | " * (n // 2)

    short, long = (value_of("pitch_class_entropy", bars(n)) for n in (16, 128))
    assert short == pytest.approx(long)


def test_seconds_sevenths_and_tritones_are_dissonant() -> None:
    assert value_of("dissonance", "D4 B4 F#4 E4", "C4 C4 C4 C4") == 0.75
    assert value_of("dissonance", "D4", "B3", "F3", "G2") == pytest.approx(2 / 6)


def test_dissonance_between_the_beats_does_not_count() -> None:
    assert value_of("dissonance", "E4:1/2 D4:1/2 C4", "C4:2") == 0


def test_one_voice_alone_has_no_dissonance_to_measure() -> None:
    assert math.isnan(value_of("dissonance", "C4 D4"))


def test_semitone_clashes_are_a_share_of_the_sounding_time() -> None:
    assert value_of("semitone_clashes", "B4 D4 E4 C#5", "C4 C4 C4 C4") == 0.5
    assert value_of("semitone_clashes", "B4 - - -", "C4 C4 - -") == 0.5


def test_the_cadence_of_a_piece_without_notes_is_none(empty_piece) -> None:
    assert measure(empty_piece)["final_cadence"].value == 0


def test_the_whole_chorale_closes_in_its_key(chorale) -> None:
    found = measure(chorale)
    assert [found[name].value for name in ("final_bass", "key_agreement")] == [1, 1]
    assert measure(piece_of("C4"))["final_bass"].value == 1
