"""Textures that are full, thin, doubled, or out of a hand's reach."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from composer.piece import Piece
from composer.scoring import measure
from composer.theory import INSTRUMENTS
from tests.scoring.lines import piece_of, places_of, value_of


def at_the_piano(*lines: str) -> Piece:
    piece = piece_of(*lines)
    piano = INSTRUMENTS["piano"]
    return replace(piece, parts=tuple(replace(part, instrument=piano) for part in piece.parts))


def test_density_counts_the_notes_of_all_parts_a_beat() -> None:
    assert value_of("density", "C4 D4 E4 F4", "C3:4") == 5 / 4


def test_thickness_counts_what_sounds_at_once_and_leaves_rests_out() -> None:
    assert value_of("thickness", "C4+E4+G4:2 -:2", "C3:2 -:2") == 4


def test_only_rests_of_all_parts_are_silence_and_not_before_the_beginning() -> None:
    assert value_of("silence", "-:2 C4 D4 | - E4 F4 G4") == pytest.approx(1 / 6)
    assert value_of("silence", "C4 - C4 -", "- C3 - C3") == 0


def test_only_a_bar_without_any_sound_is_empty() -> None:
    line = "C4:4 -:4 D4:8"
    assert value_of("empty_bars", line) == 0.25
    assert [place.bar for place in places_of("empty_bars", line)] == [2]


def test_the_quietest_part_is_the_one_with_most_rests() -> None:
    lines = "C4:4", "- G3 - -", "C3 C3 C3 -"
    assert value_of("quietest_part", *lines) == 0.25
    assert value_of("voice_activity", *lines) == pytest.approx(8 / 12)


def test_octaves_and_unisons_are_doublings_and_thirds_are_not() -> None:
    assert value_of("doublings", "C5 D5 E5 F5", "C4 D4 E4 F4") == 1 / 2
    assert value_of("doublings", "E5 F5 G5 A5", "C4 D4 E4 F4") == 0
    assert value_of("doublings", "C5:4", "G4:4", "E4:4", "C3:4") == 1 / 4


def test_a_chorale_attacks_together_and_a_canon_less() -> None:
    assert value_of("attacks_together", "C5 D5 E5 F5", "C4 B3 C4 A3") == 1
    assert value_of("attacks_together", "C5:2 D5:2", "- C4 - D4") == 0
    assert math.isnan(value_of("attacks_together", "C4 D4 E4 F4"))


def test_a_hand_holds_a_tenth_and_no_twelfth() -> None:
    octave, twelfth = (at_the_piano(f"{chord}:2 C5:2", "C3:4") for chord in ("C4+C5", "C4+G5"))
    assert measure(octave)["hand_span"].value == 0
    found = measure(twelfth)["hand_span"]
    assert found.value == pytest.approx(1 / 4)
    assert (found.places[0].parts, found.places[0].note) == ((0,), "C4/G5")


def test_singers_have_no_hands() -> None:
    assert math.isnan(value_of("hand_span", "C4+G5:4"))


def test_voices_that_all_sound_throughout_never_change_in_number() -> None:
    assert value_of("thickness_spread", "C4 D4 E4 F4", "C3:4") == 0
    assert value_of("thickness_spread", "C4:2 C4+E4+G4:2") == pytest.approx(1)
