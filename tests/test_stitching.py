"""Pieces cut at bar lines and joined there."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from composer.errors import OptionError
from composer.piece import Note, Part, Piece
from composer.stitching import clip, join, silent, trim
from tests.strategies import legal_pieces, pieces


@settings(max_examples=20)
@given(legal_pieces(), st.data())
def test_a_piece_cut_at_a_bar_line_and_joined_is_the_same_but_for_ties(
    piece: Piece, data: st.DataObject
) -> None:
    cut = data.draw(st.integers(1, piece.n_bars))
    head = trim(piece, 1, cut)
    joined = join(head, cut, trim(piece, cut + 1, piece.n_bars)) if cut < piece.n_bars else head
    assert (joined.n_bars, joined.meters) == (piece.n_bars, piece.meters)
    for one, other in zip(piece.parts, joined.parts, strict=True):
        starts = [(note.onset_beats, note.pitch) for note in one.notes]
        assert [(note.onset_beats, note.pitch) for note in other.notes] == starts


@settings(max_examples=20)
@given(pieces(), st.data())
def test_cut_bars_hold_the_notes_that_begin_in_them(piece: Piece, data: st.DataObject) -> None:
    first = data.draw(st.integers(1, piece.n_bars))
    last = data.draw(st.integers(first, piece.n_bars))
    found = trim(piece, first, last)
    begin, end = piece.bars[first - 1].onset_beats, piece.bars[last - 1].end_beats
    assert [bar.meter for bar in found.bars] == [bar.meter for bar in piece.bars[first - 1 : last]]
    for part, own in zip(found.parts, piece.parts, strict=True):
        inside = [note for note in own.notes if begin <= note.onset_beats < end]
        assert [note.onset_beats + begin for note in part.notes] == [n.onset_beats for n in inside]
        assert all(note.end_beats <= end - begin for note in part.notes)


@settings(max_examples=20)
@given(pieces(), pieces())
def test_joining_moves_the_second_piece_behind_the_first(one: Piece, two: Piece) -> None:
    two = replace(two, parts=tuple(Part(part.instrument, two.parts[0].notes) for part in one.parts))
    joined = join(one, one.n_bars, two)
    meters = [bar.meter for bar in joined.bars]
    assert meters == [bar.meter for bar in (*one.bars, *two.bars)]
    assert joined.n_notes == one.n_notes + two.n_notes
    own = zip(one.parts, joined.parts, strict=True)
    assert all(a is b for old, new in own for a, b in zip(old.notes, new.notes, strict=False))


def test_behind_nothing_a_piece_begins(chorale: Piece) -> None:
    players = silent(chorale)
    joined = join(players, 0, chorale)
    assert (joined.parts, joined.meters, joined.n_bars) == (chorale.parts, chorale.meters, 8)
    assert players.n_notes == 0


def test_only_notes_that_are_too_long_are_shortened(chorale: Piece) -> None:
    bass = chorale.parts[-1]
    long = Note(Fraction(31), 43, Fraction(9))
    piece = replace(chorale, parts=(replace(bass, notes=(*bass.notes[:-1], long)),))
    clipped = clip(piece).parts[0].notes
    assert clipped[-1].end_beats == chorale.length_beats
    assert all(a is b for a, b in zip(clipped[:-1], bass.notes, strict=False))


@pytest.mark.parametrize(("first", "last"), [(0, 3), (3, 2), (1, 9)])
def test_bars_that_are_not_there_are_refused(chorale: Piece, first: int, last: int) -> None:
    with pytest.raises(OptionError, match="from 1 to 8"):
        trim(chorale, first, last)
