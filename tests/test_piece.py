"""Pieces: bars under meters, and what cannot be one."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from fractions import Fraction
from itertools import islice

import pytest
from hypothesis import given

from composer.errors import OptionError
from composer.piece import MeterChange, Note, Part, Piece, walk_bars
from composer.theory import INSTRUMENTS, Key, Meter
from tests.strategies import pieces

PIANO = INSTRUMENTS["piano"]
START = Fraction(0)
COMMON = (MeterChange(START, Meter(4, 4)),)


def piece_of(*notes: Note, meters: tuple[MeterChange, ...] = COMMON, n_bars: int = 0) -> Piece:
    return Piece((Part(PIANO, notes),), meters, Key("C", "major"), n_bars=n_bars)


def note_at(onset: float, length: float = 1, pitch: int = 60) -> Note:
    return Note(Fraction(onset), pitch, Fraction(length))


@given(pieces())
def test_bars_follow_one_another_to_the_closing_bar_line(piece: Piece) -> None:
    assert [bar.index for bar in piece.bars] == list(range(piece.n_bars))
    for bar, following in zip(piece.bars, piece.bars[1:], strict=False):
        assert bar.end_beats == following.onset_beats
    assert piece.length_beats == sum(bar.meter.length_beats for bar in piece.bars)


@given(pieces())
def test_every_meter_begins_at_a_bar_line(piece: Piece) -> None:
    onsets = {bar.onset_beats: bar.meter for bar in piece.bars}
    assert all(onsets[change.onset_beats] == change.meter for change in piece.meters)


@pytest.mark.parametrize(("end", "n_bars"), [(0.5, 1), (4, 1), (4.25, 2), (8, 2)])
def test_bars_are_counted_to_the_end_of_the_last_note(end: float, n_bars: int) -> None:
    assert piece_of(note_at(0, end)).n_bars == n_bars


def test_a_piece_without_notes_has_one_bar(empty_piece: Piece) -> None:
    assert (empty_piece.n_bars, empty_piece.n_notes) == (1, 0)
    assert (empty_piece.length_beats, empty_piece.pickup_beats) == (4, 0)


def test_empty_bars_at_the_end_are_kept_where_they_are_stated() -> None:
    assert piece_of(note_at(0), n_bars=5).length_beats == 20


@pytest.mark.parametrize(("first", "pickup"), [(0, 0), (3, 1), (3.5, 0.5), (4, 0), (9, 0)])
def test_an_upbeat_is_what_sounds_of_the_first_bar(first: float, pickup: float) -> None:
    assert piece_of(note_at(first)).pickup_beats == pickup


def test_a_meter_within_a_bar_is_refused() -> None:
    meters = (*COMMON, MeterChange(Fraction(3), Meter(3, 4)))
    with pytest.raises(OptionError, match="3/4 does not begin at a bar line"):
        list(islice(walk_bars(meters), 3))


@pytest.mark.parametrize(
    ("onset", "pitch", "length"), [(-1, 60, 1), (0, -1, 1), (0, 128, 1), (0, 60, 0), (0, 60, -1)]
)
def test_a_note_that_cannot_sound_is_refused(onset: int, pitch: int, length: int) -> None:
    with pytest.raises(OptionError, match="a note needs onset"):
        note_at(onset, length, pitch)


def test_a_piece_needs_a_part_and_a_meter_at_its_beginning() -> None:
    late = (MeterChange(Fraction(4), Meter(4, 4)),)
    for parts, meters in (((), COMMON), ((Part(PIANO, ()),), ()), ((Part(PIANO, ()),), late)):
        with pytest.raises(OptionError, match="a part, and a meter"):
            Piece(parts, meters, Key("C", "major"))


def test_a_part_is_monophonic_while_no_two_notes_sound_at_once() -> None:
    line = (note_at(0), note_at(1), note_at(3))
    assert Part(PIANO, line).is_monophonic
    assert not Part(PIANO, (*line, note_at(3, 1, 64))).is_monophonic
    assert not Part(PIANO, (note_at(0, 2), note_at(1))).is_monophonic


def test_transposing_there_and_back_changes_nothing(chorale: Piece) -> None:
    assert chorale.transposed(5).transposed(-5) == chorale
    assert chorale.transposed(5).parts[0].notes[0].pitch == 5 + chorale.parts[0].notes[0].pitch


def test_transposing_out_of_midi_is_refused(chorale: Piece) -> None:
    with pytest.raises(OptionError):
        chorale.transposed(100)


def test_a_piece_is_frozen_and_equal_to_its_copy(chorale: Piece) -> None:
    with pytest.raises(FrozenInstanceError):
        chorale.title = "other"  # type: ignore[misc]
    assert replace(chorale) == chorale
    assert replace(chorale, title="other") != chorale
