"""A MIDI file that grows: complete after every bar, whenever the program ends. Knows ticks only.

One track (format 0). New events are written where the end of the track stood, a new end behind
them, and then the length of the track in its heading; all before that stays as it is.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

from mido import Message, MetaMessage, bpm2tempo
from mido.midifiles.meta import encode_variable_int

from composer.errors import RequestError
from composer.live.decoder import Stroke, channel_of
from composer.theory import Key, Meter
from composer.units import MIDI_TICKS_PER_QUARTER

_HEADING = struct.Struct(">4sIHHH4sI")
_LENGTH_AT = _HEADING.size - 4
_END = bytes((0, 0xFF, 0x2F, 0))

Timed = tuple[Fraction, Message | MetaMessage]


class Tape:
    """A recording in progress.

    Args:
        path: Of the file; one that is there is written over.

    Raises:
        RequestError: If it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._tick = 0
        self._n_bytes = 0  # of the track, its end left out
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
        except OSError as error:
            raise RequestError(f"cannot write {path.name}: {error.strerror}") from error
        heading = _HEADING.pack(b"MThd", 6, 0, 1, MIDI_TICKS_PER_QUARTER, b"MTrk", len(_END))
        os.write(self._file, heading + _END)

    def append(self, events: Iterable[Timed]) -> None:
        """Write events, the earliest first, none before those that are there."""
        data = bytearray()
        for beats, event in events:
            tick = max(self._tick, round(beats * MIDI_TICKS_PER_QUARTER))
            data += bytes(encode_variable_int(tick - self._tick)) + bytes(event.bytes())
            self._tick = tick
        os.pwrite(self._file, bytes(data) + _END, _HEADING.size + self._n_bytes)
        self._n_bytes += len(data)
        os.pwrite(self._file, struct.pack(">I", self._n_bytes + len(_END)), _LENGTH_AT)
        os.fsync(self._file)

    def close(self) -> None:
        """Let go of the file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def strokes_to_midi(strokes: Iterable[Stroke]) -> Iterable[Timed]:
    """Yield beginnings and ends of notes as MIDI events."""
    for stroke in strokes:
        kind = "note_on" if stroke.kind == "on" else "note_off"
        channel = channel_of(stroke.part)
        message = Message(kind, channel=channel, note=stroke.pitch, velocity=stroke.velocity)
        yield stroke.beats, message


def tempo_event(beats: Fraction, tempo_bpm: float) -> Timed:
    """Return a change of tempo."""
    return beats, MetaMessage("set_tempo", tempo=round(bpm2tempo(tempo_bpm)))


def meter_event(beats: Fraction, meter: Meter) -> Timed:
    """Return a time signature."""
    values = {"numerator": meter.numerator, "denominator": meter.denominator}
    return beats, MetaMessage("time_signature", **values)


def key_event(beats: Fraction, key: Key) -> Timed:
    """Return a key signature."""
    return beats, MetaMessage("key_signature", key=key.tonic + "m" * (key.mode == "minor"))
