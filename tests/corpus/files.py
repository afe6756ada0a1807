"""Scores written by the tests: MIDI bytes from plain values, and files too odd for any writer."""

from __future__ import annotations

from symusic import KeySignature, Note, Score, Tempo, TimeSignature, Track

TPQ = 480
# onset, duration, pitch, velocity
TickNote = tuple[int, int, int, int]
SCALE = [(480 * i, 480, 60 + step, 80) for i, step in enumerate((0, 2, 4, 5, 7, 9, 11, 12))]


def score_bytes(
    *tracks: list[TickNote],
    tpq: int = TPQ,
    programs: list[int] | None = None,
    meters: list[tuple[int, int, int]] = (),
    key: tuple[int, int] | None = None,
    bpm: float | None = None,
    name: str = "",
    is_drum: bool = False,
) -> bytes:
    """Return a MIDI file: `meters` as (tick, numerator, denominator), `key` as (fifths, 0 or 1)."""
    score = Score(tpq)
    for notes, program in zip(tracks, programs or [0] * len(tracks), strict=True):
        track = Track(name, program, is_drum)
        track.notes.extend([Note(*note) for note in notes])
        score.tracks.append(track)
    score.time_signatures.extend([TimeSignature(*meter) for meter in meters])
    if key:
        score.key_signatures.append(KeySignature(0, *key))
    if bpm:
        score.tempos.append(Tempo(0, bpm))
    return score.dumps_midi()


def raw_midi(
    track: bytes, *, layout: int = 0, division: int = TPQ, length: int | None = None
) -> bytes:
    """Return a MIDI file with one track of given event bytes."""
    header = b"MThd" + (6).to_bytes(4) + layout.to_bytes(2) + (1).to_bytes(2) + division.to_bytes(2)
    return header + b"MTrk" + (len(track) if length is None else length).to_bytes(4) + track


# Delta time 0, then the event; a quarter is 83 60 (480 as a variable-length number).
NOTE_ON = b"\x00\x90\x3c\x50"
NOTE_OFF = b"\x83\x60\x80\x3c\x40"
NOTE = NOTE_ON + NOTE_OFF
END = b"\x00\xff\x2f\x00"


def time_signature(numerator: int, denominator_power: int) -> bytes:
    return b"\x00\xff\x58\x04" + bytes((numerator, denominator_power, 24, 8))


def tempo(microseconds_per_quarter: int) -> bytes:
    return b"\x00\xff\x51\x03" + microseconds_per_quarter.to_bytes(3)


HOSTILE_FILES = {
    "empty": b"",
    "text": b"a song without notes",
    "magic only": b"MThd",
    "header only": raw_midi(b"")[:14],
    "RIFF": b"RIFF\x20\x00\x00\x00RMIDdata" + raw_midi(NOTE + END),
    "SMPTE": raw_midi(NOTE + END, division=0xE728),
    "division zero": raw_midi(NOTE + END, division=0),
    "format 2": raw_midi(NOTE + END, layout=2),
    "format 999": raw_midi(NOTE + END, layout=999),
    "cut within a note": raw_midi(NOTE + END)[:-6],
    "track longer than the file": raw_midi(NOTE + END, length=2**32 - 1),
    "length without end": raw_midi(b"\xff" * 10_000),
    "no events": raw_midi(END),
    "beginnings without ends": raw_midi(NOTE_ON * 3 + END),
    "ends without beginnings": raw_midi(NOTE_OFF * 3 + END),
    "notes without length": raw_midi(b"\x00\x90\x3c\x50\x00\x80\x3c\x40" + END),
    "percussion": raw_midi(b"\x00\x99\x3c\x50\x83\x60\x89\x3c\x40" + END),
    "numerator zero": raw_midi(time_signature(0, 2) + NOTE + END),
    "numerator 255": raw_midi(time_signature(255, 2) + NOTE + END),
    "denominator 2 to the 255th": raw_midi(time_signature(4, 255) + NOTE + END),
    "denominator 128": raw_midi(time_signature(4, 7) + NOTE + END),
    "tempo zero": raw_midi(tempo(0) + NOTE + END),
    "a hundred days of rest": raw_midi(NOTE + b"\xff\xff\xff\x7f\x90\x3c\x50" + NOTE_OFF + END),
    "rests beyond all clocks": raw_midi((b"\xff\xff\xff\x7f\x90\x3c\x50" + NOTE_OFF) * 20 + END),
    "one tick a quarter": raw_midi(
        b"\x00\x90\x3c\x50\xff\xff\xff\x7f\x80\x3c\x40" + END, division=1
    ),
    "meters within a tick": raw_midi(
        time_signature(3, 2) + b"\x01" + time_signature(4, 2)[1:] + NOTE + END
    ),
    "a name in no encoding": raw_midi(b"\x00\xff\x03\x04\xff\xfe\x80\xc3" + NOTE + END),
    "a program beyond 127": raw_midi(b"\x00\xc0\xff" + NOTE + END),
    "a pitch beyond 127": raw_midi(b"\x00\x90\xf0\x50\x83\x60\x80\xf0\x40" + END),
    "a velocity beyond 127": raw_midi(b"\x00\x90\x3c\xf0" + NOTE_OFF + END),
    "many meters": raw_midi(
        b"".join(b"\x60" + time_signature(1 + i % 7, 4)[1:] for i in range(5_000)) + NOTE + END
    ),
}
