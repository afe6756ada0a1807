"""Samples -> notes of several voices, by the network of Basic Pitch and our own note-making.

The network (assets/transcription/nmp.onnx) tells for every key of a piano and every frame how
likely a note sounds, and how likely one begins. Notes are made of that as the paper describes: they
begin at peaks of the beginnings, latest first, and last until the key has been silent for 11
frames; what sounds and was not begun is added by its loudest moments.

Source:
    R. M. Bittner, J. J. Bosch, D. Rubinstein, G. Meseguer-Brocal and S. Ewert, A Lightweight
    Instrument-Agnostic Model for Polyphonic Note Transcription and Multipitch Estimation,
    ICASSP (2022), section 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from composer.bundled import ASSETS
from composer.transcription.played import PlayedNote
from composer.transcription.sound import Samples

PATH = ASSETS / "transcription" / "nmp.onnx"
RATE_HZ = 22_050
LOWEST_PITCH = 21
N_PITCHES = 88
FRAME_S = 256 / RATE_HZ
_HOP = 256
_WINDOW = 43_844  # samples that the network reads at once: 172 frames
_WINDOW_FRAMES = 172
_MARGIN_FRAMES = 15  # that are left out at either end of a window
_STEP = _WINDOW - 2 * _MARGIN_FRAMES * _HOP
_BATCH = 16
_INPUT = "serving_default_input_2:0"
_OUTPUTS = ("StatefulPartitionedCall:1", "StatefulPartitionedCall:2")

ONSET_LEAST, SOUND_LEAST = 0.5, 0.3
_SILENT_FRAMES = 11
_SHORTEST_FRAMES = 11  # 128 ms; "notes shorter than about 120 ms are removed"
_RISE_FRAMES = 2
_FAINT = 10 ** (-50 / 20)

Likelihoods = NDArray[np.float32]


@dataclass(frozen=True)
class Posteriors:
    """What the network says.

    Args:
        times_s: Of the frames, [T].
        sounds: How likely every key sounds, [T, 88].
        onsets: How likely a note of every key begins, [T, 88].
    """

    times_s: NDArray[np.float64]
    sounds: Likelihoods
    onsets: Likelihoods


@lru_cache(maxsize=1)
def _session() -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(PATH), options, providers=["CPUExecutionProvider"])


def read_posteriors(samples: Samples) -> Posteriors:
    """Read a sound.

    Args:
        samples: At `RATE_HZ`.
    """
    margin = _MARGIN_FRAMES * _HOP
    n_windows = max(1, -(-len(samples) // _STEP))
    padded = np.zeros(margin + (n_windows - 1) * _STEP + _WINDOW, dtype=np.float32)
    padded[margin : margin + len(samples)] = samples
    windows = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_STEP][:n_windows]
    found: list[list[Likelihoods]] = [[], []]
    for first in range(0, n_windows, _BATCH):
        batch = np.ascontiguousarray(windows[first : first + _BATCH, :, None])
        for rows, values in zip(found, _session().run(_OUTPUTS, {_INPUT: batch}), strict=True):
            rows.append(values)
    sounds, onsets = (np.concatenate(rows) for rows in found)
    return _without_silence(_joined(sounds, onsets, len(samples) / RATE_HZ), samples)


def _without_silence(found: Posteriors, samples: Samples) -> Posteriors:
    """Return nothing for frames in which nothing sounds: the network hears notes in faint noise."""
    centres = np.rint(found.times_s * RATE_HZ).astype(np.int64)
    energy = np.concatenate([[0.0], np.cumsum(np.square(samples, dtype=np.float64))])
    begins, ends = (np.clip(centres + n * _HOP, 0, len(samples)) for n in (-2, 2))
    level = np.sqrt((energy[ends] - energy[begins]) / (4 * _HOP))
    heard = (level > _FAINT * level.max())[:, None]
    return Posteriors(found.times_s, found.sounds * heard, found.onsets * heard)


def _joined(sounds: Likelihoods, onsets: Likelihoods, length_s: float) -> Posteriors:
    """Join windows, [windows, frames, 88], each without its margins.

    Windows follow each other after a part of a frame, which the times tell.
    """
    kept = np.arange(_MARGIN_FRAMES, _MARGIN_FRAMES + -(-_STEP // _HOP))
    begins_s = (np.arange(len(sounds)) * _STEP - _MARGIN_FRAMES * _HOP) / RATE_HZ
    times_s = (begins_s[:, None] + kept * FRAME_S).ravel()
    # The last frame of a window may lie behind the first of the next.
    inside = (times_s < length_s) & np.append(np.diff(times_s) > FRAME_S / 2, True)
    flat = (values[:, kept].reshape(-1, N_PITCHES)[inside] for values in (sounds, onsets))
    return Posteriors(times_s[inside], *flat)


def make_notes(found: Posteriors) -> tuple[PlayedNote, ...]:
    """Make notes of what the network says, by their onsets and pitches."""
    n_frames = len(found.times_s)
    if n_frames < _SHORTEST_FRAMES + 2:
        return ()
    begins = np.maximum(found.onsets, _rises(found))
    left = np.pad(found.sounds, ((0, 0), (1, 1))).copy()  # a key more at either side
    notes = []
    for frame, key in _peaks(begins)[::-1]:
        end = _last_sound(left[:, key + 1], frame + 1, n_frames)
        if end - frame > _SHORTEST_FRAMES:
            left[frame:end, key : key + 3] = 0.0
            notes.append(_note(found, frame, end, key, float(begins[frame, key])))
    for frame, key in _loudest(found.sounds):
        if left[frame, key + 1] > SOUND_LEAST:
            column = left[:, key + 1]
            end = _last_sound(column, frame + 1, n_frames)
            first = n_frames - _last_sound(column[::-1], n_frames - frame, n_frames)
            left[first:end, key : key + 3] = 0.0
            if end - first > _SHORTEST_FRAMES:
                notes.append(_note(found, first, end, key, SOUND_LEAST))
    return tuple(sorted(notes))


def _rises(found: Posteriors) -> Likelihoods:
    """Return how much louder keys become, scaled as high as the likeliest beginning.

    A key counts that is louder than one frame and two frames before.
    """
    sounds = found.sounds
    rises = np.zeros_like(sounds)
    steps = [sounds[_RISE_FRAMES:] - sounds[_RISE_FRAMES - n : -n] for n in (1, _RISE_FRAMES)]
    rises[_RISE_FRAMES:] = np.maximum(0.0, np.minimum(*steps))
    return np.asarray(rises * (found.onsets.max() / max(float(rises.max()), 1e-6)))


def _peaks(begins: Likelihoods) -> list[tuple[int, int]]:
    """Return frame and key where a note is likelier to begin than just before and after."""
    inner = begins[1:-1]
    is_peak = (inner > begins[:-2]) & (inner > begins[2:]) & (inner >= ONSET_LEAST)
    return [(int(frame) + 1, int(key)) for frame, key in np.argwhere(is_peak)]


def _last_sound(column: Likelihoods, start: int, n_frames: int) -> int:
    """Return the frame behind the last in which a key sounds, from `start` on."""
    silent = 0
    for frame in range(start, n_frames):
        silent = silent + 1 if column[frame] < SOUND_LEAST else 0
        if silent == _SILENT_FRAMES:
            return frame + 1 - silent
    return n_frames - silent


def _loudest(sounds: Likelihoods) -> list[tuple[int, int]]:
    """Return frame and key of all that sounds, the likeliest first."""
    places = np.argwhere(sounds > SOUND_LEAST)
    order = np.argsort(-sounds[places[:, 0], places[:, 1]], kind="stable")
    return [(int(frame), int(key)) for frame, key in places[order]]


def _note(found: Posteriors, first: int, end: int, key: int, begins: float) -> PlayedNote:
    amplitude = float(found.sounds[first:end, key].mean())
    return PlayedNote(
        float(found.times_s[first]),
        key + LOWEST_PITCH,
        float(found.times_s[first] + (end - first) * FRAME_S),
        max(1, min(127, round(127 * amplitude))),
        min(1.0, (begins + amplitude) / 2),
    )
