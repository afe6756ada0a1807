"""Files that a visitor sends: their bytes and names, checked. Knows no page."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any

from gradio.utils import get_upload_folder

from composer.corpus.detect import ensemble_of_piece
from composer.corpus.uploads import MAX_UPLOAD_BYTES
from composer.errors import RequestError, ScoreFileError
from composer.piece import Piece
from composer.ui.studio import ReadScore

MAX_NAME = 80


@dataclass(frozen=True)
class Sent:
    """A file that came within a request, not by an upload of its own.

    Args:
        name: As the sender calls it.
        data: Its content.
    """

    name: str
    data: bytes


def read_piece(read_score: ReadScore, upload: Any) -> Piece:
    """Read what a visitor sent as music.

    Args:
        read_score: As `corpus.read_score_bytes`.
        upload: As the browser sent it: a dictionary with the path of the file in our cache; or
            the file itself.

    Raises:
        RequestError: If it is no file of ours, or no music.
    """
    piece = read_score(read_bytes(upload), title=name_of(upload))
    return piece if piece.ensemble else replace(piece, ensemble=ensemble_of_piece(piece))


def read_bytes(upload: Any) -> bytes:
    """Return the content of an upload, one byte more than may be at most.

    Raises:
        RequestError: If it is no file of ours.
    """
    if isinstance(upload, Sent):
        return upload.data[: MAX_UPLOAD_BYTES + 1]
    with _checked_path(upload).open("rb") as file:
        return file.read(MAX_UPLOAD_BYTES + 1)


def name_of(upload: dict[str, Any] | Sent) -> str:
    """Return the visitor's name of the file, without ending, as far as it can be read."""
    text = upload.name if isinstance(upload, Sent) else upload.get("orig_name")
    stem = PurePath(text[:1000]).stem if isinstance(text, str) else ""
    readable = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in stem)
    if " " not in readable.strip():  # files are often named with hyphens for spaces
        readable = readable.replace("-", " ")
    return " ".join(readable.replace("_", " ").split())[:MAX_NAME]


def _checked_path(upload: Any) -> Path:
    """Return the path of an upload that lies in our cache: a caller may have sent any path."""
    text = upload.get("path") if isinstance(upload, dict) else None
    if not isinstance(text, str) or not text:
        raise RequestError("no file came; choose a MIDI or MusicXML file")
    try:
        path = Path(text).resolve()
        is_ours = path.is_relative_to(Path(get_upload_folder()).resolve()) and path.is_file()
    except (OSError, ValueError):
        is_ours = False
    if not is_ours:
        raise ScoreFileError("the file is not here any more; choose it once more")
    return path
