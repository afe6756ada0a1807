"""The tempo map of a piece as steps, and as a way from score time to seconds. Knows no player."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator
from fractions import Fraction

from composer.piece import Piece, TempoChange

# A ramp of the tempo becomes steps of this length, at most so many.
_RAMP_STEP_BEATS = Fraction(1, 4)
_MAX_RAMP_STEPS = 256


def tempo_steps(piece: Piece) -> tuple[TempoChange, ...]:
    """Return every tempo of a piece and when it begins, the first at 0.

    A ramp comes as steps, each with the tempo of its middle.
    """
    return tuple(_steps(piece))


def _steps(piece: Piece) -> Iterator[TempoChange]:
    if not piece.tempos or piece.tempos[0].onset_beats:
        yield TempoChange(Fraction(0), piece.tempo_bpm)
    for index, change in enumerate(piece.tempos):
        is_last = index + 1 == len(piece.tempos)
        if not change.is_ramp or is_last:
            yield TempoChange(change.onset_beats, change.tempo_bpm, unit_beats=change.unit_beats)
        else:
            yield from _ramp(piece, change, piece.tempos[index + 1].onset_beats)


def _ramp(piece: Piece, change: TempoChange, end: Fraction) -> Iterator[TempoChange]:
    length = end - change.onset_beats
    n_steps = min(_MAX_RAMP_STEPS, max(1, math.ceil(length / _RAMP_STEP_BEATS)))
    for step in range(n_steps):
        middle = change.onset_beats + length * Fraction(2 * step + 1, 2 * n_steps)
        onset = change.onset_beats + length * Fraction(step, n_steps)
        yield TempoChange(onset, piece.tempo_at(middle))


class TempoMap:
    """From score time to quarters at the piece's first tempo: those of a slower one last longer.

    Args:
        piece: Whose tempos they are.
    """

    def __init__(self, piece: Piece) -> None:
        steps = tempo_steps(piece)
        self._onsets = [step.onset_beats for step in steps]
        self._shares = [piece.tempo_bpm / step.tempo_bpm for step in steps]
        self._begins = [0.0]
        for index in range(1, len(steps)):
            length = float(self._onsets[index] - self._onsets[index - 1])
            self._begins.append(self._begins[-1] + length * self._shares[index - 1])
        self.is_flat = len(steps) == 1

    def stretched(self, beats: Fraction | float) -> float:
        """Return when a moment comes, in quarters of the first tempo."""
        if self.is_flat:
            return float(beats)
        place = max(0, bisect_right(self._onsets, beats) - 1)
        within = float(beats) - float(self._onsets[place])
        return self._begins[place] + within * self._shares[place]
