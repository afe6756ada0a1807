"""Pieces cut at bar lines and joined there."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from composer.errors import OptionError
from composer.piece import Control, KeyChange, Note, Part, Piece, Repeat, TempoChange
from composer.stitching import clip, join, played_bars, silent, trim, unfold
from composer.theory import Key
from tests.strategies import legal_pieces, marked_pieces, pieces


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


@settings(max_examples=20)
@given(marked_pieces(), st.data())
def test_what_stands_beside_the_notes_comes_along(piece: Piece, data: st.DataObject) -> None:
    cut = data.draw(st.integers(1, piece.n_bars))
    seam = piece.bars[cut - 1].end_beats
    head = trim(piece, 1, cut)
    joined = join(head, cut, trim(piece, cut + 1, piece.n_bars)) if cut < piece.n_bars else head
    for one, other in zip(piece.parts, joined.parts, strict=True):
        marks = [(note.onset_beats, note.marks) for note in one.notes]
        assert [(note.onset_beats, note.marks) for note in other.notes] == marks
        points = [mark for mark in one.markings if mark.end_beats is None]
        assert [mark for mark in other.markings if mark.end_beats is None] == points
        assert {_in_force(other, at) == _in_force(one, at) for at in _moments(one)} <= {True}
    for at in (Fraction(0), seam - Fraction(1, 9), seam + Fraction(1, 9)):
        if not any(change.onset_beats == seam for change in (*piece.keys, *piece.tempos)):
            assert joined.key_at(at) == piece.key_at(at)
    assert [part.notes for part in joined.percussion] == [
        tuple(replace(note, duration_beats=length) for note, length in _lengths(part, other))
        for part, other in zip(piece.percussion, joined.percussion, strict=True)
    ]


def _moments(part: Part) -> list[Fraction]:
    return [control.onset_beats for control in part.controls]


def _in_force(part: Part, at: Fraction) -> dict[int, int]:
    """Return what is held, bent or set at a moment; what is at rest is as if never touched."""
    found = {one.kind: one.value for one in part.controls if one.onset_beats <= at}
    return {kind: value for kind, value in found.items() if value}


def _lengths(part: Part, other: Part) -> list[tuple[Note, Fraction]]:
    """Return notes with the lengths that a cut left them."""
    return [(a, b.duration_beats) for a, b in zip(part.notes, other.notes, strict=True)]


def test_a_cut_states_what_is_in_force_and_a_seam_lets_go(chorale: Piece) -> None:
    low = replace(chorale.parts[0], controls=(Control(Fraction(1), 64, 127),))
    piece = replace(
        chorale,
        parts=(low, *chorale.parts[1:]),
        tempos=(TempoChange(Fraction(4), 50.0),),
        keys=(KeyChange(Fraction(4), Key("E", "major")),),
    )
    tail = trim(piece, 3, 4)
    assert tail.parts[0].controls == (Control(Fraction(0), 64, 127),)
    assert (tail.tempo_bpm, str(tail.key), tail.tempos, tail.keys) == (50, "E major", (), ())
    head = trim(piece, 1, 1)
    joined = join(head, 1, chorale)
    assert joined.parts[0].controls[-1] == Control(head.length_beats, 64, 0)


def test_repeats_are_cut_with_their_bars(chorale: Piece) -> None:
    bars = chorale.bars
    signs = (
        Repeat(bars[0].onset_beats, "forward"),
        Repeat(bars[1].onset_beats, "ending", bars[2].end_beats, (1,)),
        Repeat(bars[2].end_beats, "backward"),
    )
    piece = replace(chorale, repeats=signs)
    assert trim(piece, 1, 2).repeats == (signs[0], replace(signs[1], end_beats=bars[1].end_beats))
    ending = Repeat(Fraction(0), "ending", bars[0].end_beats, (1,))
    assert trim(piece, 3, 4).repeats == (ending, Repeat(bars[0].end_beats, "backward"))
    assert join(piece, piece.n_bars, chorale).repeats == signs


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


def with_signs(
    piece: Piece, *signs: tuple[str, int] | tuple[str, int, int, tuple[int, ...]]
) -> Piece:
    """Put signs at bars, counted from 1; endings have a last bar and their times."""
    found = []
    for kind, bar, *ending in signs:
        sign = Repeat(Fraction(0), "forward")
        begin, end = piece.bars[bar - 1].onset_beats, piece.bars[bar - 1].end_beats
        if kind == "ending":
            last, numbers = ending
            sign = Repeat(begin, kind, piece.bars[last - 1].end_beats, numbers)  # type: ignore[misc]
        else:
            sign = Repeat(begin, kind)
            sign = replace(sign, onset_beats=end) if sign.is_at_end else sign
        found.append(sign)
    return replace(piece, repeats=tuple(sorted(found, key=lambda one: one.onset_beats)))


@pytest.mark.parametrize(
    ("signs", "order"),
    [
        ([("backward", 2)], [1, 2, 1, 2, 3, 4, 5, 6, 7, 8]),
        ([("forward", 3), ("backward", 4)], [1, 2, 3, 4, 3, 4, 5, 6, 7, 8]),
        (
            [("ending", 3, 3, (1,)), ("backward", 3), ("ending", 4, 4, (2,))],
            [1, 2, 3, 1, 2, 4, 5, 6, 7, 8],
        ),
        (
            [("ending", 3, 3, (1, 2)), ("backward", 3), ("ending", 4, 4, (3,))],
            [1, 2, 3, 1, 2, 3, 1, 2, 4, 5, 6, 7, 8],
        ),
        ([("fine", 2), ("da capo", 8)], [1, 2, 3, 4, 5, 6, 7, 8, 1, 2]),
        (
            [("segno", 3), ("to coda", 4), ("dal segno", 6), ("coda", 7)],
            [1, 2, 3, 4, 5, 6, 3, 4, 7, 8],
        ),
        (
            [("backward", 2), ("forward", 3), ("backward", 4), ("da capo", 8), ("fine", 4)],
            [1, 2, 1, 2, 3, 4, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4],
        ),
    ],
)  # fmt: skip
def test_bars_are_played_in_the_order_that_repeats_give_them(
    signs: list[tuple[str, int]], order: list[int], chorale: Piece
) -> None:
    piece = with_signs(chorale, *signs)
    assert [index + 1 for index in played_bars(piece)] == order
    played = unfold(piece)
    assert (played.n_bars, played.repeats) == (len(order), ())
    assert [bar.meter for bar in played.bars] == [piece.bars[i - 1].meter for i in order]


def test_unfolding_states_keys_and_tempos_anew(chorale: Piece) -> None:
    second = chorale.bars[1].onset_beats
    piece = replace(
        with_signs(chorale, ("backward", 2)),
        tempos=(TempoChange(second, 50.0),),
        keys=(KeyChange(second, Key("E", "major")),),
    )
    played = unfold(piece)
    third = played.bars[2].onset_beats
    assert (played.tempo_at(second), played.tempo_at(third)) == (50, chorale.tempo_bpm)
    assert (str(played.key_at(second)), played.key_at(third)) == ("E major", chorale.key)
    assert unfold(chorale) is chorale
