"""Pieces cut at bar lines and joined there. Knows notes and bars, no event and no model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import islice

from composer.errors import OptionError
from composer.piece import MeterChange, Note, Part, Piece, walk_bars


def trim(piece: Piece, first_bar: int, last_bar: int) -> Piece:
    """Return some bars of a piece: the notes that begin in them, cut at their end.

    Args:
        piece: Any.
        first_bar: Its place from 1, whatever number is printed there.
        last_bar: The last one's, included.

    Raises:
        OptionError: If the piece has no such bars.
    """
    if not 1 <= first_bar <= last_bar <= piece.n_bars:
        raise OptionError(
            f"bars {first_bar} to {last_bar} are not in a piece of {piece.n_bars}; "
            f"give a first and a last bar from 1 to {piece.n_bars}"
        )
    begin = piece.bars[first_bar - 1].onset_beats
    end = piece.bars[last_bar - 1].end_beats
    first = MeterChange(Fraction(0), piece.bars[first_bar - 1].meter)
    later = (
        replace(change, onset_beats=change.onset_beats - begin)
        for change in piece.meters
        if begin < change.onset_beats < end
    )
    parts = tuple(
        replace(part, notes=tuple(_within(part.notes, begin, end))) for part in piece.parts
    )
    return replace(piece, parts=parts, meters=(first, *later), n_bars=last_bar - first_bar + 1)


def join(piece: Piece, n_bars: int, more: Piece) -> Piece:
    """Return a piece with other bars behind its own, part by part.

    The notes that were there stay the same objects; key, names and tempo are the first one's.

    Args:
        piece: What is there, with as many parts as `more`.
        n_bars: Its bars; 0 if it only says who plays.
        more: What comes behind it.
    """
    bars = tuple(islice(walk_bars(piece.meters), n_bars))
    seam = bars[-1].end_beats if bars else Fraction(0)
    parts = tuple(
        replace(part, notes=(*part.notes, *(_moved(note, seam) for note in new.notes)))
        for part, new in zip(piece.parts, more.parts, strict=True)
    )
    last = bars[-1].meter if bars else None
    meters = [
        MeterChange(change.onset_beats + seam, change.meter)
        for change in more.meters
        if change.onset_beats or change.meter != last
    ]
    kept = piece.meters if bars else ()
    return replace(piece, parts=parts, meters=(*kept, *meters), n_bars=n_bars + more.n_bars)


def clip(piece: Piece) -> Piece:
    """Return a piece whose notes end with its last bar; those that do anyway stay as they are."""
    end = piece.length_beats
    parts = tuple(
        replace(part, notes=tuple(_ended(note, end) for note in part.notes)) for part in piece.parts
    )
    return replace(piece, parts=parts)


def silent(piece: Piece) -> Piece:
    """Return a piece's parts, meter, key and names without a note, in one bar."""
    parts = tuple(Part(part.instrument, (), part.name) for part in piece.parts)
    return replace(piece, parts=parts, meters=piece.meters[:1], n_bars=1)


def _within(notes: tuple[Note, ...], begin: Fraction, end: Fraction) -> Iterator[Note]:
    """Yield the notes that begin from `begin` to `end`, counted from there."""
    for note in notes:
        if begin <= note.onset_beats < end:
            length = min(note.end_beats, end) - note.onset_beats
            yield replace(note, onset_beats=note.onset_beats - begin, duration_beats=length)


def _moved(note: Note, by: Fraction) -> Note:
    return replace(note, onset_beats=note.onset_beats + by)


def _ended(note: Note, end: Fraction) -> Note:
    too_long = note.end_beats > end > note.onset_beats
    return replace(note, duration_beats=end - note.onset_beats) if too_long else note
