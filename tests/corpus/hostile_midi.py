"""MIDI files that are odd, broken or hostile, made here so that none lies in the repository."""

from __future__ import annotations

from collections.abc import Iterator

from tests.corpus.files import END, NOTE, NOTE_ON, raw_midi, tempo, time_signature

MAX_VLQ = b"\xff\xff\xff\x7f"
MTRK = b"MTrk"


def midi_files() -> Iterator[tuple[str, bytes]]:
    """Yield name and content of every file."""
    yield from _headers()
    yield from _tracks()
    yield from _music()
    yield from _names()


def header(
    layout: int = 1, n_tracks: int = 1, division: int = 480, length: int = 6, extra: bytes = b""
) -> bytes:
    fields = layout.to_bytes(2) + n_tracks.to_bytes(2) + division.to_bytes(2)
    return b"MThd" + length.to_bytes(4) + fields + extra


def track(events: bytes, length: int | None = None) -> bytes:
    return MTRK + (len(events) if length is None else length).to_bytes(4) + events


def meta(kind: int, content: bytes) -> bytes:
    return b"\x00\xff" + bytes((kind,)) + _vlq(len(content)) + content


def _vlq(value: int) -> bytes:
    groups = [value & 0x7F]
    while value := value >> 7:
        groups.append(value & 0x7F | 0x80)
    return bytes(reversed(groups))


GOOD = track(NOTE + END)


def _headers() -> Iterator[tuple[str, bytes]]:
    whole = header() + GOOD
    yield "empty", b""
    yield "one byte", b"M"
    yield "magic only", b"MThd"
    yield "header length of 4 GB", header(length=2**32 - 1) + GOOD
    yield "header length 0", header(length=0) + GOOD
    yield "longer header", header(length=10, extra=b"abcd") + GOOD
    yield "division 0", header(division=0) + GOOD
    yield "SMPTE division", header(division=0xE250) + GOOD
    yield "SMPTE division of no frames", header(division=0x8000) + GOOD
    yield "format 2", header(layout=2) + GOOD
    yield "format 65535", header(layout=65535) + GOOD
    yield "65535 tracks claimed", header(n_tracks=65535) + GOOD
    yield "no tracks", header(n_tracks=0)
    for at in (5, 11, 13, 16, 20, 23, 26, len(whole) - 2):
        yield f"cut after {at} bytes", whole[:at]
    yield "RIFF", b"RIFF" + (len(whole) + 12).to_bytes(4, "little") + b"RMID" + _riff(whole)
    yield "RIFF without data", b"RIFF\x10\x00\x00\x00RMIDLIST\x04\x00\x00\x00INFO"
    yield "RIFF of no end", b"RIFF\xff\xff\xff\xffRMIDdata\xff\xff\xff\xff" + whole
    yield "unknown chunks", header() + b"XFIH\x00\x00\x00\x04abcd" + GOOD + b"XFKM\x00\x00\x00\x00"
    yield "padding behind the end", whole + bytes(500)
    yield "MacBinary before the beginning", bytes(128) + whole


def _riff(data: bytes) -> bytes:
    return b"data" + len(data).to_bytes(4, "little") + data


