"""`Piece` -> files of every format at once. Knows which function writes which ending, nothing more.

A tool that is absent takes away the formats that need it, and says so; the others are written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from composer.errors import ComposerError, MissingTool, OptionError
from composer.piece import Piece
from composer.rendering.audio import render_audio
from composer.rendering.interpretation import interpret
from composer.rendering.midi import write_midi
from composer.rendering.sheet import pages_to_pdf, pages_to_png, sheet_pages
from composer.rendering.tempo import check_tempo

SHEET_FORMATS = ("svg", "png", "pdf")
SOUND_FORMATS = ("wav", "mp3", "flac", "ogg")
FORMATS = ("mid", "musicxml", *SHEET_FORMATS, *SOUND_FORMATS, "html")
OnProblem = Callable[[str, str], None]
RenderAudio = Callable[..., Path]


@dataclass
class _Desk:
    """One piece on its way to files.

    Args:
        piece: What to write, its tempo decided, and interpreted if that is asked.
        folder: Where to.
        stem: Name of the files, without ending.
        is_expressive: Whether the sound is performed with expression.
        render_audio: As `rendering.render_audio`.
    """

    piece: Piece
    folder: Path
    stem: str
    is_expressive: bool
    render_audio: RenderAudio = field(repr=False)

    @cached_property
    def pages(self) -> tuple[str, ...]:
        """The sheet, engraved once for all its formats."""
        return sheet_pages(self.piece)

    def write(self, kind: str) -> list[Path]:
        """Write one format."""
        if kind == "mid":
            return [write_midi(self.piece, self._path("mid"))]
        if kind == "musicxml":
            # Here, not above: it brings music21, which the page shall not wait for.
            from composer.rendering.musicxml import write_musicxml

            return [write_musicxml(self.piece, self._path("musicxml"))]
        if kind in SHEET_FORMATS:
            return self._write_sheet(kind)
        if kind == "html":
            return [self._write_roll()]
        path = self._path(kind)
        return [self.render_audio(self.piece, path, is_expressive=self.is_expressive)]

    def _write_sheet(self, kind: str) -> list[Path]:
        if kind == "pdf":
            return self._write_pages(kind, [pages_to_pdf(self.pages, title=self.piece.title)])
        if kind == "png":
            return self._write_pages(kind, pages_to_png(self.pages))
        return self._write_pages(kind, [page.encode() for page in self.pages])

    def _write_roll(self) -> Path:
        """Write the piano roll as a page that needs nothing else."""
        try:
            from composer.plots import figure_page, plot_pianoroll
        except ImportError as problem:
            raise MissingTool("the piano roll needs plotly: `pip install plotly`") from problem
        path = self._path("html")
        page = figure_page(plot_pianoroll(self.piece), self.piece.title or self.stem)
        path.write_text(page, encoding="utf-8")
        return path

    def _write_pages(self, kind: str, pages: Sequence[bytes]) -> list[Path]:
        """Write a file a page; the pages are numbered if there are several."""
        paths = []
        for number, page in enumerate(pages, start=1):
            path = self._path(f"{number}.{kind}" if len(pages) > 1 else kind)
            path.write_bytes(page)
            paths.append(path)
        return paths

    def _path(self, ending: str) -> Path:
        return self.folder / f"{self.stem}.{ending}"


def write_files(
    piece: Piece,
    folder: Path,
    stem: str,
    formats: Iterable[str] = FORMATS,
    *,
    tempo_bpm: float | None = None,
    is_expressive: bool = True,
    on_problem: OnProblem | None = None,
    render_audio: RenderAudio = render_audio,
) -> dict[str, list[Path]]:
    """Write a piece in several formats; return the paths of each.

    SVG and PNG are a file a page: `stem.svg`, or `stem.1.svg`, `stem.2.svg` ... of several.

    Args:
        piece: What to write.
        folder: Made if it is not there.
        stem: Name of the files, without ending.
        formats: Of `FORMATS`.
        tempo_bpm: Quarters a minute, in all formats; the piece's own if left out.
        is_expressive: Whether sound is performed with expression, and scores say with what.
        on_problem: Told format and reason of all that cannot be written, while the others are; if
            it is left out, the first reason is raised.
        render_audio: In place of `rendering.render_audio`.

    Raises:
        OptionError: If a format or the tempo is none.
        RequestError: If the piece cannot be written in a format: empty, or too long for sound.
        MissingTool: If a tool is absent.
    """
    kinds = check_formats(formats)
    played = replace(
        piece, tempo_bpm=check_tempo(piece.tempo_bpm if tempo_bpm is None else tempo_bpm)
    )
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if is_expressive:
        played = interpret(played)
    desk = _Desk(played, folder, stem, is_expressive, render_audio)
    written: dict[str, list[Path]] = {}
    for kind in kinds:
        try:
            written[kind] = desk.write(kind)
        except ComposerError as error:
            if on_problem is None:
                raise
            on_problem(kind, str(error))
    return written


def check_formats(formats: Iterable[str]) -> tuple[str, ...]:
    """Return formats in the order of `FORMATS`, each once.

    Raises:
        OptionError: If one is unknown, or there is none.
    """
    asked = {kind.strip().lower().removeprefix(".") for kind in formats} - {""}
    unknown = sorted(asked - set(FORMATS))
    if unknown or not asked:
        what = f"got {unknown[0][:20]!r}" if unknown else "got none"
        raise OptionError(f"`formats` must be some of {', '.join(FORMATS)}, {what}")
    return tuple(kind for kind in FORMATS if kind in asked)
