"""`Piece` -> sound, the only file that knows FluidSynth.

The synthesiser gets our own notes, one by one, and never a file: its MIDI player has had serious
flaws, and how long it plays cannot be known. Each call has a synthesiser of its own, and streams to
disk, so that a long piece costs no memory.
"""

from __future__ import annotations

import math
import os
import wave
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from composer.errors import MissingTool, OptionError, RequestError
from composer.piece import Piece
from composer.rendering.performance import perform

if TYPE_CHECKING:
    import pretty_midi

Frames = np.ndarray[tuple[int], np.dtype[np.int16]]  # left and right in turn

MAX_LENGTH_S = 15 * 60.0
TAIL_S = 2.5  # for the last notes and the reverberation to die away
SAMPLE_RATES_HZ = (8_000, 96_000)  # what FluidSynth can do
_BLOCK_FRAMES = 8_192
_WAV_HEADER_BYTES = 44
_BYTES_PER_FRAME = 4  # two channels of 16 bits
_DRUM_CHANNEL = 9  # of every sixteen
_PEAK = 10 ** (-1 / 20) * 32_767  # 1 dB below full scale
_MAX_GAIN = 10 ** (30 / 20)  # 30 dB: louder would only raise noise
# At a gain of 0.2 some twelve notes of full velocity fill the scale: fewer notes may be louder.
_GAIN_TIMES_NOTES = 0.2 * 12
_MAX_SYNTH_GAIN = 0.6
_SYSTEM_FONT_FOLDERS = ("/usr/share/sounds/sf2", "/usr/share/sounds/sf3", "/usr/share/soundfonts")

_NO_LIBRARY = (
    "sound needs the FluidSynth library: `apt-get install libfluidsynth3` on Debian and Ubuntu,"
    " `brew install fluid-synth` on macOS"
)
_NO_SOUNDFONT = (
    "sound needs a soundfont: name one in COMPOSER_SOUNDFONT, or"
    " `apt-get install timgm6mb-soundfont` on Debian and Ubuntu"
)


@dataclass(frozen=True, slots=True, order=True)
class _Stroke:
    """A key that goes down or up; at the same frame keys go up first."""

    frame: int
    is_down: bool
    channel: int
    pitch: int
    velocity: int


def sound_problem() -> str | None:
    """Say in one line what is missing for sound; None if nothing is."""
    try:
        _load_library()
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
) -> Path:
    """Render a piece to a stereo WAV file of 16 bits, as loud as it can be without clipping.

    Args:
        piece: What to play; at most 15 minutes at the tempo.
        path: Written when all is done, or not at all.
        tempo_bpm: Quarters a minute; the piece's own tempo if left out.
        sample_rate_hz: 8,000 to 96,000.
        soundfont: An SF2 or SF3 file that we trust; the usual one if left out.

    Raises:
        RequestError: If the piece is empty or too long.
        OptionError: If the tempo or the sample rate is out of range.
        MissingTool: If library or soundfont are missing or stay silent.
    """
    low_hz, high_hz = SAMPLE_RATES_HZ
    if not low_hz <= sample_rate_hz <= high_hz:
        raise OptionError(
            f"`sample_rate_hz` must be from {low_hz} to {high_hz}, got {sample_rate_hz!r}"
        )
    library, font = _load_library(), find_soundfont(soundfont)
    performance = perform(piece, tempo_bpm=tempo_bpm)
    n_frames = math.ceil(_check_length(performance) * sample_rate_hz)
    gain = min(_MAX_SYNTH_GAIN, _GAIN_TIMES_NOTES / _most_notes_at_once(performance))
    path = Path(path)
    with TemporaryDirectory(prefix=".render-", dir=path.parent) as folder:
        draft = Path(folder) / "draft.wav"
        with _open_synth(library, font, sample_rate_hz, gain) as (synth, font_id):
            _choose_programs(synth, font_id, performance)
            blocks = _blocks(synth, _strokes(performance, sample_rate_hz), n_frames)
            peak = _write_wav(draft, blocks, sample_rate_hz)
        if peak == 0:
            raise MissingTool(
                f"the soundfont '{font.name}' stays silent for this piece; try another"
            )
        _normalise(draft, peak)
        draft.replace(path)
    return path


def find_soundfont(soundfont: Path | None = None) -> Path:
    """Return the soundfont to play with.

    Without a wish it is the one that COMPOSER_SOUNDFONT names, else one in the project's folder
    `soundfonts`, else the one that comes with pretty_midi, else one of the system's.

    Raises:
        MissingTool: If there is none, or the wished one is none.
    """
    wished = soundfont or _soundfont_setting()
    if wished:
        if not _is_soundfont(wished):
            raise MissingTool(
                f"'{wished.name}' is missing or no soundfont; name an SF2 or SF3 file"
            )
        return wished
    font = next((font for font in _font_candidates() if _is_soundfont(font)), None)
    if font is None:
        raise MissingTool(_NO_SOUNDFONT)
    return font


def _soundfont_setting() -> Path | None:
    name = os.environ.get("COMPOSER_SOUNDFONT", "").strip()
    return Path(name).expanduser() if name else None


def _font_candidates() -> Iterator[Path]:
    bundled = Path(__file__).parents[2] / "soundfonts"
    spec = find_spec("pretty_midi")
    with_pretty_midi = [Path(folder) for folder in (spec and spec.submodule_search_locations) or []]
    for folder in [bundled, *with_pretty_midi, *map(Path, _SYSTEM_FONT_FOLDERS)]:
        yield from sorted(font for font in folder.glob("*.sf[23]"))


