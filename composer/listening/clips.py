"""From pieces and recordings to clips: equally long, equally loud, and nothing else in common.

A piece is cut at the bar line nearest to the planned length and its tempo moved a little, so that
the bars fill the length exactly; a recording, whose bars nobody knows, is faded out there. All
clips have the same number of samples and the same constant bit rate, so that files are equally
large, and carry no title, date or name.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import accumulate
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from composer.errors import MissingTool, RequestError
from composer.piece import MeterChange, Note, Part, Piece
from composer.rendering import encoders, loudness
from composer.rendering.loudness import Frames
from composer.theory import INSTRUMENTS, Key, Meter
from composer.units import beats_to_seconds

SUFFIX, MEDIA_TYPE = ".mp3", "audio/mpeg"
SAMPLE_RATE_HZ = 44_100
TAIL_S = 2.0  # for the last notes to die away, and silence after a recording
MAX_TEMPO_CHANGE = 0.25
_FADE_IN_S, _FADE_OUT_S, _RECORDING_FADE_S = 0.01, 0.5, 1.0
_BLOCK_FRAMES = 65_536
_BIT_RATE = {"bitrate_mode": "CONSTANT", "compression_level": 0.5}  # 160 kbit/s

RenderAudio = Callable[..., Path]


def excerpt(piece: Piece, clip_s: float) -> Piece:
    """Return the beginning of a piece, cut at a bar line, at the tempo that fills the length.

    Raises:
        RequestError: If the piece is too short, or no bar line comes near.
    """
    ends = [bar.end_beats for bar in piece.bars]
    changes = [abs(math.log(beats_to_seconds(end, piece.tempo_bpm) / clip_s)) for end in ends]
    best = min(range(len(ends)), key=changes.__getitem__)
    if changes[best] > math.log1p(MAX_TEMPO_CHANGE):
        lasts_s = beats_to_seconds(piece.length_beats, piece.tempo_bpm)
        raise RequestError(
            f"{piece.title or 'a piece'!r} lasts {lasts_s:.0f} s and has no bar line near "
            f"{clip_s:g} s; ask for other bars or another `clip_s`"
        )
    end = ends[best]
    parts = tuple(_until(part, end) for part in piece.parts)
    heard = tuple(part for part in parts if part.notes)
    if not heard:
        raise RequestError(f"{piece.title or 'a piece'!r} is silent for its first {clip_s:g} s")
    return replace(
        piece,
        parts=heard,
        meters=tuple(change for change in piece.meters if change.onset_beats < end),
        n_bars=best + 1,
        tempo_bpm=float(end) * 60 / clip_s,
    )


def _until(part: Part, end: Fraction) -> Part:
    notes = tuple(
        replace(note, duration_beats=min(note.end_beats, end) - note.onset_beats)
        for note in part.notes
        if note.onset_beats < end
    )
    return replace(part, notes=notes)


def tone_piece(clip_s: float) -> Piece:
    """Return one note, again and again: what attention checks are made of."""
    n_notes = max(1, round(clip_s))
    notes = tuple(Note(Fraction(beat), 60, Fraction(1, 2)) for beat in range(n_notes))
    meter = (MeterChange(Fraction(0), Meter(1, 4)),)
    tempo_bpm = n_notes * 60 / clip_s
    part = Part(INSTRUMENTS["piano"], notes)
    return Piece((part,), meter, Key("C", "major"), n_bars=n_notes, tempo_bpm=tempo_bpm)


def write_piece_clip(
    piece: Piece, path: Path, clip_s: float, *, render_audio: RenderAudio, is_expressive: bool
) -> None:
    """Render an excerpt as a clip.

    Args:
        piece: As `excerpt` returned it.
        path: Of the clip.
        clip_s: Its length, without the tail.
        render_audio: As `rendering.render_audio`.
        is_expressive: Whether to play with phrases.
    """
    with TemporaryDirectory() as folder:
        draft = render_audio(piece, Path(folder) / "draft.wav", is_expressive=is_expressive)
        frames = read_sound(draft, clip_s + TAIL_S)
    write_clip(_fitted(frames, clip_s, clip_s + TAIL_S, _FADE_OUT_S), path)


def write_recording_clip(source: Path, path: Path, clip_s: float) -> None:
    """Cut a recording to a clip, faded out.

    Raises:
        RequestError: If it is too short, silent or no sound.
    """
    frames = read_sound(source, clip_s)
    if len(frames) < clip_s * SAMPLE_RATE_HZ:
        raise RequestError(f"the recording '{source.name}' is shorter than {clip_s:g} s")
    write_clip(_fitted(frames, clip_s, clip_s, _RECORDING_FADE_S), path)


def read_sound(path: Path, most_s: float) -> Frames:
    """Read the beginning of a sound file, in stereo, at our sample rate.

    Raises:
        RequestError: If it cannot be read as sound.
    """
    library = encoders.load_library()
    try:
        with library.SoundFile(path) as file:
            rate = file.samplerate
            found = file.read(math.ceil(most_s * rate), dtype="float32", always_2d=True)
    except library.SoundFileError as error:
        raise RequestError(f"'{path.name}' cannot be read as sound; save it as WAV") from error
    if rate != SAMPLE_RATE_HZ:
        from scipy.signal import resample_poly

        found = resample_poly(found, SAMPLE_RATE_HZ, rate, axis=0)
    stereo = np.repeat(found[:, :1], 2, axis=1) if found.shape[1] == 1 else found[:, :2]
    return np.ascontiguousarray(stereo, np.float32)


def _fitted(frames: Frames, clip_s: float, end_s: float, fade_s: float) -> Frames:
    """Return frames of the length of every clip, faded in at 0 and out before `end_s`."""
    total = np.zeros((round((clip_s + TAIL_S) * SAMPLE_RATE_HZ), 2), np.float32)
    end = min(round(end_s * SAMPLE_RATE_HZ), len(frames), len(total))
    total[:end] = frames[:end]
    n_in, n_out = (min(end, round(s * SAMPLE_RATE_HZ)) for s in (_FADE_IN_S, fade_s))
    total[:n_in] *= np.linspace(0, 1, n_in, dtype=np.float32)[:, None]
    total[end - n_out : end] *= np.cos(np.linspace(0, np.pi / 2, n_out))[:, None] ** 2
    return total


def write_clip(frames: Frames, path: Path) -> None:
    """Level frames and write them as MP3 of a constant bit rate, without any tag.

    Raises:
        RequestError: If nothing sounds.
        MissingTool: If libsndfile cannot write MP3.
    """
    levels = loudness.measure(_blocks(frames), SAMPLE_RATE_HZ)
    if levels.peak < loudness.SILENCE or not math.isfinite(levels.loudness_lufs):
        raise RequestError("a clip is silent; choose another piece")
    gains = loudness.leveling_gains(levels, loudness.TARGET_LUFS, SAMPLE_RATE_HZ)
    library = encoders.load_library()
    if not library.check_format("MP3", "MPEG_LAYER_III"):
        raise MissingTool("clips need libsndfile 1.1 or newer: `pip install soundfile`")
    options = {"format": "MP3", "subtype": "MPEG_LAYER_III", **_BIT_RATE}
    with library.SoundFile(path, "w", SAMPLE_RATE_HZ, channels=2, **options) as file:
        starts = accumulate((len(block) for block in _blocks(frames)), initial=0)
        for block, start in zip(_blocks(frames), starts, strict=False):
            file.write(loudness.amplified(block, gains, start))


def _blocks(frames: Frames) -> Iterator[Frames]:
    for start in range(0, len(frames), _BLOCK_FRAMES):
        yield frames[start : start + _BLOCK_FRAMES]
