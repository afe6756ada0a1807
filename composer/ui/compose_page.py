"""The Compose page: its components and how its events follow each other.

What happens in an event is in `handlers`; here errors become sentences, values find their place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import gradio as gr

from composer.engines import MenuRow
from composer.ui import choices, controls, downloads, handlers, views
from composer.ui.choices import OPEN, Example
from composer.ui.controls import Controls
from composer.ui.downloads import Downloads
from composer.ui.incidents import plain_errors
from composer.ui.studio import Studio
from composer.ui.visit import Visit

VISIT_LIFE_S = 3600
# Values reach the handlers as the browser sent them: `wishes` checks them, with better words.
UNCHECKED: dict[str, Any] = {
    "preprocess": False,
    "show_progress": "hidden",
    "api_visibility": "private",
}
# Quick events do not wait in the queue, so that no run of another visitor delays them. Gradio shows
# no errors of such events: they belong into the status line.
AT_ONCE: dict[str, Any] = {**UNCHECKED, "queue": False}
# Made when they are asked for: sheets first, because they need no sound.
MADE_FORMATS = ("musicxml", "pdf", "mp3")
WAVEFORM = gr.WaveformOptions(waveform_color="#a8a29e", waveform_progress_color="#0f766e")
# A row holds a button for keyboards and screen readers; a click anywhere on the row counts.
PICK_ROW = """
element.addEventListener('click', (event) => {
    const row = event.target.closest('tr[data-rank]');
    if (row) trigger('pick', {rank: Number(row.dataset.rank)});
});
"""


@dataclass(frozen=True)
class Results:
    """The components of the right column, in the order in which `_show` fills them."""

    empty: gr.HTML
    shown: gr.Column
    heading: gr.HTML
    roll: gr.Plot
    sheet: gr.HTML
    player: gr.Audio
    midi: gr.DownloadButton
    wav: gr.DownloadButton
    record: gr.DownloadButton
    ranking: gr.HTML
    scorecard: gr.HTML
    rejected: gr.HTML

    def in_order(self) -> list[Any]:
        """All components."""
        return [getattr(self, entry.name) for entry in fields(self)]


@dataclass(frozen=True)
class Page:
    """All that the events of the page share."""

    studio: Studio
    rows: tuple[MenuRow, ...]
    examples: Sequence[Example]
    visit: gr.State
    controls: Controls
    status: gr.HTML
    sound_note: gr.HTML
    window_px: gr.Number
    results: Results
    expressive: gr.Checkbox
    downloads: Downloads


def build(studio: Studio, window_px: gr.Number, *, n_at_once: int) -> None:
    """Place the page and wire it.

    Args:
        studio: What composes.
        window_px: Holds the width of the visitor's window.
        n_at_once: How many runs share the model.
    """
    rows = studio.menu()
    examples = choices.examples(rows)
    visit = gr.State(Visit(), time_to_live=VISIT_LIFE_S)
    with gr.Row(elem_classes=["compose-page"]):
        with gr.Column(scale=2, min_width=320, elem_classes=["sheet"]):
            wishes = controls.build(rows, examples)
        with gr.Column(scale=5, min_width=320, elem_classes=["sheet"]):
            status = _html(views.status(""), elem_id="status")
            problem = studio.sound_problem()
            note = _html(views.note(problem or ""), elem_id="sound-note", visible=bool(problem))
            results, expressive, made = _build_results(has_sound=problem is None)
    page = Page(
        studio, rows, examples, visit, wishes, status, note, window_px, results, expressive, made
    )
    _wire_choices(page)
    _wire_run(page, n_at_once)
    _wire_ranking(page)
    _wire_files(page)


def _build_results(*, has_sound: bool) -> tuple[Results, gr.Checkbox, Downloads]:
    """Place what a run brings; hidden until there is something."""
    empty = _html(views.EMPTY, elem_id="empty")
    with gr.Column(visible=False, elem_id="shown") as shown:
        heading = _html(elem_id="heading")
        with gr.Tabs(elem_id="views"):
            with gr.Tab("Piano roll"):
                roll = gr.Plot(show_label=False, elem_id="roll")
            with gr.Tab("Sheet", elem_id="sheet-tab"):
                sheet = _html(elem_id="sheet")
        player = gr.Audio(
            show_label=False,
            interactive=False,
            buttons=[],
            visible=has_sound,
            waveform_options=WAVEFORM,
            elem_id="player",
        )
        expressive = gr.Checkbox(
            True,
            label="expressive performance",
            info="off: exactly as written",
            container=False,
            visible=has_sound,
            elem_id="expressive",
        )
        with gr.Row(elem_classes=["downloads"]):
            midi = _file_button("↓ MIDI", "midi")
            made = downloads.build("compose", MADE_FORMATS if has_sound else MADE_FORMATS[:2])
            wav, record = _file_button("↓ WAV", "wav"), _file_button("↓ JSON", "record")
        ranking = _html(elem_id="ranking", js_on_load=PICK_ROW)
        with gr.Accordion("Scorecard", open=False, elem_id="scorecard-fold"):
            scorecard = _html(elem_id="scorecard")
        with gr.Accordion("Rejected candidates", open=False, elem_id="rejected-fold"):
            rejected = _html(elem_id="rejected")
    results = Results(
        *(empty, shown, heading, roll, sheet, player, midi, wav, record),
        *(ranking, scorecard, rejected),
    )
    return results, expressive, made


def _file_button(label: str, name: str) -> gr.DownloadButton:
    return gr.DownloadButton(label, size="sm", min_width=80, elem_id=name)


def _html(value: str = "", **options: Any) -> gr.HTML:
    """Place HTML under the page's own stylesheet only."""
    return gr.HTML(value, apply_default_css=False, **options)


