"""Standard MIDI files -> `Piece`, and nothing that is no music. Knows MIDI, and no manifest.

`events` walks the bytes and checks every one, `lines` pairs beginnings and ends of notes, `heading`
lays meters on bar lines and finds tempos and keys, `reading` makes a `Piece`. Every way in which a
file can be broken ends in `ScoreFileError` with one sentence that may be shown to the person who
brought it; a single value that makes no sense is set aside, and said.
"""

from composer.corpus.midi.limits import (
    FILE_TEMPO_RANGE_BPM,
    MAX_BARS,
    MAX_FILE_BYTES,
    MAX_NOTES,
    MAX_PARTS,
)
from composer.corpus.midi.reading import read_file_start, read_midi, read_midi_bytes

__all__ = [
    "FILE_TEMPO_RANGE_BPM",
    "MAX_BARS",
    "MAX_FILE_BYTES",
    "MAX_NOTES",
    "MAX_PARTS",
    "read_file_start",
    "read_midi",
    "read_midi_bytes",
]
