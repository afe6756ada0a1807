from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from statistics import fmean

import pytest
from hypothesis import given

from composer.piece import MeterChange, Note, Piece
from composer.rendering.dynamics import (
    MAX_VELOCITY_CHANGE,
    PHRASE_VELOCITY,
    metrical_velocity,
    shaded_parts,
)
from composer.rendering.phrases import find_phrases
from composer.theory import INSTRUMENTS, parse_meter
from tests.conftest import part_of
from tests.strategies import loose_pieces, pieces


def changes(piece: Piece) -> Iterator[tuple[Note, int]]:
    """Yield every note with what was added to its velocity."""
    shaded = shaded_parts(piece, find_phrases(piece))
    for part, played in zip(piece.parts, shaded, strict=True):
        for note, louder in zip(part.notes, played.notes, strict=True):
            assert replace(louder, velocity=note.velocity) == note
            yield note, louder.velocity - note.velocity


@given(pieces() | loose_pieces())
def test_a_velocity_changes_by_a_dozen_at_most_and_nothing_else_does(piece: Piece) -> None:
    assert all(abs(change) <= MAX_VELOCITY_CHANGE for _, change in changes(piece))


@pytest.mark.parametrize("velocity", [1, 127])
def test_velocities_stay_what_midi_knows(keyboard_piece: Piece, velocity: int) -> None:
    parts = tuple(
        replace(part, notes=tuple(replace(note, velocity=velocity) for note in part.notes))
        for part in keyboard_piece.parts
    )
    found = {velocity + change for _, change in changes(replace(keyboard_piece, parts=parts))}
    assert min(found) >= 1 and max(found) <= 127 and len(found) > 1


@pytest.mark.parametrize("meter", ["4/4", "3/4", "6/8", "2/2", "5/8", "12/8", "3/16"])
def test_strong_beats_are_louder(chorale: Piece, meter: str) -> None:
    line = part_of(INSTRUMENTS["flute"], "C5:1/4 " * 96)
    found = parse_meter(meter)
    piece = replace(chorale, parts=(line,), meters=(MeterChange(Fraction(0), found),), n_bars=0)
    by_beat: dict[bool, list[int]] = {True: [], False: []}
    for note, change in changes(piece):
        by_beat[note.onset_beats % found.length_beats == 0].append(change)
    assert fmean(by_beat[True]) > fmean(by_beat[False]) + 2


def test_the_half_bar_is_stronger_than_the_beats_beside_it() -> None:
    accents = [metrical_velocity(parse_meter("4/4"), Fraction(beat, 2)) for beat in range(8)]
    assert accents[0] > accents[4] > accents[2] == accents[6] > accents[1] == accents[7]


def test_the_melody_is_louder_than_the_inner_parts(chorale: Piece) -> None:
    alike = tuple(part_of(INSTRUMENTS["flute"], "C5 " * 32) for _ in range(4))
    found = [change for _, change in changes(replace(chorale, parts=alike))]
    soprano, alto, tenor, bass = (fmean(found[index * 32 :][:32]) for index in range(4))
    assert soprano > bass > alto == tenor


def test_of_a_chord_in_the_melody_the_highest_note_is_loudest(keyboard_piece: Piece) -> None:
    last = [change for note, change in changes(keyboard_piece) if note.onset_beats == 21][:3]
    assert last[2] > last[1] >= last[0]


def test_a_phrase_is_loudest_in_its_middle(chorale: Piece) -> None:
    line = part_of(INSTRUMENTS["flute"], "C5 " * 16)
    found = [change for _, change in changes(replace(chorale, parts=(line,), n_bars=0))]
    downbeats = found[::4]
    assert downbeats[2] - downbeats[0] >= PHRASE_VELOCITY


@pytest.mark.parametrize("name", ["organ", "harpsichord"])
def test_organ_and_harpsichord_know_no_loud_and_soft(chorale: Piece, name: str) -> None:
    parts = tuple(replace(part, instrument=INSTRUMENTS[name]) for part in chorale.parts)
    assert not any(change for _, change in changes(replace(chorale, parts=parts)))
