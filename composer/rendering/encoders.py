"""Blocks of sound -> WAV, FLAC, MP3 and OGG files, through libsndfile. Knows no notes, no levels.

16 bits get triangular dither, of up to a step either way, so that soft endings fade into noise and
not into distortion. 24 bits need none: their steps lie 144 dB down.

Source:
    S. P. Lipshitz, R. A. Wannamaker and J. Vanderkooy, Quantization and dither, Journal of the
    Audio Engineering Society 40 (1992), pp. 355-375.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from composer.errors import MissingTool, OptionError

Frames: TypeAlias = np.ndarray[tuple[int, int], np.dtype[np.float32]]  # (frames, 2), -1..1
Steps: TypeAlias = np.ndarray[Any, np.dtype[np.signedinteger[Any]]]  # (frames, 2)

BITS = (16, 24)
FLOATS = 32  # bits of floats, in a WAV file
MP3_RATES_HZ = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
_DITHER_SEED = 1770
_NO_LIBRARY = (
    "sound files need soundfile and its libsndfile: `pip install soundfile`, and"
    " `apt-get install libsndfile1` where its wheel brings none"
)


@dataclass(frozen=True, slots=True)
class Encoding:
    """A kind of sound file.

    Args:
        format: As libsndfile calls it.
        subtype: As libsndfile calls it; empty where it is whole numbers of so many bits.
        options: Of the encoder.
    """

    format: str
    subtype: str = ""
    options: tuple[tuple[str, Any], ...] = ()


ENCODINGS = {
    ".wav": Encoding("WAV"),
    ".flac": Encoding("FLAC"),
    # Variable rate; 0 would be the best and largest, 1 the smallest.
    ".mp3": Encoding(
        "MP3", "MPEG_LAYER_III", (("bitrate_mode", "VARIABLE"), ("compression_level", 0.2))
    ),
    ".ogg": Encoding("OGG", "VORBIS", (("compression_level", 0.3),)),
}


def check_encoding(path: Path, sample_rate_hz: int, bits: int) -> None:
    """Refuse files that cannot be written.

    Raises:
        OptionError: If the suffix is unknown, or rate or bits do not go with it.
    """
    if path.suffix.lower() not in ENCODINGS:
        raise OptionError(f"a sound file must end in {', '.join(ENCODINGS)}, got '{path.name}'")
    if bits not in BITS and (bits, path.suffix.lower()) != (FLOATS, ".wav"):
        raise OptionError(f"`bits` must be 16 or 24, or 32 for floats in a WAV file, got {bits!r}")
    if path.suffix.lower() == ".mp3" and sample_rate_hz not in MP3_RATES_HZ:
        rates = ", ".join(map(str, MP3_RATES_HZ))
        raise OptionError(
            f"`sample_rate_hz` of an MP3 must be one of {rates}, got {sample_rate_hz}"
        )


def load_library() -> Any:
    """Import soundfile, which fails where libsndfile is absent.

    Raises:
        MissingTool: If it does.
    """
    try:
        import soundfile
    except (ImportError, OSError) as problem:
        raise MissingTool(_NO_LIBRARY) from problem
    return soundfile


@contextmanager
def open_encoder(
    path: Path, sample_rate_hz: int, bits: int = 16, channels: int = 2
) -> Iterator[Callable[[Frames], None]]:
    """Lend a function that appends frames to a new file.

    Args:
        path: Its suffix says which kind of file.
        sample_rate_hz: Of the file.
        bits: 16 or 24, of a WAV or FLAC file; 32 for floats in a WAV file.
        channels: 1 or 2.

    Raises:
        MissingTool: If libsndfile is absent or too old for the kind.
        OSError: If the file cannot be written.
    """
    library, encoding = load_library(), ENCODINGS[path.suffix.lower()]
    subtype = encoding.subtype or ("FLOAT" if bits == FLOATS else f"PCM_{bits}")
    if not library.check_format(encoding.format, subtype):
        raise MissingTool(f"this libsndfile cannot write {encoding.format}; {_NO_LIBRARY}")
    is_whole = not encoding.subtype and bits != FLOATS
    convert = _quantiser(bits) if is_whole else (lambda frames: frames)
    options = {"subtype": subtype, "format": encoding.format, **dict(encoding.options)}
    try:
        with library.SoundFile(path, "w", sample_rate_hz, channels=channels, **options) as file:
            yield lambda frames: file.write(convert(frames))
    except library.SoundFileError as problem:  # a full disk, most of all
        raise OSError(f"'{path.name}' cannot be written: {problem}") from problem


def _quantiser(bits: int) -> Callable[[Frames], Steps]:
    """Return a function that rounds frames to whole numbers of 16 or 24 bits."""
    rng = np.random.default_rng(_DITHER_SEED)

    def to_16(frames: Frames) -> Steps:
        dither = rng.random(frames.shape, np.float32) - rng.random(frames.shape, np.float32)
        steps = np.clip(np.rint(frames * 2**15 + dither), -(2**15), 2**15 - 1)
        return np.asarray(steps, dtype=np.int16)

    def to_24(frames: Frames) -> Steps:
        steps = np.clip(np.rint(frames.astype(np.float64) * 2**23), -(2**23), 2**23 - 1)
        return np.asarray(steps.astype(np.int32) << 8)  # libsndfile takes the upper three bytes

    return to_16 if bits == BITS[0] else to_24
