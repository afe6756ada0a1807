"""MIDI messages as bytes, what is played of them, and a table of the notes that sound.

Source: MIDI 1.0 Detailed Specification, 4.2, MIDI Manufacturers Association, 1996.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

CLOCK, START, STOP = bytes([0xF8]), bytes([0xFA]), bytes([0xFC])
_OFF, _ON, _CONTROL, _PROGRAM, _BEND = 0x80, 0x90, 0xB0, 0xC0, 0xE0
# Receivers may ignore any of these, and some ignore all of them while a pedal is down: pedals up,
# then all notes off, all sound off, all controllers back.
_CALMING = (64, 66, 123, 120, 121)


def note_on(channel: int, pitch: int, velocity: int) -> bytes:
    """Return the beginning of a note; channels are 0-15, velocities 1-127."""
    return bytes([_ON | channel, pitch, velocity])


def note_off(channel: int, pitch: int) -> bytes:
    """Return the end of a note."""
    return bytes([_OFF | channel, pitch, 0])


def program(channel: int, number: int) -> bytes:
    """Return a choice of sound, 0-127."""
    return bytes([_PROGRAM | channel, number])


def is_note_on(message: bytes) -> bool:
    """Whether a note begins; with velocity 0 it ends."""
    return len(message) == 3 and message[0] & 0xF0 == _ON and message[2] > 0


def is_note_off(message: bytes) -> bool:
    """Whether a note ends."""
    kind = message[0] & 0xF0 if len(message) == 3 else 0
    return kind == _OFF or (kind == _ON and message[2] == 0)


@dataclass(frozen=True)
class Playing:
    """What becomes of the notes that are sent.

    Args:
        shift: Semitones.
        silent: Channels on which no note begins.
    """

    shift: int = 0
    silent: frozenset[int] = frozenset()

    def heard(self, message: bytes) -> bytes | None:
        """Return a message as it is sent; None if it is not."""
        is_on = is_note_on(message)
        if not is_on and not is_note_off(message):
            return message
        pitch = message[1] + self.shift
        is_silent = is_on and message[0] & 0x0F in self.silent
        return (
            None if is_silent or not 0 <= pitch <= 127 else bytes([message[0], pitch, message[2]])
        )


@dataclass
class Table:
    """The notes that sound, so that none sounds twice or for ever.

    Args:
        held: Channel and pitch of each.
        channels: On which anything was sent.
    """

    held: set[tuple[int, int]] = field(default_factory=set)
    channels: set[int] = field(default_factory=set)

    def passed(self, message: bytes) -> list[bytes]:
        """Return what is to be sent for a message.

        A note that is struck while it sounds ends first. The end of a note that does not sound is
        left out.
        """
        if message and message[0] < 0xF0:
            self.channels.add(message[0] & 0x0F)
        if is_note_on(message):
            note = message[0] & 0x0F, message[1]
            ends = [note_off(*note)] if note in self.held else []
            self.held.add(note)
            return [*ends, message]
        if is_note_off(message):
            note = message[0] & 0x0F, message[1]
            if note not in self.held:
                return []
            self.held.remove(note)
        return [message]

    def end(self, channels: Collection[int] = range(16)) -> list[bytes]:
        """Return the ends of the notes that sound on some channels, or of all."""
        ended = sorted(note for note in self.held if note[0] in channels)
        self.held.difference_update(ended)
        return [note_off(*note) for note in ended]

    def silence(self) -> list[bytes]:
        """Return what silences all that was ever sent: first the ends of the notes that sound."""
        ends = self.end()
        for channel in sorted(self.channels):
            ends += [bytes([_CONTROL | channel, number, 0]) for number in _CALMING]
            ends.append(bytes([_BEND | channel, 0, 64]))
        return ends
