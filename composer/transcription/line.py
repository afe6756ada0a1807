"""Samples -> notes of a single line, sung or played: SwiftF0 and a hidden Markov model.

A singer slides into a note, wavers on it and is seldom in tune with a piano. So a note has two
states for every semitone: it is reached (any pitch nearby will do), then held (close to its own
pitch); between notes there is silence. The likeliest way through them is found (Viterbi), after how
far the singer is from concert pitch has been measured, now and as it drifts. Where the same pitch
is struck again, the loudness or the network of `voices` tells.

Sources:
    L. Nieradzik, SwiftF0: Fast and Accurate Monophonic Pitch Detection (2025), arXiv 2508.18440.
    M. Mauch, C. Cannam, R. Bittner, G. Fazekas, J. Salamon, J. Dai, J. Bello and S. Dixon,
    Computer-aided Melody Note Transcription Using the Tony Software, TENOR (2015), section 2: the
    states of a note.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from composer import extras
from composer.transcription.played import PlayedNote
from composer.transcription.sound import Samples
from composer.transcription.voices import LOWEST_PITCH, N_PITCHES, Posteriors

RATE_HZ = 16_000
FRAME_S = 0.016
_A4_HZ, _A4 = 440.0, 69
SMOOTH_FRAMES = 11  # 0.18 s; a vibrato has 5 to 6 waves a second
_SHORTEST_S = 0.07
_TUNED_NOTES = 9  # over so many notes a singer's tuning is averaged
# Spread around a held and around a pitch that is just reached, in semitones.
_HELD_SPREAD, _REACHED_SPREAD = 0.3, 1.0
_STRAY = 0.03  # share of frames whose pitch is none of the note's
_STRAY_SEMITONES = 24.0
# Chances a frame of 16 ms.
_STAY_SILENT, _STAY_REACHING, _STAY_HELD, _FALL_SILENT = 0.98, 0.75, 0.985, 0.005
# How far beginnings that the network sees count: logarithm of (likelihood + .1) / .3, doubled.
_ONSET_WEIGHT, _ONSET_FLOOR, _ONSET_USUAL = 2.0, 0.1, 0.3
_STRUCK, _STRUCK_HARD = 0.9, 1.2
_TAIL = 8  # frames; a beginning so near to the end is that of the next note
_STROKES_APART = 12  # frames between two strokes of which one is faint
_SNAP_S = 0.06
_DIP_DB, _DIP_FRAMES = 16.0, 6
_LEAP, _RISE_DB = 10, 4.0
_LOUDNESS_DB, _VELOCITIES = (-45.0, -5.0), (30, 115)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Line:
    """What SwiftF0 hears.

    Args:
        semitones: Pitch of every frame of 16 ms, as MIDI numbers with fractions, [T].
        voicing: How sure it is that there is one, 0-1, [T].
        loudness_db: Level below full scale, [T].
    """

    semitones: Floats
    voicing: Floats
    loudness_db: Floats


@lru_cache(maxsize=1)
def _detector() -> Any:
    with extras.named():
        from swift_f0 import SwiftF0
    return SwiftF0(spin=False)


def read_line(samples: Samples) -> Line:
    """Read a sound.

    Args:
        samples: At `RATE_HZ`.
    """
    found = _detector().detect(samples, RATE_HZ)
    semitones = _A4 + 12 * np.log2(found.pitch_hz / _A4_HZ)
    return Line(semitones, found.confidence, found.loudness_db)


def make_line(line: Line, posteriors: Posteriors) -> tuple[PlayedNote, ...]:
    """Make notes of a line, by their onsets; none overlaps.

    Args:
        line: What was heard.
        posteriors: Of the same sound, which know better when a note begins.
    """
    voiced = line.voicing >= 0.5
    if not voiced.any():
        return ()
    onsets = _onsets(posteriors, len(line.semitones))
    smooth, inside = smoothed(line)
    tuning: Any = _offset(smooth[inside] if inside.any() else line.semitones[voiced])
    for _ in range(2):
        spans = list(_spans(_decode(line, onsets, tuning)))
        tuning = _drift(line, spans, tuning)
    spans = _without_leaps(spans, line, onsets)
    spans = [one for span in spans for one in _struck_again(span, line, onsets)]
    return tuple(_notes(spans, line, onsets))


def smoothed(line: Line) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the pitch without vibrato, [T], and where it is known, [T]: over its usual period."""
    voiced = line.voicing >= 0.5
    kernel = np.ones(SMOOTH_FRAMES) / SMOOTH_FRAMES
    inside = np.convolve(voiced, kernel, mode="same") > 1 - 0.5 / SMOOTH_FRAMES
    return np.convolve(np.where(voiced, line.semitones, 0.0), kernel, mode="same"), inside


