"""What is to be written and what stays: cells of bars and parts. Knows pieces, no model.

What stays are the piece's own `Note` objects; no engine can change them. A note lies in the cell of
its onset.

    bar        1  2  3  4
    soprano    .  x  x  .      infill of bars 2 and 3 in the soprano: x is open, . stays
    bass       .  .  .  .
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from statistics import median_low

import numpy as np
import numpy.typing as npt

from composer.errors import OptionError
from composer.piece import Note, Part, Piece
from composer.units import DEFAULT_VELOCITY

Cells = npt.NDArray[np.bool_]  # [bars, parts]
Cut = tuple[int, int, Fraction]  # part, pitch, beats
EDGES = ("keep", "tie")


@dataclass(frozen=True, kw_only=True, eq=False)
class Blank:
    """A piece with cells to be written.

    Args:
        piece: What stays, note for note.
        cells: What is to be written, [bars, parts]; one cell at least.
        cuts: Bar lines at which notes were cut: a new note of that part and pitch that ends or
            begins there is tied to what stays.
        begins_beats: No new note begins before it, so that an upbeat stays one and no bar gets
            another number; in quarters.
    """

    piece: Piece
    cells: Cells
    cuts: frozenset[Cut] = frozenset()
    begins_beats: Fraction = Fraction(0)

    @classmethod
    def of(cls, piece: Piece, cells: Cells, source: Piece | None = None) -> Blank:
        """Open cells without taking a note out.

        Args:
            piece: What stays.
            cells: As from `cells_of`.
            source: The piece as it was, whose upbeat stays; `piece` if not given.
        """
        return cls(piece=piece, cells=cells, begins_beats=_begin_of(source or piece))

    @property
    def first(self) -> int:
        """The first bar in which something is to be written, from 0."""
        return int(np.flatnonzero(self.cells.any(1))[0])

    @property
    def last(self) -> int:
        """The bar after the last one."""
        return int(np.flatnonzero(self.cells.any(1))[-1]) + 1

    @property
    def parts(self) -> tuple[int, ...]:
        """Parts in which something is to be written."""
        return tuple(np.flatnonzero(self.cells.any(0)).tolist())

    @cached_property
    def closes(self) -> npt.NDArray[np.int64]:
        """The bar line up to which cells are open from here on, [bars, parts]; 0 where closed."""
        found = np.zeros((len(self.cells) + 1, self.cells.shape[1]), np.int64)
        for bar in reversed(range(len(self.cells))):
            here = np.where(found[bar + 1] > 0, found[bar + 1], bar + 1)
            found[bar] = np.where(self.cells[bar], here, 0)
        return found[:-1]

    def filled(self, notes: Iterable[tuple[int, Note]]) -> Piece:
        """Return the piece with new notes beside its own, which stay the same objects.

        Args:
            notes: Index of the part, and a note that begins in one of its open cells.
        """
        added: list[list[Note]] = [[] for _ in self.piece.parts]
        for part, note in notes:
            added[part].append(note)
        parts = tuple(
            _with_notes(part, new, {(pitch, at) for p, pitch, at in self.cuts if p == index})
            if new
            else part
            for index, (part, new) in enumerate(zip(self.piece.parts, added, strict=True))
        )
        return replace(self.piece, parts=parts)

    def new_notes(self, piece: Piece) -> Piece:
        """Return the notes of a filled piece that were not given, in the same parts.

        Args:
            piece: As `filled` returned it, with as many parts.
        """
        given = {id(note) for part in self.piece.parts for note in part.notes}
        parts = tuple(
            replace(part, notes=tuple(note for note in part.notes if id(note) not in given))
            for part in piece.parts
        )
        return replace(piece, parts=parts)


def cells_of(
    piece: Piece, first_bar: int, last_bar: int, parts: Collection[int] | None = None
) -> Cells:
    """Return the cells of some bars of all or of some parts, [bars, parts].

    Args:
        piece: Any.
        first_bar: The number of the first as printed: a pickup is 0.
        last_bar: Of the last, included.
        parts: Indices, 0 the highest; None means all.

    Raises:
        OptionError: If the piece has no such bar or part.
    """
    n_parts = len(piece.parts)
    first, last = piece.index_of_bars(first_bar, last_bar)
    chosen = range(n_parts) if parts is None else sorted(set(parts))
    if not chosen or not all(0 <= part < n_parts for part in chosen):
        wrong = next((part + 1 for part in chosen if not 0 <= part < n_parts), "none")
        raise OptionError(f"`parts` must be some of 1 to {n_parts}, got {wrong}")
    cells = np.zeros((piece.n_bars, n_parts), np.bool_)
    cells[first : last + 1, list(chosen)] = True
    return cells


def clear(piece: Piece, cells: Cells, *, edges: str = "keep") -> Blank:
    """Take the notes out of cells.

    Args:
        piece: Any.
        cells: As from `cells_of`.
        edges: What becomes of notes that sound across an edge of the open cells: `keep` leaves
            them whole; `tie` leaves what sounds outside, cut at the bar line, and new notes of the
            same pitch are tied to it.

    Raises:
        OptionError: If `edges` is neither.
    """
    if edges not in EDGES:
        raise OptionError(f"`edges` must be keep or tie, got {str(edges)[:40]!r}")
    empty = Blank(piece=piece, cells=cells)
    cuts: set[Cut] = set()
    parts = []
    for index, part in enumerate(piece.parts):
        runs = list(_runs(empty, index))
        kept: list[Note] = []
        for note in part.notes:
            if edges == "keep":
                kept += [note] if _stays(note, runs) else []
            else:
                kept += _outside(note, index, runs, cuts)
        parts.append(replace(part, notes=tuple(sorted(kept, key=_place))))
    found = Blank.of(replace(piece, parts=tuple(parts)), cells, piece)
    return replace(found, cuts=frozenset(cuts))


def _begin_of(piece: Piece) -> Fraction:
    """Return where an upbeat begins, in quarters; 0 without one."""
    pickup = piece.pickup_beats
    return piece.meters[0].meter.length_beats - pickup if pickup else Fraction(0)


def _runs(blank: Blank, part: int) -> Iterator[tuple[Fraction, Fraction]]:
    """Yield where open cells of a part that stand together begin and end, in quarters."""
    bars, bar = blank.piece.bars, 0
    while bar < len(bars):
        stop = int(blank.closes[bar, part])
        if stop:
            yield bars[bar].onset_beats, bars[stop - 1].end_beats
        bar = max(bar + 1, stop)


def _stays(note: Note, runs: list[tuple[Fraction, Fraction]]) -> bool:
    """Whether a note begins outside of open cells, or sounds on after them."""
    before = bisect_right(runs, note.onset_beats, key=lambda run: run[0]) - 1
    return before < 0 or note.onset_beats >= runs[before][1] or note.end_beats > runs[before][1]


def _outside(
    note: Note, part: int, runs: list[tuple[Fraction, Fraction]], cuts: set[Cut]
) -> list[Note]:
    """Return what of a note sounds outside of open cells, and write down where it was cut."""
    near = [(a, b) for a, b in runs if a < note.end_beats and b > note.onset_beats]
    if not near:
        return [note]
    ends = [note.onset_beats, *[b for _, b in near]]
    starts = [*[a for a, _ in near], note.end_beats]
    found = [
        replace(note, onset_beats=a, duration_beats=b - a)
        for a, b in zip(ends, starts, strict=True)
        if a < b
    ]
    places = {at for one in found for at in (one.onset_beats, one.end_beats)}
    cuts.update((part, note.pitch, at) for at in places - {note.onset_beats, note.end_beats})
    return found


def _with_notes(part: Part, new: list[Note], cuts: set[tuple[int, Fraction]]) -> Part:
    """Return a part with new notes, as loud as its own, tied where notes were cut."""
    velocity = median_low([n.velocity for n in part.notes]) if part.notes else DEFAULT_VELOCITY
    kept = list(part.notes)
    for note in new:
        note = replace(note, velocity=velocity)
        for at in (note.onset_beats, note.end_beats):
            if (note.pitch, at) in cuts:
                note = _tied(note, at, kept)
        kept.append(note)
    return replace(part, notes=tuple(sorted(kept, key=_place)))


def _tied(note: Note, at: Fraction, kept: list[Note]) -> Note:
    """Return a note joined with the one that was cut there, which is taken from those kept."""
    for other in kept:
        if other.pitch == note.pitch and at in (other.onset_beats, other.end_beats):
            kept.remove(other)
            onset = min(note.onset_beats, other.onset_beats)
            length = max(note.end_beats, other.end_beats) - onset
            return replace(other, onset_beats=onset, duration_beats=length)
    return note


def _place(note: Note) -> tuple[Fraction, int]:
    return note.onset_beats, note.pitch
