"""The Extend page: music in hand, more bars behind it, other candidates to go on from.

What happens in an event is in `handlers`; here errors become sentences, values find their place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from composer.ui.compose.controls import Controls
from composer.ui.extend import controls, handlers, views
from composer.ui.extend.controls import Growth, Start
from composer.ui.extend.handlers import Extending
from composer.ui.server.incidents import plain_errors
from composer.ui.shared import downloads, keeping, score_view, wording
from composer.ui.shared.downloads import Downloads
from composer.ui.shared.elements import html
from composer.ui.shared.keeping import Keeper
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
)
from composer.ui.studio import Studio

VIEW = "extend"
FORMATS = ("musicxml", "pdf", "mp3", "wav")
SILENT_FORMATS = ("musicxml", "pdf")
PICK = """
element.addEventListener('click', (event) => {
    const button = event.target.closest('button[data-chunk]');
    if (button) trigger('pick', {chunk: Number(button.dataset.chunk),
                                 rank: Number(button.dataset.rank)});
});
"""


@dataclass(frozen=True)
class Results(Slots):
    """The components that a tree fills, by the names of `handlers.show`."""

    empty: gr.HTML
    shown: gr.Column
    heading: gr.HTML
    score: gr.HTML
    sheet: gr.HTML
    chunks: gr.HTML
    midi: gr.DownloadButton
    record: gr.DownloadButton
    facts: gr.HTML
    undo: gr.Button
    redo: gr.Button
    saved: gr.HTML


@dataclass(frozen=True)
class ExtendPage:
    """All that the events of the page share."""

    studio: Studio
    start: Start
    growth: Growth
    stage: Stage
    runs: Runs

    @property
    def draw(self) -> Callable[..., Any]:
        """What draws a run that was begun."""
        studio = self.studio
        makers = {
            "extend": studio.extend_steps,
            "plan": studio.plan_steps,
            "long": studio.long_steps,
        }
        return partial(handlers.draw, makers)


def build(
    demo: gr.Blocks,
    studio: Studio,
    visit: gr.State,
    onward: gr.Button,
    window_px: gr.Number,
    *,
    works: Works,
    keeper: Keeper,
    asked: Controls,
) -> None:
    """Place the page and wire it.

    Args:
        demo: The whole page.
        studio: What composes.
        visit: What the Compose page of the tab holds.
        onward: The button there that takes its piece here.
        window_px: Holds the width of the visitor's window.
        works: All runs of the server.
        keeper: What the browser keeps of this page.
        asked: The controls of the Compose page, which ask for a long piece.
    """
    state = gr.State(Extending(), time_to_live=STATE_LIFE_S)
    with gr.Row(elem_classes=["compose-page"]):
        with gr.Column(scale=2, min_width=320, elem_classes=["sheet"]):
            start, growth = controls.build_start(), controls.build_growth(studio.engines())
        with gr.Column(scale=5, min_width=320, elem_classes=["sheet"]):
            status = html(wording.status(""), elem_id="extend-status")
            draft = score_view.build_draft(VIEW)
            results, made = _build_results(studio, start, growth, keeper)
    stage = Stage(state, status, results, _show, results.sheet, handlers.show_sheet, window_px)
    runs = Runs(stage, [growth.extend, asked.long.go], growth.stop, works, keeper, draft)
    page = ExtendPage(studio, start, growth, stage, runs)
    _wire_source(page, visit, onward)
    _wire_plan(page)
    _wire_run(page)
    _wire_long(page, asked)
    stage.wire_pick(results.chunks.pick, handlers.pick, ["chunk", "rank"])
    stage.wire_pick(keeper.saved.open, handlers.open_kept, ["path", "key"])
    demo.load(None, None, None, js=keeping.arrive(VIEW))
    stage.wire(growth.undo.click, handlers.undo)
    stage.wire(growth.redo.click, handlers.redo)
    stage.wire_files(made, partial(handlers.make_file, studio.render_audio))


def _build_results(
    studio: Studio, start: Start, growth: Growth, keeper: Keeper
) -> tuple[Results, Downloads]:
    empty = html(views.EMPTY, elem_id="extend-empty")
    with gr.Column(visible=False, elem_id="extended") as shown:
        heading = html(elem_id="extend-heading")
        view = score_view.build(VIEW)
        with gr.Row(elem_classes=["downloads"]):
            midi = gr.DownloadButton("↓ MIDI", size="sm", min_width=80, elem_id="extend-midi")
            made = downloads.build(VIEW, SILENT_FORMATS if studio.sound_problem() else FORMATS)
            record = gr.DownloadButton("↓ tree", size="sm", min_width=80, elem_id="extend-tree")
        chunks = html(elem_id="extend-chunks", js_on_load=PICK)
    results = Results(
        *(empty, shown, heading, view.view, view.sheet, chunks, midi, record),
        *(start.facts, growth.undo, growth.redo, keeper.saved),
    )
    return results, made


def _show(state: Extending) -> Values:
    """Return the values of `Results`."""
    return Results.fill(
        empty=gr.update(visible=False),
        shown=gr.update(visible=True),
        undo=gr.update(interactive=state.history.can_undo),
        redo=gr.update(interactive=state.history.can_redo),
        **handlers.show(state),
    )


def _wire_source(page: ExtendPage, visit: gr.State, onward: gr.Button) -> None:
    """Let music come from the Compose page, a file or a theme; show what was found in it."""
    origin, corrections = page.start.source, list(page.start.corrections)

    take_upload = partial(handlers.take_upload, page.studio.read_score)
    sources: tuple[tuple[Any, Callable[..., Extending], list[Any]], ...] = (
        (origin.composed.click, handlers.take_composed, [visit]),
        (onward.click, handlers.take_composed, [visit]),
        (origin.upload.upload, take_upload, [origin.upload]),
        (origin.take_notes.click, handlers.take_theme, [origin.notes, origin.more]),
    )
    for trigger, take, inputs in sources:
        page.stage.wire(trigger, take, inputs, **READING)
        trigger(lambda: [None] * len(corrections), None, corrections, **AT_ONCE)
    onward.click(None, None, None, js=open_page(VIEW))
    page.stage.wire_gone(origin.upload)
    for component in corrections:
        page.stage.wire(component.submit, handlers.correct, corrections)


def _wire_plan(page: ExtendPage) -> None:
    """Let the table of sections follow the form."""

    def on_plan(state: Extending, name: Any) -> Values:
        try:
            with plain_errors():
                rows = handlers.plan_table(state, name)
        except gr.Error as error:
            return gr.update(visible=False), gr.update(), wording.status(error.message)
        is_planned = bool(rows)
        table = gr.update(visible=is_planned, value=rows or None)
        return table, gr.update(interactive=not is_planned), wording.status("")

    growth, stage = page.growth, page.stage
    outputs = [growth.rows, growth.bars, stage.status]
    growth.plan.input(on_plan, [stage.state, growth.plan], outputs, **AT_ONCE)


def _wire_run(page: ExtendPage) -> None:
    """Let Extend draw more bars, and Stop stop what this tab draws."""
    growth, runs = page.growth, page.runs

    def begin(state: Extending, bars: Any, plan: Any, rows: Any, *numbers: Any) -> Extending:
        named = dict(zip(growth.numbers, numbers, strict=False))
        named |= growth.engines.read(numbers[len(named) :])
        return handlers.begin(state, bars, plan, rows, named)

    growth.extend.click(None, None, None, js=make_room("extend-status"))
    numbers = [*growth.numbers.values(), *growth.engines.inputs]
    inputs = [growth.bars, growth.plan, growth.rows, *numbers]
    runs.wire(growth.extend.click, begin, page.draw, inputs)
    runs.wire_join()
    runs.wire_stop("extend-status")


def _wire_long(page: ExtendPage, asked: Controls) -> None:
    """Let a long piece that is asked for on the Compose page grow here."""

    def begin(state: Extending, *values: Any) -> Extending:
        return handlers.begin_long(state, asked.read_long(*values))

    asked.long.go.click(None, None, None, js=open_page(VIEW))
    page.runs.wire(asked.long.go.click, begin, page.draw, asked.long_inputs)
