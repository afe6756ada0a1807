"""The Inspect page: its components and how its events follow each other.

What happens in an event is in `handlers`; here errors become sentences, values find their
place.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr

from composer.corpus.uploads.gate import MAX_BYTES
from composer.corpus.uploads.kinds import Kind
from composer.ui.inspect import figures, handlers, views
from composer.ui.inspect.handlers import ALL_FORMS, Inspection
from composer.ui.server.incidents import plain_errors
from composer.ui.shared import downloads, recorder, score_view, wiring, wording
from composer.ui.shared.downloads import Downloads
from composer.ui.shared.elements import FILE_TYPES, NAME_BUTTON, SOUND_TYPES, html
from composer.ui.shared.wiring import AT_ONCE, UNCHECKED, Slots
from composer.ui.studio import Studio

VIEW = "inspect"
INSPECTION_LIFE_S = 3600
READERS_AT_ONCE = 2
# Reading and drawing have a line of their own, in which nobody waits for those who compose.
IN_LINE: dict[str, Any] = {
    "concurrency_id": "inspect",
    "concurrency_limit": READERS_AT_ONCE,
    **UNCHECKED,
}
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
    figures: gr.HTML
    other: gr.File


# What `Findings` hold while there is no piece.
NOTHING = (gr.update(visible=True), *[gr.update(visible=False)] * 2, "", ALL_FORMS, *[""] * 5, None)


@dataclass(frozen=True)
class InspectPage:
    """All that the events of the page share."""

    studio: Studio
    window_px: gr.Number
    inspection: gr.State
    upload: gr.File
    status: gr.HTML
    other_status: gr.HTML
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
                heading, view, made, *compared = _build_findings(studio)
        # Last, so that on a telephone it unfolds below what is being looked at.
        with gr.Column(visible=False, elem_classes=["sheet"], elem_id="inspect-side") as side:
            facts = html(elem_id="facts")
    form, scorecard, drawn, other, other_status = compared
    findings = Findings(
        *(empty, shown, side, facts, form, heading, view.view, view.sheet, scorecard, drawn, other)
    )
    page = InspectPage(studio, window_px, inspection, upload, status, other_status, findings, made)
    _wire_upload(page)
    _wire_other(page)
    _wire_form(page)
    _wire_files(page)


def _megabytes(kind: Kind) -> str:
    return f"{MAX_BYTES[kind] / 1e6:.0f} MB"


def _build_upload() -> gr.File:
    html(
        f'<h2 class="label">A MIDI file of {_megabytes(Kind.MIDI)} at most, or MusicXML of '
        f"{_megabytes(Kind.MUSICXML)}, or a recording</h2>",
        js_on_load=NAME_BUTTON,
    )
    upload = gr.File(
        file_types=[*FILE_TYPES, *SOUND_TYPES],
        show_label=False,
        label="MIDI or MusicXML file",
        elem_id="upload",
    )
    with gr.Accordion("Or sing or play it", open=False, elem_id="inspect-microphone-fold"):
        recorder.build("upload")
    return upload


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
    with gr.Row(elem_classes=["pair"]):
        with gr.Column(min_width=260):
            form = _build_form()
        with gr.Column(min_width=260):
            other, other_status = _build_other()
    with gr.Accordion("Figures", open=True, elem_id="inspect-figures-fold"):
        drawn = html(
            html_template=figures.TEMPLATE, js_on_load=figures.ON_LOAD, elem_id="inspect-figures"
        )
    with gr.Accordion("Scorecard", open=True, elem_id="inspect-scorecard-fold"):
        scorecard = html(elem_id="inspect-scorecard", js_on_load=score_view.point_at(VIEW))
    return heading, view, made, form, scorecard, drawn, other, other_status


def _build_other() -> tuple[gr.File, gr.HTML]:
    """Place where a second file comes in beside the first."""
    html('<h3 class="label">a second file beside this one</h3>', js_on_load=NAME_BUTTON)
    other = gr.File(
        file_types=FILE_TYPES,
        show_label=False,
        label="second MIDI or MusicXML file",
        height=96,
        elem_id="inspect-other",
    )
    return other, html(wording.status(""), elem_id="inspect-other-status")


def _wire_upload(page: InspectPage) -> None:
    """Read a file in a queue of its own, show it, then engrave it and draw its figures."""
    shown = [page.inspection, page.status, page.other_status, *page.findings.in_order()]
    nothing = (Inspection(), wording.status(""), wording.status(""), *NOTHING)
    read = page.upload.upload(
        lambda: wording.status(READING), None, page.status, **AT_ONCE
    ).success(lambda upload: _read(page, upload), page.upload, shown, **IN_LINE)
    # Who takes the file away while it is being read fails here too, and needs no sentence.
    read.failure(
        lambda upload: wording.status(FULL if upload else ""), page.upload, page.status, **AT_ONCE
    )
    # What was read may come after the file is gone, when it was on its way already.
    read.success(
        lambda upload: tuple(gr.skip() for _ in nothing) if upload else nothing,
        page.upload,
        shown,
        **AT_ONCE,
    )
    inputs = [page.inspection, page.window_px]
    engraved = wiring.wire_sheet(read, handlers.show_sheet, inputs, page.findings.sheet)
    drawn = _wire_figures(page, read)
    gone = [page.upload.clear, page.upload.delete]
    gr.on(gone, None, None, None, js=score_view.HUSH)
    # What is still under way belongs to a file that is no longer there.
    gr.on(
        gone,
        lambda: nothing,
        None,
        shown,
        cancels=[read, engraved, drawn],
        **AT_ONCE,
    )


def _read(page: InspectPage, upload: Any) -> tuple[Any, ...]:
    """Read and show a file; if it is refused, one sentence says why, and nothing is on show."""
    if not upload:  # taken away before its turn came
        return Inspection(), wording.status(""), wording.status(""), *NOTHING
    began_s = time.monotonic()
    try:
        with plain_errors():
            inspection = handlers.read_upload(page.studio.read_score, upload)
            shown = handlers.show(inspection, page.studio.judge)
    except gr.Error as error:
        return Inspection(), wording.status(error.message), wording.status(""), *NOTHING
    return (
        inspection,
        wording.status(f"read and compared in {time.monotonic() - began_s:.1f} s"),
        wording.status(""),
        gr.update(visible=False),
        gr.update(visible=True),
        gr.update(visible=True),
        shown.facts,
        inspection.form,
        shown.heading,
        shown.score,
        wording.note("the sheet is being engraved"),
        shown.scorecard,
        "",
        None,
    )


def _wire_figures(page: InspectPage, changed: Any) -> Any:
    """Draw the figures after an event; return the event of the drawing."""

    def on_changed(inspection: Inspection) -> str:
        with plain_errors():
            return handlers.show_figures(inspection, page.studio.judge)

    return changed.success(on_changed, page.inspection, page.findings.figures, **IN_LINE)


def _wire_other(page: InspectPage) -> None:
    """Let a second file stand beside the first, until it is taken away or refused."""

    def on_other(inspection: Inspection, upload: Any) -> tuple[Any, ...]:
        try:
            with plain_errors():
                found = handlers.read_other(page.studio.read_score, inspection, upload)
        except gr.Error as error:
            return replace(inspection, other=None), wording.status(error.message), ""
        return found, wording.status(""), ""

    outputs = [page.inspection, page.other_status, page.findings.figures]
    other = page.findings.other
    read = other.upload(on_other, [page.inspection, other], outputs, **IN_LINE)
    _wire_figures(page, read)
    cleared = gr.on(
        [other.clear, other.delete],
        lambda inspection: (replace(inspection, other=None), wording.status(""), ""),
        page.inspection,
        outputs,
        cancels=[read],
        **AT_ONCE,
    )
    _wire_figures(page, cleared)


def _wire_form(page: InspectPage) -> None:
    """Let the scorecard and the figures follow the form."""
    findings = page.findings

    def on_form(inspection: Inspection, form: Any) -> tuple[Any, ...]:
        try:
            with plain_errors():
                chosen = handlers.choose_form(inspection, form)
                heading, scorecard = handlers.score_against(chosen, page.studio.judge)
        except gr.Error as error:  # the list shows again what the values are compared with
            untouched = (gr.skip() for _ in range(3))
            return inspection, inspection.form, wording.status(error.message), *untouched
        return chosen, chosen.form, wording.status(""), heading, scorecard, ""

    chosen = findings.form.input(
        on_form,
        [page.inspection, findings.form],
        [
            page.inspection,
            findings.form,
            page.status,
            findings.heading,
            findings.scorecard,
            findings.figures,
        ],
        **AT_ONCE,
    )
    _wire_figures(page, chosen)


def _wire_files(page: InspectPage) -> None:
    """Make files when they are asked for."""

    def make(kind: str, inspection: Inspection) -> Path:
        return handlers.make_file(page.studio.render_audio, kind, inspection)

    inputs = [page.inspection]
    downloads.wire(page.downloads, make, inputs=inputs, status=page.status, **UNCHECKED)
