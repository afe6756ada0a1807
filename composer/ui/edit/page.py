"""The Edit page: a piece on the roll, bars marked there or notes painted, new candidates for them.

What happens in an event is in `handlers`; here errors become sentences, values find their place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from composer.ui.edit import controls, handlers, jobs, views, whole
from composer.ui.edit.controls import Empty, Ways
from composer.ui.edit.handlers import Editing
from composer.ui.edit.jobs import Job
from composer.ui.server.incidents import plain_errors
from composer.ui.shared import as_audio, choices, downloads, keeping, score_view, source, wording
from composer.ui.shared.elements import PICK_ROW, html
from composer.ui.shared.engines import menus
from composer.ui.shared.fields import offer
from composer.ui.shared.keeping import Keeper
from composer.ui.shared.score_view import ScoreView
from composer.ui.shared.source import Source
from composer.ui.shared.underway import Works
from composer.ui.shared.wiring import (
    AT_ONCE,
    READING,
    STATE_LIFE_S,
    Runs,
    Slots,
    Stage,
    Values,
    make_room,
    open_page,
    wire_sheet,
)
from composer.ui.studio import Studio

VIEW = "edit"
FORMATS = ("mid", "musicxml", "pdf", "mp3", "wav", "zip")
SILENT_FORMATS = ("mid", "musicxml", "pdf", "zip")


@dataclass(frozen=True)
class Results(Slots):
    """The components that a piece fills, by the names of `handlers.show`."""

    empty: gr.HTML
    shown: gr.Column
    heading: gr.HTML
    score: gr.HTML
    sheet: gr.HTML
    ranking: gr.HTML
    scorecard: gr.HTML
    record: gr.DownloadButton
    part: gr.Dropdown
    player_part: gr.Dropdown
    undo: gr.Button
    redo: gr.Button
    saved: gr.HTML


@dataclass(frozen=True)
class EditPage:
    """All that the events of the page share."""

    studio: Studio
    source: Source
    empty: Empty
    ways: Ways
    view: ScoreView
    keep: gr.Button
    results: Results
    stage: Stage
    runs: Runs


def build(
    demo: gr.Blocks,
    studio: Studio,
    visit: gr.State,
    onward: gr.Button,
    window_px: gr.Number,
    *,
    works: Works,
    keeper: Keeper,
) -> None:
    """Place the page and wire it.

    Args:
        demo: The whole page.
        studio: What writes.
        visit: What the Compose page of the tab holds.
        onward: The button there that takes its piece here.
        window_px: Holds the width of the visitor's window.
        works: All runs of the server.
        keeper: What the browser keeps of this page.
    """
    rows = studio.menu()
    state = gr.State(Editing(), time_to_live=STATE_LIFE_S)
    with gr.Row(elem_classes=["compose-page"]):
        with gr.Column(scale=2, min_width=320, elem_classes=["sheet"]):
            origin, empty = source.build(VIEW, "melody"), controls.build_empty()
            ways = controls.build(rows, studio.engines())
        with gr.Column(scale=5, min_width=320, elem_classes=["sheet"]):
            status = html(wording.status(""), elem_id="edit-status")
            draft = score_view.build_draft(VIEW)
            view, keep, results, made, audio = _build_results(studio, ways, keeper)
    stage = Stage(state, status, results, _show, view.sheet, handlers.show_sheet, window_px)
    runs = Runs(stage, ways.runs, ways.stop, works, keeper, draft)
    page = EditPage(studio, origin, empty, ways, view, keep, results, stage, runs)
    _wire_source(page, visit, onward)
    _wire_form(page)
    _wire_runs(page)
    _wire_changes(page)
    _wire_painting(page)
    stage.wire_pick(keeper.saved.open, handlers.open_kept, ["path", "key"])
    demo.load(None, None, None, js=keeping.arrive(VIEW))
    stage.wire_files(made, partial(handlers.make_file, studio.render_audio), view.edits)
    as_audio.wire(audio, studio, state, lambda editing: editing.version.on_show)


def _build_results(studio: Studio, ways: Ways, keeper: Keeper) -> Values:
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
        audio = as_audio.build(VIEW, studio)
        ranking = html(elem_id="edit-ranking", js_on_load=PICK_ROW)
        with gr.Accordion("Scorecard of the whole", open=False, elem_id="edit-scorecard-fold"):
            scorecard = html(elem_id="edit-scorecard", js_on_load=score_view.point_at(VIEW))
    results = Results(
        *(empty, shown, heading, view.view, view.sheet, ranking, scorecard, record),
        *(ways.part, ways.whole.part, undo, redo, keeper.saved),
    )
    return view, keep, results, made, audio


def _step(label: str, name: str) -> gr.Button:
    return gr.Button(label, size="sm", min_width=80, elem_id=f"edit-{name}")


def _show(state: Editing) -> Values:
    """Return the values of `Results`."""
    shown = handlers.show(state)
    record, parts = shown.pop("record"), views.part_choices(state.piece)
    return Results.fill(
        empty=gr.update(visible=False),
        shown=gr.update(visible=True),
        record=gr.update(value=record, interactive=record is not None),
        part=gr.update(choices=parts, value=handlers.given_part(state)),
        player_part=gr.update(choices=parts, value=0),
        undo=gr.update(interactive=state.history.can_undo),
        redo=gr.update(interactive=state.history.can_redo),
        **shown,
    )


def _wire_source(page: EditPage, visit: gr.State, onward: gr.Button) -> None:
    """Let music come from the Compose page, a file or a line of notes."""
    origin = page.source
    take_upload = partial(handlers.take_upload, page.studio.read_score)
    sources: tuple[tuple[Any, Callable[..., Editing], Any], ...] = (
        (origin.composed.click, handlers.take_composed, visit),
        (onward.click, handlers.take_composed, visit),
        (origin.upload.upload, take_upload, origin.upload),
        (origin.take_notes.click, handlers.take_melody, origin.notes),
    )
    for trigger, take, found in sources:
        page.stage.wire(trigger, take, [found], **READING)
    empty = page.empty
    laid = page.stage.wire(
        empty.take.click, whole.take_empty, [empty.key, empty.meter, empty.bars], **READING
    )
    laid.success(None, None, None, js=score_view.paint(VIEW))
    onward.click(None, None, None, js=open_page(VIEW))
    page.stage.wire_gone(origin.upload)


def _wire_form(page: EditPage) -> None:
    """Let the form follow the composer, and both the engine."""
    ways, rows_of = page.ways, menus(page.studio)

    def on_composer(engine: Any, composer: Any) -> Any:
        found = choices.form_choices(rows_of(engine), composer, ways.engines.can(engine))
        return gr.update(choices=found, value=found[0][1])

    def on_engine(engine: Any, composer: Any, form: Any) -> Values:
        rows = rows_of(engine)
        composers = choices.composer_choices(rows)
        composer = choices.kept(composers, composer)
        forms = choices.form_choices(rows, composer, ways.engines.can(engine))
        return offer(composers, composer), offer(forms, form)

    who, pair = ways.engines.choice, [ways.composer, ways.form]
    ways.composer.input(on_composer, [who, ways.composer], ways.form, **AT_ONCE)
    who.change(on_engine, [who, *pair], pair, **AT_ONCE)


def _wire_runs(page: EditPage) -> None:
    """Let each way of writing run, and Stop stop what this tab writes."""
    ways, selection, studio = page.ways, page.view.selection, page.studio
    makers = {
        "infill": studio.infill_steps,
        "paint": studio.paint_steps,
        "vary": studio.vary_steps,
        "harmonise": studio.harmonise_steps,
    }
    runs = page.runs
    note, chord, areas = ways.remake
    remake_note, remake_chord = (
        partial(jobs.remake_job, whole_chord=whole) for whole in (False, True)
    )
    jobs_of: tuple[tuple[gr.Button, Callable[..., Job], list[Any]], ...] = (
        (ways.infill, jobs.infill_job, [selection, ways.complete, ways.edges]),
        (note, remake_note, [page.view.caret]),
        (chord, remake_chord, [page.view.caret]),
        (areas, jobs.area_job, [page.view.areas, selection]),
        (ways.vary, jobs.vary_job, [selection, ways.freedom, ways.edges]),
        (ways.harmonise, jobs.harmonise_job, [ways.part, ways.composer, ways.form]),
    )
    for button, read_job, inputs in jobs_of:
        button.click(None, None, None, js=make_room("edit-status"))
        begin = _beginning(read_job, len(inputs), ways)
        inputs = [page.view.edits, *inputs, *ways.numbers.values(), *ways.engines.inputs]
        runs.wire(button.click, begin, partial(handlers.draw, makers), inputs)
    runs.wire_join()
    runs.wire_stop("edit-status")


def _beginning(read_job: Callable[..., Job], n_wanted: int, ways: Ways) -> Callable[..., Editing]:
    """Return what begins a run with the values of its own components, and settings by name."""

    def begin(state: Editing, edits: Any, *values: Any) -> Editing:
        wanted, rest = values[:n_wanted], values[n_wanted:]
        numbers = dict(zip(ways.numbers, rest, strict=False))
        numbers |= ways.engines.read(rest[len(ways.numbers) :])
        return handlers.begin(state, edits, read_job, (*wanted, numbers))

    return begin


def _wire_painting(page: EditPage) -> None:
    """Judge and engrave what is painted while it is painted."""
    stage, results, view = page.stage, page.results, page.view
    outputs = [stage.status, results.heading, results.scorecard, view.judged]

    def on_paint(state: Editing, edits: Any) -> Values:
        try:
            with plain_errors():
                return wording.status(""), *handlers.judge(state, edits).values()
        except gr.Error as error:
            return wording.status(error.message), gr.skip(), gr.skip(), gr.skip()

    # Of several changes that come while one is judged, only the last is judged.
    painted = view.view.edit(
        on_paint, [stage.state, view.edits], outputs, trigger_mode="always_last", **AT_ONCE
    )
    wire_sheet(painted, handlers.show_sheet, [stage.state, stage.window_px, view.edits], view.sheet)


def _wire_changes(page: EditPage) -> None:
    """Let the visitor pick, keep, undo and redo; what was painted is never lost."""
    stage, edits, results = page.stage, page.view.edits, page.results

    def painted_first(change: Callable[..., Editing]) -> Callable[..., Editing]:
        return lambda state, edits, *values: change(handlers.take_edits(state, edits), *values)

    stage.wire_pick(results.ranking.pick, painted_first(handlers.pick), ["rank"], [edits])
    of_all = page.ways.whole
    for button, change, values in (
        (of_all.transpose, whole.transpose, [of_all.interval]),
        (of_all.give, whole.give_to, [of_all.part, of_all.instrument]),
    ):
        stage.wire(button.click, _reworking(change), [edits, *values])
    stage.wire(page.keep.click, handlers.keep_all, [edits])
    stage.wire(results.undo.click, painted_first(handlers.undo), [edits])
    stage.wire(results.redo.click, painted_first(handlers.redo), [edits])


def _reworking(change: whole.Rework) -> Callable[..., Editing]:
    """Return what changes the whole piece: state, edits and values in, state out."""
    return lambda state, edits, *values: whole.rework(state, edits, change, *values)
