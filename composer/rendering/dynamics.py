"""How loud a player plays: velocities from phrase, meter and line. Knows no seconds.

Sources:
    N. P. Todd (1992), as in `timing`: a phrase grows to its middle and fades to its end.
    J. A. Sloboda, The communication of musical metre in piano performance, Quarterly Journal of
    Experimental Psychology 35A (1983), pp. 377-396: notes on strong beats are played louder.
    A. Friberg, R. Bresin and J. Sundberg (2006), as in `timing`: the higher, the louder.
    W. Goebl, Melody lead in piano performance, JASA 110 (2001), pp. 563-572: the melody is played
    louder than what goes with it.
    The amounts below are ours.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import groupby
from statistics import fmean

from composer.piece import Note, Part, Piece
from composer.rendering.phrases import Phrase
from composer.rendering.timing import arch
from composer.theory import INSTRUMENTS, Meter

PHRASE_VELOCITY = 5.0  # by which the edges of a phrase are softer
PIECE_VELOCITY = 2.0  # and the edges of the whole piece
DOWNBEAT_VELOCITY = 4.0
HALF_BAR_VELOCITY = 2.0
OFFBEAT_VELOCITY = -2.0
MELODY_VELOCITY = 3.0
INNER_VELOCITY = -2.0
VELOCITY_PER_OCTAVE = 3.0
MAX_HEIGHT_VELOCITY = 3.0
MAX_VELOCITY_CHANGE = 12
VELOCITIES = (1, 127)
# Their keys know no loud and soft.
FIXED_PROGRAMS = frozenset(INSTRUMENTS[name].program for name in ("harpsichord", "organ"))


def shaded_parts(piece: Piece, phrases: Sequence[Phrase]) -> tuple[Part, ...]:
    """Return the parts of a piece, their notes louder and softer as a player would.

    Args:
        piece: At least one note.
        phrases: Of the piece, without gaps.
    """
    shade = _Shade(piece, phrases)
    return tuple(
        part
        if part.instrument.program in FIXED_PROGRAMS
        else replace(part, notes=tuple(shade.notes(part, index)))
        for index, part in enumerate(piece.parts)
    )


def metrical_velocity(meter: Meter, position_beats: Fraction) -> float:
    """Return the accent of a position in the bar.

    Args:
        meter: Of the bar.
        position_beats: Quarters from the bar line.
    """
    if position_beats == 0:
        return DOWNBEAT_VELOCITY
    if position_beats % meter.pulse_beats != 0:
        return OFFBEAT_VELOCITY
    n_pulses = meter.length_beats / meter.pulse_beats
    is_half = n_pulses % 2 == 0 and position_beats * 2 == meter.length_beats
    return HALF_BAR_VELOCITY if is_half else 0.0


class _Shade:
    """The rules, with what they look up in a piece."""

    def __init__(self, piece: Piece, phrases: Sequence[Phrase]) -> None:
        self._bars = piece.bars
        self._bar_lines = [bar.onset_beats for bar in piece.bars]
        self._phrases = phrases
        self._phrase_starts = [phrase.start_beats for phrase in phrases]
        self._end = phrases[-1].end_beats
        self._n_parts = len(piece.parts)

    def notes(self, part: Part, index: int) -> Iterator[Note]:
        """Yield the notes of a part."""
        mean_pitch = fmean(note.pitch for note in part.notes) if part.notes else 0.0
        for onset, found in groupby(part.notes, key=lambda note: note.onset_beats):
            chord = list(found)
            common = self._at(onset)
            for note in chord:
                height = VELOCITY_PER_OCTAVE * (note.pitch - mean_pitch) / 12
                height = min(MAX_HEIGHT_VELOCITY, max(-MAX_HEIGHT_VELOCITY, height))
                yield _louder(note, common + height + self._line(note, chord, index))

    def _at(self, onset: Fraction) -> float:
        """Return what a moment adds for all parts."""
        bar = self._bars[bisect_right(self._bar_lines, onset) - 1]
        position = (onset - bar.onset_beats) % bar.meter.length_beats
        phrase = self._phrases[bisect_right(self._phrase_starts, onset) - 1]
        length = phrase.end_beats - phrase.start_beats
        swell = PHRASE_VELOCITY * arch(float((onset - phrase.start_beats) / length))
        whole = PIECE_VELOCITY * arch(float(onset / self._end))
        return float(metrical_velocity(bar.meter, position) + swell + whole)

    def _line(self, note: Note, chord: list[Note], index: int) -> float:
        """Return what a note's place among the others adds: melody, bass, or between."""
        if index == 0:
            return MELODY_VELOCITY if note is chord[-1] else INNER_VELOCITY
        return 0.0 if index == self._n_parts - 1 and note is chord[0] else INNER_VELOCITY


def _louder(note: Note, change: float) -> Note:
    bounded = round(min(MAX_VELOCITY_CHANGE, max(-MAX_VELOCITY_CHANGE, change)))
    low, high = VELOCITIES
    return replace(note, velocity=min(high, max(low, note.velocity + bounded)))
