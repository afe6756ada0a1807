"""What happens to a file inside the worker: scan, parser, limits, JSON of a `Piece`.

A payload is the title that the person's file name gives, a zero byte, and the file.
"""

from __future__ import annotations

import json
from dataclasses import replace

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
    title, data = _opened(payload)
    return _packed(read_midi_bytes(data, title=title))


def parse_musicxml(payload: bytes) -> bytes:
    """Read a MusicXML file, packed or not; return the JSON of its piece.

    Raises:
        ScoreFileError: If it cannot be read as music.
    """
    title, data = _opened(payload)
    text = tidy_xml(unpack_score(data) if data.startswith(b"PK") else data)
    piece = read_musicxml_bytes(text, title=title)
    return _packed(piece if piece.title else replace(piece, title=title))


def _opened(payload: bytes) -> tuple[str, bytes]:
    title, _, data = payload.partition(b"\0")
    return clean_text(title.decode(errors="replace")), data


def _packed(piece: Piece) -> bytes:
    check_music(piece)
    return json.dumps(piece.to_dict()).encode()
