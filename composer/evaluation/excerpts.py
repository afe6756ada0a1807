"""Pieces of equal length side by side: openings of long pieces, short ones whole."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from composer.piece import Note, Part, Piece

# Pieces up to this long are compared whole; of longer ones the opening, which is composed as the
# opening of a piece of `WHOLE_BARS`, so that neither side has a close.
WHOLE_BARS = 24
OPENING_BARS = 16


def bars_asked(n_bars: int) -> int:
    """Return how long a piece is composed to stand beside a real one of `n_bars`."""
    return min(n_bars, WHOLE_BARS)


def excerpt(piece: Piece, n_bars: int) -> Piece:
    """Return what is compared of a piece, real or composed for it.

    Args:
        piece: Whole.
        n_bars: Of the real piece of the two.
    """
    return piece if n_bars <= WHOLE_BARS else first_bars(piece, OPENING_BARS)


def first_bars(piece: Piece, n_bars: int) -> Piece:
    """Return the first bars; notes that sound across the last bar line end there."""
    if n_bars >= piece.n_bars:
        return piece
    end_beats = piece.bars[n_bars - 1].end_beats
    parts = tuple(replace(part, notes=_before(part, end_beats)) for part in piece.parts)
    meters = tuple(change for change in piece.meters if change.onset_beats < end_beats)
    return replace(piece, parts=parts, meters=meters, n_bars=n_bars)


def _before(part: Part, end_beats: Fraction) -> tuple[Note, ...]:
    return tuple(
        replace(note, duration_beats=min(note.duration_beats, end_beats - note.onset_beats))
        for note in part.notes
        if note.onset_beats < end_beats
    )
