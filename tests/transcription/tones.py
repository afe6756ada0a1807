"""Sounds whose notes are known, made of sines."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any

import numpy as np

from composer.transcription.sound import Samples

RATE_HZ = 22_050
# Onset in seconds, pitch (fractions are out of tune) and length in seconds.
Tone = tuple[float, float, float]


def play(tones: Iterable[Tone], length_s: float, *, vibrato: float = 0.0) -> Samples:
    """Play struck tones of eight partials; `vibrato` is its depth in semitones."""
    found = np.zeros(round(length_s * RATE_HZ), dtype=np.float64)
    for onset_s, pitch, duration_s in tones:
        times = np.arange(round(duration_s * RATE_HZ)) / RATE_HZ
        wavering = pitch + vibrato * np.sin(2 * np.pi * 5.5 * times)
        phase = 2 * np.pi * np.cumsum(440.0 * 2 ** ((wavering - 69) / 12)) / RATE_HZ
        sound = sum(np.sin(n * phase) / n**2.5 for n in range(1, 9))
        envelope = np.minimum(1.0, times / 0.008) * np.exp(-times / 1.5)
        envelope *= np.minimum(1.0, (duration_s - times) / 0.03)
        first = round(onset_s * RATE_HZ)
        found[first : first + len(times)] += sound * envelope
    return (0.5 * found / max(1e-9, np.abs(found).max())).astype(np.float32)


def file_of(samples: Any, rate_hz: int = RATE_HZ, kind: str = "WAV", **options: Any) -> bytes:
    """Return the bytes of a sound file."""
    import soundfile

    target = io.BytesIO()
    soundfile.write(target, samples, rate_hz, format=kind, **options)
    return target.getvalue()


def scale(beat_s: float, first_s: float = 0.5) -> list[Tone]:
    """Return two bars of 4/4 of a C major melody: onset, pitch, length."""
    pitches = (60, 62, 64, 65, 67, 65, 64, 60)
    return [(first_s + n * beat_s, pitch, 0.9 * beat_s) for n, pitch in enumerate(pitches)]
