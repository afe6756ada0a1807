"""Bars, one after the other -> when each note begins and ends. Knows no clock and no port.

Fed bar by bar, it gives what the whole piece would give at once: a note that sounds over the bar
line ends in a later bar, one that is struck again while it sounds ends first, and every beginning
has its end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from composer.errors import RequestError
from composer.piece import Note, Piece

DRUM_CHANNEL, N_CHANNELS = 9, 16
# Of what happens at one moment: what is told, ends of notes, beginnings.
_RANKS = {"off": 1, "on": 2}


@dataclass(frozen=True, slots=True)
class TimedEvent:
    """Something that happens in a stream.

    Args:
        seconds: When, since the beginning.
        beats: When, in quarters since the beginning.
        kind: `on` and `off` of a note; `program` before the first note of a part; `bar` at every
            bar line; `tempo` where it changes; `control` where a control takes effect; `end`.
        bar: In which bar, from 1; 0 before the first.
        channel: MIDI channel, 0-15; each part has its own.
        pitch: MIDI number, 0-127, of a note.
        velocity: 1-127 of a beginning, 0 of an end.
        part: Index of the part, 0 the highest.
        value: The program, 0-127, or the tempo in quarters a minute.
        text: Of a bar its key and why it was chosen; of a control what it does.
    """

    seconds: float
    beats: Fraction
    kind: str
    bar: int = 0
    channel: int = 0
    pitch: int = 0
    velocity: int = 0
    part: int = 0
    value: float = 0.0
    text: str = ""


@dataclass(frozen=True, slots=True)
class Stroke:
    """The beginning or the end of a note, in score time.

    Args:
        beats: When, in quarters.
        kind: `on` or `off`.
        part: Index of the part.
        pitch: MIDI number.
        velocity: 0 of an end.
    """

    beats: Fraction
    kind: str
    part: int
    pitch: int
    velocity: int = 0

    @property
    def order(self) -> tuple[Fraction, int, int, int]:
        """Sorts by time; ends come before beginnings."""
        return self.beats, _RANKS[self.kind], self.part, self.pitch


@dataclass
class Decoder:
    """What sounds, and what comes next.

    Args:
        held: Part and pitch of what sounds -> when it ends.
    """

    held: dict[tuple[int, int], Fraction] = field(default_factory=dict)

    def decode(self, music: Piece, onset_beats: Fraction, end_beats: Fraction) -> list[Stroke]:
        """Return all that happens in the next bars, up to their end, sorted.

        Args:
            music: Notes that begin in these bars, counted from their first bar line; they may last
                longer.
            onset_beats: Where the bars begin, in quarters since the beginning.
            end_beats: Where they end; notes that end there end now.
        """
        strokes: list[Stroke] = []
        for part, line in enumerate(music.parts):
            for note in _longest(line.notes):
                strokes += self._strike(part, note, onset_beats)
        strokes += self._end(end_beats)
        return sorted(strokes, key=lambda stroke: stroke.order)

    def _strike(self, part: int, note: Note, begin: Fraction) -> Iterator[Stroke]:
        onset = begin + note.onset_beats
        until = self.held.pop((part, note.pitch), None)
        if until is not None:
            yield Stroke(min(until, onset), "off", part, note.pitch)
        yield Stroke(onset, "on", part, note.pitch, min(127, max(1, note.velocity)))
        self.held[part, note.pitch] = onset + note.duration_beats

    def _end(self, moment: Fraction) -> list[Stroke]:
        """End what ends up to a moment."""
        done = [key for key, end in self.held.items() if end <= moment]
        return [Stroke(self.held.pop(key), "off", *key) for key in done]

    def silence(self, moment: Fraction, parts: Sequence[int] | None = None) -> list[Stroke]:
        """End all that sounds at a moment, or what some parts sound."""
        done = [key for key in self.held if parts is None or key[0] in parts]
        ends = [Stroke(min(self.held.pop(key), moment), "off", *key) for key in done]
        return sorted(ends, key=lambda stroke: stroke.order)

    def close(self) -> list[Stroke]:
        """End all that sounds, each note when it ends."""
        ends = [Stroke(end, "off", *key) for key, end in self.held.items()]
        self.held.clear()
        return sorted(ends, key=lambda stroke: stroke.order)


def _longest(notes: Sequence[Note]) -> Iterator[Note]:
    """Yield notes sorted; of those with one onset and pitch the longest alone."""
    waiting: Note | None = None
    for note in sorted(notes):
        if waiting and (waiting.onset_beats, waiting.pitch) != (note.onset_beats, note.pitch):
            yield waiting
        waiting = note
    if waiting:
        yield waiting


def channel_of(part: int) -> int:
    """Return the MIDI channel of a part; nobody plays on the channel of the drums.

    Raises:
        RequestError: If there are not so many channels.
    """
    if part >= N_CHANNELS - 1:
        raise RequestError(f"a stream has {N_CHANNELS - 1} parts at most; ask for fewer")
    return part + (part >= DRUM_CHANNEL)
