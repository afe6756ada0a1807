"""Events -> the lines of a song: notes with beginning and end, and what a player does besides.

A line is what one channel plays in one track. Knows ticks, no bar and no instrument.
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import NamedTuple

from composer.corpus.midi.events import (
    CONTROL,
    META,
    NOTE_OFF,
    NOTE_ON,
    PITCH_BEND,
    PRESSURE_CHANGE,
    PROGRAM_CHANGE,
    Event,
    Song,
)
from composer.corpus.text import clean_text, decode_text
from composer.piece import BEND, PRESSURE, PROGRAM

DRUM_CHANNEL = 9
_NAME, _LYRIC, _MARKER = 0x03, 0x05, 0x06
# Controllers that end all notes, or set up a device.
_ALL_SOUND_OFF, _ALL_NOTES_OFF = 120, 123
_N_CONTROLLERS = 120


class TickNote(NamedTuple):
    """A note as the file has it; sorts by onset, then pitch."""

    onset_ticks: int
    pitch: int
    duration_ticks: int
    velocity: int


class TickControl(NamedTuple):
    """A control as the file has it; `kind` is one of `piece.Control`."""

    onset_ticks: int
    kind: int
    value: int


@dataclass(slots=True)
class Line:
    """What one channel plays in one track.

    Args:
        name: Of the track.
        channel: 0-15.
        program: Under which the first note sounds, 0-127.
        notes: Those that have a length; sorted.
        controls: In the order of the file.
        lyrics: Syllables by tick.
        n_held: Notes that the file does not end.
    """

    name: str
    channel: int
    program: int = 0
    notes: list[TickNote] = field(default_factory=list)
    controls: list[TickControl] = field(default_factory=list)
    lyrics: dict[int, str] = field(default_factory=dict)
    n_held: int = 0

    @property
    def is_percussion(self) -> bool:
        """Whether pitches are keys of the drum map."""
        return self.channel == DRUM_CHANNEL


def song_lines(song: Song) -> list[Line]:
    """Return the lines with notes, in the order of the file; channels of a track by number.

    Controls of a channel that stand in a track without its notes go to the first line that has
    some.
    """
    lines: list[Line] = []
    loose: list[Line] = []
    for events, end in zip(song.tracks, song.ends, strict=True):
        for line in _track_lines(events, end):
            (lines if line.notes else loose).append(line)
    for line in loose:
        home = next((one for one in lines if one.channel == line.channel), None)
        if home is not None:
            home.controls = sorted(
                [*line.controls, *home.controls], key=lambda control: control.onset_ticks
            )
    for line in lines:
        _take_program(line)
    return lines


def song_markers(song: Song) -> list[tuple[int, str]]:
    """Return the markers of all tracks by tick, behind the beginning."""
    found = {
        (event.tick, _text(event))
        for track in song.tracks
        for event in track
        if event.status == META and event.data[0] == _MARKER and event.tick
    }
    return sorted(one for one in found if one[1])


def _track_lines(events: tuple[Event, ...], end: int) -> list[Line]:
    is_name = (one for one in events if one.status == META and one.data[0] == _NAME)
    name = next((_text(one) for one in is_name), "")
    by_channel: dict[int, _Player] = {}
    lyrics = {
        one.tick: _text(one) for one in events if one.status == META and one.data[0] == _LYRIC
    }
    for event in events:
        if event.status == META:
            continue
        channel = event.status & 0x0F
        player = by_channel.setdefault(channel, _Player(Line(name, channel)))
        player.play(event)
    for player in by_channel.values():
        player.finish(end)
    lines = [by_channel[channel].line for channel in sorted(by_channel)]
    for line in [one for one in lines if one.notes][:1]:
        line.lyrics = {tick: text for tick, text in lyrics.items() if text}
    return lines


def _text(event: Event) -> str:
    return clean_text(decode_text(event.data[1:]))


def _take_program(line: Line) -> None:
    """Move the program of the first note out of the controls."""
    first = line.notes[0].onset_ticks
    before = [one for one in line.controls if one.kind == PROGRAM and one.onset_ticks <= first]
    line.program = before[-1].value if before else 0
    line.controls = [one for one in line.controls if one not in before]


class _Player:
    """Plays the events of one channel of a track into a line."""

    def __init__(self, line: Line) -> None:
        self.line = line
        # A key that is struck again before it is let go ends in the order of its beginnings.
        self._held: dict[int, deque[tuple[int, int]]] = defaultdict(deque)

    def play(self, event: Event) -> None:
        """Take the next event."""
        kind, tick, data = event.status & 0xF0, event.tick, event.data
        if kind == NOTE_ON and data[1]:
            self._held[data[0]].append((tick, data[1]))
        elif kind in (NOTE_ON, NOTE_OFF):
            self._end(data[0], tick)
        elif kind == CONTROL and data[0] in (_ALL_SOUND_OFF, _ALL_NOTES_OFF):
            for pitch, held in self._held.items():
                for _ in range(len(held)):
                    self._end(pitch, tick)
        elif kind == CONTROL and data[0] < _N_CONTROLLERS:
            self._control(tick, data[0], data[1])
        elif kind == PITCH_BEND:
            self._control(tick, BEND, (data[0] | data[1] << 7) - 8192)
        elif kind == PROGRAM_CHANGE:
            self._control(tick, PROGRAM, data[0])
        elif kind == PRESSURE_CHANGE:
            self._control(tick, PRESSURE, data[0])

    def finish(self, end: int) -> None:
        """End what is still held with the track."""
        for pitch, held in self._held.items():
            self.line.n_held += sum(onset < end for onset, _ in held)
            for _ in range(len(held)):
                self._end(pitch, end)
        self.line.notes.sort()

    def _end(self, pitch: int, tick: int) -> None:
        if self._held[pitch]:
            onset, velocity = self._held[pitch].popleft()
            if tick > onset:
                self.line.notes.append(TickNote(onset, pitch, tick - onset, velocity))

    def _control(self, tick: int, kind: int, value: int) -> None:
        self.line.controls.append(TickControl(tick, kind, value))
