"""Where music to work on comes from: the Compose page, a file, a microphone, or typed notes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from composer.errors import RequestError
from composer.piece import Piece
from composer.ui.shared import piano, recorder
from composer.ui.shared.elements import FILE_TYPES, NAME_BUTTON, SOUND_TYPES, html
from composer.ui.shared.visit import Visit

MAX_CHARACTERS = 10_000
NO_MUSIC = "there is no music yet; give a file, type some notes, or take a composed piece"


@dataclass(frozen=True)
class Source:
    """The components.

    Args:
        composed: Takes what is on show on the Compose page.
        upload: Takes a file.
        notes: Holds what is typed or played, as ABC.
        take_notes: Takes it.
        more: What a page places beside the typed notes.
    """

    composed: gr.Button
    upload: gr.File
    notes: gr.Textbox
    take_notes: gr.Button
    more: Any = None


def build(
    page: str, kind: str, *, file_types: tuple[str, ...] = (), more: Callable[[], Any] | None = None
) -> Source:
    """Place where the music comes from.

    Args:
        page: Begins the names of the elements, such as `edit`.
        kind: What is typed: `theme` or `melody`.
        file_types: Endings of files besides those of scores.
        more: Places something between the typed notes and their button.
    """
    composed = gr.Button("Take the piece from Compose", elem_id=f"{page}-composed")
    html(
        '<h2 class="label">Or a MIDI or MusicXML file, or a recording</h2>', js_on_load=NAME_BUTTON
    )
    upload = gr.File(
        file_types=[*FILE_TYPES, *SOUND_TYPES, *file_types],
        show_label=False,
        label="MIDI or MusicXML file",
        elem_id=f"{page}-upload",
    )
    with gr.Accordion("Or sing or play it", open=False, elem_id=f"{page}-microphone-fold"):
        recorder.build(f"{page}-upload")
    with gr.Accordion(f"Or a {kind}", open=False, elem_id=f"{page}-{kind}-fold"):
        notes = gr.Textbox(
            label=kind.capitalize(),
            info="ABC notation, such as: M:3/4 L:1/4 K:G",
            placeholder="M:4/4\nL:1/4\nK:G\nG A B c | d2 B2 |",
            lines=5,
            max_lines=5,  # or it grows, and the piano under it moves while it is played
            elem_id=f"{page}-{kind}",
        )
        piano.build(f"{page}-{kind}")
        placed = more() if more else None
        take = gr.Button(f"Begin with this {kind}", elem_id=f"{page}-take-{kind}")
    return Source(composed, upload, notes, take, placed)


def composed_piece(visit: Visit) -> Piece:
    """Return what is on show on the Compose page.

    Raises:
        RequestError: If nothing is.
    """
    candidate = visit.candidate()
    if candidate is None:
        raise RequestError("nothing is composed yet; press Compose on the first page")
    return candidate.piece


def typed_notes(text: Any, kind: str) -> str:
    """Return notes that were typed, as far as they may be long.

    Raises:
        RequestError: If there are none.
    """
    if not isinstance(text, str) or not text.strip():
        raise RequestError(f"no {kind} is written yet; write some notes, such as `C D E F | G4`")
    return text[:MAX_CHARACTERS]