def _wire_choices(page: Page) -> None:
    """Let the form follow the composer; meter, bars and tempo follow the pair."""
    wishes = page.controls.wishes
    pair = [wishes["composer"], wishes["form"]]
    followers = [wishes["meter"], wishes["bars"], wishes["tempo_bpm"]]

    def follow_composer(composer: Any, form: Any) -> Any:
        return _offer(choices.form_choices(page.rows, composer), form)

    def follow_pair(composer: Any, form: Any, meter: Any) -> tuple[Any, ...]:
        return (
            _offer(choices.meter_choices(page.rows, composer, form), meter),
            gr.update(info=choices.usual_bars(page.rows, composer, form)),
            gr.update(placeholder=controls.tempo_hint(form)),
        )

    wishes["composer"].input(follow_composer, pair, wishes["form"], **AT_ONCE)
    changes = [component.change for component in pair]
    gr.on(changes, follow_pair, [*pair, wishes["meter"]], followers, **AT_ONCE)


def _offer(options: list[choices.Choice], value: Any) -> Any:
    """Offer a list, with the value of before if it is still there, else its first."""
    values = [sent for _, sent in options]
    return gr.update(choices=options, value=value if value in values else values[0])


def _wire_run(page: Page, n_at_once: int) -> None:
    """Let Compose and the examples compose, and Stop stop what this tab composes."""
    wishes = page.controls.wishes
    filled = [wishes[name] for name in ("composer", "form", "key", "meter", "bars")]

    def fill(index: Any) -> tuple[Any, ...]:
        with plain_errors():
            return _fill(page, choices.example_at(page.examples, index))

    example = page.controls.examples.click(fill, page.controls.examples, filled, **AT_ONCE)
    _wire_steps(page, page.controls.compose.click, n_at_once)
    _wire_steps(page, example.success, n_at_once)
    page.controls.stop.click(handlers.stop, page.visit, page.status, **AT_ONCE)


def _fill(page: Page, example: Example) -> tuple[Any, ...]:
    meters = choices.meter_choices(page.rows, example.composer, example.form)
    return (
        example.composer,
        _offer(choices.form_choices(page.rows, example.composer), example.form),
        example.key or OPEN,
        _offer(meters, example.meter or OPEN),
        example.bars,
    )


