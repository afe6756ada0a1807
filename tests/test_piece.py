"""Pieces: bars under meters, and what cannot be one."""

from __future__ import annotations

import doctest
import json
from collections.abc import Iterator
from dataclasses import FrozenInstanceError, replace
from fractions import Fraction
from itertools import islice
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import composer.piece
from composer.errors import OptionError
from composer.piece import (
    Control,
    Grace,
    KeyChange,
    Lyric,
    Marking,
    Marks,
    MeterChange,
    Note,
    Part,
    Piece,
    Repeat,
    TempoChange,
    Written,
    walk_bars,
)
from composer.theory import (
    INSTRUMENTS,
    MODES,
    Key,
    Meter,
    key_from_signature,
    spelling_to_pitch_class,
)
from tests.strategies import loose_pieces, marked_pieces, pieces

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


@pytest.mark.parametrize(
    ("first", "pickup"), [(0, 0), (0.5, 0), (0.99, 0), (1, 3), (3, 1), (3.5, 0.5), (4, 0), (9, 0)]
)
def test_an_upbeat_is_what_sounds_of_the_first_bar(first: float, pickup: float) -> None:
    piece = piece_of(note_at(first))
    assert piece.pickup_beats == pickup
    assert piece.bar_numbers == range(0 if pickup else 1, piece.n_bars + (0 if pickup else 1))


def test_bars_are_found_by_the_numbers_that_are_printed(
    chorale: Piece, upbeat_chorale: Piece
) -> None:
    assert chorale.index_of_bars(1, 8) == upbeat_chorale.index_of_bars(0, 7) == (0, 7)
    for piece, first, last in [(chorale, 0, 2), (chorale, 8, 9), (upbeat_chorale, 0, 8)]:
        with pytest.raises(OptionError, match=f"bars {piece.bar_numbers[0]} to"):
            piece.index_of_bars(first, last)
    with pytest.raises(OptionError, match="upbeat is bar 0"):
        upbeat_chorale.index_of_bars(3, 2)


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


@given(st.one_of(pieces(), loose_pieces()))
def test_a_piece_comes_back_from_its_json_unchanged(piece: Piece) -> None:
    assert Piece.from_dict(json.loads(json.dumps(piece.to_dict()))) == piece


@settings(max_examples=20)
@given(marked_pieces())
def test_what_stands_beside_the_notes_comes_back_from_json(piece: Piece) -> None:
    found = Piece.from_dict(json.loads(json.dumps(piece.to_dict())))
    assert found == piece and found.remarks == piece.remarks


@pytest.mark.parametrize("fifths", range(-7, 8))
@pytest.mark.parametrize("mode", MODES)
def test_every_key_comes_back_from_json(fifths: int, mode: str, chorale: Piece) -> None:
    piece = replace(chorale, key=key_from_signature(fifths, mode))
    assert Piece.from_dict(piece.to_dict()).key == piece.key


ODD_VALUES = [
    None,
    True,
    -1,
    0.5,
    float("nan"),
    float("inf"),
    10**400,
    "",
    "x" * 300,
    "1/0",
    [],
    {},
]
ODD_VALUES += [[1, 2, 3, 4], [["0", "4/4"], ["3", "3/4"]], {"name": "piano"}, "-1", "0x1"]


