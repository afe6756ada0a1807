"""`Recording` <-> files: WAV, FLAC, MP3 and OGG, at other rates, bit depths and channels."""

from __future__ import annotations

from math import gcd
from pathlib import Path

import numpy as np

from composer.errors import OptionError, ScoreFileError
from composer.recording import Recording
from composer.rendering import encoders

RATES_HZ = (8_000, 96_000)
MAX_LENGTH_S = 600.0  # of a file that is read


def write_recording(
    recording: Recording,
    path: Path,
    *,
    sample_rate_hz: int | None = None,
    bits: int = 16,
    channels: int | None = None,
) -> Path:
    """Write a recording; one that is over full scale is turned down, none is turned up.

    Args:
        recording: What to write.
        path: Ends in .wav, .flac, .mp3 or .ogg.
        sample_rate_hz: 8,000 to 96,000; its own if left out.
        bits: 16 or 24 of a WAV or FLAC file, 32 for floats in a WAV file.
        channels: 1 or 2; as many as it has if left out.

    Raises:
        OptionError: If an option is out of range.
        MissingTool: If a library is missing.
    """
    rate_hz = sample_rate_hz or recording.rate_hz
    low_hz, high_hz = RATES_HZ
    if not low_hz <= rate_hz <= high_hz:
        raise OptionError(f"`sample_rate_hz` must be from {low_hz} to {high_hz}, got {rate_hz}")
    if channels not in (None, 1, 2):
        raise OptionError(f"`channels` must be 1 or 2, got {channels}")
    encoders.check_encoding(path, rate_hz, bits)
    shaped = resampled(with_channels(recording, channels or recording.channels), rate_hz)
    peak = float(np.abs(shaped.samples).max())
    samples = shaped.samples / np.float32(max(1.0, peak))
    with encoders.open_encoder(path, rate_hz, bits, shaped.channels) as write:
        write(samples)
    return path


def read_recording(path: Path) -> Recording:
    """Read a file of sound.

    Raises:
        ScoreFileError: If it is none, or longer than ten minutes.
        MissingTool: If the library is missing.
    """
    library = encoders.load_library()
    try:
        with library.SoundFile(path) as file:
            if file.frames > MAX_LENGTH_S * file.samplerate:
                raise ScoreFileError(
                    f"{path.name} lasts more than {MAX_LENGTH_S / 60:g} minutes; cut it first"
                )
            samples, rate_hz = file.read(dtype="float32", always_2d=True), file.samplerate
        return Recording(np.ascontiguousarray(samples[:, :2]), rate_hz)
    except (library.SoundFileError, OSError, OptionError) as problem:
        raise ScoreFileError(f"{path.name} is no WAV, FLAC, MP3 or OGG that can be read") from (
            problem
        )


def resampled(recording: Recording, rate_hz: int) -> Recording:
    """Return a recording at another rate, filtered (polyphase)."""
    if rate_hz == recording.rate_hz:
        return recording
    from scipy.signal import resample_poly

    both = gcd(rate_hz, recording.rate_hz)
    samples = resample_poly(recording.samples, rate_hz // both, recording.rate_hz // both, axis=0)
    return Recording(np.ascontiguousarray(samples, np.float32), rate_hz)


def with_channels(recording: Recording, channels: int) -> Recording:
    """Return a recording with one channel, their mean, or two, the same twice."""
    if channels == recording.channels:
        return recording
    if channels == 1:
        return Recording(recording.mono[:, None], recording.rate_hz)
    return Recording(np.repeat(recording.samples, 2, axis=1), recording.rate_hz)