def _wire_steps(page: Page, trigger: Callable[..., Any], n_at_once: int) -> None:
    """Begin at once, draw in the queue, then show, then make the sound."""
    buttons = [page.controls.compose, page.controls.stop]

    def on_begin(visit: Visit, keeps_seed: Any, *values: Any) -> tuple[Any, ...]:
        with plain_errors():
            begun, used = handlers.begin(visit, bool(keeps_seed), values)
        return (
            begun,
            used[handlers.SEED],
            views.status(handlers.WAITING, 0.0),
            *_button_updates(is_running=True),
        )

    def on_draw(visit: Visit, *values: Any) -> Iterator[tuple[Any, ...]]:
        try:
            with plain_errors():
                yield from handlers.draw(page.studio.compose_steps, visit, values)
        except gr.Error as error:
            yield visit, views.status(error.message)
            raise
        finally:
            visit.run.end()

    def on_end(visit: Visit) -> tuple[Any, ...]:
        was_refused = visit.run.is_under_way  # a run that drew has ended by itself
        visit.run.end()
        status = views.status(handlers.FULL) if was_refused else gr.skip()
        return status, *_button_updates(is_running=False)

    begun = trigger(
        on_begin,
        [page.visit, page.controls.keep_seed, *page.controls.in_order],
        [page.visit, page.controls.wishes["seed"], page.status, *buttons],
        concurrency_limit=None,
        **UNCHECKED,
    )
    drawn = begun.success(
        on_draw,
        [page.visit, *page.controls.in_order],
        [page.visit, page.status],
        concurrency_id="model",
        concurrency_limit=n_at_once,
        **UNCHECKED,
    )
    for ended in (drawn.success, drawn.failure):  # gradio's `then` passes over failures
        ended(on_end, page.visit, [page.status, *buttons], **AT_ONCE)
    outputs = [page.visit, page.status, *page.results.in_order()]
    _wire_background(page, drawn.success(_show, page.visit, outputs, **AT_ONCE))


def _button_updates(*, is_running: bool) -> tuple[Any, ...]:
    return gr.update(interactive=not is_running), gr.update(interactive=is_running)


def _wire_ranking(page: Page) -> None:
    """Let a row of the ranking put its candidate on show."""

    def on_pick(visit: Visit, event: gr.EventData) -> tuple[Any, ...]:
        return _show(visit, getattr(event, "rank", None))

    outputs = [page.visit, page.status, *page.results.in_order()]
    _wire_background(page, page.results.ranking.pick(on_pick, page.visit, outputs, **AT_ONCE))


def _show(visit: Visit, rank: Any = 1) -> tuple[Any, ...]:
    """Put a candidate on show: return the state, the status line and the values of `Results`."""
    try:
        with plain_errors():
            visit = handlers.pick(visit, rank)
            shown = handlers.show(visit)
    except gr.Error as error:
        return visit, views.status(error.message), *(gr.skip() for _ in fields(Results))
    return (
        visit,
        gr.skip(),
        gr.update(visible=False),
        gr.update(visible=True),
        shown.heading,
        shown.roll,
        views.note("the sheet is being engraved"),
        None,
        shown.midi,
        gr.update(value=None, interactive=False),
        shown.record,
        shown.ranking,
        shown.scorecard,
        shown.rejected,
    )


def _wire_background(page: Page, shown: Any) -> None:
    """Make sheet and sound of what is on show, after it is on show, side by side."""

    def on_shown(visit: Visit, window_px: Any) -> str:
        with plain_errors():
            return handlers.show_sheet(visit, window_px)

    shown.success(
        on_shown,
        [page.visit, page.window_px],
        page.results.sheet,
        concurrency_id="sheet",
        concurrency_limit=1,
        **UNCHECKED,
    )
    _wire_sound(page, shown.success)


def _wire_sound(page: Page, trigger: Callable[..., Any]) -> None:
    def on_sound(visit: Visit, is_expressive: Any) -> tuple[Any, ...]:
        with plain_errors():
            wav, problem = handlers.render_sound(page.studio.render_audio, visit, is_expressive)
        note = gr.update(value=views.note(problem), visible=bool(problem))
        return wav, gr.update(value=wav, interactive=wav is not None), note

    trigger(
        on_sound,
        [page.visit, page.expressive],
        [page.results.player, page.results.wav, page.sound_note],
        concurrency_id="sound",
        concurrency_limit=1,
        **UNCHECKED,
    )


def _wire_files(page: Page) -> None:
    """Make files when they are asked for, and the sound anew when its switch is turned."""

    def make(kind: str, visit: Visit, is_expressive: Any) -> Path:
        return handlers.make_file(page.studio.render_audio, kind, visit, is_expressive)

    inputs = [page.visit, page.expressive]
    downloads.wire(page.downloads, make, inputs=inputs, status=page.status, **UNCHECKED)
    _wire_sound(page, page.expressive.input)
