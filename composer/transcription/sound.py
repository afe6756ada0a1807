"""Bytes of a sound file -> samples of one channel, through libsndfile, within limits."""

from __future__ import annotations

import io
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from composer import extras
from composer.errors import ScoreFileError

MAX_SOUND_S = 600.0
MIN_SOUND_S = 0.3
MAX_SOUND_BYTES = 250_000_000  # ten minutes of stereo with 32 bits at 48 kHz
RATE_RANGE_HZ = (4_000, 192_000)
MAX_CHANNELS = 32
_SILENCE = 1e-3  # peak, -60 dB of full scale
_BLOCK_FRAMES = 1 << 18
_MAX_DENOMINATOR = 2_000
_STARTS = (b"RIFF", b"RF64", b"fLaC", b"OggS", b"ID3")
_NEEDED = "save it as WAV, FLAC, MP3 or OGG"

Samples = NDArray[np.float32]


def is_sound(data: bytes) -> bool:
    """Whether bytes begin like a sound file, one that can be read or one that is refused."""
    return _is_readable(data) or _other_kind(data) != ""


def check_sound(data: bytes) -> None:
    """Refuse what is no sound file of a kind that can be read, by its first bytes and its size.

    Raises:
        ScoreFileError: In one sentence.
    """
    other = _other_kind(data)
    if other:
        raise ScoreFileError(f"the recording is {other}, which cannot be read here; {_NEEDED}")
    if not _is_readable(data):
        raise ScoreFileError(f"the file is no sound; {_NEEDED}")
    if len(data) > MAX_SOUND_BYTES:
        limit_mb = MAX_SOUND_BYTES / 1e6
        raise ScoreFileError(
            f"the sound file is larger than {limit_mb:g} MB; give {MAX_SOUND_S / 60:g} minutes of "
            "it, or save it as FLAC"
        )


def _is_readable(data: bytes) -> bool:
    is_mp3 = data[:1] == b"\xff" and len(data) > 1 and data[1] & 0xE6 == 0xE2
    return data.startswith(_STARTS) or is_mp3


def _other_kind(data: bytes) -> str:
    if data[:4] == b"\x1a\x45\xdf\xa3":
        return "a WebM file"
    if data[4:8] == b"ftyp":
        return "an MP4 or M4A file"
    return "an AIFF file" if data[:4] == b"FORM" else ""


@dataclass(frozen=True)
class Sound:
    """What a sound file holds.

    Args:
        samples: Of all channels, mixed, -1 to 1.
        rate_hz: How many there are a second.
        comment: A text in the file; empty without.
    """

    samples: Samples
    rate_hz: int
    comment: str = ""


def decode(data: bytes) -> Sound:
    """Return what a sound file holds.

    Raises:
        ScoreFileError: If it cannot be read, or is empty, silent or too long.
        MissingTool: If soundfile is not installed.
    """
    check_sound(data)
    with extras.named():
        import soundfile
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            _check_heading(file)
            found = Sound(_read(file), int(file.samplerate), file.comment or "")
    except (soundfile.SoundFileError, RuntimeError, TypeError, ValueError) as error:
        raise ScoreFileError(f"the sound file is damaged; {_NEEDED}") from error
    _check_samples(found.samples, found.rate_hz)
    return found


def _check_heading(file: Any) -> None:
    low, high = RATE_RANGE_HZ
    if not low <= file.samplerate <= high:
        raise ScoreFileError(
            f"the sound has {file.samplerate:,} samples a second; from {low:,} to {high:,} can be "
            "read"
        )
    if file.channels > MAX_CHANNELS:
        raise ScoreFileError(f"the sound has {file.channels} channels; mix it down to one or two")
    _check_length(file.frames, file.samplerate)


def _check_length(n_frames: int, rate_hz: int) -> None:
    if n_frames > MAX_SOUND_S * rate_hz:
        minutes = n_frames / rate_hz / 60
        raise ScoreFileError(
            f"the recording lasts {minutes:,.1f} minutes; at most {MAX_SOUND_S / 60:g} can be "
            "written down at once"
        )


def _read(file: Any) -> Samples:
    """Return all samples; a heading may have told less than there is."""
    blocks, n_frames = [], 0
    while len(block := file.read(_BLOCK_FRAMES, dtype="float32", always_2d=True)):
        blocks.append(block.mean(axis=1))
        n_frames += len(block)
        _check_length(n_frames, file.samplerate)
    return np.concatenate(blocks) if blocks else np.zeros(0, dtype=np.float32)


def _check_samples(samples: Samples, rate_hz: int) -> None:
    if len(samples) < MIN_SOUND_S * rate_hz:
        raise ScoreFileError("the recording is too short; a few notes are needed")
    if not np.isfinite(samples).all():
        raise ScoreFileError(f"the sound file holds values that are no sound; {_NEEDED}")
    if np.abs(samples).max() < _SILENCE:
        raise ScoreFileError("the recording is silent; choose another microphone, or come nearer")


def resampled(samples: Samples, rate_hz: int, wanted_hz: int) -> Samples:
    """Return the sound at another rate, by a polyphase filter."""
    ratio = Fraction(wanted_hz, rate_hz).limit_denominator(_MAX_DENOMINATOR)
    if ratio == 1:
        return samples
    with extras.named():
        from scipy.signal import resample_poly
    found: Samples = resample_poly(samples, ratio.numerator, ratio.denominator).astype(np.float32)
    return found


def normalised(samples: Samples) -> Samples:
    """Return the sound without its mean, as loud as full scale allows."""
    centred = samples - np.float32(samples.mean(dtype=np.float64))
    return np.asarray(centred / max(float(np.abs(centred).max()), 1e-9), dtype=np.float32)
