"""Chroma: how strongly each pitch class sounds, of a score and of a recording, and how they agree.

The chroma of a score is computed from its notes, so it has no error of analysis; that of a
recording from its spectrum. Rows are moments in steady time, columns the pitch classes from C.

Sources:
    T. Fujishima, Realtime chord recognition of musical sound, Proc. ICMC (1999): pitch class
    profiles from a spectrum.
    J. Copet et al., Simple and controllable music generation, NeurIPS (2023), section 3.3: a model
    is led by the one pitch class that is strongest at each moment.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from composer.piece import Piece
from composer.recording import Recording
from composer.rendering.timing import Clock, plain_clock

Chroma: TypeAlias = np.ndarray[tuple[int, int], np.dtype[np.float64]]  # (moments, 12)

RATE_HZ = 10.0  # moments a second, where agreement is measured
_WINDOW_S = 0.4  # tells semitones apart from about 65 Hz up
_LOWEST_HZ, _HIGHEST_HZ = 60.0, 2_500.0
_A4_HZ, _A4 = 440.0, 69
_SILENCE = 1e-4  # of the loudest moment: a moment below it says nothing


def chroma_of_piece(piece: Piece, rate_hz: float = RATE_HZ) -> Chroma:
    """Return how long each pitch class sounds around each moment, in seconds, as written.

    Args:
        piece: At its tempos; percussion has no pitch.
        rate_hz: Moments a second, the first at half a step.
    """
    clock = plain_clock(piece, piece.tempo_bpm)
    found = np.zeros((max(1, math.ceil(clock.time_s(piece.length_beats) * rate_hz)), 12))
    for begin_s, end_s, pitch in _notes(piece, clock):
        _spread(found[:, pitch % 12], begin_s * rate_hz, end_s * rate_hz)
    return found / rate_hz


def melody_of_piece(piece: Piece, rate_hz: float, n_moments: int, begin_s: float = 0.0) -> Chroma:
    """Return the pitch class of the highest note at each moment as a one, all others zero.

    Where nothing sounds all are zero.

    Args:
        piece: At its tempos.
        rate_hz: Moments a second.
        n_moments: How many.
        begin_s: When the first one is.
    """
    found, highest = np.zeros((n_moments, 12)), np.full(n_moments, -1)
    for note_begin_s, note_end_s, pitch in _notes(piece, plain_clock(piece, piece.tempo_bpm)):
        first = max(0, math.ceil((note_begin_s - begin_s) * rate_hz))
        last = max(first, math.ceil((note_end_s - begin_s) * rate_hz))
        highest[first:last] = np.maximum(highest[first:last], pitch)
    sounding = highest >= 0
    found[sounding, highest[sounding] % 12] = 1.0
    return found


def chroma_of_recording(recording: Recording, rate_hz: float = RATE_HZ) -> Chroma:
    """Return how strongly each pitch class sounds at each moment: added magnitudes of the spectrum.

    Args:
        recording: Of any rate; what it lacks in height is silent.
        rate_hz: Moments a second, the first at half a step.
    """
    sound, rate = recording.mono.astype(np.float64), recording.rate_hz
    size = 2 ** math.ceil(math.log2(_WINDOW_S * rate))
    n_moments = max(1, round(recording.length_s * rate_hz))
    padded = np.pad(sound, size // 2)
    window, bins = np.hanning(size), _pitch_classes(size, rate)
    found = np.zeros((n_moments, 12))
    for moment in range(n_moments):
        begin = min(round((moment + 0.5) / rate_hz * rate), len(padded) - size)
        magnitudes = np.abs(np.fft.rfft(padded[begin : begin + size] * window))
        found[moment] = bins @ magnitudes
    found[found.sum(axis=1) < _SILENCE * found.sum(axis=1).max(initial=0.0)] = 0.0
    return found


@dataclass(frozen=True)
class Agreement:
    """How well a recording agrees with a score, by pitch classes.

    Args:
        whole: Mean over all moments at which the score sounds: 1 is the same, 0 is chance.
        bars: The same for each bar; None of one in which the score rests.
    """

    whole: float
    bars: tuple[float | None, ...]


def agreement(piece: Piece, recording: Recording, begin_s: float = 0.0) -> Agreement:
    """Compare a recording with the score that it should follow, moment by moment.

    A moment is the correlation (Pearson) of the twelve strengths of both. Moments behind the end
    of the recording are 0: nothing of the score is there.

    Args:
        piece: The score.
        recording: Begins with the score.
        begin_s: Where the score begins in the recording.
    """
    score = chroma_of_piece(piece)
    heard = chroma_of_recording(recording)[round(begin_s * RATE_HZ) :][: len(score)]
    heard = np.pad(heard, ((0, len(score) - len(heard)), (0, 0)))
    sounding = score.sum(axis=1) > 0
    values = _correlations(score, heard)
    clock = plain_clock(piece, piece.tempo_bpm)
    bars: list[float | None] = []
    for bar in piece.bars:
        edges = (clock.time_s(bar.onset_beats), clock.time_s(bar.end_beats))
        first, last = (round(edge * RATE_HZ) for edge in edges)
        inside = values[first:last][sounding[first:last]]
        bars.append(float(inside.mean()) if len(inside) else None)
    return Agreement(float(values[sounding].mean()) if sounding.any() else 0.0, tuple(bars))


def _correlations(one: Chroma, other: Chroma) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the correlation of each row with its counterpart; 0 of one that is all the same."""
    a, b = (found - found.mean(axis=1, keepdims=True) for found in (one, other))
    sizes = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    products = (a * b).sum(axis=1)
    return np.asarray(np.divide(products, sizes, out=np.zeros(len(a)), where=sizes > 0))


def _notes(piece: Piece, clock: Clock) -> Iterator[tuple[float, float, int]]:
    """Yield every pitched note as it is written: when it begins and ends, in seconds, its pitch."""
    for part in piece.parts:
        for note in part.notes:
            yield clock.time_s(note.onset_beats), clock.time_s(note.end_beats), note.pitch


def _spread(column: np.ndarray[tuple[int], np.dtype[np.float64]], begin: float, end: float) -> None:
    """Add to each moment how much of it lies between two times, in moments."""
    first, last = int(begin), min(len(column), math.ceil(end))
    moments = np.arange(first, last)
    column[first:last] += np.clip(np.minimum(moments + 1, end) - np.maximum(moments, begin), 0, 1)


def _pitch_classes(size: int, rate_hz: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Return the weight of every bin of a spectrum in every pitch class, [12, bins]."""
    frequencies = np.fft.rfftfreq(size, 1 / rate_hz)
    heard = (frequencies >= _LOWEST_HZ) & (frequencies <= _HIGHEST_HZ)
    pitches = _A4 + 12 * np.log2(np.maximum(frequencies, 1e-9) / _A4_HZ)
    distances = (pitches[None, :] - np.arange(12)[:, None] + 6) % 12 - 6
    # A quarter tone away weighs a tenth or so; an octave's bins count as much as another's.
    weights = np.exp(-0.5 * (distances / 0.25) ** 2) * heard / np.maximum(frequencies, 1.0)
    return np.asarray(weights)
