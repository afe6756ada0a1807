"""Performances without meter: where their beats are, by when their notes begin. Knows seconds.

A recording of a player as MIDI counts ticks of no meaning: its bar lines say nothing. On request
its beats are estimated, and the same notes are laid on them, so that beats are quarters and the
tempo map plays them as before.

Source:
    D. P. W. Ellis, Beat tracking by dynamic programming, Journal of New Music Research 36 (2007),
    pp. 51-60: one tempo for the whole by autocorrelation, weighted towards 120 a minute on a
    logarithmic scale; then the chain of beats that is loud and even. The amounts are his but for
    the width of the weighting, and louder and lower notes count more here.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from composer.errors import ScoreFileError
from composer.piece import Control, MeterChange, Part, Piece, TempoChange
from composer.theory import Meter

Floats = npt.NDArray[np.float64]

FRAME_S = 0.01
USUAL_PERIOD_S = 0.5
PERIODS_S = (0.25, 1.5)
OCTAVES = 0.9  # width of the weighting of periods
TIGHTNESS = 100.0
MIN_NOTES = 16
MAX_S = 3600.0
_FINEST = 960  # parts of a quarter
_METER = Meter(4, 4)
_REMARK = "read: beats estimated from when the notes begin, four to a bar"
_NO_METER = "read: no time signature"


def estimate_beats(piece: Piece) -> Piece:
    """Return a performance with its beats as quarters, four to a bar from the first one on.

    It sounds as before: tempos change with every beat. Keys, repeats and markings, which stand at
    bar lines that mean nothing, are left out.

    Args:
        piece: At least sixteen notes; any meters, of which nothing is kept.

    Raises:
        ScoreFileError: If there are too few notes, or more than an hour of them.
    """
    lines = (*piece.parts, *piece.percussion)
    notes = [note for part in lines for note in part.notes]
    clock = _Clock(piece)
    onsets_s = np.array([clock.seconds(note.onset_beats) for note in notes])
    if len(notes) < MIN_NOTES or onsets_s.max() > MAX_S:
        raise ScoreFileError(
            f"beats are estimated of {MIN_NOTES} notes and more, and of an hour at most"
        )
    loudness = np.array([note.velocity * (1 + (84 - note.pitch) / 96) for note in notes])
    beats_s = _beats(_strength(onsets_s, loudness))
    grid = _Grid(beats_s)
    remarks = tuple(one for one in piece.remarks if not one.startswith(_NO_METER))
    return replace(
        piece,
        parts=tuple(_laid(part, clock, grid) for part in piece.parts),
        percussion=tuple(_laid(part, clock, grid) for part in piece.percussion),
        meters=(MeterChange(Fraction(0), _METER),),
        n_bars=0,
        tempo_bpm=grid.tempos[0].tempo_bpm,
        tempos=grid.tempos[1:],
        keys=(),
        repeats=(),
        first_bar_number=1,
        remarks=(*remarks, _REMARK),
    )


class _Clock:
    """From score time of a file to seconds."""

    def __init__(self, piece: Piece) -> None:
        end = max(piece.length_beats, piece.end_of_notes_beats)
        changes = sorted({Fraction(0), end, *(one.onset_beats for one in piece.tempos)})
        self._beats = changes
        self._seconds = [0.0]
        self._last_bpm = piece.tempo_at(end)
        for begin, stop in zip(changes, changes[1:], strict=False):
            bpm = piece.tempo_at((begin + stop) / 2)
            self._seconds.append(self._seconds[-1] + float(stop - begin) * 60 / bpm)

    def seconds(self, beats: Fraction) -> float:
        """Return when a moment comes."""
        place = max(1, bisect_right(self._beats, beats)) - 1
        if place + 1 >= len(self._beats):
            return self._seconds[-1] + float(beats - self._beats[-1]) * 60 / self._last_bpm
        share = float((beats - self._beats[place]) / (self._beats[place + 1] - self._beats[place]))
        return self._seconds[place] + share * (self._seconds[place + 1] - self._seconds[place])


class _Grid:
    """From seconds to beats, from the beat at which the first note begins or before it."""

    def __init__(self, beats_s: Floats) -> None:
        first, last = beats_s[1] - beats_s[0], beats_s[-1] - beats_s[-2]
        n_before = int(np.ceil(beats_s[0] / first - 1e-9))
        before = beats_s[0] - first * np.arange(n_before, 0, -1)
        self._beats_s = np.concatenate([before, beats_s])
        self._last_s = float(last)
        self.tempos = tuple(
            TempoChange(Fraction(index), round(60 / float(length), 3))
            for index, length in enumerate(np.diff(self._beats_s))
        )

    def beats(self, seconds: float) -> Fraction:
        """Return the beat of a moment, as an exact part of a quarter."""
        times = self._beats_s
        place = min(max(1, bisect_right(times, seconds)), len(times)) - 1
        length = times[place + 1] - times[place] if place + 1 < len(times) else self._last_s
        found = place + (seconds - times[place]) / length
        return max(Fraction(0), Fraction(round(found * _FINEST), _FINEST))


def _laid(part: Part, clock: _Clock, grid: _Grid) -> Part:
    notes = []
    for note in part.notes:
        onset = grid.beats(clock.seconds(note.onset_beats))
        end = grid.beats(clock.seconds(note.end_beats))
        length = max(Fraction(1, _FINEST), end - onset)
        notes.append(replace(note, onset_beats=onset, duration_beats=length))
    controls = tuple(
        Control(grid.beats(clock.seconds(one.onset_beats)), one.kind, one.value)
        for one in part.controls
    )
    return replace(part, notes=tuple(sorted(notes)), controls=controls, markings=())


def _strength(onsets_s: Floats, loudness: Floats) -> Floats:
    """Return how strongly notes begin in every frame, a little blurred, with a spread of 1."""
    frames = np.round(onsets_s / FRAME_S).astype(np.int64)
    strength = np.bincount(frames, weights=loudness, minlength=int(frames.max()) + 2)
    kernel = np.exp(-0.5 * (np.arange(-6, 7) / 2.0) ** 2)
    found = np.convolve(np.sqrt(strength), kernel, mode="same")
    return np.asarray(found / (found.std() or 1.0))


def _period(strength: Floats) -> int:
    """Return the frames from beat to beat."""
    low, high = (round(one / FRAME_S) for one in PERIODS_S)
    lags = np.arange(low, min(high, len(strength) - 1) + 1)
    centred = strength - strength.mean()
    size = 1 << (2 * len(centred)).bit_length()
    spectrum = np.fft.rfft(centred, size)
    likeness = np.fft.irfft(spectrum * np.conj(spectrum), size)[lags]
    weights = np.exp(-0.5 * (np.log2(lags * FRAME_S / USUAL_PERIOD_S) / OCTAVES) ** 2)
    return int(lags[np.argmax(likeness * weights)])


def _beats(strength: Floats) -> Floats:
    """Return when the beats come, in seconds; two at least."""
    period = _period(strength)
    steps = np.arange(period // 2, 2 * period + 1)
    costs = -TIGHTNESS * np.log(steps / period) ** 2
    total = strength.copy()
    before = np.full(len(strength), -1, np.int64)
    for frame in range(int(steps[0]), len(strength)):
        reach = steps[: np.searchsorted(steps, frame, side="right")]
        scores = total[frame - reach] + costs[: len(reach)]
        best = int(np.argmax(scores))
        if scores[best] > 0:
            total[frame] += scores[best]
            before[frame] = frame - reach[best]
    return _chain(total, before, period)


def _chain(
    total: Floats, before: Sequence[np.int64] | npt.NDArray[np.int64], period: int
) -> Floats:
    """Return the best chain of beats that ends within the last period and a half."""
    first = max(0, len(total) - 3 * period // 2)
    frame = first + int(np.argmax(total[first:]))
    found = [frame]
    while before[frame] >= 0:
        frame = int(before[frame])
        found.append(frame)
    if len(found) < 2:
        found.append(found[0] + period)
    return np.array(sorted(found)) * FRAME_S
