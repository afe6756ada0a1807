"""The bytes of a MIDI file -> events, every one checked. Knows bytes, not music.

RIFF wrappings, long headers, foreign chunks, system messages and running status are legal, and gone
from what comes out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from composer.corpus.midi.limits import MAX_FILE_BYTES, MAX_NOTES
from composer.errors import ScoreFileError

MAX_TRACKS = 256
MAX_TICKS = 2**31 - 1
MAX_EVENTS = 2_000_000
META = 0xFF
NOTE_OFF, NOTE_ON, CONTROL, PROGRAM_CHANGE, PRESSURE_CHANGE, PITCH_BEND = (
    0x80, 0x90, 0xB0, 0xC0, 0xD0, 0xE0,
)  # fmt: skip
_MAX_VLQ_BYTES = 4
_CUT_OFF = "the file is cut off: it ends within a track; save or fetch it again"
_DAMAGED = "the file is damaged: its events cannot be told apart; save it again as MIDI"
_NO_TIME = "the file states no ticks a quarter, so its notes have no time"
_SYSTEM_EXCLUSIVE = (0xF0, 0xF7)
# Data bytes after a status byte, by its upper four bits; system messages below.
_N_DATA = {0x8: 2, 0x9: 2, 0xA: 2, 0xB: 2, 0xC: 1, 0xD: 1, 0xE: 2}
_N_SYSTEM_DATA = {0xF1: 1, 0xF2: 2, 0xF3: 1}
_END_OF_TRACK = 0x2F
_SMPTE_BIT = 0x8000
# Frames a second that SMPTE knows; 29 stands for 30 with dropped numbers.
_FRAMES_PER_S = {24: Fraction(24), 25: Fraction(25), 29: Fraction(30_000, 1001), 30: Fraction(30)}
# MIDI files that state no tempo, or count seconds, are played at this one.
USUAL_TEMPO_BPM = 120.0


class Event(NamedTuple):
    """An event of a track.

    Args:
        tick: From the beginning of the track.
        status: Its kind and channel, or `META`.
        data: Its values; of a meta event its kind first.
    """

    tick: int
    status: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Song:
    """A file.

    Args:
        ticks_per_quarter: Exact.
        is_in_seconds: Whether ticks are parts of seconds (SMPTE), whatever tempos are stated.
        tracks: Events in the order of the file.
        ends: Of the tracks, in ticks.
        n_songs: How many the file holds (format 2); `tracks` has one of them.
    """

    ticks_per_quarter: Fraction
    is_in_seconds: bool
    tracks: tuple[tuple[Event, ...], ...]
    ends: tuple[int, ...]
    n_songs: int = 1


def walk_midi(data: bytes, song: int = 1) -> Song:
    """Return the events of a MIDI file.

    Args:
        data: The whole file.
        song: Which one, from 1, of a file that holds several (format 2).

    Raises:
        ScoreFileError: If its structure is broken, or it holds too much.
    """
    if len(data) > MAX_FILE_BYTES:
        limit_mb = MAX_FILE_BYTES / 1e6
        raise ScoreFileError(f"the file is larger than {limit_mb:g} MB; give one piece a file")
    if data.startswith(b"RIFF"):
        data = _unwrapped(data)
    layout, division, start = _read_header(data)
    chunks = list(_track_chunks(data, start))
    if not chunks:
        raise ScoreFileError("the file holds no track with music; save it again as MIDI")
    n_songs = len(chunks) if layout == 2 else 1
    if layout == 2:
        if not 1 <= song <= n_songs:
            raise ScoreFileError(f"the file holds the songs 1 to {n_songs}, not number {song}")
        chunks = chunks[song - 1 : song]
    walkers = [_Walker(chunk) for chunk in chunks]
    tracks = tuple(tuple(walker.events()) for walker in walkers)
    _check_counts(tracks)
    ticks, is_in_seconds = _clock(division)
    return Song(ticks, is_in_seconds, tracks, tuple(one.ticks for one in walkers), n_songs)


def _unwrapped(data: bytes) -> bytes:
    """Return the MIDI file in a RIFF file."""
    start = 12
    while start + 8 <= len(data):
        name = data[start : start + 4]
        length = int.from_bytes(data[start + 4 : start + 8], "little")
        if name == b"data":
            return data[start + 8 : start + 8 + length]
        start += 8 + length + length % 2
    raise ScoreFileError("the RIFF file holds no MIDI data; save it as a MIDI file (.mid)")


def _read_header(data: bytes) -> tuple[int, int, int]:
    """Return the format, the division, and where the chunks behind the header begin."""
    if not data.startswith(b"MThd"):
        raise ScoreFileError("the file is no MIDI file: it does not begin as MIDI files do")
    length = int.from_bytes(data[4:8])
    if len(data) < 14 or 8 + length > len(data):
        raise ScoreFileError("the file ends within its first bytes; it was cut off")
    layout = int.from_bytes(data[8:10])
    if length < 6 or layout > 2:
        raise ScoreFileError("the file's first bytes are damaged; save it again as MIDI")
    return layout, int.from_bytes(data[12:14]), 8 + length


def _clock(division: int) -> tuple[Fraction, bool]:
    """Return ticks a quarter, and whether they are parts of seconds.

    Where they are, a quarter is as long as at the usual tempo.
    """
    if not division & _SMPTE_BIT:
        if division == 0:
            raise ScoreFileError(_NO_TIME)
        return Fraction(division), False
    frames_per_s = _FRAMES_PER_S.get(256 - (division >> 8))
    ticks_per_frame = division & 0xFF
    if frames_per_s is None or not ticks_per_frame:
        raise ScoreFileError(_NO_TIME)
    return frames_per_s * ticks_per_frame * Fraction(60) / Fraction(USUAL_TEMPO_BPM), True


def _track_chunks(data: bytes, start: int) -> Iterator[bytes]:
    """Yield the content of the tracks; other chunks are passed over, and padding at the end."""
    n_tracks = 0
    while start + 8 <= len(data):
        name, length = data[start : start + 4], int.from_bytes(data[start + 4 : start + 8])
        end = start + 8 + length
        if end > len(data):
            if name == b"MTrk":
                raise ScoreFileError(_CUT_OFF)
            return
        if name == b"MTrk":
            n_tracks += 1
            if n_tracks > MAX_TRACKS:
                raise ScoreFileError(
                    f"the file has more than {MAX_TRACKS} tracks, too many to be read"
                )
            yield data[start + 8 : end]
        start = end


def _check_counts(tracks: tuple[tuple[Event, ...], ...]) -> None:
    if sum(map(len, tracks)) > MAX_EVENTS:
        raise ScoreFileError(f"the file has more than {MAX_EVENTS:,} events, too many to be read")
    n_notes = sum(
        1 for track in tracks for one in track if one.status & 0xF0 == NOTE_ON and one.data[1]
    )
    if n_notes > MAX_NOTES:
        raise ScoreFileError(f"the file has {n_notes:,} notes; at most {MAX_NOTES:,} can be read")


class _Walker:
    """One track, read event by event.

    Args:
        data: Its events.
    """

    def __init__(self, data: bytes) -> None:
        self.ticks = 0  # of the event being read
        self._data = data
        self._at = 0

    def events(self) -> Iterator[Event]:
        """Yield the events up to the end of the track.

        Raises:
            ScoreFileError: If one is broken.
        """
        running = 0
        while self._at < len(self._data):
            self.ticks += self._vlq()
            if self.ticks > MAX_TICKS:
                raise ScoreFileError("the file goes on for days; give one piece a file")
            status = self._byte()
            if status < 0x80:
                self._at -= 1
                status = running
            if status == META:
                kind = self._byte()
                content = self._take(self._vlq())
                if kind == _END_OF_TRACK:
                    return
                yield Event(self.ticks, META, bytes((kind,)) + content)
            elif status in _SYSTEM_EXCLUSIVE:
                self._take(self._vlq())
            elif status >= 0xF0:
                self._take(_N_SYSTEM_DATA.get(status, 0))
            else:
                running = status
                yield Event(self.ticks, status, self._channel_data(status))

    def _channel_data(self, status: int) -> bytes:
        if status < 0x80:  # running status that nothing began
            raise ScoreFileError(_DAMAGED)
        values = self._take(_N_DATA[status >> 4])
        if any(value > 0x7F for value in values):
            raise ScoreFileError(_DAMAGED)
        return values

    def _vlq(self) -> int:
        value = 0
        for _ in range(_MAX_VLQ_BYTES):
            byte = self._byte()
            value = value << 7 | byte & 0x7F
            if byte < 0x80:
                return value
        raise ScoreFileError(_DAMAGED)

    def _byte(self) -> int:
        if self._at >= len(self._data):
            raise ScoreFileError(_CUT_OFF)
        self._at += 1
        return self._data[self._at - 1]

    def _take(self, length: int) -> bytes:
        content = self._data[self._at : self._at + length]
        if len(content) < length:
            raise ScoreFileError(_CUT_OFF)
        self._at += length
        return content
