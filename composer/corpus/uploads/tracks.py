"""MIDI before any parser of music sees it: every event checked, and written anew in plain form.

What comes out is a Standard MIDI file of well-formed events only: notes, controls, programs, names,
tempos, meters, keys. RIFF wrappings, long headers, foreign chunks, system messages and running
status are legal, but not read by every parser: they are taken away. Knows bytes, not music.
"""

from __future__ import annotations

from collections.abc import Iterator

from composer.corpus.uploads.limits import MAX_NOTES
from composer.errors import ScoreFileError

MAX_TRACKS = 256
# A parser counts ticks in 32 bits.
MAX_TICKS = 2**31 - 1
_MAX_VLQ_BYTES = 4
_MAX_DELTA = 2**28 - 1
_NOTHING = b"\xff\x01\x00"  # an empty text
_CUT_OFF = "the file is cut off: it ends within a track; save or fetch it again"
_DAMAGED = "the file is damaged: its events cannot be told apart; save it again as MIDI"

_NOTE_ON, _NOTE_OFF = 0x90, 0x80
_DRUM_CHANNEL = 9
_META = 0xFF
_SYSTEM_EXCLUSIVE = (0xF0, 0xF7)
# Data bytes after a status byte, by its upper four bits; system messages below.
_N_DATA = {0x8: 2, 0x9: 2, 0xA: 2, 0xB: 2, 0xC: 1, 0xD: 1, 0xE: 2}
_N_SYSTEM_DATA = {0xF1: 1, 0xF2: 2, 0xF3: 1}
_END_OF_TRACK = 0x2F
_NAME = 0x03
_MAX_NAME_BYTES = 120
# Meta events that are kept, and the length that each must have.
_META_BYTES = {0x51: 3, 0x58: 4, 0x59: 2}


def tidy_midi(data: bytes) -> bytes:
    """Return a MIDI file with the same music, in which nothing is out of order.

    Raises:
        ScoreFileError: If its structure is broken, or it holds too many tracks or notes.
    """
    if data.startswith(b"RIFF"):
        data = _unwrapped(data)
    layout, division, start = _read_header(data)
    tracks: list[bytes] = []
    n_notes = 0
    for track in _track_chunks(data, start):
        if len(tracks) == MAX_TRACKS:
            raise ScoreFileError(f"the file has more than {MAX_TRACKS} tracks, too many to be read")
        writer = _Track(track, n_notes)
        tracks.append(writer.tidied())
        n_notes = writer.n_notes
    if not tracks:
        raise ScoreFileError("the file holds no track with music; save it again as MIDI")
    if layout == 0 and len(tracks) > 1:
        layout = 1
    header = layout.to_bytes(2) + len(tracks).to_bytes(2) + division
    return _chunk(b"MThd", header) + b"".join(_chunk(b"MTrk", track) for track in tracks)


def _unwrapped(data: bytes) -> bytes:
    """Return the MIDI file in a RIFF file."""
    start = 12
    while start + 8 <= len(data):
        name, length = (
            data[start : start + 4],
            int.from_bytes(data[start + 4 : start + 8], "little"),
        )
        if name == b"data":
            return data[start + 8 : start + 8 + length]
        start += 8 + length + length % 2
    raise ScoreFileError("the RIFF file holds no MIDI data; save it as a MIDI file (.mid)")


def _read_header(data: bytes) -> tuple[int, bytes, int]:
    """Return the format, the division as written, and where the chunks after it begin."""
    if not data.startswith(b"MThd"):
        raise ScoreFileError("the file is no MIDI file: it does not begin as MIDI files do")
    length = int.from_bytes(data[4:8])
    if len(data) < 14 or 8 + length > len(data):
        raise ScoreFileError("the file ends within its first bytes; it was cut off")
    if length < 6:
        raise ScoreFileError("the file's first bytes are damaged; save it again as MIDI")
    return int.from_bytes(data[8:10]), data[12:14], 8 + length


