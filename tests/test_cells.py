"""What stays and what is new: given notes are the same objects, cut ones are tied again."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from composer.cells import Blank, cells_of, clear
from composer.engines.events.takes import read_filling
from composer.errors import OptionError, TokenError
from composer.piece import Note, Piece
from composer.tokenizer import Events, vocab
from tests.fillings import blanks, sounding
from tests.strategies import any_rows

few = settings(max_examples=25)


def tied_over(piece: Piece) -> Piece:
    """Return a piece whose first part holds one note from bar 1 to the end of bar 3."""
    part = piece.parts[0]
    later = tuple(note for note in part.notes if note.onset_beats >= 12)
    return replace(
        piece,
        parts=(
            replace(part, notes=(Note(Fraction(0), 67, Fraction(12)), *later)),
            *piece.parts[1:],
        ),
    )


def rows(*notes: tuple[int, int, int, int], bars: int = 1) -> Events:
    """Return a bar with notes (position, part, pitch, length), and silent ones before it."""
    lines = [vocab.row(vocab.BAR)] * bars
    found = [vocab.row(vocab.POSITION + a, b, c, d - 1) for a, b, c, d in notes]
    return np.concatenate([*lines, *found])


@few
@given(blanks())
def test_what_sounds_in_closed_cells_is_untouched(found: tuple[Piece, Blank]) -> None:
    piece, blank = found
    kept = sounding(blank.piece, blank.cells, is_open=False)
    assert kept == sounding(piece, blank.cells, is_open=False)


@few
@given(blanks())
def test_notes_that_are_not_cut_are_the_same_objects(found: tuple[Piece, Blank]) -> None:
    piece, blank = found
    for index, (part, given_part) in enumerate(zip(blank.piece.parts, piece.parts, strict=True)):
        old = {id(note) for note in given_part.notes}
        cut = {(pitch, at) for p, pitch, at in blank.cuts if p == index}
        for note in part.notes:
            at = {(note.pitch, note.onset_beats), (note.pitch, note.end_beats)}
            assert id(note) in old or at & cut
        assert (part.instrument, part.name) == (given_part.instrument, given_part.name)


def test_a_hole_takes_the_notes_that_begin_in_it_and_no_other(chorale: Piece) -> None:
    blank = clear(chorale, cells_of(chorale, 3, 4, [1]))
    inside = [note for note in chorale.parts[1].notes if 8 <= note.onset_beats < 16]
    assert set(chorale.parts[1].notes) - set(blank.piece.parts[1].notes) == set(inside)
    assert [blank.piece.parts[n] == chorale.parts[n] for n in range(4)] == [True, False, True, True]


def test_a_note_across_the_edges_is_kept_whole_or_cut(chorale: Piece) -> None:
    piece = tied_over(chorale)
    cells = cells_of(piece, 2, 2)
    assert clear(piece, cells).piece.parts[0].notes[0] is piece.parts[0].notes[0]
    blank = clear(piece, cells, edges="tie")
    assert blank.piece.parts[0].notes[:2] == (
        Note(Fraction(0), 67, Fraction(4)),
        Note(Fraction(8), 67, Fraction(4)),
    )
    assert blank.cuts == {(0, 67, Fraction(4)), (0, 67, Fraction(8))}


def test_a_new_note_is_tied_to_what_was_cut(chorale: Piece) -> None:
    piece = tied_over(chorale)
    blank = clear(piece, cells_of(piece, 2, 2), edges="tie")
    pitch = 67 - piece.key.shift
    whole = read_filling(rows((0, 0, pitch, 96)), blank)
    assert whole.parts[0].notes[0] == piece.parts[0].notes[0]
    half = read_filling(rows((48, 0, pitch, 48)), blank)
    assert half.parts[0].notes[1] == Note(Fraction(6), 67, Fraction(6))
    other = read_filling(rows((0, 0, pitch + 1, 96)), blank)
    assert len(other.parts[0].notes) == len(blank.piece.parts[0].notes) + 1


def test_new_notes_are_as_loud_as_the_part(chorale: Piece) -> None:
    loud = tuple(replace(note, velocity=33) for note in chorale.parts[0].notes)
    piece = replace(chorale, parts=(replace(chorale.parts[0], notes=loud), *chorale.parts[1:]))
    blank = clear(piece, cells_of(piece, 2, 2))
    found = read_filling(rows((0, 0, 60, 96)), blank)
    assert {note.velocity for note in found.parts[0].notes} == {33}


@given(any_rows(), st.integers(1, 8))
def test_any_rows_give_a_piece_or_a_named_error(chorale: Piece, events: Events, first: int) -> None:
    try:
        found = read_filling(events, Blank(piece=chorale, cells=cells_of(chorale, first, 8)))
    except TokenError:
        return
    kept = [{id(note) for note in part.notes} for part in found.parts]
    assert all(
        id(n) in new for new, part in zip(kept, chorale.parts, strict=True) for n in part.notes
    )


@pytest.mark.parametrize(
    ("first", "last", "parts", "words"),
    [
        (0, 2, None, "bars 1 to 8"),
        (3, 2, None, "bars 1 to 8"),
        (1, 9, None, "bars 1 to 8"),
        (1, 2, [4], "some of 1 to 4, got 5"),
        (1, 2, [], "some of 1 to 4, got none"),
    ],
)
def test_cells_that_are_none_are_refused(
    chorale: Piece, first: int, last: int, parts: list[int] | None, words: str
) -> None:
    with pytest.raises(OptionError, match=words):
        cells_of(chorale, first, last, parts)


def test_other_edges_are_refused(chorale: Piece) -> None:
    with pytest.raises(OptionError, match="keep or tie"):
        clear(chorale, cells_of(chorale, 1, 1), edges="glue")


def test_an_upbeat_is_bar_0(upbeat_chorale: Piece) -> None:
    assert np.flatnonzero(cells_of(upbeat_chorale, 0, 1).any(1)).tolist() == [0, 1]
    assert np.flatnonzero(cells_of(upbeat_chorale, 7, 7).any(1)).tolist() == [7]
