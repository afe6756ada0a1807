"""The Extend page: music in hand, more bars behind it, other candidates to go on from.

What happens in an event is in `extend_handlers`; here errors become sentences, values find their
place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from composer.ui.extend import controls, handlers, views
from composer.ui.extend.controls import Source, Wish
from composer.ui.extend.handlers import Extending
from composer.ui.server.incidents import plain_errors
from composer.ui.shared import downloads, score_view, wiring, wording
from composer.ui.shared.downloads import Downloads
from composer.ui.shared.elements import html
from composer.ui.shared.running import WAITING
from composer.ui.shared.score_view import ScoreView
from composer.ui.shared.wiring import AT_ONCE, UNCHECKED, Runs, Slots
from composer.ui.studio import Studio

VIEW = "extend"
LIFE_S = 3600
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
    """The components that a tree fills, in the order in which `_show` fills them."""

    empty: gr.HTML
    shown: gr.Column
    heading: gr.HTML
    score: gr.HTML
    sheet: gr.HTML
    chunks: gr.HTML
    midi: gr.DownloadButton
    record: gr.DownloadButton


@dataclass(frozen=True)
class ExtendPage:
    """All that the events of the page share."""

    studio: Studio
    window_px: gr.Number
    state: gr.State
    status: gr.HTML
    source: Source
    wish: Wish
    results: Results
    downloads: Downloads


def build(studio: Studio, visit: gr.State, window_px: gr.Number, *, n_at_once: int) -> None:
    """Place the page and wire it.

    Args:
        studio: What composes.
        visit: What the Compose page of the tab holds.
        window_px: Holds the width of the visitor's window.
        n_at_once: How many runs share the model.
    """
    state = gr.State(Extending(), time_to_live=LIFE_S)
    with gr.Row(elem_classes=["compose-page"]):
        with gr.Column(scale=2, min_width=320, elem_classes=["sheet"]):
            source, wish = controls.build_source(), controls.build_wish()
        with gr.Column(scale=5, min_width=320, elem_classes=["sheet"]):
            status = html(wording.status(""), elem_id="extend-status")
            results, made = _build_results(studio)
    page = ExtendPage(studio, window_px, state, status, source, wish, results, made)
    _wire_source(page, visit)
    _wire_plan(page)
    _wire_run(page, n_at_once)
    _wire_tree(page)
    _wire_files(page)


def _build_results(studio: Studio) -> tuple[Results, Downloads]:
    empty = html(views.EMPTY, elem_id="extend-empty")
    with gr.Column(visible=False, elem_id="extended") as shown:
        heading = html(elem_id="extend-heading")
        view: ScoreView = score_view.build(VIEW)
        with gr.Row(elem_classes=["downloads"]):
            midi = gr.DownloadButton("↓ MIDI", size="sm", min_width=80, elem_id="extend-midi")
            made = downloads.build(VIEW, SILENT_FORMATS if studio.sound_problem() else FORMATS)
            record = gr.DownloadButton("↓ tree", size="sm", min_width=80, elem_id="extend-tree")
        chunks = html(elem_id="extend-chunks", js_on_load=PICK)
    results = Results(empty, shown, heading, view.view, view.sheet, chunks, midi, record)
    return results, made


def _outputs(page: ExtendPage) -> list[Any]:
    return [page.state, page.status, *page.results.in_order()]


def _change(change: Callable[..., Extending]) -> Callable[..., tuple[Any, ...]]:
    return wiring.changing(change, _show, Results.untouched())


def _show(state: Extending) -> tuple[Any, ...]:
    """Return the values of `Results`."""
    shown = handlers.show(state)
    return (
        gr.update(visible=False),
        gr.update(visible=True),
        shown.heading,
        shown.score,
        wording.note("the sheet is being engraved"),
        shown.chunks,
        shown.midi,
        shown.record,
    )


def _wire_source(page: ExtendPage, visit: gr.State) -> None:
    """Let music come from the Compose page, a file or a theme; show what was found in it."""
    source, corrections = page.source, list(page.source.corrections)

    def corrected(state: Extending, values: tuple[Any, ...]) -> tuple[Any, ...]:
        try:
            with plain_errors():
                found, facts = handlers.correct(state, *values)
                return found, wording.status(""), facts, *_show(found)
        except gr.Error as error:
            return state, wording.status(error.message), gr.skip(), *Results.untouched()

    def taken(take: Callable[..., Extending]) -> Callable[..., tuple[Any, ...]]:
        def on_event(state: Extending, *values: Any) -> tuple[Any, ...]:
            try:
                with plain_errors():
                    begun = take(*values)
            except gr.Error as error:
                skipped = (gr.skip() for _ in (source.facts, *corrections))
                return state, wording.status(error.message), *Results.untouched(), *skipped
            if begun.tree is not None:  # a saved tree is as it was left
                facts = "", *_show(begun)
                return begun, wording.status(""), *facts, *(None for _ in corrections)
            none = tuple(None for _ in corrections)
            return *corrected(begun, none), *none

        return on_event

    def take_file(upload: Any) -> Extending:
        name = upload.get("orig_name", "") if isinstance(upload, dict) else ""
        if isinstance(name, str) and name.lower().endswith(".json"):
            return handlers.load_tree(Extending(), upload)
        return handlers.take_upload(page.studio.read_score, upload)

    outputs = [page.state, page.status, source.facts, *page.results.in_order()]
    with_corrections = [*outputs, *corrections]
    sources = (
        (source.composed.click, handlers.take_composed, [visit]),
        (source.upload.upload, take_file, [source.upload]),
        (source.theme_button.click, handlers.take_theme, [source.theme, source.ensemble]),
    )
    in_line: dict[str, Any] = {"concurrency_id": "inspect", **UNCHECKED}
    for trigger, take, inputs in sources:
        shown = trigger(taken(take), [page.state, *inputs], with_corrections, **in_line)
        _wire_sheet(page, shown)
    changed = [component.submit for component in corrections]
    redone = gr.on(
        changed,
        lambda state, *values: corrected(state, values),
        [page.state, *corrections],
        outputs,
        **AT_ONCE,
    )
    _wire_sheet(page, redone)


def _wire_plan(page: ExtendPage) -> None:
    """Let the table of sections follow the form."""

    def on_plan(state: Extending, name: Any) -> tuple[Any, ...]:
        try:
            with plain_errors():
                rows = handlers.plan_table(state, name)
        except gr.Error as error:
            return gr.update(visible=False), gr.update(), wording.status(error.message)
        is_planned = bool(rows)
        table = gr.update(visible=is_planned, value=rows or None)
        return table, gr.update(interactive=not is_planned), wording.status("")

    wish = page.wish
    outputs = [wish.rows, wish.bars, page.status]
    wish.plan.input(on_plan, [page.state, wish.plan], outputs, **AT_ONCE)


def _wire_run(page: ExtendPage, n_at_once: int) -> None:
    """Let Extend draw more bars, and Stop stop what this tab draws."""
    wish = page.wish
    runs = Runs(page.state, page.status, [wish.extend], wish.stop, n_at_once)
    steps = (page.studio.extend_steps, page.studio.plan_steps)

    def on_begin(state: Extending) -> tuple[Any, ...]:
        with plain_errors():
            begun = handlers.begin(state)
        return begun, wording.status(WAITING, 0.0), *runs.updates(is_running=True)

    def draw(
        state: Extending, bars: Any, plan: Any, rows: Any, *numbers: Any
    ) -> Iterator[tuple[Any, ...]]:
        return handlers.draw(*steps, state, bars, plan, rows, numbers)

    wish.extend.click(None, None, None, js=score_view.HUSH)
    begun = wish.extend.click(
        on_begin,
        page.state,
        [page.state, page.status, *runs.buttons],
        concurrency_limit=None,
        **UNCHECKED,
    )
    inputs = [wish.bars, wish.plan, wish.rows, *wish.numbers]
    drawn = wiring.wire_run(runs, begun, draw, inputs)
    shown = drawn.success(_on_shown, page.state, page.results.in_order(), **AT_ONCE)
    _wire_sheet(page, shown)
    wiring.wire_stop(runs)


def _on_shown(state: Extending) -> tuple[Any, ...]:
    with plain_errors():
        return _show(state)


def _wire_tree(page: ExtendPage) -> None:
    """Let the visitor walk about in the tree."""

    def on_pick(state: Extending, event: gr.EventData) -> tuple[Any, ...]:
        chunk, rank = getattr(event, "chunk", None), getattr(event, "rank", None)
        return _change(lambda held: handlers.pick(held, chunk, rank))(state)

    picked = page.results.chunks.pick(on_pick, page.state, _outputs(page), **AT_ONCE)
    _wire_sheet(page, picked)
    for button, change in (
        (page.wish.undo, handlers.undo),
        (page.wish.redo, handlers.redo),
    ):
        changed = button.click(_change(change), page.state, _outputs(page), **AT_ONCE)
        _wire_sheet(page, changed)


def _wire_sheet(page: ExtendPage, shown: Any) -> None:
    inputs = [page.state, page.window_px]
    wiring.wire_sheet(shown, handlers.show_sheet, inputs, page.results.sheet)


def _wire_files(page: ExtendPage) -> None:
    """Make files when they are asked for."""

    def make(kind: str, state: Extending) -> Path:
        return handlers.make_file(page.studio.render_audio, kind, state)

    downloads.wire(page.downloads, make, inputs=[page.state], status=page.status, **UNCHECKED)
