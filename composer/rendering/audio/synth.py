"""Notes in seconds -> blocks of sound, through FluidSynth. Knows no score, no loudness and no file.

The synthesiser gets our own notes, one by one, and never a file: its MIDI player has had serious
flaws, and how long it plays cannot be known. Its samples are floats, so nothing can clip here.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from composer.errors import MissingTool
from composer.rendering.audio.soundfonts import stand_in
from composer.theory import INSTRUMENTS

if TYPE_CHECKING:
    import pretty_midi

Frames: TypeAlias = np.ndarray[tuple[int, int], np.dtype[np.float32]]  # (frames, 2)

# A small hall: what it echoes falls by 60 dB in about a second and a half (measured, tested).
# Soundfonts say how much of each instrument goes into it.
REVERB = {
    "synth.reverb.active": 1,
    "synth.reverb.room-size": 0.4,
    "synth.reverb.damp": 0.3,
    "synth.reverb.width": 0.8,
    "synth.reverb.level": 0.9,
}
# Choirs and strings were recorded as choirs and strings: no chorus effect on top.
# Only the samples of the chosen presets are read, which takes tenths of a second, not seconds.
_SETTINGS = {**REVERB, "synth.chorus.active": 0, "synth.dynamic-sample-loading": 1}
_GAIN = 0.2
_BLOCK_FRAMES = 8_192
_DRUM_CHANNEL = 9  # of every sixteen
_PAN_CONTROLLER, _PAN_MIDDLE = 10, 64
_REVERB_CONTROLLER = 91
# How far players sit from the middle: 64 would be the wall.
SEAT_WIDTH = 24
# These have a whole instrument, left to right, in one place.
_UNSEATED = frozenset(
    INSTRUMENTS[name].program for name in ("piano", "harpsichord", "organ", "guitar")
)
# Recorded close, and sent to the hall by no soundfont: as much of them as of the others.
_CLOSE = frozenset(INSTRUMENTS[name].program for name in ("piano", "guitar"))
_CLOSE_SEND = 100
_NO_LIBRARY = (
    "sound needs the FluidSynth library: `apt-get install libfluidsynth3` on Debian and Ubuntu,"
    " `brew install fluid-synth` on macOS"
)


# What goes first at the same frame.
_UP, _TURN, _BEND, _DOWN = range(4)
# Controllers that are heard; seats and rooms are ours.
_TURNED = frozenset((1, 2, 7, 11, 64, 66, 67))  # modulation, breath, volume, expression, pedals
_DRUM_BANK = 128


@dataclass(frozen=True, slots=True, order=True)
class _Stroke:
    """A key that goes down or up, a pedal or lever that moves; at one frame in the order of kinds.

    Args:
        frame: When.
        kind: `_UP`, `_TURN`, `_BEND` or `_DOWN`.
        channel: Of the synthesiser.
        number: Pitch, or controller of MIDI.
        value: Velocity, position or bend.
    """

    frame: int
    kind: int
    channel: int
    number: int
    value: int


def load_library() -> Any:
    """Import pyfluidsynth, which fails where the C library is absent, broken or too old.

    Raises:
        MissingTool: If it does.
    """
    try:
        import fluidsynth
    except (ImportError, OSError, AttributeError, TypeError) as problem:
        raise MissingTool(_NO_LIBRARY) from problem
    return fluidsynth


def play(
    performance: pretty_midi.PrettyMIDI, font: Path, sample_rate_hz: int, n_frames: int
) -> Iterator[Frames]:
    """Yield the sound of a performance, block by block, from a synthesiser of its own.

    Args:
        performance: Its notes and programs are played.
        font: An SF2 or SF3 file that we trust.
        sample_rate_hz: 8,000 to 96,000.
        n_frames: How many to play, the tail included.

    Raises:
        MissingTool: If library or soundfont cannot be loaded.
    """
    library = load_library()
    performers = performance.instruments
    programs = [part.program for part in performers if not part.is_drum]
    with _open_synth(library, font, sample_rate_hz) as (synth, font_id):
        _seat_players(synth, font_id, programs)
        has_drums = _seat_drums(synth, font_id) if len(programs) < len(performers) else False
        read = _float_reader(library, synth)
        frame = 0
        for stroke in _strokes(performance, sample_rate_hz, with_drums=has_drums):
            yield from _samples(read, stroke.frame - frame)
            frame = stroke.frame
            _play_stroke(synth, stroke)
        yield from _samples(read, n_frames - frame)


@contextmanager
def _open_synth(library: Any, font: Path, sample_rate_hz: int) -> Iterator[tuple[Any, int]]:
    """Lend a synthesiser with the soundfont loaded, and free it."""
    synth = library.Synth(gain=_GAIN, samplerate=float(sample_rate_hz), **_SETTINGS)
    try:
        font_id = synth.sfload(str(font))
        if font_id == -1:
            raise MissingTool(f"the soundfont '{font.name}' cannot be loaded; try another")
        yield synth, font_id
    finally:
        synth.delete()


def _seat_players(synth: Any, font_id: int, programs: Sequence[int]) -> None:
    """Give every part its channel, its sound and its seat."""
    for part_index, (program, pan) in enumerate(zip(programs, seats(programs), strict=True)):
        channel = _part_to_channel(part_index)
        # A small soundfont lacks most programs; choosing one of them would print a complaint.
        for choice in (program, stand_in(program), INSTRUMENTS["piano"].program):
            if synth.sfpreset_name(font_id, 0, choice) is not None:
                synth.program_select(channel, font_id, 0, choice)
                break
        synth.cc(channel, _PAN_CONTROLLER, pan)
        if is_recorded_close(program):
            synth.cc(channel, _REVERB_CONTROLLER, _CLOSE_SEND)


def _seat_drums(synth: Any, font_id: int) -> bool:
    """Give percussion its kit; return whether the soundfont has one. Without, it is silent."""
    if synth.sfpreset_name(font_id, _DRUM_BANK, 0) is None:
        return False
    synth.program_select(_DRUM_CHANNEL, font_id, _DRUM_BANK, 0)
    return True


def _play_stroke(synth: Any, stroke: _Stroke) -> None:
    if stroke.kind == _DOWN:
        synth.noteon(stroke.channel, stroke.number, stroke.value)
    elif stroke.kind == _UP:
        synth.noteoff(stroke.channel, stroke.number)
    elif stroke.kind == _BEND:
        synth.pitch_bend(stroke.channel, stroke.value)
    else:
        synth.cc(stroke.channel, stroke.number, stroke.value)


def seats(programs: Sequence[int]) -> list[int]:
    """Return where parts sit, 0 (left) to 127: spread out from the first to the last.

    Args:
        programs: Of the parts; keyboards and guitars stay in the middle, and so does a lone player.
    """
    seated = [index for index, program in enumerate(programs) if program not in _UNSEATED]
    pans = [_PAN_MIDDLE] * len(programs)
    if len(seated) > 1:
        for place, index in enumerate(seated):
            pans[index] += round(SEAT_WIDTH * (2 * place / (len(seated) - 1) - 1))
    return pans


def is_recorded_close(program: int) -> bool:
    """Whether a program was recorded without a room, so that it needs more of the hall.

    Args:
        program: 0-127.
    """
    return program in _CLOSE


def _part_to_channel(part_index: int) -> int:
    """Return a channel of the part's own, never a drum channel."""
    sixteen, channel = divmod(part_index, 15)
    return sixteen * 16 + channel + (channel >= _DRUM_CHANNEL)