def places_in(values: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every place of a JSON value, as the container and the key in it."""
    for key in list(values if isinstance(values, dict) else range(len(values))):
        yield values, key
        if isinstance(values[key], dict | list):
            yield from places_in(values[key])


def full_piece(piece: Piece) -> Piece:
    """Return a piece of one note that has everything once."""
    grace = Grace(62, "D", is_slashed=True)
    marks = Marks("C", (Written("quarter", 1),), 1, ("staccato",), (grace,), (Lyric("la", 2),))
    note = replace(piece.parts[0].notes[0], marks=marks)
    slur = Marking(START, "slur", end_beats=Fraction(1), voice=1)
    line = Part(PIANO, (note,), "One", (slur,), (Control(START, 64, 127),), 3, 5, -2)
    return replace(
        piece,
        parts=(line,),
        tempos=(TempoChange(Fraction(1), 80.0, is_ramp=True, unit_beats=Fraction(3, 2)),),
        keys=(KeyChange(Fraction(4), Key("Ab", "major")),),
        repeats=(Repeat(START, "ending", Fraction(4), (1, 2)), Repeat(Fraction(4), "backward")),
        percussion=(Part(PIANO, (note_at(0, 1, 36),)),),
        first_bar_number=17,
        credit="anonymous",
        remarks=("set aside: figured bass",),
    )


def test_what_a_piece_does_not_have_is_not_in_its_json(chorale: Piece) -> None:
    values = chorale.to_dict()
    usual = {"key", "meters", "n_bars", "tempo_bpm", "parts"}
    assert set(values) == usual | {"title", "composer", "form", "ensemble"}
    assert {len(row) for row in values["parts"][0]["notes"]} == {4}
    assert set(values["parts"][0]) == {"instrument", "name", "notes"}


def test_notes_that_are_written_otherwise_differ_but_have_no_order(chorale: Piece) -> None:
    plain, marked = note_at(0), replace(note_at(0), marks=Marks("B#"))
    assert plain != marked and not plain < marked and not marked < plain
    assert piece_of(plain) != piece_of(marked) and piece_of(plain) == piece_of(marked).bare()


def test_transposing_respells_what_is_spelled() -> None:
    chord = Marking(START, "chord", "Bbm7/F")
    line = Part(PIANO, (replace(note_at(0, pitch=61), marks=Marks("Db")),), markings=(chord,))
    keys = (KeyChange(Fraction(4), Key("F", "minor")),)
    piece = Piece((line,), COMMON, Key("Ab", "major"), keys=keys)
    moved = piece.transposed(2, Key("Bb", "major"))
    assert moved.parts[0].notes[0].marks == Marks("Eb")
    assert moved.parts[0].markings[0].text == "Cm7/G"
    assert (str(moved.key), str(moved.keys[0].key)) == ("Bb major", "G minor")
    assert moved.transposed(-2, Key("Ab", "major")) == piece


@settings(max_examples=20)
@given(marked_pieces(), st.integers(-6, 6))
def test_transposing_keeps_what_is_written(piece: Piece, semitones: int) -> None:
    moved = piece.transposed(semitones)
    assert (moved.percussion, moved.tempos) == (piece.percussion, piece.tempos)
    for one, other in zip(piece.parts, moved.parts, strict=True):
        for a, b in zip(one.notes, other.notes, strict=True):
            if a.marks is None or b.marks is None:
                assert a.marks is b.marks
                continue
            assert (a.marks.signs, a.marks.lyrics) == (b.marks.signs, b.marks.lyrics)
            if a.marks.spelling:
                assert spelling_to_pitch_class(b.marks.spelling) == b.pitch % 12


def test_a_ramp_goes_evenly_to_the_next_tempo() -> None:
    tempos = (TempoChange(Fraction(2), 100.0, is_ramp=True), TempoChange(Fraction(4), 60.0))
    piece = replace(piece_of(note_at(0, 8)), tempo_bpm=120.0, tempos=tempos)
    asked = [Fraction(0), Fraction(2), Fraction(3), Fraction(4), Fraction(7)]
    assert [piece.tempo_at(beats) for beats in asked] == [120, 100, 80, 60, 60]


def test_an_excerpt_has_the_numbers_that_are_printed(chorale: Piece) -> None:
    assert replace(chorale, first_bar_number=17).index_of_bars(17, 18) == (0, 1)


def test_the_example_of_the_layout_is_true() -> None:
    found = doctest.testmod(composer.piece)
    assert found.attempted and not found.failed


def test_any_odd_value_at_any_place_of_the_json_is_refused_or_a_piece(chorale: Piece) -> None:
    values = full_piece(chorale).to_dict()
    for container, key in list(places_in(values)):
        before = container[key]
        for odd in ODD_VALUES:
            container[key] = odd
            try:
                assert isinstance(Piece.from_dict(values), Piece)
            except OptionError as refusal:
                assert len(str(refusal)) < 200
        container[key] = before
    assert Piece.from_dict(values).n_notes == 1


@pytest.mark.parametrize("name", ["title", "parts", "more"])
def test_json_with_a_name_too_few_or_too_many_is_refused(name: str, chorale: Piece) -> None:
    values = chorale.to_dict()
    values.pop(name, None)
    with pytest.raises(OptionError, match="exactly"):
        Piece.from_dict(values if name != "more" else values | {"more": 1})


def test_notes_out_of_order_are_refused(chorale: Piece) -> None:
    values = chorale.to_dict()
    values["parts"][0]["notes"].reverse()
    with pytest.raises(OptionError, match="sorted"):
        Piece.from_dict(values)


def test_remarks_are_told_in_one_line_and_change_no_piece(chorale: Piece) -> None:
    remarks = ("read: this", "set aside: that", "read: more")
    piece = replace(chorale, remarks=remarks)
    assert piece == chorale
    assert piece.remarks_in_a_line == "read: this, more; set aside: that"
    assert chorale.remarks_in_a_line == ""


def test_a_piece_lasts_as_long_as_its_tempos_say() -> None:
    piece = replace(piece_of(note_at(0, 8)), tempo_bpm=60.0)
    assert piece.length_s == 8
    slower = replace(piece, tempos=(TempoChange(Fraction(4), 30.0),))
    assert slower.length_s == 12
