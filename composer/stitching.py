"""Pieces cut at bar lines and joined there. Knows notes and bars, no event and no model.

What stands beside the notes comes along: what is in force at a cut (tempo, key, pedals, volume) is
stated anew, spans are cut, and a pedal that is still held at a seam is let go.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import islice
from typing import TypeVar

from composer.errors import OptionError
from composer.piece import KeyChange, MeterChange, Note, Part, Piece, TempoChange, walk_bars
from composer.piece.cutting import (
    appended,
    cut_controls,
    cut_keys,
    cut_markings,
    cut_repeats,
    cut_tempos,
    moved,
)

_Change = TypeVar("_Change", KeyChange, TempoChange)


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
    return replace(
        piece,
        parts=tuple(_cut_part(part, begin, end) for part in piece.parts),
        meters=(first, *later),
        key=piece.key_at(begin),
        n_bars=last_bar - first_bar + 1,
        tempo_bpm=piece.tempo_at(begin),
        tempos=_cut_tempos(piece, begin, end),
        keys=cut_keys(piece.keys, begin, end),
        repeats=cut_repeats(piece.repeats, begin, end),
        percussion=tuple(_cut_part(part, begin, end) for part in piece.percussion),
        first_bar_number=piece.first_bar_number if first_bar == 1 else 1,
    )


def join(piece: Piece, n_bars: int, more: Piece) -> Piece:
    """Return a piece with other bars behind its own, part by part.

    The notes that were there stay the same objects; key, names and tempo are the first one's, and
    so is what changes them before the seam.

    Args:
        piece: What is there, with as many parts as `more`.
        n_bars: Its bars; 0 if it only says who plays.
        more: What comes behind it.
    """
    bars = tuple(islice(walk_bars(piece.meters), n_bars))
    seam = bars[-1].end_beats if bars else Fraction(0)
    is_begun = bool(bars)
    parts = tuple(
        appended(part, new, seam, is_begun=is_begun)
        for part, new in zip(piece.parts, more.parts, strict=True)
    )
    last = bars[-1].meter if bars else None
    meters = [
        MeterChange(change.onset_beats + seam, change.meter)
        for change in more.meters
        if change.onset_beats or change.meter != last
    ]
    kept = piece.meters if bars else ()
    return replace(
        piece,
        parts=parts,
        meters=(*kept, *meters),
        n_bars=n_bars + more.n_bars,
        tempos=(*_before(piece.tempos, seam), *moved(more.tempos, seam)),
        keys=(*_before(piece.keys, seam), *moved(more.keys, seam)),
        repeats=(*cut_repeats(piece.repeats, Fraction(0), seam), *moved(more.repeats, seam)),
        percussion=_joined_percussion(piece, more, seam, is_begun=is_begun),
    )


def _before(changes: tuple[_Change, ...], seam: Fraction) -> tuple[_Change, ...]:
    return tuple(change for change in changes if change.onset_beats < seam)


def _joined_percussion(
    piece: Piece, more: Piece, seam: Fraction, *, is_begun: bool
) -> tuple[Part, ...]:
    """Return the percussion of both; a part that the first does not have is silent before."""
    silent_parts = tuple(_silenced(part) for part in more.percussion[len(piece.percussion) :])
    missing = piece.percussion[len(more.percussion) :]
    return tuple(
        appended(part, new, seam, is_begun=is_begun)
        for part, new in zip(
            (*piece.percussion, *silent_parts),
            (*more.percussion, *map(_silenced, missing)),
            strict=True,
        )
    )


def clip(piece: Piece) -> Piece:
    """Return a piece whose notes end with its last bar; those that do anyway stay as they are."""
    end = piece.length_beats
    return replace(
        piece,
        parts=tuple(_clipped(part, end) for part in piece.parts),
        percussion=tuple(_clipped(part, end) for part in piece.percussion),
    )


def silent(piece: Piece) -> Piece:
    """Return a piece's parts, meter, key and names without a note, in one bar."""
    return replace(
        piece,
        parts=tuple(_silenced(part) for part in piece.parts),
        meters=piece.meters[:1],
        n_bars=1,
        tempos=(),
        keys=(),
        repeats=(),
        percussion=tuple(_silenced(part) for part in piece.percussion),
    )


def _silenced(part: Part) -> Part:
    return replace(part, notes=(), markings=(), controls=())


def _clipped(part: Part, end: Fraction) -> Part:
    if all(note.end_beats <= end for note in part.notes):
        return part
    return replace(part, notes=tuple(_ended(note, end) for note in part.notes))


def _cut_part(part: Part, begin: Fraction, end: Fraction) -> Part:
    return replace(
        part,
        notes=tuple(_within(part.notes, begin, end)),
        markings=cut_markings(part.markings, begin, end),
        controls=cut_controls(part.controls, begin, end),
    )


def _cut_tempos(piece: Piece, begin: Fraction, end: Fraction) -> tuple[TempoChange, ...]:
    """Return the changes within a stretch; a ramp that it cuts goes on as it did."""
    within = cut_tempos(piece.tempos, begin, end)
    before = [change for change in piece.tempos if change.onset_beats <= begin]
    after = [change for change in piece.tempos if change.onset_beats >= end]
    if before and before[-1].is_ramp:
        within = (TempoChange(Fraction(0), piece.tempo_at(begin), is_ramp=True), *within)
    if within and within[-1].is_ramp and after:
        within = (*within, TempoChange(end - begin, piece.tempo_at(end)))
    return within


def _within(notes: tuple[Note, ...], begin: Fraction, end: Fraction) -> Iterator[Note]:
    """Yield the notes that begin from `begin` to `end`, counted from there."""
    for note in notes:
        if begin <= note.onset_beats < end:
            length = min(note.end_beats, end) - note.onset_beats
            yield replace(note, onset_beats=note.onset_beats - begin, duration_beats=length)


def _ended(note: Note, end: Fraction) -> Note:
    too_long = note.end_beats > end > note.onset_beats
    return replace(note, duration_beats=end - note.onset_beats) if too_long else note
