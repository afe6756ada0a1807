"""What happens to a file inside the worker: scan, parser, limits, JSON of a `Piece`.

A payload is the title that the person's file name gives, the number of the song, and the file, with
a zero byte between them.
"""

from __future__ import annotations

import json
from dataclasses import replace

from composer.corpus.foreign import read_foreign_bytes
from composer.corpus.midi import read_midi_bytes
from composer.corpus.musicxml import read_musicxml_bytes
from composer.corpus.text import clean_text
from composer.corpus.uploads.archives import unpack_score
from composer.corpus.uploads.limits import check_music
from composer.corpus.uploads.markup import tidy_xml
from composer.piece import Piece


def parse_midi(payload: bytes) -> bytes:
    """Read a MIDI file; return the JSON of its piece.

    Raises:
        ScoreFileError: If it cannot be read as music.
    """
    title, song, data = _opened(payload)
    return _packed(read_midi_bytes(data, title=title, song=song))


def parse_musicxml(payload: bytes) -> bytes:
    """Read a MusicXML file, packed or not; return the JSON of its piece.

    Raises:
        ScoreFileError: If it cannot be read as music.
    """
    title, _, data = _opened(payload)
    text = tidy_xml(unpack_score(data) if data.startswith(b"PK") else data)
    piece = read_musicxml_bytes(text, title=title)
    return _packed(piece if piece.title else replace(piece, title=title))


def parse_abc(payload: bytes) -> bytes:
    """Read ABC notation; return the JSON of its piece.

    Raises:
        ScoreFileError: If it cannot be read as music.
    """
    return _foreign(payload, "abc")


def parse_humdrum(payload: bytes) -> bytes:
    """Read Humdrum; return the JSON of its piece.

    Raises:
        ScoreFileError: If it cannot be read as music.
    """
    return _foreign(payload, "humdrum")


def parse_mei(payload: bytes) -> bytes:
    """Read MEI; return the JSON of its piece.

    Raises:
        ScoreFileError: If it cannot be read as music.
    """
    return _foreign(payload, "mei")


def _foreign(payload: bytes, kind: str) -> bytes:
    title, song, data = _opened(payload)
    return _packed(read_foreign_bytes(data, kind, title=title, song=song))


def _opened(payload: bytes) -> tuple[str, int, bytes]:
    title, song, data = payload.split(b"\0", 2)
    return clean_text(title.decode(errors="replace")), int(song), data


def _packed(piece: Piece) -> bytes:
    check_music(piece)
    return json.dumps(piece.to_dict()).encode()
