"""What a run brings, as components: the right column of the Compose page. Knows no event."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from composer.ui.compose import answers, handlers
from composer.ui.shared import as_audio, downloads, score_view
from composer.ui.shared.as_audio import AsAudio
from composer.ui.shared.downloads import Downloads
from composer.ui.shared.elements import PICK_ROW, html
from composer.ui.shared.visit import Visit
from composer.ui.shared.wiring import Slots, Values
from composer.ui.studio import Studio

EMPTY = (
    '<div class="empty"><p>Choose a composer and a form, then press <b>Compose</b>. Every setting '
    "is optional: the model chooses what you leave out. The best piece appears here to hear, see "
    "and keep.</p></div>"
)
VIEW = "compose"
# Made when they are asked for: sheets first, because they need no sound.
MADE_FORMATS = ("musicxml", "pdf", "mp3", "wav", "zip")
SILENT_FORMATS = ("musicxml", "pdf", "zip")
LIBRARY = "import(new URL('composer-assets/ui/library.js', document.baseURI))"
REOPEN = """
element.addEventListener('click', (event) => {
    const button = event.target.closest('button[data-run]');
    if (button) trigger('reopen', {run: Number(button.dataset.run)});
});
"""
COPY_LINK = """
element.addEventListener('click', async (event) => {
    const button = event.target.closest('button.copy');
    if (!button) return;
    const link = element.querySelector('a').href;
    try { await navigator.clipboard.writeText(link); button.textContent = 'copied'; }
    catch { button.textContent = 'press the link with the right button'; }
});
"""


EDIT_LAYOUT = """
element.addEventListener('click', (event) => {
    if (!event.target.closest('button.edit-layout')) return;
    const field = () => document.querySelector('#setting-layout textarea');
    if (!field()?.checkVisibility()) document.querySelector('#more button').click();
    const fill = () => {
        if (!field()) return requestAnimationFrame(fill);
        field().value = element.querySelector('.layout code').textContent;
        field().dispatchEvent(new Event('input', {bubbles: true}));
        field().focus();
    };
    fill();
});
"""


@dataclass(frozen=True)
class Results(Slots):
    """The components that a candidate fills, by the names of `handlers.show`."""

    empty: gr.HTML
    shown: gr.Column
    heading: gr.HTML
    score: gr.HTML
    sheet: gr.HTML
    why: gr.HTML
    midi: gr.DownloadButton
    record: gr.DownloadButton
    ranking: gr.HTML
    reason: gr.HTML
    asked: gr.HTML
    again: gr.HTML
    nearest: gr.HTML
    scorecard: gr.HTML
    rejected: gr.HTML
    history: gr.HTML
    saved: gr.HTML


@dataclass(frozen=True)
class Column:
    """The whole column.

    Args:
        results: What a candidate fills.
        onward: By page, the buttons that take what is on show there.
        expressive: Whether files are performed with expression.
        downloads: The buttons of files that are made when they are asked for.
        as_audio: The fold that makes recordings of it.
    """

    results: Results
    onward: dict[str, gr.Button]
    expressive: gr.Checkbox
    downloads: Downloads
    as_audio: AsAudio


def build(history: gr.HTML, saved: gr.HTML, studio: Studio, *, has_sound: bool) -> Column:
    """Place what a run brings; hidden until there is something.

    Args:
        history: Where the results of the visit are listed.
        saved: Where the browser learns what to keep in its library.
        studio: What makes recordings.
        has_sound: Whether sound files can be made.
    """
    empty = html(EMPTY, elem_id="empty")
    with gr.Column(visible=False, elem_id="shown") as shown:
        heading = html(elem_id="heading", js_on_load=EDIT_LAYOUT)
        view = score_view.build(VIEW, sheet_id="sheet")
        with gr.Accordion("Why", open=False, elem_id="why-fold"):
            why = html(elem_id="why")
        with gr.Row(elem_classes=["onward"]):
            onward = {
                page: gr.Button(f"Continue in {page.capitalize()}", size="sm", elem_id=f"to-{page}")
                for page in ("extend", "edit")
            }
        with gr.Row(elem_classes=["downloads"]):
            midi = _file_button("↓ MIDI", "midi")
            made = downloads.build(VIEW, MADE_FORMATS if has_sound else SILENT_FORMATS)
            record = _file_button("↓ JSON", "record")
        expressive = gr.Checkbox(
            True,
            label="Sound files with expression",
            info="off: exactly as written",
            container=False,
            visible=has_sound,
            elem_id="expressive",
        )
        audio = as_audio.build(VIEW, studio)
        ranking = html(elem_id="ranking", js_on_load=PICK_ROW)
        reason = html(elem_id="reason")
        with gr.Accordion("Your request and the result", open=False, elem_id="asked-fold"):
            asked = html(elem_id="asked")
            again = html(elem_id="again", js_on_load=COPY_LINK)
            nearest = html(elem_id="nearest")
        with gr.Accordion("Scorecard", open=False, elem_id="scorecard-fold"):
            scorecard = html(elem_id="scorecard", js_on_load=score_view.point_at(VIEW))
        with gr.Accordion("Rejected candidates", open=False, elem_id="rejected-fold"):
            rejected = html(elem_id="rejected")
    results = Results(
        *(empty, shown, heading, view.view, view.sheet, why, midi, record, ranking, reason),
        *(asked, again, nearest, scorecard, rejected, history, saved),
    )
    return Column(results, onward, expressive, made, audio)


def build_history() -> gr.HTML:
    """Place the list of this visit's results."""
    with gr.Accordion("This visit", open=False, elem_id="history-fold"):
        return html(answers.history((), ""), elem_id="history", js_on_load=REOPEN)


def build_library() -> None:
    """Place the pieces of this browser."""
    with gr.Accordion("My pieces", open=False, elem_id="library-fold"):
        html(
            html_template='<div class="library"></div>',
            js_on_load=f"{LIBRARY}.then((m) => m.mount(element));",
            elem_id="library",
        )


def _file_button(label: str, name: str) -> gr.DownloadButton:
    return gr.DownloadButton(label, size="sm", min_width=80, elem_id=name)


def show(visit: Visit) -> Values:
    """Return the values of `Results` for the candidate on show.

    Raises:
        RequestError: If nothing was composed yet.
    """
    return Results.fill(
        empty=gr.update(visible=False),
        shown=gr.update(visible=True),
        nearest="",
        **handlers.show(visit),
    )
