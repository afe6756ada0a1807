"""A piece with something open in it: what stays, where new notes go, and how they come together."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from statistics import median_low
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from composer.cells.areas import N_PITCHES, Area, Cells, Mask, cells_under, parts_of
from composer.piece import Note, Part, Piece
from composer.units import DEFAULT_VELOCITY

Opened: TypeAlias = Cells | Sequence[Area]
Span = tuple[Fraction, Fraction]  # begin and end, in quarters
Cut = tuple[int, int, Fraction]  # part, pitch, beats
_ANY = -1  # stands for all pitches


@dataclass(frozen=True, kw_only=True, eq=False)
class Blank:
    """A piece with cells or areas to be written.

    Args:
        piece: What stays, note for note.
        cells: What is to be written, [bars, parts]; one cell at least. Of areas, the cells in which
            they lie.
        areas: Where new notes sound within the cells; none of them opens whole cells.
        cuts: Bar lines at which notes were cut: a new note of that part and pitch that ends or
            begins there is tied to what stays.
        begins_beats: No new note begins before it, so that an upbeat stays one and no bar gets
            another number; in quarters.
    """

    piece: Piece
    cells: Cells
    areas: tuple[Area, ...] = ()
    cuts: frozenset[Cut] = frozenset()
    begins_beats: Fraction = Fraction(0)

    @classmethod
    def of(cls, piece: Piece, opened: Opened, source: Piece | None = None) -> Blank:
        """Open cells or areas without taking a note out.

        Args:
            piece: What stays.
            opened: Cells as from `cells_of`, or areas.
            source: The piece as it was, whose upbeat stays; `piece` if not given.

        Raises:
            OptionError: If there is no area, or one lies where the piece has no bar or part.
        """
        begins_beats = _begin_of(source or piece)
        if isinstance(opened, np.ndarray):
            return cls(piece=piece, cells=opened, begins_beats=begins_beats)
        areas = tuple(opened)
        cells = cells_under(piece, areas)
        return cls(piece=piece, cells=cells, areas=areas, begins_beats=begins_beats)

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

    def spans(self, part: int, pitch: int) -> Sequence[Span]:
        """Return when a pitch of a part is open, ascending; new notes begin and end within one.

        Args:
            part: Its index.
            pitch: 0..127.
        """
        return self._spans.get((part, pitch if self.areas else _ANY), ())

    def mask(self, steps_per_quarter: int) -> Mask:
        """Return what is open as a piano roll, [parts, 128 pitches, steps].

        Step 0 begins with the piece. A step is open where all of it lies in what is open, so that
        an edge off the grid takes nothing from what stays.

        Args:
            steps_per_quarter: 4 for sixteenths.
        """
        n_steps = math.ceil(self.piece.length_beats * steps_per_quarter)
        found = np.zeros((len(self.piece.parts), N_PITCHES, n_steps), np.bool_)
        for (part, pitch), spans in self._spans.items():
            rows = found[part] if pitch == _ANY else found[part, pitch]
            for begin, end in spans:
                first = math.ceil(begin * steps_per_quarter)
                rows[..., first : math.floor(end * steps_per_quarter)] = True
        return found

    @cached_property
    def _spans(self) -> Mapping[tuple[int, int], Sequence[Span]]:
        if not self.areas:
            found = {(part, _ANY): list(self._runs(part)) for part in self.parts}
        else:
            found = {}
            for area in self.areas:
                for part in parts_of(area, self.piece):
                    for pitch in range(area.low, area.high + 1):
                        found.setdefault((part, pitch), []).append(
                            (area.begin_beats, min(area.end_beats, self.piece.length_beats))
                        )
        return {
            key: [
                (max(a, self.begins_beats), b) for a, b in _merged(spans) if b > self.begins_beats
            ]
            for key, spans in found.items()
        }

    def _runs(self, part: int) -> Iterator[Span]:
        """Yield where open cells of a part that stand together begin and end."""
        bars, bar = self.piece.bars, 0
        while bar < len(bars):
            stop = int(self.closes[bar, part])
            if stop:
                yield bars[bar].onset_beats, bars[stop - 1].end_beats
            bar = max(bar + 1, stop)

    def only(self, parts: Sequence[int]) -> Blank:
        """Return a blank of some parts, among them all that are open.

        Args:
            parts: Their indices, ascending.
        """
        place = {part: index for index, part in enumerate(parts)}
        areas = tuple(
            replace(area, parts=tuple(place[p] for p in area.parts if p in place))
            if area.parts is not None
            else area
            for area in self.areas
        )
        return replace(
            self,
            piece=replace(self.piece, parts=tuple(self.piece.parts[part] for part in parts)),
            cells=self.cells[:, list(parts)],
            areas=areas,
            cuts=frozenset((place[p], pitch, at) for p, pitch, at in self.cuts if p in place),
        )

    def filled(self, notes: Iterable[tuple[int, Note]], *, keep_velocities: bool = False) -> Piece:
        """Return the piece with new notes beside its own, which stay the same objects.

        Args:
            notes: Index of the part, and a note that lies in what is open there.
            keep_velocities: Whether new notes are as loud as they say; else as loud as their part.
        """
        added: list[list[Note]] = [[] for _ in self.piece.parts]
        for part, note in notes:
            added[part].append(note)
        parts = tuple(
            _with_notes(
                part,
                new if keep_velocities else _as_loud_as(part, new),
                {(pitch, at) for p, pitch, at in self.cuts if p == index},
            )
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


def _begin_of(piece: Piece) -> Fraction:
    """Return where an upbeat begins, in quarters; 0 without one."""
    pickup = piece.pickup_beats
    return piece.meters[0].meter.length_beats - pickup if pickup else Fraction(0)


def _merged(spans: Iterable[Span]) -> list[Span]:
    """Return spans in order, those that touch as one."""
    found: list[Span] = []
    for begin, end in sorted(spans):
        if found and begin <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((begin, end))
    return found


def _as_loud_as(part: Part, new: list[Note]) -> list[Note]:
    """Return new notes as loud as the notes of a part."""
    velocity = median_low([n.velocity for n in part.notes]) if part.notes else DEFAULT_VELOCITY
    return [replace(note, velocity=velocity) for note in new]


def _with_notes(part: Part, new: list[Note], cuts: set[tuple[int, Fraction]]) -> Part:
    """Return a part with new notes, tied where notes were cut."""
    kept = list(part.notes)
    for note in new:
        for at in (note.onset_beats, note.end_beats):
            if (note.pitch, at) in cuts:
                note = _tied(note, at, kept)
        kept.append(note)
    return replace(part, notes=tuple(sorted(kept, key=place_of)))


def _tied(note: Note, at: Fraction, kept: list[Note]) -> Note:
    """Return a note joined with the one that was cut there, which is taken from those kept."""
    for other in kept:
        if other.pitch == note.pitch and at in (other.onset_beats, other.end_beats):
            kept.remove(other)
            onset = min(note.onset_beats, other.onset_beats)
            length = max(note.end_beats, other.end_beats) - onset
            return replace(other, onset_beats=onset, duration_beats=length)
    return note


def place_of(note: Note) -> tuple[Fraction, int]:
    """Return what notes of a part are sorted by."""
    return note.onset_beats, note.pitch
