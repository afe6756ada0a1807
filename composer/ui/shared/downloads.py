"""Files that are made when they are asked for: a button a format, and a link once there is a file.

A browser downloads what a link points to, and a file that takes seconds has no address before it is
made. So a button makes the file, a hidden component takes it, and the browser follows its address.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import gradio as gr

from composer.errors import MissingTool, RequestError
from composer.piece import Piece
from composer.rendering.files import SOUND_FORMATS, write_files
from composer.ui.server.incidents import plain_errors
from composer.ui.shared import wording

# What a button says.
LABELS = {
    "mid": "MIDI",
    "musicxml": "MusicXML",
    "pdf": "PDF",
    "svg": "SVG",
    "wav": "WAV",
    "mp3": "MP3",
    "flac": "FLAC",
    "ogg": "OGG",
    "zip": "all as ZIP",
}
# What a bundle holds, as far as the tools for it are there.
BUNDLED = ("mid", "musicxml", "pdf", "mp3", "wav")
AT_ONCE_FILES = 2  # makers of files at work at once, for all visitors
# The browser follows the link to the file that has just been made.
_FOLLOW = """(file) => {
    if (!file?.url) return;
    const link = document.createElement('a');
    link.href = file.url;
    link.download = file.orig_name || '';
    document.body.append(link);
    link.click();
    link.remove();
}"""


@dataclass(frozen=True)
class Downloads:
    """The buttons of a page.

    Args:
        buttons: By format.
        link: Hidden; where a file lies when it is made.
    """

    buttons: dict[str, gr.Button]
    link: gr.DownloadButton


def build(page: str, formats: Sequence[str]) -> Downloads:
    """Place the buttons.

    Args:
        page: Begins the names of the elements, such as `inspect`.
        formats: Of `LABELS`.
    """
    buttons = {
        kind: gr.Button(f"↓ {LABELS[kind]}", size="sm", min_width=80, elem_id=f"{page}-{kind}")
        for kind in formats
    }
    link = gr.DownloadButton("made file", elem_id=f"{page}-made", elem_classes=["made"])
    return Downloads(buttons, link)


def wire(
    downloads: Downloads,
    make: Callable[..., Path],
    *,
    inputs: Sequence[Any],
    status: gr.HTML,
    **options: Any,
) -> None:
    """Let every button make its file and hand it out.

    Args:
        downloads: The buttons.
        make: Format and the values of `inputs` in, path out; raises what a person may read.
        inputs: Components.
        status: Where the status line is.
        options: Of gradio's events.
    """
    link = downloads.link
    for kind, button in downloads.buttons.items():
        made = button.click(
            _maker(kind, make),
            list(inputs),
            [link, status],
            concurrency_id="files",
            concurrency_limit=AT_ONCE_FILES,
            **options,
        )
        made.success(None, link, None, js=_FOLLOW)


def _maker(kind: str, make: Callable[..., Path]) -> Callable[..., Iterator[tuple[Any, str]]]:
    def on_click(*values: Any) -> Iterator[tuple[Any, str]]:
        yield None, wording.status(f"making the {_file_words(kind)}")
        try:
            with plain_errors():
                path = make(kind, *values)
        except gr.Error as error:
            yield None, wording.status(error.message)
            raise
        yield path, wording.status(f"the {_file_words(kind)} is ready")

    return on_click


def _file_words(kind: str) -> str:
    return "ZIP file with all formats" if kind == "zip" else f"{LABELS[kind]} file"


def _make_bundle(
    piece: Piece, target: Path, *, is_expressive: bool = True, render_audio: Callable[..., Path]
) -> Path:
    """Write all formats for which there are tools, and pack them into one ZIP file.

    Args:
        piece: What to write.
        target: Where to; what lies in it is named alike.
        is_expressive: Whether sound is performed with expression.
        render_audio: As `rendering.render_audio`.

    Raises:
        RequestError: If the piece cannot be written in any format.
    """
    paths, refusals = [], []
    for kind in BUNDLED:
        try:
            paths.append(
                make_file(
                    piece,
                    target.with_suffix(f".{kind}"),
                    is_expressive=is_expressive,
                    render_audio=render_audio,
                )
            )
        except (MissingTool, RequestError) as error:
            refusals.append(str(error))
    if not paths:
        raise RequestError(refusals[0])
    return _pack(paths, target)


def add_to_bundle(bundle: Path, path: Path) -> None:
    """Put one more file into a ZIP file."""
    with ZipFile(bundle, "a", ZIP_DEFLATED) as archive:
        archive.write(path, path.name)


def make_file(
    piece: Piece,
    target: Path,
    *,
    is_expressive: bool = True,
    render_audio: Callable[..., Path],
) -> Path:
    """Write a file once; of several pages a ZIP file; `zip` is all formats in one.

    Args:
        piece: What to write.
        target: Where to; its ending is the format.
        is_expressive: Whether sound is performed with expression.
        render_audio: As `rendering.render_audio`.

    Raises:
        RequestError: If the piece cannot be written so.
        MissingTool: If a tool is absent.
    """
    kind = target.suffix[1:]
    if kind == "zip":
        return _make_bundle(piece, target, is_expressive=is_expressive, render_audio=render_audio)
    if kind in SOUND_FORMATS and not is_expressive:
        target = target.with_name(f"{target.stem}-plain.{kind}")
    packed = target.with_name(f"{target.stem}-{kind}.zip")
    made = next((path for path in (target, packed) if path.exists()), None)
    if made:
        return made
    written = write_files(
        piece,
        target.parent,
        target.stem,
        [kind],
        is_expressive=is_expressive,
        render_audio=render_audio,
    )
    paths = written[kind]
    if len(paths) == 1:
        return paths[0]
    packed = _pack(paths, packed)
    for path in paths:
        path.unlink()
    return packed


def _pack(paths: Sequence[Path], target: Path) -> Path:
    with ZipFile(target, "w", ZIP_DEFLATED) as archive:
        for path in paths:
            archive.write(path, path.name)
    return target
