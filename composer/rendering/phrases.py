"""Where a player would breathe: the phrases of a piece. Knows the score, no seconds and no sound.

A phrase ends after a note of the top part that is long beside its neighbours, or before its rest;
where the score says nothing for long, after every fourth bar.

Source:
    D. Temperley, The Cognition of Basic Musical Structures (2001), chapter 3: listeners group by
    gaps between notes, by phrases of about equal length, and in parallel with the meter. The
    bounds in bars are ours.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from statistics import median

from composer.piece import Note, Piece

LONG_NOTE_RATIO = 2  # times the median time from note to note
MIN_GAP_PULSES = 2  # from the onset before a breath to the one after it
MIN_PHRASE_BARS = Fraction(3, 2)
MAX_PHRASE_BARS = 8
GROUP_BARS = 4
HALF = Fraction(1, 2)  # of a bar: what is shorter goes with the bar after it


@dataclass(frozen=True, slots=True)
class Phrase:
    """A stretch of score time that belongs together.

    Args:
        start_beats, end_beats: In quarters; the end is the next phrase's start.
    """

    start_beats: Fraction
    end_beats: Fraction


def find_phrases(piece: Piece) -> tuple[Phrase, ...]:
    """Return the phrases of a piece, without gaps, from its beginning to its end.

    Args:
        piece: At least one note.
    """
    end = max(piece.length_beats, piece.end_of_notes_beats)
    bar = piece.length_beats / piece.n_bars
    # A piece that begins with an upbeat goes on with upbeats.
    bar_starts = [line.onset_beats - piece.pickup_beats for line in piece.bars]
    edges = [Fraction(0), *_breaths(piece, MIN_PHRASE_BARS * bar, end), end]
    starts = [start for pair in pairwise(edges) for start in _groups(*pair, bar, bar_starts)]
    return tuple(Phrase(*pair) for pair in pairwise([*starts, end]))


def _breaths(piece: Piece, min_length: Fraction, end: Fraction) -> Iterator[Fraction]:
    """Yield onsets before which the top part breathes, not too near to one another."""
    start = Fraction(0)
    for onset in _onsets_after_gaps(_top_line(piece), MIN_GAP_PULSES * piece.meter.pulse_beats):
        if onset - start >= min_length and end - onset >= min_length:
            yield onset
            start = onset


def _top_line(piece: Piece) -> Sequence[Note]:
    return next(part.notes for part in piece.parts if part.notes)


def _onsets_after_gaps(notes: Sequence[Note], min_gap: Fraction) -> list[Fraction]:
    """Return onsets that come long after the one before, in order."""
    onsets = sorted({note.onset_beats for note in notes})
    gaps = [later - earlier for earlier, later in pairwise(onsets)]
    if not gaps:
        return []
    least = max(min_gap, LONG_NOTE_RATIO * median(gaps))
    return [onset for onset, gap in zip(onsets[1:], gaps, strict=True) if gap >= least]


def _groups(
    start: Fraction, end: Fraction, bar: Fraction, bar_starts: Sequence[Fraction]
) -> Iterator[Fraction]:
    """Yield where phrases begin in a stretch: once, or every four bars if it is long."""
    yield start
    if end - start <= MAX_PHRASE_BARS * bar:
        return
    first = bisect_left(bar_starts, start + (GROUP_BARS - HALF) * bar)
    for group in bar_starts[first::GROUP_BARS]:
        if end - group < MIN_PHRASE_BARS * bar:
            return
        yield group
