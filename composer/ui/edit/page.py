"""The Edit page: a piece on the roll, bars marked there or notes painted, new candidates for them.

What happens in an event is in `edit_handlers`; here errors become sentences, values find their
place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from composer.ui.edit import controls, handlers, jobs, views
from composer.ui.edit.controls import Source, Wish
from composer.ui.edit.handlers import Editing, Steps
from composer.ui.edit.jobs import Job
from composer.ui.server.incidents import plain_errors
from composer.ui.shared import choices, downloads, score_view, wiring, wording
from composer.ui.shared.downloads import Downloads
from composer.ui.shared.elements import PICK_ROW, html
from composer.ui.shared.running import WAITING
from composer.ui.shared.score_view import ScoreView
from composer.ui.shared.wiring import AT_ONCE, UNCHECKED, Runs, Slots
from composer.ui.studio import Studio

VIEW = "edit"
LIFE_S = 3600
FORMATS = ("mid", "musicxml", "pdf", "mp3", "wav", "zip")
SILENT_FORMATS = ("mid", "musicxml", "pdf", "zip")
# A new run silences the old one; where the columns stand one below the other, its line is shown.
MAKE_ROOM = f"""() => {{
    ({score_view.HUSH})();
    const line = document.querySelector('#edit-status');
    if (window.innerWidth < 760) line.scrollIntoView({{behavior: 'smooth', block: 'start'}});
}}"""


@dataclass(frozen=True)
class Results(Slots):
    """The components that a piece fills, in the order in which `_show` fills them."""

    empty: gr.HTML
    shown: gr.Column
    heading: gr.HTML
    score: gr.HTML
    sheet: gr.HTML
    ranking: gr.HTML
    scorecard: gr.HTML
    record: gr.DownloadButton
    part: gr.Dropdown
    undo: gr.Button
    redo: gr.Button


@dataclass(frozen=True)
class EditPage:
    """All that the events of the page share."""

    studio: Studio
    window_px: gr.Number
    state: gr.State
    status: gr.HTML
    source: Source
    wish: Wish
    view: ScoreView
    keep: gr.Button
    results: Results
    downloads: Downloads

    def outputs(self) -> list[Any]:
        """What an event changes that puts something on show."""
        return [self.state, self.status, *self.results.in_order()]


def build(studio: Studio, visit: gr.State, window_px: gr.Number, *, n_at_once: int) -> None:
    """Place the page and wire it.

    Args:
        studio: What writes.
        visit: What the Compose page of the tab holds.
        window_px: Holds the width of the visitor's window.
        n_at_once: How many runs share the model.
    """
    rows = studio.menu()
    state = gr.State(Editing(), time_to_live=LIFE_S)
    with gr.Row(elem_classes=["compose-page"]):
        with gr.Column(scale=2, min_width=320, elem_classes=["sheet"]):
            source, wish = controls.build_source(), controls.build_wish(rows)
        with gr.Column(scale=5, min_width=320, elem_classes=["sheet"]):
            status = html(wording.status(""), elem_id="edit-status")
            view, keep, results, made = _build_results(studio, wish.part)
    page = EditPage(studio, window_px, state, status, source, wish, view, keep, results, made)
    _wire_source(page, visit)
    _wire_form(page)
    _wire_runs(page, n_at_once)
    _wire_changes(page)
    _wire_files(page)


def _build_results(studio: Studio, part: gr.Dropdown) -> tuple[Any, ...]:
    empty = html(views.EMPTY, elem_id="edit-empty")
    with gr.Column(visible=False, elem_id="edited") as shown:
        with gr.Row(elem_classes=["edit-head"]):
            heading = html(elem_id="edit-heading")
            with gr.Row(elem_classes=["steps"]):
                keep = _step("✓ Keep", "keep")
                undo, redo = _step("↶ Undo", "undo"), _step("↷ Redo", "redo")
        view = score_view.build(VIEW, paints=True)
        with gr.Row(elem_classes=["downloads"]):
            made = downloads.build(VIEW, SILENT_FORMATS if studio.sound_problem() else FORMATS)
            record = gr.DownloadButton("↓ JSON", size="sm", min_width=80, elem_id="edit-record")
        ranking = html(elem_id="edit-ranking", js_on_load=PICK_ROW)
        with gr.Accordion("Scorecard of the whole", open=False, elem_id="edit-scorecard-fold"):
            scorecard = html(elem_id="edit-scorecard", js_on_load=score_view.point_at(VIEW))
    results = Results(
        *(empty, shown, heading, view.view, view.sheet, ranking, scorecard, record),
        *(part, undo, redo),
    )
    return view, keep, results, made


def _step(label: str, name: str) -> gr.Button:
    return gr.Button(label, size="sm", min_width=80, elem_id=f"edit-{name}")


def _show(state: Editing) -> tuple[Any, ...]:
    """Return the values of `Results`."""
    shown = handlers.show(state)
    parts = views.part_choices(state.piece)
    return (
        gr.update(visible=False),
        gr.update(visible=True),
        shown.heading,
        shown.score,
        wording.note("the sheet is being engraved"),
        shown.ranking,
        shown.scorecard,
        gr.update(value=shown.record, interactive=shown.record is not None),
        gr.update(choices=parts, value=handlers.given_part(state)),
        gr.update(interactive=bool(state.shown or state.at)),
        gr.update(interactive=state.at + 1 < len(state.versions)),
    )


def _change(change: Callable[..., Editing]) -> Callable[..., tuple[Any, ...]]:
    """Return an event that changes the state while nothing runs, and shows it."""

    def change_idle(state: Editing, *values: Any) -> Editing:
        state.check_idle()
        return change(state, *values)

    return wiring.changing(change_idle, _show, Results.untouched())


def _wire_source(page: EditPage, visit: gr.State) -> None:
    """Let music come from the Compose page, a file or a line of notes."""
    source = page.source
    sources: tuple[tuple[Any, Callable[..., Editing], Any], ...] = (
        (source.composed.click, handlers.take_composed, visit),
        (
            source.upload.upload,
            lambda upload: handlers.take_upload(page.studio.read_score, upload),
            source.upload,
        ),
        (source.melody_button.click, handlers.take_melody, source.melody),
    )
    in_line: dict[str, Any] = {"concurrency_id": "inspect", **UNCHECKED}
    for trigger, take, found in sources:
        on_event = _change(_replacing(take))
        _wire_sheet(page, trigger(on_event, [page.state, found], page.outputs(), **in_line))


def _replacing(take: Callable[[Any], Editing]) -> Callable[..., Editing]:
    return lambda state, value: take(value)


def _wire_form(page: EditPage) -> None:
    """Let the form follow the composer."""
    rows = page.studio.menu()

    def on_composer(composer: Any) -> Any:
        offered = choices.form_choices(rows, composer)
        return gr.update(choices=offered, value=offered[0][1])

    page.wish.composer.input(on_composer, page.wish.composer, page.wish.form, **AT_ONCE)


def _wire_runs(page: EditPage, n_at_once: int) -> None:
    """Let each way of writing run, and Stop stop what this tab writes."""
    wish, selection = page.wish, page.view.selection
    ways: tuple[tuple[gr.Button, Callable[..., Job], list[Any]], ...] = (
        (wish.infill, jobs.infill_job, [selection, wish.complete, wish.edges]),
        (wish.vary, jobs.vary_job, [selection, wish.freedom, wish.edges]),
        (wish.harmonise, jobs.harmonise_job, [wish.part, wish.composer, wish.form]),
    )
    runs = Runs(page.state, page.status, wish.runs, wish.stop, n_at_once)
    for button, read_job, inputs in ways:
        _wire_run(page, runs, button, read_job, inputs)
    wiring.wire_stop(runs)


def _wire_run(
    page: EditPage,
    runs: Runs,
    button: gr.Button,
    read_job: Callable[..., Job],
    inputs: list[Any],
) -> None:
    """Begin at once, write in the queue, then show."""
    makers = _makers(page.studio)

    def on_begin(state: Editing, edits: Any, *values: Any) -> Iterator[tuple[Any, ...]]:
        wanted, numbers = values[: len(inputs)], values[len(inputs) :]
        try:
            with plain_errors():
                begun = handlers.begin(state, edits, read_job, (*wanted, numbers))
        except gr.Error as error:
            yield state, wording.status(error.message), *(gr.skip() for _ in runs.buttons)
            raise
        yield begun, wording.status(WAITING, 0.0), *runs.updates(is_running=True)

    def draw(state: Editing) -> Iterator[tuple[Any, ...]]:
        return handlers.draw(makers, state)

    button.click(None, None, None, js=MAKE_ROOM)
    begun = button.click(
        on_begin,
        [page.state, page.view.edits, *inputs, *page.wish.numbers],
        [page.state, page.status, *runs.buttons],
        concurrency_limit=None,
        **UNCHECKED,
    )
    drawn = wiring.wire_run(runs, begun, draw, [])
    for ended in (drawn.success, drawn.failure):  # what was painted before is on the bench
        shown = ended(_on_shown, page.state, page.results.in_order(), **AT_ONCE)
        _wire_sheet(page, shown)


def _makers(studio: Studio) -> dict[str, Callable[..., Steps]]:
    return {
        "infill": studio.infill_steps,
        "vary": studio.vary_steps,
        "harmonise": studio.harmonise_steps,
    }


def _on_shown(state: Editing) -> tuple[Any, ...]:
    with plain_errors():
        return _show(state)


def _wire_changes(page: EditPage) -> None:
    """Let the visitor pick, keep, undo and redo; what was painted is never lost."""

    def painted_first(change: Callable[..., Editing]) -> Callable[..., Editing]:
        return lambda state, edits, *values: change(handlers.take_edits(state, edits), *values)

    def on_pick(state: Editing, edits: Any, event: gr.EventData) -> tuple[Any, ...]:
        pick = painted_first(handlers.pick)
        return _change(pick)(state, edits, getattr(event, "rank", None))

    inputs = [page.state, page.view.edits]
    picked = page.results.ranking.pick(on_pick, inputs, page.outputs(), **AT_ONCE)
    _wire_sheet(page, picked)
    for button, change in (
        (page.keep, handlers.keep_all),
        (page.results.undo, painted_first(handlers.undo)),
        (page.results.redo, painted_first(handlers.redo)),
    ):
        changed = button.click(_change(change), inputs, page.outputs(), **AT_ONCE)
        _wire_sheet(page, changed)


def _wire_sheet(page: EditPage, shown: Any) -> None:
    inputs = [page.state, page.window_px]
    wiring.wire_sheet(shown, handlers.show_sheet, inputs, page.results.sheet)


def _wire_files(page: EditPage) -> None:
    """Make files when they are asked for, with what was painted."""

    def make(kind: str, state: Editing, edits: Any) -> Path:
        return handlers.make_file(page.studio.render_audio, kind, state, edits)

    inputs = [page.state, page.view.edits]
    downloads.wire(page.downloads, make, inputs=inputs, status=page.status, **UNCHECKED)
