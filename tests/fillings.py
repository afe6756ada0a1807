"""Fillings for tests: any piece with open cells, drawn by a model that finds all equally likely."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
from hypothesis import strategies as st

from composer.cells import EDGES, Area, Blank, Cells, clear
from composer.engines import Fill, Take
from composer.engines.events.drawing import draw_groups
from composer.engines.events.filling import filling_drawing
from composer.piece import Note, Piece
from composer.request import Request
from composer.theory import Meter
from tests.fakes import UniformRuntime
from tests.strategies import VOCABULARY, loose_pieces, named_pieces, pieces

RANGE = (40, 80)


@st.composite
def blanks(draw: st.DrawFn) -> tuple[Piece, Blank]:
    """A piece on the grid or off it, and the same with any cells open."""
    piece = draw(st.one_of(pieces(), loose_pieces(), crowded_pieces()))
    shape = (piece.n_bars, len(piece.parts))
    cells = np.array(draw(st.lists(st.booleans(), min_size=shape[0] * shape[1])))[
        : shape[0] * shape[1]
    ]
    cells = cells.reshape(shape)
    cells[draw(st.integers(0, shape[0] - 1)), draw(st.integers(0, shape[1] - 1))] = True
    return piece, clear(piece, cells, edges=draw(st.sampled_from(EDGES)))


@st.composite
def area_blanks(draw: st.DrawFn) -> tuple[Piece, Blank]:
    """A piece on the grid or off it, and the same with any areas open, edges off the grid too."""
    piece = draw(st.one_of(pieces(), loose_pieces(), crowded_pieces()))
    areas = draw(st.lists(areas_in(piece), min_size=1, max_size=4))
    return piece, clear(piece, areas, edges=draw(st.sampled_from(EDGES)))


@st.composite
def areas_in(draw: st.DrawFn, piece: Piece) -> Area:
    """An area in which some keys of the parts lie."""
    steps = int(piece.length_beats * 28)
    begin = draw(st.integers(0, max(0, steps - 28)))
    low = draw(st.integers(30, RANGE[1]))
    n_parts = len(piece.parts)
    parts = st.lists(st.integers(0, n_parts - 1), min_size=1, max_size=n_parts, unique=True)
    return Area(
        begin_beats=Fraction(begin, 28),
        end_beats=Fraction(begin + draw(st.integers(14, 200)), 28),
        low=low,
        high=draw(st.integers(low, 100)),
        parts=draw(st.one_of(st.none(), parts.map(tuple))),
    )


@st.composite
def crowded_pieces(draw: st.DrawFn) -> Piece:
    """Three bars for two parts, full of long notes."""
    onsets, lengths = st.integers(0, 287), st.integers(24, 200)
    note = st.tuples(onsets, lengths, st.integers(48, 60))
    lines = [draw(st.lists(note, min_size=4, max_size=12)) for _ in range(2)]
    lines = [[(a, min(b, 288 - a), c) for a, b, c in line] for line in lines]
    return draw(named_pieces([Meter(4, 4)] * 3, lines))


def filling_of(blank: Blank, *, seed: int = 0, candidates: int = 1) -> Fill:
    """Return the ask to fill a blank, every other part a line."""
    n_parts = len(blank.piece.parts)
    return Fill(
        request=Request(candidates=candidates, seed=seed, min_p=0.0),
        blank=blank,
        ranges=[RANGE] * n_parts,
        lines=[part % 2 == 0 for part in range(n_parts)],
    )


def takes_of(ask: Fill, *, window: int = 512, hears_given: bool = False) -> Iterator[Take]:
    """Draw all candidates of a filling."""
    drawing = filling_drawing(ask, VOCABULARY, window, hears_given=hears_given)
    for step in draw_groups(UniformRuntime(), drawing):
        yield from step.takes


def filled(blank: Blank, *, seed: int = 0) -> Piece:
    """Return a blank filled with any legal notes, in one of two ways by the seed."""
    take = next(takes_of(filling_of(blank, seed=seed), hears_given=seed % 2 == 0))
    assert take.music is not None
    return take.music


def new_notes(given: Piece, piece: Piece) -> list[tuple[int, Note]]:
    """Return the part and the note of all that was not given."""
    old = {id(note) for part in given.parts for note in part.notes}
    return [
        (index, note)
        for index, part in enumerate(piece.parts)
        for note in part.notes
        if id(note) not in old
    ]


def sounding(
    piece: Piece, cells: Cells, *, is_open: bool
) -> set[tuple[int, int, Fraction, Fraction]]:
    """Return what sounds in open (or closed) cells: part, pitch, and where in each bar."""
    found = set()
    for part, bars in enumerate(cells.T):
        for bar in piece.bars:
            for note in piece.parts[part].notes if bars[bar.index] == is_open else ():
                begin = max(note.onset_beats, bar.onset_beats)
                end = min(note.end_beats, bar.end_beats)
                if begin < end:
                    found.add((part, note.pitch, begin, end))
    return found