def _onsets(posteriors: Posteriors, n_frames: int) -> Floats:
    """Return how likely a note of a pitch begins, [T, 128], at frames of a line."""
    times = np.arange(n_frames) * FRAME_S
    found = np.zeros((n_frames, 128))
    for key in range(N_PITCHES):
        values = np.interp(times, posteriors.times_s, posteriors.onsets[:, key], 0.0, 0.0)
        found[:, key + LOWEST_PITCH] = values
    # A voice that is out of tune falls between two keys.
    wide = found.copy()
    wide[:, 1:] = np.maximum(wide[:, 1:], found[:, :-1])
    wide[:, :-1] = np.maximum(wide[:, :-1], found[:, 1:])
    return wide


def _offset(semitones: Floats) -> float:
    """Return how far pitches lie above those of a piano, -0.5 to 0.5: their circular mean."""
    angle = np.angle(np.exp(2j * np.pi * semitones).mean())
    return float(angle / (2 * np.pi))


def _decode(line: Line, onsets: Floats, tuning: Any) -> Ints:
    """Return the pitch that is sung in every frame, -1 in silence, [T]; negative - 2 is reached."""
    heard = line.semitones - tuning
    voiced = line.voicing >= 0.5
    low = int(np.clip(np.floor(heard[voiced].min()) - 1, 0, 126))
    high = int(np.clip(np.ceil(heard[voiced].max()) + 1, low + 1, 127))
    pitches = np.arange(low, high + 1)
    certain = np.clip(line.voicing, 0.02, 0.98)[:, None]
    distance = heard[:, None] - pitches
    held = _log_near(distance, _HELD_SPREAD) + np.log(certain)
    reached = _log_near(distance, _REACHED_SPREAD) + np.log(certain)
    silent = np.log((1 - certain[:, 0]) / _STRAY_SEMITONES)
    bonus = _ONSET_WEIGHT * np.log((onsets[:, pitches] + _ONSET_FLOOR) / _ONSET_USUAL)
    return _best_path(reached, held, silent, bonus, pitches)


def _log_near(distance: Floats, spread: float) -> Floats:
    near = np.exp(-0.5 * (distance / spread) ** 2) / (spread * np.sqrt(2 * np.pi))
    return np.asarray(np.log((1 - _STRAY) * near + _STRAY / _STRAY_SEMITONES))


def _best_path(reached: Floats, held: Floats, silent: Floats, bonus: Floats, pitches: Ints) -> Ints:
    """Return the likeliest states: -1 silence, a pitch that is held, or -2 - pitch, reached."""
    n_frames, n = held.shape
    begin = np.log((1 - _STAY_SILENT) / n), np.log((1 - _STAY_HELD - _FALL_SILENT) / n)
    stay_silent, fall = np.log(_STAY_SILENT), np.log(_FALL_SILENT)
    stay_reaching, settle = np.log(_STAY_REACHING), np.log(1 - _STAY_REACHING)
    stay_held = np.log(_STAY_HELD)
    was_silent, was_reached, was_held = 0.0, np.full(n, -np.inf), np.full(n, -np.inf)
    # Where each state came from: reached from itself (-1), silence (-2) or a held pitch.
    from_reached = np.empty((n_frames, n), dtype=np.int16)
    from_held = np.empty((n_frames, n), dtype=bool)
    from_silent = np.empty(n_frames, dtype=np.int16)
    for t in range(n_frames):
        best = int(was_held.argmax())
        start = np.maximum(was_silent + begin[0], was_held[best] + begin[1])
        origin = -2 if was_silent + begin[0] >= was_held[best] + begin[1] else best
        starting, staying = start + bonus[t], was_reached + stay_reaching
        is_new = starting > staying
        from_reached[t] = np.where(is_new, origin, -1)
        settling, holding = was_reached + settle, was_held + stay_held
        from_held[t] = holding >= settling
        falling, resting = was_held[best] + fall, was_silent + stay_silent
        from_silent[t] = best if falling > resting else -1
        was_silent = max(falling, resting) + silent[t]
        was_reached = np.where(is_new, starting, staying) + reached[t]
        was_held = np.maximum(settling, holding) + held[t]
    states = np.empty(n_frames, dtype=np.int64)
    state = -1 if was_silent >= was_held.max() else int(was_held.argmax())
    is_held = state >= 0
    for t in range(n_frames - 1, -1, -1):
        if state < 0:
            states[t] = -1
            state, is_held = int(from_silent[t]), from_silent[t] >= 0
        elif is_held:
            states[t] = pitches[state]
            is_held = bool(from_held[t, state])
        else:
            states[t] = -2 - pitches[state]
            origin = int(from_reached[t, state])
            if origin != -1:
                state, is_held = (origin, True) if origin >= 0 else (-1, False)
    return states