def _strokes(
    performance: pretty_midi.PrettyMIDI, sample_rate_hz: int, *, with_drums: bool
) -> list[_Stroke]:
    strokes = []
    for part_index, part in enumerate(performance.instruments):
        if part.is_drum and not with_drums:
            continue
        channel = _DRUM_CHANNEL if part.is_drum else _part_to_channel(part_index)
        for turn in part.control_changes:
            if turn.number in _TURNED:
                frame = round(turn.time * sample_rate_hz)
                strokes.append(_Stroke(frame, _TURN, channel, turn.number, turn.value))
        for bend in part.pitch_bends:
            frame = round(bend.time * sample_rate_hz)
            strokes.append(_Stroke(frame, _BEND, channel, 0, bend.pitch))
        for note in part.notes:
            down = round(note.start * sample_rate_hz)
            up = max(down + 1, round(note.end * sample_rate_hz))
            strokes.append(_Stroke(down, _DOWN, channel, note.pitch, note.velocity))
            strokes.append(_Stroke(up, _UP, channel, note.pitch, 0))
    return sorted(strokes)


def _float_reader(library: Any, synth: Any) -> Callable[[int], Frames]:
    """Return a function that plays some frames; pyfluidsynth itself knows only 16 bits."""
    integer, pointer = ctypes.c_int, ctypes.c_void_p
    write_float = library.cfunc(
        "fluid_synth_write_float", integer,
        ("synth", pointer, 1), ("n_frames", integer, 1),
        ("left", pointer, 1), ("left_offset", integer, 1), ("left_step", integer, 1),
        ("right", pointer, 1), ("right_offset", integer, 1), ("right_step", integer, 1),
    )  # fmt: skip

    def read(n_frames: int) -> Frames:
        frames = np.empty((n_frames, 2), np.float32)
        at = frames.ctypes.data
        write_float(synth.synth, n_frames, at, 0, 2, at, 1, 2)
        return frames

    return read


def _samples(read: Callable[[int], Frames], n_frames: int) -> Iterable[Frames]:
    for start in range(0, n_frames, _BLOCK_FRAMES):
        yield read(min(_BLOCK_FRAMES, n_frames - start))
