"""`Piece` -> MIDI file: a track a part, in score time. Knows no seconds.

A quarter has 480 ticks, or as many as make all times of the piece exact, where MIDI can count so
many. A pickup stays where it is, pushed right in bar 1, because the time signature counts from tick
0. Dynamics, articulations, grace notes and pedal lines are written as they sound.
"""

from __future__ import annotations

import io
import math
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

from mido import Message, MetaMessage, MidiFile, MidiTrack, bpm2tempo

from composer.piece import BEND, PRESSURE, PROGRAM, Control, Note, Part, Piece
from composer.rendering.sounding import sounding
from composer.rendering.tempo import check_tempo
from composer.rendering.tempo_map import tempo_steps
from composer.rendering.unisons import cut_unisons
from composer.theory import Key
from composer.units import MIDI_TICKS_PER_QUARTER

MAX_TEXT_CHARACTERS = 80
_MAX_TICKS_PER_QUARTER = 32_767
_DRUM_CHANNEL, _N_CHANNELS = 9, 16
_MAX_PORT = 127
# Of events at one tick: names and ports, what is set before notes, ends of notes, beginnings.
_HEAD, _SETTING, _END, _BEGINNING = range(4)

_Timed = tuple[int, int, Message | MetaMessage]  # tick, rank at the tick, event
_Clock = Callable[[Fraction], int]


def midi_bytes(piece: Piece) -> bytes:
    """Return a piece as a standard MIDI file (format 1).

    Times that no tick holds are rounded to the nearest tick. A note of a composed part ends, at the
    latest, where the part strikes the same pitch again. Parts keep the channels of the file that
    they came from; two instruments never share one: behind the last of a port comes another port.

    Raises:
        OptionError: If a tempo of the piece cannot be written.
    """
    piece = sounding(piece)
    ticks = _ticks_per_quarter(piece)
    clock: _Clock = lambda beats: round(beats * ticks)  # noqa: E731
    file = MidiFile(type=1, ticks_per_beat=ticks, charset="utf-8")
    file.tracks.append(_as_track(_conductor(piece, clock)))
    ports = _Ports()
    for part in piece.parts:
        place = ports.place(part)
        if part.notes or part.controls:
            file.tracks.append(_as_track(_part_events(part, place, clock, ticks)))
    for part in piece.percussion:
        file.tracks.append(_as_track(_part_events(part, (0, _DRUM_CHANNEL), clock, ticks)))
    out = io.BytesIO()
    file.save(file=out)
    return out.getvalue()


def write_midi(piece: Piece, path: Path) -> Path:
    """Write a piece as a standard MIDI file and return the path.

    Raises:
        OptionError: If a tempo of the piece cannot be written.
    """
    path = Path(path)
    path.write_bytes(midi_bytes(piece))
    return path


def _ticks_per_quarter(piece: Piece) -> int:
    """Return a count of ticks that makes the times of notes exact, if MIDI has one."""
    found = {
        time.denominator
        for part in (*piece.parts, *piece.percussion)
        for note in part.notes
        for time in (note.onset_beats, note.duration_beats)
    }
    least = 1
    for denominator in found:
        least = math.lcm(least, denominator)
        if least > _MAX_TICKS_PER_QUARTER:
            return MIDI_TICKS_PER_QUARTER
    both = math.lcm(least, MIDI_TICKS_PER_QUARTER)
    return both if both <= _MAX_TICKS_PER_QUARTER else least


def _as_track(events: Iterable[_Timed]) -> MidiTrack:
    """Sort events by time and write the time between them."""
    track = MidiTrack()
    last = 0
    for tick, _, event in sorted(events, key=lambda one: one[:2]):
        event.time = tick - last
        last = tick
        track.append(event)
    return track


# --- The whole ----------------------------------------------------------------------------------


def _conductor(piece: Piece, clock: _Clock) -> Iterator[_Timed]:
    """Yield what all parts share: title, credit, tempos, meters, keys, rehearsal marks."""
    if title := _plain_text(piece.title):
        yield 0, _HEAD, MetaMessage("track_name", name=title)
    if credit := _plain_text(piece.credit):
        yield 0, _HEAD, MetaMessage("text", text=credit)
    for step in tempo_steps(piece):
        tempo = min(0xFFFFFF, round(bpm2tempo(check_tempo(step.tempo_bpm))))
        yield clock(step.onset_beats), _SETTING, MetaMessage("set_tempo", tempo=tempo)
    for change in piece.meters:
        meter = change.meter
        yield (
            clock(change.onset_beats),
            _SETTING,
            MetaMessage("time_signature", numerator=meter.numerator, denominator=meter.denominator),
        )
    yield 0, _SETTING, _key_signature(piece.key)
    for later in piece.keys:
        yield clock(later.onset_beats), _SETTING, _key_signature(later.key)
    for mark in piece.parts[0].markings:
        if mark.kind == "rehearsal" and (text := _plain_text(mark.text)):
            yield clock(mark.onset_beats), _SETTING, MetaMessage("marker", text=text)