def _track_chunks(data: bytes, start: int) -> Iterator[bytes]:
    """Yield the content of the tracks; other chunks are passed over, and padding at the end."""
    while start + 8 <= len(data):
        name, length = data[start : start + 4], int.from_bytes(data[start + 4 : start + 8])
        end = start + 8 + length
        if end > len(data):
            if name == b"MTrk":
                raise ScoreFileError(_CUT_OFF)
            return
        if name == b"MTrk":
            yield data[start + 8 : end]
        start = end


class _Track:
    """One track, read event by event and written anew.

    Args:
        data: Its events.
        n_notes: Notes of the tracks before.
    """

    def __init__(self, data: bytes, n_notes: int) -> None:
        self.n_notes = n_notes
        self._data = data
        self._at = 0
        self._ticks = 0  # of the event being read
        self._written_ticks = 0  # of the last event written
        self._out = bytearray()

    def tidied(self) -> bytes:
        """Return the events in plain form, with an end.

        Raises:
            ScoreFileError: If an event is broken.
        """
        running = 0
        while self._at < len(self._data):
            self._ticks += self._vlq()
            if self._ticks > MAX_TICKS:
                raise ScoreFileError("the file goes on for days; give one piece a file")
            status = self._byte()
            if status < 0x80:
                self._at -= 1
                status = running
            if status >= 0xF0:
                if self._is_end_after_system(status):
                    break
            else:
                running = status
                self._channel_event(status)
        self._write(b"\xff\x2f\x00")
        return bytes(self._out)

    def _channel_event(self, status: int) -> None:
        if status < 0x80:  # running status that nothing began
            raise ScoreFileError(_DAMAGED)
        values = self._take(_N_DATA[status >> 4])
        if any(value > 0x7F for value in values):
            raise ScoreFileError(_DAMAGED)
        is_note = status & 0xF0 == _NOTE_ON and values[1] > 0
        if is_note and status & 0x0F != _DRUM_CHANNEL:
            self.n_notes += 1
            if self.n_notes > MAX_NOTES:
                raise ScoreFileError(
                    f"the file has more than {MAX_NOTES:,} notes, too many to be read"
                )
        self._write(bytes((status,)) + values)

    def _is_end_after_system(self, status: int) -> bool:
        """Read a meta or system event, keep it if it is known; return whether the track ends."""
        if status == _META:
            kind = self._byte()
            content = self._take(self._vlq())
            self._keep_meta(kind, content)
            return kind == _END_OF_TRACK
        if status in _SYSTEM_EXCLUSIVE:
            self._take(self._vlq())
        else:
            self._take(_N_SYSTEM_DATA.get(status, 0))
        return False

    def _keep_meta(self, kind: int, content: bytes) -> None:
        if kind == _NAME:
            content = _as_utf8(content)
        elif len(content) < _META_BYTES.get(kind, 2**31):
            return
        else:  # longer ones state more than is known
            content = content[: _META_BYTES[kind]]
        self._write(bytes((_META, kind, len(content))) + content)

    def _write(self, event: bytes) -> None:
        delta = self._ticks - self._written_ticks
        while delta > _MAX_DELTA:  # what was taken away may have bridged long rests together
            self._out += _vlq_bytes(_MAX_DELTA) + _NOTHING
            delta -= _MAX_DELTA
        self._out += _vlq_bytes(delta) + event
        self._written_ticks = self._ticks

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


def _vlq_bytes(value: int) -> bytes:
    """Write a number of ticks, seven bits a byte."""
    groups = [value & 0x7F]
    while value := value >> 7:
        groups.append(value & 0x7F | 0x80)
    return bytes(reversed(groups))


def _as_utf8(name: bytes) -> bytes:
    """Return a name as UTF-8: old files have theirs in Latin-1."""
    try:
        text = name.decode()
    except UnicodeDecodeError:
        text = name.decode("latin-1")
    return text.encode()[:_MAX_NAME_BYTES].decode(errors="ignore").encode()


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + len(content).to_bytes(4) + content
