"""Bars -> the measures of a file: an upbeat is short, a repeat within a bar cuts it in two."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from composer.piece import Bar, Piece
from composer.rendering.rhythm import tuplet_tile

_PICKUP_GRID = Fraction(1, 8)


@dataclass(frozen=True, slots=True)
class Measure:
    """What a file has between two bar lines.

    Args:
        bar: In which it lies; most are whole bars.
        begin_beats, end_beats: Its bar lines, in quarters from the beginning of bar 1.
    """

    bar: Bar
    begin_beats: Fraction
    end_beats: Fraction

    @property
    def is_second(self) -> bool:
        """Whether it is what follows a repeat within a bar."""
        return self.bar.index > 0 and self.begin_beats > self.bar.onset_beats

    @property
    def span(self) -> tuple[Fraction, Fraction]:
        """Its bar lines, in quarters from that of its bar."""
        return self.begin_beats - self.bar.onset_beats, self.end_beats - self.bar.onset_beats


def lay_measures(piece: Piece) -> tuple[Measure, ...]:
    """Return the measures of a piece, in order."""
    cuts = sorted(
        time
        for one in piece.repeats
        for time in (one.onset_beats, one.end_beats)
        if time is not None
    )
    found = []
    for bar in piece.bars:
        begin = bar.onset_beats
        if bar.index == 0 and piece.pickup_beats:
            begin = _pickup_start(piece)
        elif bar.index:
            cut = next((one for one in cuts if begin < one < bar.end_beats), None)
            if cut is not None:
                found.append(Measure(bar, begin, cut))
                begin = cut
        found.append(Measure(bar, begin, bar.end_beats))
    return tuple(found)


def _pickup_start(piece: Piece) -> Fraction:
    """Return where an upbeat begins: with its first note or sign, or before its tuplet."""
    lines = (*piece.parts, *piece.percussion)
    signs = [part.markings[0].onset_beats for part in lines if part.markings]
    first = min([part.notes[0].onset_beats for part in lines if part.notes] + signs)
    is_plain = (first / _PICKUP_GRID).denominator == 1
    grid = _PICKUP_GRID if is_plain else min(Fraction(1), tuplet_tile(piece.meter))
    return first // grid * grid