def _spans(states: Ints) -> Iterator[tuple[int, int, int]]:
    """Yield first frame, frame behind the last, and pitch of notes."""
    first, pitch = 0, -1
    was_held = False
    for t, state in enumerate([*states.tolist(), -1]):
        sung = state if state >= 0 else -2 - state if state < -1 else -1
        is_reached = state < -1
        if sung != pitch or (is_reached and was_held):
            if pitch >= 0:
                yield first, t, pitch
            first, pitch = t, sung
        was_held = state >= 0


def _drift(line: Line, spans: list[tuple[int, int, int]], tuning: Any) -> Any:
    """Return how far from a piano the line is in every frame, [T], by the notes around it."""
    if len(spans) < _TUNED_NOTES:
        return tuning
    heard = line.semitones - tuning
    errors = np.array([np.median(heard[first:end]) - pitch for first, end, pitch in spans])
    middles = np.array([(first + end) / 2 for first, end, _ in spans])
    padded = np.pad(errors, _TUNED_NOTES // 2, mode="edge")
    smooth = np.median(np.lib.stride_tricks.sliding_window_view(padded, _TUNED_NOTES), axis=1)
    return tuning + np.interp(np.arange(len(heard)), middles, np.clip(smooth, -0.4, 0.4))


def _without_leaps(
    spans: list[tuple[int, int, int]], line: Line, onsets: Floats
) -> list[tuple[int, int, int]]:
    """Join what the pitch tracker tore: leaps of an octave or so that nobody struck, and back."""
    kept: list[tuple[int, int, int]] = []
    for first, end, pitch in spans:
        if kept and kept[-1][1] == first:
            begin, _, before = kept[-1]
            is_leap = abs(pitch - before) >= _LEAP or pitch == before
            if is_leap and not _is_begun(first, pitch, line, onsets):
                kept[-1] = (begin, end, before)
                continue
        kept.append((first, end, pitch))
    return kept


def _is_begun(frame: int, pitch: int, line: Line, onsets: Floats) -> bool:
    """Whether the network or the loudness tells that a note begins about here."""
    near = slice(max(0, frame - _DIP_FRAMES), frame + _DIP_FRAMES)
    rises = np.diff(line.loudness_db[near])
    is_loud = len(rises) > 0 and float(rises.clip(min=0.0).sum()) >= _RISE_DB
    return bool(onsets[near, pitch].max() >= _ONSET_USUAL) or is_loud


def _struck_again(
    span: tuple[int, int, int], line: Line, onsets: Floats
) -> Iterator[tuple[int, int, int]]:
    """Yield the notes of one pitch that follow each other without silence."""
    first, end, pitch = span
    shortest = round(_SHORTEST_S / FRAME_S)
    evidence = _strokes(line.loudness_db[first:end], onsets[first:end, pitch])
    cuts = [0]
    for t in np.argsort(-evidence, kind="stable").tolist():
        apart = shortest if evidence[t] >= _STRUCK_HARD else _STROKES_APART
        if evidence[t] < _STRUCK:
            break
        if min(abs(t - one) for one in cuts) >= apart and end - first - t >= _TAIL:
            cuts.append(t)
    cuts.sort()
    for begin, stop in zip(cuts, [*cuts[1:], end - first], strict=True):
        yield first + begin, first + stop, pitch


def _strokes(loudness_db: Floats, begins: Floats) -> Floats:
    """Return how much tells that a sounding note is struck again, [T].

    That is the network's likelihood, where it is highest, and the depth of a dip of loudness just
    before, in steps of `_DIP_DB`.
    """
    evidence = np.zeros(len(begins))
    for t in range(1, len(begins)):
        near = slice(max(0, t - _DIP_FRAMES), t + _DIP_FRAMES + 1)
        if begins[t] < begins[max(0, t - 2) : t + 3].max():
            continue
        loud = loudness_db[near]
        lowest = int(loud.argmin())
        before, after = loud[: lowest + 1].max(), loud[lowest:].max()
        evidence[t] = begins[t] + (min(before, after) - loud[lowest]) / _DIP_DB
    return evidence


def _notes(spans: list[tuple[int, int, int]], line: Line, onsets: Floats) -> Iterator[PlayedNote]:
    """Yield notes, each begun where the network saw it begin, if that is near."""
    last_end = 0
    for first, end, pitch in spans:
        reach = round(_SNAP_S / FRAME_S)
        from_frame = max(last_end, first - reach)
        near = onsets[from_frame : first + reach + 1, pitch]
        begin = from_frame + int(near.argmax()) if near.max() >= _ONSET_USUAL else first
        if (end - begin) * FRAME_S < _SHORTEST_S:
            continue
        last_end = begin + 1
        yield PlayedNote(
            begin * FRAME_S,
            pitch,
            end * FRAME_S,
            _velocity(float(line.loudness_db[begin:end].max())),
            float(line.voicing[begin:end].mean()),
        )


def _velocity(loudness_db: float) -> int:
    return round(float(np.interp(loudness_db, _LOUDNESS_DB, _VELOCITIES)))
