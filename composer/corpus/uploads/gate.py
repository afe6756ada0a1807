"""From bytes of unknown origin to a `Piece`: the steps in their order. Knows no format itself."""

from __future__ import annotations

import json
import math
from pathlib import Path

from composer import worker
from composer.corpus import foreign
from composer.corpus.midi import MAX_FILE_BYTES, MAX_NOTES, read_file_start
from composer.corpus.uploads.archives import MAX_UNPACKED_BYTES
from composer.corpus.uploads.kinds import Kind, kind_of
from composer.corpus.uploads.limits import check_music
from composer.errors import OptionError, ScoreFileError, WorkerError
from composer.piece import Piece

# MusicXML has 150 to 200 bytes a note; a little more lets every score through that has few enough
# of them. What it may unfold to and how long it may take has the same limits whatever its size.
MAX_BYTES = {
    Kind.MIDI: MAX_FILE_BYTES,
    Kind.MUSICXML: min(300 * MAX_NOTES, MAX_UNPACKED_BYTES),
    **dict.fromkeys((Kind.ABC, Kind.HUMDRUM, Kind.MEI), foreign.MAX_BYTES),
}
MAX_UPLOAD_BYTES = max(MAX_BYTES.values())
PARSE_WALL_S = 10.0
FOREIGN_WALL_S = 30.0  # music21 takes its time
PARSE_MEMORY_BYTES = 1_000_000_000
# What a nursery imports ahead.
_PARSERS = ("composer.corpus.uploads.parsing", "numpy")
_PRELOADS = {
    Kind.MIDI: _PARSERS,
    Kind.MUSICXML: (*_PARSERS, "composer.corpus.musicxml"),
}
_WALLS_S = {Kind.MIDI: PARSE_WALL_S, Kind.MUSICXML: PARSE_WALL_S}
_MAX_TITLE_CHARACTERS = 200
_REFUSALS = {
    "time": (
        "reading the file took too long, so it was given up; "
        "a shorter piece, or the same saved as MIDI, may do"
    ),
    "memory": "reading the file needed too much memory, so it was given up; a shorter piece may do",
    "size": "the file unfolds to more music than can be taken; a shorter piece may do",
    "crash": "the file is damaged so that nothing can be read from it; save it again and retry",
}


def read_score_bytes(data: bytes, *, title: str = "", song: int = 1) -> Piece:
    """Read the content of a file that somebody brought.

    Args:
        data: The whole file; what it is is told by its content.
        title: Given to the piece, unless the file states one.
        song: Which one, from 1, of a file that holds several (MIDI format 2, a book of ABC tunes).

    Raises:
        ScoreFileError: If the data cannot be read as music, or as too much of it.
        WorkerError: If too many files are being read already, or none can be.
    """
    kind = kind_of(data)
    if len(data) > MAX_BYTES[kind]:
        limit_mb = MAX_BYTES[kind] / 1e6
        raise ScoreFileError(f"the file is larger than {limit_mb:g} MB; give one piece a file")
    name = title[:_MAX_TITLE_CHARACTERS].encode(errors="replace").replace(b"\0", b" ")
    piece = _rebuilt(_parsed(kind, b"\0".join((name, str(song).encode(), data))))
    check_music(piece)
    return piece


def read_score(path: Path, *, song: int = 1) -> Piece:
    """Read a file that somebody brought; unless it states a title, its name becomes one.

    Args:
        path: Where it lies.
        song: As in `read_score_bytes`.

    Raises:
        ScoreFileError: If the file cannot be read as music.
        WorkerError: If too many files are being read already.
    """
    return read_score_bytes(read_file_start(path, MAX_UPLOAD_BYTES), title=path.stem, song=song)


def _parsed(kind: Kind, payload: bytes) -> bytes:
    """Scan and parse in a worker; return the JSON of a piece."""
    try:
        return worker.call(
            f"composer.corpus.uploads.parsing:parse_{kind.value}",
            payload,
            wall_s=_WALLS_S.get(kind, FOREIGN_WALL_S),
            memory_bytes=PARSE_MEMORY_BYTES,
            preload=_PRELOADS.get(kind, _PARSERS),
            what="reading the file",
        )
    except WorkerError as error:
        if error.cause not in _REFUSALS:
            raise
        raise ScoreFileError(_REFUSALS[error.cause]) from error
    except ScoreFileError:
        raise
    except OptionError as error:  # a value of the file that no piece can have
        raise ScoreFileError(_REFUSALS["crash"]) from error


def _rebuilt(answer: bytes) -> Piece:
    """Build the piece anew from values that are all checked: nothing else of the file gets in."""
    try:
        return Piece.from_dict(json.loads(answer, parse_constant=lambda _: math.nan))
    except (OptionError, ValueError, RecursionError) as error:
        raise ScoreFileError(_REFUSALS["crash"]) from error
