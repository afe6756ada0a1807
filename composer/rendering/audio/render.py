"""Performance, synthesiser, loudness and encoder in a row. Knows the order, and none of the arts.

Every step streams, through a draft on disk, so that a long piece costs no memory.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from composer.errors import MissingTool, OptionError, RequestError
from composer.piece import Piece
from composer.rendering import encoders, loudness
from composer.rendering.audio import synth
from composer.rendering.audio.soundfonts import find_soundfont
from composer.rendering.performance import perform
from composer.rendering.tempo import check_tempo
from composer.units import beats_to_seconds

MAX_LENGTH_S = 15 * 60.0  # at the tempo; an expressive performance may take a little longer
TAIL_S = 2.5  # for the last notes and the reverberation to die away
SAMPLE_RATES_HZ = (8_000, 96_000)  # what FluidSynth can do
_BLOCK_FRAMES = 65_536
_FRAME_BYTES = 8  # two floats of 32 bits


def sound_problem() -> str | None:
    """Say in one line what is missing for sound; None if nothing is."""
    try:
        synth.load_library()
        encoders.load_library()
        find_soundfont()
    except MissingTool as problem:
        return str(problem)
    return None


def render_audio(
    piece: Piece,
    path: Path,
    *,
    tempo_bpm: float | None = None,
    sample_rate_hz: int = 44_100,
    soundfont: Path | None = None,
    is_expressive: bool = True,
    bits: int = 16,
    loudness_lufs: float = loudness.TARGET_LUFS,
) -> Path:
    """Render a piece to a stereo sound file of a given loudness.

    Args:
        piece: What to play; at most 15 minutes at the tempo.
        path: Ends in .wav, .flac, .mp3 or .ogg; written when all is done, or not at all.
        tempo_bpm: Quarters a minute; the piece's own tempo if left out.
        sample_rate_hz: 8,000 to 96,000; an MP3 knows nine rates up to 48,000.
        soundfont: An SF2 or SF3 file that we trust; the usual one if left out.
        is_expressive: Whether to play with phrases, accents and a ritardando.
        bits: 16 or 24, of a WAV or FLAC file; 32 for floats in a WAV file.
        loudness_lufs: Integrated loudness, -40 to -14; no sample goes over -1 dBFS.

    Raises:
        RequestError: If the piece is empty or too long.
        OptionError: If an option is out of range.
        MissingTool: If a library or the soundfont is missing, or the soundfont stays silent.
    """
    path = Path(path)
    _check_options(path, sample_rate_hz, bits, loudness_lufs)
    tempo_bpm = check_tempo(piece.tempo_bpm if tempo_bpm is None else tempo_bpm)
    _check_length(piece, tempo_bpm)
    font = find_soundfont(soundfont)
    performance = perform(piece, tempo_bpm=tempo_bpm, is_expressive=is_expressive)
    end_s = max(part.get_end_time() for part in performance.instruments)
    n_frames = math.ceil((end_s + TAIL_S) * sample_rate_hz)
    with TemporaryDirectory(prefix=".render-", dir=path.parent) as folder:
        draft, done = Path(folder) / "draft.raw", Path(folder) / f"done{path.suffix}"
        _write_draft(draft, synth.play(performance, font, sample_rate_hz, n_frames))
        levels = loudness.measure(_read_draft(draft), sample_rate_hz)
        if levels.peak < loudness.SILENCE:
            raise MissingTool(
                f"the soundfont '{font.name}' stays silent for this piece; try another"
            )
        gains = loudness.leveling_gains(levels, loudness_lufs, sample_rate_hz)
        with encoders.open_encoder(done, sample_rate_hz, bits) as write:
            for index, block in enumerate(_read_draft(draft)):
                write(loudness.amplified(block, gains, index * _BLOCK_FRAMES))
        done.replace(path)
    return path


def _check_options(path: Path, sample_rate_hz: int, bits: int, loudness_lufs: float) -> None:
    low_hz, high_hz = SAMPLE_RATES_HZ
    if not low_hz <= sample_rate_hz <= high_hz:
        raise OptionError(
            f"`sample_rate_hz` must be from {low_hz} to {high_hz}, got {sample_rate_hz!r}"
        )
    low_lufs, high_lufs = loudness.LOUDNESS_RANGE_LUFS
    if not low_lufs <= loudness_lufs <= high_lufs:  # NaN, too
        raise OptionError(
            f"`loudness_lufs` must be from {low_lufs:g} to {high_lufs:g}, got {loudness_lufs!r}"
        )
    encoders.check_encoding(path, sample_rate_hz, bits)


def _check_length(piece: Piece, tempo_bpm: float) -> None:
    end_s = beats_to_seconds(piece.end_of_notes_beats, tempo_bpm)
    if end_s == 0.0:
        raise RequestError("the piece has no notes to play")
    if end_s + TAIL_S > MAX_LENGTH_S:
        raise RequestError(
            f"sound is made for at most {MAX_LENGTH_S / 60:g} minutes and this piece lasts"
            f" {end_s / 60:.0f}; choose a faster tempo or fewer bars"
        )


def _write_draft(path: Path, blocks: Iterable[synth.Frames]) -> None:
    with path.open("wb") as file:
        for block in blocks:
            file.write(block.tobytes())


def _read_draft(path: Path) -> Iterator[synth.Frames]:
    with path.open("rb") as file:
        while data := file.read(_BLOCK_FRAMES * _FRAME_BYTES):
            yield np.frombuffer(data, np.float32).reshape(-1, 2)