def _tracks() -> Iterator[tuple[str, bytes]]:
    yield "endless variable-length number", header() + track(b"\xff" * 200_000)
    yield "five-byte variable-length number", raw_midi(b"\x81\x80\x80\x80\x00\x90\x3c\x50" + END)
    yield "300 tracks", header(n_tracks=300) + GOOD * 300
    yield "100,000 empty tracks", header(n_tracks=65535) + track(b"") * 100_000
    yield "track length of 4 GB", header() + track(NOTE + END, length=2**32 - 1)
    yield "track length of nothing", header() + track(NOTE + END, length=0)
    yield "running status that nothing began", raw_midi(b"\x00\x3c\x50" + NOTE + END)
    yield "running status after a meta event", raw_midi(NOTE_ON + meta(1, b"a") + b"\x60\x3c\x00")
    yield "data beyond 127", raw_midi(b"\x00\x90\xff\xff" + END)
    yield "unterminated system message", raw_midi(NOTE + b"\x00\xf0\x05\x43\x12" + END)
    yield "system message of 256 MB", raw_midi(NOTE + b"\x00\xf0" + MAX_VLQ + b"\x43" + END)
    yield "realtime bytes within the track", raw_midi(b"\x00\xf8" + NOTE + b"\x00\xfe" + END)
    yield "song position within the track", raw_midi(b"\x00\xf2\x01\x02" + NOTE + END)
    yield "no end of track", raw_midi(NOTE)
    yield "events behind the end of track", raw_midi(NOTE + END + NOTE * 10)
    yield "meta event of no length", raw_midi(NOTE + b"\x00\xff\x51")
    yield "one-byte time signature", raw_midi(meta(0x58, b"\x04") + NOTE + END)
    yield "two-byte tempo", raw_midi(meta(0x51, b"\x07\xa1") + NOTE + END)
    yield "key of 100 sharps", raw_midi(meta(0x59, b"\x64\x00") + NOTE + END)


def _music() -> Iterator[tuple[str, bytes]]:
    yield "beginnings without ends", raw_midi(NOTE_ON * 5_000 + END)
    yield "tempo 0", raw_midi(tempo(0) + NOTE + END)
    yield "tempo of a day a beat", raw_midi(tempo(2**24 - 1) + NOTE * 200 + END)
    yield "20,000 tempos", raw_midi(b"".join(tempo(1 + i) for i in range(20_000)) + NOTE + END)
    yield "meter 0/4", raw_midi(time_signature(0, 2) + NOTE + END)
    yield "meter 4/2^255", raw_midi(time_signature(4, 255) + NOTE + END)
    rest = MAX_VLQ + b"\x90\x3c\x50" + b"\x83\x60\x80\x3c\x40"
    yield "a hundred days of rest", raw_midi(NOTE + rest + END)
    yield "rests beyond 32 bits", raw_midi(NOTE + rest * 20 + END)
    yield (
        "rests that only dropped events fill",
        raw_midi(NOTE + (MAX_VLQ + b"\xf8") * 7 + b"\x00\x90\x3c\x50\x60\x80\x3c\x40" + END),
    )
    yield "a note of a hundred days", raw_midi(NOTE_ON + MAX_VLQ + b"\x80\x3c\x40" + END)
    yield "more notes than fit", raw_midi(b"\x01\x90\x3c\x50\x01\x3c\x00" * 20_001 + END)
    yield "128 pitches at once, often", raw_midi(_clusters(180))
    yield "a grid of one tick", raw_midi(NOTE * 10 + END, division=1)
    yield "a grid of 32,767 ticks", raw_midi(NOTE * 10 + END, division=32_767)
    drums = b"\x00\x99\x3c\x50\x83\x60\x89\x3c\x40"
    yield "percussion only", raw_midi(drums * 100 + END)
    many = b"".join(track(b"\x00\xc0" + bytes((p,)) + NOTE + END) for p in range(40))
    yield "40 parts", header(n_tracks=40) + many


def _clusters(n_chords: int) -> bytes:
    chord = b"".join(b"\x00\x90" + bytes((p, 80)) for p in range(128))
    ends = b"".join(b"\x01\x80" + bytes((p, 0)) for p in range(128))
    return (chord + ends) * n_chords + END


def _names() -> Iterator[tuple[str, bytes]]:
    for what, name in (
        ("NUL bytes", b"a\0b\0" * 10),
        ("a change of direction", "\u202egnp.dim".encode()),
        ("markup", b"<img src=x onerror=alert(1)><script>alert(1)</script>"),
        ("a path", b"../../../../etc/passwd"),
        ("a formula", b"=cmd|' /C calc'!A0"),
        ("no encoding", b"\xff\xfe\x80\xc3\x28"),
        ("100,000 letters", b"x" * 100_000),
        ("terminal codes", b"\x1b[2J\x1b]0;title\x07"),
    ):
        yield f"a name of {what}", raw_midi(meta(0x03, name) + NOTE + END)
