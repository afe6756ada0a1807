"""The Inspect page: its components and how its events follow each other.

What happens in an event is in `inspect_handlers`; here errors become sentences, values find their
place.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from composer.ui.inspect import handlers, views
from composer.ui.inspect.handlers import ALL_FORMS, Inspection
from composer.ui.server.incidents import plain_errors
from composer.ui.shared import downloads, score_view, wiring, wording
from composer.ui.shared.downloads import Downloads
from composer.ui.shared.elements import FILE_TYPES, NAME_BUTTON, html
from composer.ui.shared.wiring import AT_ONCE, UNCHECKED, Slots
from composer.ui.studio import Studio

VIEW = "inspect"
INSPECTION_LIFE_S = 3600
READERS_AT_ONCE = 2
FORMATS = ("mid", "musicxml", "pdf", "svg", "wav", "mp3", "flac", "ogg")
SHEET_ONLY = FORMATS[:4]
READING = "reading the file"
FULL = "too many files are being read; try again in a moment"


@dataclass(frozen=True)
class Findings(Slots):
    """The components that a file fills, in the order in which `_show` fills them."""

    empty: gr.HTML
    shown: gr.Column
    side: gr.Column
    facts: gr.HTML
    form: gr.Dropdown
    heading: gr.HTML
    score: gr.HTML
    sheet: gr.HTML
    scorecard: gr.HTML


@dataclass(frozen=True)
class InspectPage:
    """All that the events of the page share."""

    studio: Studio
    window_px: gr.Number
    inspection: gr.State
    upload: gr.File
    status: gr.HTML
    findings: Findings
    downloads: Downloads


def build(studio: Studio, window_px: gr.Number) -> None:
    """Place the page and wire it.

    Args:
        studio: What reads files and renders sound.
        window_px: Holds the width of the visitor's window.
    """
    inspection = gr.State(Inspection(), time_to_live=INSPECTION_LIFE_S)
    with gr.Row(elem_classes=["compose-page", "inspect-page"]):
        with gr.Column(elem_classes=["sheet"]):
            upload = _build_upload()
        with gr.Column(elem_classes=["sheet"]):
            status = html(wording.status(""), elem_id="inspect-status")
            empty = html(views.EMPTY, elem_id="inspect-empty")
            with gr.Column(visible=False, elem_id="inspected") as shown:
                heading, view, made, form, scorecard = _build_findings(studio)
        # Last, so that on a telephone it unfolds below what is being looked at.
        with gr.Column(visible=False, elem_classes=["sheet"], elem_id="inspect-side") as side:
            facts = html(elem_id="facts")
    findings = Findings(
        *(empty, shown, side, facts, form, heading, view.view, view.sheet, scorecard)
    )
    page = InspectPage(studio, window_px, inspection, upload, status, findings, made)
    _wire_upload(page)
    _wire_form(page)
    _wire_files(page)


def _build_upload() -> gr.File:
    html(
        '<h2 class="label">A MIDI file of 2 MB at most, or MusicXML of 6 MB</h2>',
        js_on_load=NAME_BUTTON,
    )
    return gr.File(
        file_types=FILE_TYPES,
        show_label=False,
        label="MIDI or MusicXML file",
        elem_id="upload",
    )


def _build_form() -> gr.Dropdown:
    return gr.Dropdown(
        handlers.form_choices(),
        value=ALL_FORMS,
        label="compare with",
        info="real pieces of this form",
        elem_id="inspect-form",
    )


def _build_findings(studio: Studio) -> tuple[Any, ...]:
    """Place what a file brings."""
    heading = html(elem_id="inspect-heading")
    view = score_view.build(VIEW)
    problem = studio.sound_problem()
    with gr.Row(elem_classes=["downloads"]):
        made = downloads.build("inspect", SHEET_ONLY if problem else FORMATS)
    if problem:
        html(wording.note(problem))
    with gr.Accordion("Scorecard", open=True, elem_id="inspect-scorecard-fold"):
        form = _build_form()
        scorecard = html(elem_id="inspect-scorecard", js_on_load=score_view.point_at(VIEW))
    return heading, view, made, form, scorecard


def _wire_upload(page: InspectPage) -> None:
    """Read a file in a queue of its own, show it, then engrave it."""
    read = page.upload.upload(
        lambda: wording.status(READING), None, page.status, **AT_ONCE
    ).success(
        lambda inspection, upload: _read(page, inspection, upload),
        [page.inspection, page.upload],
        [page.inspection, page.status, *page.findings.in_order()],
        concurrency_id="inspect",
        concurrency_limit=READERS_AT_ONCE,
        **UNCHECKED,
    )
    read.failure(lambda: wording.status(FULL), None, page.status, **AT_ONCE)

    inputs = [page.inspection, page.window_px]
    wiring.wire_sheet(read, handlers.show_sheet, inputs, page.findings.sheet)


def _read(page: InspectPage, inspection: Inspection, upload: Any) -> tuple[Any, ...]:
    """Read and show a file; if it is refused, one sentence says why, and what was shown stays."""
    began_s = time.monotonic()
    try:
        with plain_errors():
            inspection = handlers.read_upload(page.studio.read_score, upload)
            shown = handlers.show(inspection, page.studio.judge)
    except gr.Error as error:
        return inspection, wording.status(error.message), *Findings.untouched()
    return (
        inspection,
        wording.status(f"read and compared in {time.monotonic() - began_s:.1f} s"),
        gr.update(visible=False),
        gr.update(visible=True),
        gr.update(visible=True),
        shown.facts,
        inspection.form,
        shown.heading,
        shown.score,
        wording.note("the sheet is being engraved"),
        shown.scorecard,
    )


def _wire_form(page: InspectPage) -> None:
    """Let the scorecard follow the form."""

    def on_form(inspection: Inspection, form: Any) -> tuple[Any, ...]:
        try:
            with plain_errors():
                chosen = handlers.choose_form(inspection, form)
                heading, scorecard = handlers.score_against(chosen, page.studio.judge)
        except gr.Error as error:
            return inspection, wording.status(error.message), gr.skip(), gr.skip()
        return chosen, wording.status(""), heading, scorecard

    page.findings.form.input(
        on_form,
        [page.inspection, page.findings.form],
        [page.inspection, page.status, page.findings.heading, page.findings.scorecard],
        **AT_ONCE,
    )


def _wire_files(page: InspectPage) -> None:
    """Make files when they are asked for."""

    def make(kind: str, inspection: Inspection) -> Path:
        return handlers.make_file(page.studio.render_audio, kind, inspection)

    inputs = [page.inspection]
    downloads.wire(page.downloads, make, inputs=inputs, status=page.status, **UNCHECKED)