def _key_signature(key: Key) -> MetaMessage:
    return MetaMessage("key_signature", key=key.tonic + ("m" if key.mode == "minor" else ""))


# --- Parts --------------------------------------------------------------------------------------


class _Ports:
    """Gives parts their ports and channels."""

    def __init__(self) -> None:
        self._players: dict[tuple[int, int], tuple[int, int | None]] = {}

    def place(self, part: Part) -> tuple[int, int]:
        """Return port and channel: those that the part came with, unless another plays there."""
        player = part.instrument.program, part.channel
        if part.channel is not None and part.channel != _DRUM_CHANNEL:
            wanted = 0, part.channel
            if self._players.setdefault(wanted, player) == player:
                return wanted
        free = next(
            (port, channel)
            for port in range(_MAX_PORT + 1)
            for channel in range(_N_CHANNELS)
            if channel != _DRUM_CHANNEL and (port, channel) not in self._players
        )
        self._players[free] = player[0], None
        return free


def _part_events(
    part: Part, place: tuple[int, int], clock: _Clock, ticks_per_quarter: int
) -> Iterator[_Timed]:
    port, channel = place
    yield 0, _HEAD, MetaMessage("track_name", name=_plain_text(part.name or part.instrument.name))
    if port:
        yield 0, _HEAD, MetaMessage("midi_port", port=port)
    program = part.program or 0 if channel == _DRUM_CHANNEL else part.instrument.program
    yield 0, _SETTING, Message("program_change", channel=channel, program=program)
    for control in part.controls:
        yield clock(control.onset_beats), _SETTING, _control_event(control, channel)
    # Rounding first: two onsets that meet on one tick are a unison, too.
    for note in _struck(part, [_snapped(note, ticks_per_quarter) for note in part.notes]):
        onset, end = clock(note.onset_beats), clock(note.end_beats)
        # Velocity 0 would mean the end of a note.
        velocity = min(127, max(1, note.velocity))
        strike = Message("note_on", channel=channel, note=note.pitch, velocity=velocity)
        yield onset, _BEGINNING, strike
        yield end, _END, Message("note_off", channel=channel, note=note.pitch, velocity=0)
    for note in part.notes:
        for lyric in note.marks.lyrics[:1] if note.marks else ():
            yield clock(note.onset_beats), _SETTING, MetaMessage("lyrics", text=lyric.text)


def _struck(part: Part, notes: Sequence[Note]) -> Sequence[Note]:
    """Return notes of which the file can say where each ends.

    A key that is struck again while it is held ends, in a file, in the order of its beginnings: so
    they are read. Parts that come from a file keep this; of others the earlier note is cut.
    """
    last_end: dict[int, Fraction] = {}
    is_told = part.channel is not None
    for note in sorted(notes):
        is_told = is_told and note.end_beats >= last_end.get(note.pitch, Fraction(0))
        last_end[note.pitch] = note.end_beats
    return notes if is_told else cut_unisons(notes)


def _control_event(control: Control, channel: int) -> Message:
    kind, value = control.kind, control.value
    if kind == BEND:
        return Message("pitchwheel", channel=channel, pitch=value)
    if kind == PRESSURE:
        return Message("aftertouch", channel=channel, value=value)
    if kind == PROGRAM:
        return Message("program_change", channel=channel, program=value)
    return Message("control_change", channel=channel, control=kind, value=value)


def _snapped(note: Note, ticks_per_quarter: int) -> Note:
    """Move a note to whole ticks; it keeps at least one."""
    onset_tick = round(note.onset_beats * ticks_per_quarter)
    end_tick = max(onset_tick + 1, round(note.end_beats * ticks_per_quarter))
    return Note(
        Fraction(onset_tick, ticks_per_quarter),
        note.pitch,
        Fraction(end_tick - onset_tick, ticks_per_quarter),
        note.velocity,
    )


def _plain_text(text: str) -> str:
    """Keep what can be read: no control characters, no invisible direction marks, one line."""
    readable = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in text)
    return " ".join(readable.split())[:MAX_TEXT_CHARACTERS].rstrip()
