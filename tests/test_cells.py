"""What stays and what is new: given notes are the same objects, cut ones are tied again."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from composer.cells import Area, Blank, areas_of, cells_of, clear
from composer.engines.events.takes import read_filling
from composer.errors import OptionError, TokenError
from composer.piece import MeterChange, Note, Part, Piece
from composer.theory import INSTRUMENTS, Key, Meter
from composer.tokenizer import Events, vocab
from tests.fillings import area_blanks, blanks, sounding
from tests.strategies import any_rows

few = settings(max_examples=25)
PART = Part(INSTRUMENTS["piano"], ())


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


@few
@given(area_blanks())
def test_what_sounds_outside_of_areas_is_untouched(found: tuple[Piece, Blank]) -> None:
    piece, blank = found
    assert sounding_outside(blank.piece, blank) == sounding_outside(piece, blank)


def sounding_outside(piece: Piece, blank: Blank) -> set[tuple[int, int, Fraction, Fraction]]:
    """Return what sounds outside of open areas: part, pitch, begin and end of every stretch."""
    found = set()
    for part, line in enumerate(piece.parts):
        for note in line.notes:
            begin = note.onset_beats
            for a, b in (*blank.spans(part, note.pitch), (note.end_beats, note.end_beats)):
                if begin < min(a, note.end_beats):
                    found.add((part, note.pitch, begin, min(a, note.end_beats)))
                begin = max(begin, b)
    return found


def test_an_area_takes_the_notes_that_lie_in_it_and_no_other(chorale: Piece) -> None:
    area = Area(begin_beats=Fraction(8), end_beats=Fraction(14), low=50, high=60)
    blank = clear(chorale, [area])
    for part, kept in zip(chorale.parts, blank.piece.parts, strict=True):
        inside = [n for n in part.notes if 50 <= n.pitch <= 60 and 8 <= n.onset_beats < 14]
        across = [n for n in inside if n.end_beats > 14]
        assert set(part.notes) - set(kept.notes) == set(inside) - set(across)
    assert (blank.first, blank.last) == (2, 4)
    assert np.array_equal(blank.cells, cells_of(chorale, 3, 4))


def test_areas_that_touch_are_one(chorale: Piece) -> None:
    pairs = ((8, 10, 40, 60), (10, 14, 50, 70), (15, 16, 50, 70))
    areas = [
        Area(begin_beats=Fraction(a), end_beats=Fraction(b), low=c, high=d, parts=(0,))
        for a, b, c, d in pairs
    ]
    blank = clear(chorale, areas)
    assert [tuple(map(int, span)) for span in blank.spans(0, 55)] == [(8, 14), (15, 16)]
    assert [tuple(map(int, span)) for span in blank.spans(0, 45)] == [(8, 10)]
    assert not blank.spans(0, 71) and not blank.spans(1, 55)


masks = st.lists(st.tuples(st.integers(0, 127), st.integers(0, 127)), min_size=1, max_size=30)


@given(masks)
def test_a_free_mask_is_the_mask_of_its_areas(places: list[tuple[int, int]]) -> None:
    mask = np.zeros((128, 128), np.bool_)
    for pitch, step in places:
        mask[max(0, pitch - 3) : pitch + 1, step : step + 5] = True
    piece = Piece(
        (PART, PART), (MeterChange(Fraction(0), Meter(4, 4)),), Key("C", "major"), n_bars=8
    )
    blank = clear(piece, areas_of(mask, 4, (1,)))
    assert not blank.mask(4)[0].any()
    assert np.array_equal(blank.mask(4)[1], mask)
    assert np.array_equal(blank.mask(8)[1], mask.repeat(2, axis=1))


def test_cells_have_a_mask_too(upbeat_chorale: Piece) -> None:
    """The upbeat of a quarter leaves the first three quarters of its bar closed."""
    cells = cells_of(upbeat_chorale, 0, 1, [2])
    mask = clear(upbeat_chorale, cells).mask(4)
    assert mask.shape == (4, 128, int(upbeat_chorale.length_beats) * 4)
    assert not mask[[0, 1, 3]].any()
    assert mask[2].all(0).tolist() == [12 <= step < 32 for step in range(mask.shape[2])]


def test_an_edge_off_the_grid_opens_no_step(chorale: Piece) -> None:
    area = Area(begin_beats=Fraction(1, 3), end_beats=Fraction(11, 6), low=60, high=60, parts=(0,))
    assert np.flatnonzero(clear(chorale, [area]).mask(4)[0, 60]).tolist() == [2, 3, 4, 5, 6]


def test_new_notes_may_keep_their_loudness(chorale: Piece) -> None:
    blank = clear(chorale, cells_of(chorale, 2, 2, [0]))
    soft, loud = (Note(Fraction(4 + n), 70, Fraction(1), velocity=20 + 90 * n) for n in (0, 1))
    notes = blank.filled([(0, soft), (0, loud)], keep_velocities=True).parts[0].notes
    assert soft in notes and loud in notes


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ((4, 4, 50, 60, None), "end after that, got quarters 4 to 4"),
        ((-1, 4, 50, 60, None), "got quarters -1 to 4"),
        ((0, 4, 61, 60, None), "the lowest first, got 61 to 60"),
        ((0, 4, 0, 128, None), "pitches from 0 to 127"),
        ((400, 401, 50, 60, None), "begins at quarter 400, where the piece of 32 quarters is over"),
        ((0, 4, 50, 60, (4,)), "some of the parts 1 to 4, got 5"),
        ((0, 4, 50, 60, ()), "some of the parts 1 to 4, got none"),
    ],
)
def test_areas_that_are_none_are_refused(
    chorale: Piece, values: tuple[int, int, int, int, tuple[int, ...] | None], words: str
) -> None:
    begin, end, low, high, parts = values
    with pytest.raises(OptionError, match=words):
        area = Area(
            begin_beats=Fraction(begin), end_beats=Fraction(end), low=low, high=high, parts=parts
        )
        clear(chorale, [area])


def test_no_area_and_no_mask_are_refused(chorale: Piece) -> None:
    with pytest.raises(OptionError, match="one area at least"):
        clear(chorale, [])
    for mask in (np.zeros((128, 8), np.bool_), np.ones((88, 8), np.bool_)):
        with pytest.raises(OptionError, match="128 rows of pitches"):
            areas_of(mask, 4)


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
