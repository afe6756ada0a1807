"""Files that are read or written for REST, without composing: `inspect`, `transcribe`, `render`."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from composer.composition import replay
from composer.errors import OptionError, ScoreFileError
from composer.piece import Piece
from composer.rendering.files import FORMATS, write_files
from composer.transcription import transcribe_bytes
from composer.ui.api import endpoints
from composer.ui.rest.answers import finite
from composer.ui.rest.jobs import Made
from composer.ui.shared import downloads, uploads
from composer.ui.shared.running import TabState
from composer.ui.studio import Studio

KINDS = (*FORMATS, "zip")


@dataclass(frozen=True)
class Rendering:
    """A file, and what it shall become.

    Args:
        file: MIDI, MusicXML or composition.json.
        kind: Of `KINDS`.
        rank: Which candidate of a composition.json; 1 is the best.
        is_expressive: Whether sound is performed with expression.
    """

    file: uploads.Sent
    kind: str
    rank: int = 1
    is_expressive: bool = True

    def __post_init__(self) -> None:
        """Check the format.

        Raises:
            OptionError: If there is none of that name.
        """
        if self.kind not in KINDS:
            raise OptionError(f"`format` must be one of {', '.join(KINDS)}, got {self.kind[:20]!r}")

    def read(self, studio: Studio) -> Piece:
        """Return the music of the file.

        Raises:
            RequestError: If it is none.
        """
        if self.file.data.lstrip()[:1] != b"{":
            return uploads.read_piece(studio.read_score, self.file)
        try:
            return replay(self.file.data.decode(), self.rank)
        except UnicodeDecodeError as error:
            raise ScoreFileError("composition.json must be text in UTF-8") from error


def inspect(studio: Studio, file: uploads.Sent, form: str | None) -> Made:
    """Look into a file; see `endpoints.inspect`."""
    return Made(finite(endpoints.inspect(studio, file, form)))


@dataclass(frozen=True)
class Recording:
    """A recording, and what is known of it; see `transcription.transcribe_bytes`."""

    file: uploads.Sent
    kind: str = "auto"
    tempo_bpm: float | None = None
    meter: str | None = None
    first_bar_s: float | None = None
    taps_s: Sequence[float] = ()


def transcribe(asked: Recording) -> Made:
    """Write a recording down, as MIDI and MusicXML.

    Raises:
        RequestError: If it is no sound, or a value will not do.
    """
    found = transcribe_bytes(
        asked.file.data,
        title=uploads.name_of(asked.file),
        kind=asked.kind,
        tempo_bpm=asked.tempo_bpm,
        meter=asked.meter,
        first_bar_s=asked.first_bar_s,
        taps_s=asked.taps_s,
    )
    folder = TabState(folder=secrets.token_hex(16))
    files = write_files(
        found.piece, folder.path("x").parent, _stem(asked.file), ("mid", "musicxml")
    )
    return Made(found.to_dict(), tuple(path for paths in files.values() for path in paths))


def render(studio: Studio, asked: Rendering) -> Made:
    """Write a file in another format.

    Raises:
        RequestError: If it is no music, or cannot be written so.
        MissingTool: If a tool is absent.
    """
    piece = asked.read(studio)
    target = TabState(folder=secrets.token_hex(16)).path(f"{_stem(asked.file)}.{asked.kind}")
    made = downloads.make_file(
        piece, target, is_expressive=asked.is_expressive, render_audio=studio.render_audio
    )
    values: dict[str, Any] = {"bars": piece.n_bars, "notes": piece.n_notes, "key": str(piece.key)}
    return Made(values, (made,))


def _stem(file: uploads.Sent) -> str:
    """Return how files are called that are made of a file."""
    stem = uploads.name_of(file).replace(" ", "-")
    return "".join(c for c in stem if c.isascii() and (c.isalnum() or c in "-_"))[:60] or "piece"
