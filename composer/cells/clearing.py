"""Notes taken out of what is to be written anew."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from composer.cells.areas import Cells
from composer.cells.blank import Blank, Cut, Opened, Span, place_of
from composer.errors import OptionError
from composer.piece import Note, Piece

EDGES = ("keep", "tie")


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


def clear(piece: Piece, opened: Opened, *, edges: str = "keep") -> Blank:
    """Take the notes out of cells or areas.

    Args:
        piece: Any.
        opened: Cells as from `cells_of`, or areas.
        edges: What becomes of notes that sound across an edge of what is open: `keep` leaves them
            whole; `tie` leaves what sounds outside, cut at the edge, and new notes of the same
            pitch are tied to it.

    Raises:
        OptionError: If `edges` is neither, or as `Blank.of`.
    """
    if edges not in EDGES:
        raise OptionError(f"`edges` must be keep or tie, got {str(edges)[:40]!r}")
    whole = Blank.of(piece, opened)
    cuts: set[Cut] = set()
    parts = []
    for index, part in enumerate(piece.parts):
        kept: list[Note] = []
        for note in part.notes:
            spans = whole.spans(index, note.pitch)
            if edges == "keep":
                kept += [note] if _stays(note, spans) else []
            else:
                kept += _outside(note, index, spans, cuts)
        parts.append(replace(part, notes=tuple(sorted(kept, key=place_of))))
    return replace(whole, piece=replace(piece, parts=tuple(parts)), cuts=frozenset(cuts))


def _stays(note: Note, spans: Sequence[Span]) -> bool:
    """Whether a note begins outside of what is open, or sounds on after it."""
    before = bisect_right(spans, note.onset_beats, key=lambda span: span[0]) - 1
    return before < 0 or note.onset_beats >= spans[before][1] or note.end_beats > spans[before][1]


def _outside(note: Note, part: int, spans: Sequence[Span], cuts: set[Cut]) -> list[Note]:
    """Return what of a note sounds outside of what is open, and write down where it was cut."""
    near = [(a, b) for a, b in spans if a < note.end_beats and b > note.onset_beats]
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
