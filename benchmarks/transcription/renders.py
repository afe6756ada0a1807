"""Recordings whose notes are known: pieces played by our synthesiser, and a synthetic voice."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from composer.piece import Piece
from composer.rendering import render_audio
from composer.rendering.performance import perform
from composer.theory import INSTRUMENTS

Reference = NDArray[np.float64]  # onset in seconds, pitch; a row a note

# Chorales of music21's corpus.
CHORALES = ("bach/bwv66.6", "bach/bwv253", "bach/bwv269", "bach/bwv272", "bach/bwv347")
TEMPO_BPM = 80.0
RATE_HZ = 44_100
VOICE_RATE_HZ = 22_050


@dataclass(frozen=True)
class Recording:
    """Sound with its notes.

    Args:
        data: Of a WAV file, unless it is asked for otherwise.
        notes: Onset in seconds and pitch, a row a note.
        piece: What was played, bars included.
    """

    data: bytes
    notes: Reference
    piece: Piece


def load_chorale(name: str) -> Piece:
    """Return a chorale of music21's corpus."""
    from music21 import corpus

    from composer.corpus import read_musicxml_bytes

    with TemporaryDirectory() as folder:
        path = Path(folder) / "chorale.musicxml"
        corpus.parse(name).write("musicxml", fp=path)
        return replace(read_musicxml_bytes(path.read_bytes()), tempo_bpm=TEMPO_BPM)


def soprano(piece: Piece) -> Piece:
    """Return the highest part alone."""
    return replace(piece, parts=piece.parts[:1], ensemble="")


def played_on(piece: Piece, instrument: str) -> Piece:
    """Return a piece with every part played by one instrument."""
    parts = tuple(replace(p, instrument=INSTRUMENTS[instrument], name="") for p in piece.parts)
    return replace(piece, parts=parts)


def record(piece: Piece, suffix: str = ".wav", rate_hz: int = RATE_HZ) -> Recording:
    """Play a piece without expression and without pedal."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"sound{suffix}"
        render_audio(piece, path, is_expressive=False, sample_rate_hz=rate_hz)
        return Recording(path.read_bytes(), notes_of(piece), piece)


def notes_of(piece: Piece) -> Reference:
    """Return onset and pitch of every note that is played; unisons of several parts once."""
    played = perform(piece, tempo_bpm=piece.tempo_bpm, is_expressive=False)
    notes = {(round(n.start, 4), n.pitch) for part in played.instruments for n in part.notes}
    return np.array(sorted(notes))


def sing(piece: Piece, seed: int) -> Recording:
    """Sing the highest part: scoops, vibrato, drift, up to 50 cents out of tune, and breath."""
    rng = np.random.default_rng(seed)
    notes = notes_of(soprano(piece))
    ends = np.append(notes[1:, 0], notes[-1, 0] + 1.0)
    pitch = np.full(round((ends[-1] + 0.5) * VOICE_RATE_HZ), np.nan)
    loud = np.zeros(len(pitch))
    for (onset, key), end in zip(notes, ends, strict=True):
        first, stop = round(onset * VOICE_RATE_HZ), round((end - 0.04) * VOICE_RATE_HZ)
        times = np.arange(stop - first) / VOICE_RATE_HZ
        scoop = -rng.uniform(0, 1.5) * np.exp(-times / 0.05)
        vibrato = rng.uniform(0.1, 0.4) * np.sin(2 * np.pi * rng.uniform(5, 6) * times)
        pitch[first:stop] = key - 12 + scoop + vibrato * np.minimum(1, times / 0.3)
        loud[first:stop] = np.minimum(1, times / 0.06) * np.minimum(1, times[::-1] / 0.06)
    pitch += rng.uniform(-0.45, 0.45) + np.linspace(0, rng.uniform(-0.4, 0.4), len(pitch))
    hertz = np.where(np.isnan(pitch), 0.0, 440 * 2 ** ((np.nan_to_num(pitch) - 69) / 12))
    phase = 2 * np.pi * np.cumsum(hertz) / VOICE_RATE_HZ
    sound = sum(_formant(n * hertz) / n * np.sin(n * phase) for n in range(1, 25))
    breath = 0.01 * rng.normal(size=len(pitch))
    sound = 0.3 * sound / np.abs(sound).max() * loud + breath * (0.3 + loud)
    wanted = notes - np.array([0.0, 12.0])
    return Recording(wav_of(sound, VOICE_RATE_HZ), wanted, piece)


def _formant(hertz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how loud an open vowel is at a frequency: peaks at 700, 1,200 and 2,600 Hz."""
    peaks = ((700.0, 1.0, 130.0), (1200.0, 0.6, 150.0), (2600.0, 0.3, 250.0))
    return 0.05 + sum(g * np.exp(-0.5 * ((hertz - c) / w) ** 2) for c, g, w in peaks)


def wav_of(sound: NDArray[np.float64], rate_hz: int) -> bytes:
    """Return the bytes of a WAV file."""
    import soundfile

    target = io.BytesIO()
    soundfile.write(target, sound, rate_hz, format="WAV")
    return target.getvalue()


def spoiled(recording: Recording, how: str) -> Recording:
    """Return the same with noise (20 dB below the music), in a large room, or at 8 kHz."""
    import soundfile
    from scipy.signal import fftconvolve, resample_poly

    sound, rate_hz = soundfile.read(io.BytesIO(recording.data))
    sound = sound.mean(axis=1) if sound.ndim > 1 else sound
    rng = np.random.default_rng(0)
    if how == "noise":
        sound = sound + 0.1 * np.sqrt((sound**2).mean()) * rng.normal(size=len(sound))
    elif how == "room":
        times = np.arange(round(1.2 * rate_hz)) / rate_hz
        tail = rng.normal(size=len(times)) * np.exp(-6.9 * times / 1.2) * 0.03
        tail[0] = 1.0
        sound = fftconvolve(sound, tail)[: len(sound)]
    else:
        sound, rate_hz = resample_poly(sound, 80, 441), 8_000
    return replace(recording, data=wav_of(0.5 * sound / np.abs(sound).max(), rate_hz))


@dataclass(frozen=True)
class Score:
    """Agreement of two sets of notes.

    Args:
        found, wanted, hits: Counts.
    """

    found: int
    wanted: int
    hits: int

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return 2 * self.hits / max(1, self.found + self.wanted)


def compare(found: Reference, wanted: Reference, tolerance_s: float) -> Score:
    """Match notes of one pitch whose onsets lie within a tolerance, as many as can be."""
    hits = 0
    for pitch in np.unique(wanted[:, 1]):
        theirs = found[found[:, 1] == pitch, 0] if len(found) else np.zeros(0)
        i = 0
        for onset in np.sort(wanted[wanted[:, 1] == pitch, 0]):
            while i < len(theirs) and theirs[i] < onset - tolerance_s:
                i += 1
            if i < len(theirs) and theirs[i] <= onset + tolerance_s:
                hits, i = hits + 1, i + 1
    return Score(len(found), len(wanted), hits)


def total(scores: Sequence[Score]) -> Score:
    """Add scores of several recordings."""
    return Score(*(sum(getattr(s, name) for s in scores) for name in ("found", "wanted", "hits")))