def _is_soundfont(path: Path) -> bool:
    """Whether a file begins like a soundfont: a RIFF container of kind `sfbk`."""
    try:
        with path.open("rb") as file:
            head = file.read(12)
    except OSError:
        return False
    return head[:4] == b"RIFF" and head[8:] == b"sfbk"


def _load_library() -> Any:
    """Import pyfluidsynth, which fails where the C library is absent, broken or too old.

    Raises:
        MissingTool: If it does.
    """
    try:
        import fluidsynth
    except (ImportError, OSError, AttributeError, TypeError) as problem:
        raise MissingTool(_NO_LIBRARY) from problem
    return fluidsynth


def _check_length(performance: pretty_midi.PrettyMIDI) -> float:
    """Return the length of the sound in seconds, its tail included."""
    end_s = max((note.end for part in performance.instruments for note in part.notes), default=0.0)
    if end_s == 0.0:
        raise RequestError("the piece has no notes to play")
    if end_s + TAIL_S > MAX_LENGTH_S:
        raise RequestError(
            f"sound is made for at most {MAX_LENGTH_S / 60:g} minutes and this piece lasts"
            f" {end_s / 60:.0f}; choose a faster tempo or fewer bars"
        )
    return float(end_s) + TAIL_S


def _most_notes_at_once(performance: pretty_midi.PrettyMIDI) -> int:
    sounding = most = 0
    notes = [note for part in performance.instruments for note in part.notes]
    changes = [(note.start, 1) for note in notes] + [(note.end, -1) for note in notes]
    for _, change in sorted(changes):
        sounding += change
        most = max(most, sounding)
    return most


def _part_to_channel(part_index: int) -> int:
    """Return a channel of the part's own, never a drum channel."""
    sixteen, channel = divmod(part_index, 15)
    return sixteen * 16 + channel + (channel >= _DRUM_CHANNEL)


def _strokes(performance: pretty_midi.PrettyMIDI, sample_rate_hz: int) -> list[_Stroke]:
    strokes = []
    for part_index, part in enumerate(performance.instruments):
        channel = _part_to_channel(part_index)
        for note in part.notes:
            down = round(note.start * sample_rate_hz)
            up = max(down + 1, round(note.end * sample_rate_hz))
            strokes.append(_Stroke(down, True, channel, note.pitch, note.velocity))
            strokes.append(_Stroke(up, False, channel, note.pitch, 0))
    return sorted(strokes)


@contextmanager
def _open_synth(
    library: Any, font: Path, sample_rate_hz: int, gain: float
) -> Iterator[tuple[Any, int]]:
    """Lend a synthesiser with the soundfont loaded, and free it."""
    # The soundfonts' choirs and strings need no chorus effect on top.
    synth = library.Synth(gain=gain, samplerate=float(sample_rate_hz), **{"synth.chorus.active": 0})
    try:
        font_id = synth.sfload(str(font))
        if font_id == -1:
            raise MissingTool(f"the soundfont '{font.name}' cannot be loaded; try another")
        yield synth, font_id
    finally:
        synth.delete()


def _choose_programs(synth: Any, font_id: int, performance: pretty_midi.PrettyMIDI) -> None:
    for part_index, part in enumerate(performance.instruments):
        # A small soundfont may lack a program; the piano stands in.
        if synth.program_select(_part_to_channel(part_index), font_id, 0, part.program) != 0:
            synth.program_select(_part_to_channel(part_index), font_id, 0, 0)


def _blocks(synth: Any, strokes: Iterable[_Stroke], n_frames: int) -> Iterator[Frames]:
    """Strike the keys at their frames and yield the sound between them."""
    frame = 0
    for stroke in strokes:
        yield from _samples(synth, stroke.frame - frame)
        frame = stroke.frame
        if stroke.is_down:
            synth.noteon(stroke.channel, stroke.pitch, stroke.velocity)
        else:
            synth.noteoff(stroke.channel, stroke.pitch)
    yield from _samples(synth, n_frames - frame)


def _samples(synth: Any, n_frames: int) -> Iterator[Frames]:
    for start in range(0, n_frames, _BLOCK_FRAMES):
        yield synth.get_samples(min(_BLOCK_FRAMES, n_frames - start))


def _write_wav(path: Path, blocks: Iterable[Frames], sample_rate_hz: int) -> int:
    """Write blocks as they come and return the largest sample, without its sign."""
    peak = 0
    with closing(wave.open(str(path), "wb")) as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(sample_rate_hz)
        for block in blocks:
            peak = max(peak, int(block.max()), -int(block.min()))
            file.writeframes(block.astype("<i2").tobytes())
    return peak


def _normalise(path: Path, peak: int) -> None:
    """Scale the samples of a WAV file in place, block by block, to 1 dB below full scale."""
    gain = min(_PEAK / peak, _MAX_GAIN)
    samples = np.memmap(path, dtype="<i2", mode="r+", offset=_WAV_HEADER_BYTES)
    for start in range(0, len(samples), _BLOCK_FRAMES):
        block = slice(start, start + _BLOCK_FRAMES)
        samples[block] = np.rint(samples[block] * gain)
    samples.flush()
