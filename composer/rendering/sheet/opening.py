"""The first bars of a piece as a sheet for a screen: quick, however long the piece is."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from composer.piece import Note, Part, Piece
from composer.piece.cutting import cut_markings
from composer.rendering.interpretation import interpret
from composer.rendering.sheet.engraving import MAX_NOTES_HERE, WIDE, Layout, Sheet, sheet_pages

MAX_BARS = 100


def engrave_opening(piece: Piece, *, layout: Layout = WIDE, tells_notes: bool = False) -> Sheet:
    """Engrave the first bars: at most 100, and fewer where they are full of notes.

    Args:
        piece: Any.
        layout: Of the pages.
        tells_notes: As in `sheet_pages`.

    Raises:
        RequestError: If they cannot be engraved.
        MissingTool: If verovio is absent.
    """
    opening = first_bars(interpret(piece), _bars_that_fit(piece))
    pages = sheet_pages(opening, layout=layout, tells_notes=tells_notes)
    return Sheet(pages, opening.n_bars, is_whole=opening.n_bars == piece.n_bars)


def _bars_that_fit(piece: Piece) -> int:
    """Return how many bars, at least one, can be engraved at once."""
    n_bars = min(MAX_BARS, piece.n_bars)
    if piece.n_notes <= MAX_NOTES_HERE:
        return n_bars
    onsets = sorted(note.onset_beats for part in piece.parts for note in part.notes)
    end = onsets[MAX_NOTES_HERE - 1]
    whole = sum(bar.end_beats <= end for bar in piece.bars[:n_bars])
    return max(1, whole)


def first_bars(piece: Piece, n_bars: int) -> Piece:
    """Return the beginning of a piece; notes that sound on are cut at the bar line.

    Args:
        piece: Any.
        n_bars: At least 1.
    """
    if n_bars >= piece.n_bars:
        return piece
    end = piece.bars[n_bars - 1].end_beats
    return replace(
        piece,
        parts=tuple(_cut(part, end) for part in piece.parts),
        meters=tuple(change for change in piece.meters if change.onset_beats < end),
        n_bars=n_bars,
    )


def _cut(part: Part, end: Fraction) -> Part:
    sounding = (note for note in part.notes if note.onset_beats < end)
    return replace(
        part,
        notes=tuple(_cut_note(note, end) for note in sounding),
        markings=cut_markings(part.markings, Fraction(0), end),
    )


def _cut_note(note: Note, end: Fraction) -> Note:
    return replace(note, duration_beats=min(note.end_beats, end) - note.onset_beats)
