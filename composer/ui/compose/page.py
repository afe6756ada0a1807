"""The Compose page: where its components stand, and how its events follow each other.

What happens in an event is in `handlers`; here errors become sentences, values find their place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from composer.engines import MenuRow, Suggestion
from composer.ui.compose import controls, handlers, links, results, suggested
from composer.ui.compose.controls import Controls
from composer.ui.compose.results import Column, Results
from composer.ui.compose.visit import Visit
from composer.ui.server.incidents import plain_errors
from composer.ui.shared import choices, downloads, score_view, wiring, wording
from composer.ui.shared.choices import OPEN, Example
from composer.ui.shared.elements import html
from composer.ui.shared.running import WAITING
from composer.ui.shared.settings import WISHES
from composer.ui.shared.wiring import AT_ONCE, UNCHECKED, Runs
from composer.ui.studio import Studio

VISIT_LIFE_S = 3600
# Who came by a link sees its piece as if Compose had been pressed, once the wishes stand there: the
# tick at `keep this seed` is the last of them, and does not come if the link will not do.
FOLLOW_LINK = """() => {
    if (!new URLSearchParams(location.search).has('seed')) return;
    let looks = 0;
    const look = setInterval(() => {
        const isReady = document.querySelector('#keep-seed input')?.checked;
        if (isReady || ++looks > 300) clearInterval(look);
        if (isReady) setTimeout(() => document.querySelector('#compose').click(), 100);
    }, 100);
}"""
# A new run silences the old one; where the columns stand one below the other, what comes is shown.
MAKE_ROOM = f"""() => {{
    ({score_view.HUSH})();
    const line = document.querySelector('#status');
    if (window.innerWidth < 760) line.scrollIntoView({{behavior: 'smooth', block: 'start'}});
}}"""


@dataclass(frozen=True)
class ComposePage:
    """All that the events of the page share."""

    demo: gr.Blocks
    studio: Studio
    rows: tuple[MenuRow, ...]
    suggestions: Mapping[str, Suggestion]
    examples: Sequence[Example]
    visit: gr.State
    controls: Controls
    status: gr.HTML
    window_px: gr.Number
    column: Column

    @property
    def results(self) -> Results:
        """What a candidate fills."""
        return self.column.results


def build(demo: gr.Blocks, studio: Studio, window_px: gr.Number, *, n_at_once: int) -> gr.State:
    """Place the page and wire it; return what the tab holds.

    Args:
        demo: The whole page.
        studio: What composes.
        window_px: Holds the width of the visitor's window.
        n_at_once: How many runs share the model.
    """
    rows, suggestions = studio.menu(), studio.suggestions()
    examples = choices.examples(rows)
    visit = gr.State(Visit(), time_to_live=VISIT_LIFE_S)
    with gr.Row(elem_classes=["compose-page"]):
        with gr.Column(scale=2, min_width=320, elem_classes=["sheet"]):
            wishes = controls.build(rows, examples, suggestions)
            history = results.build_history()
        with gr.Column(scale=5, min_width=320, elem_classes=["sheet"]):
            status = html(wording.status(""), elem_id="status")
            problem = studio.sound_problem()
            html(wording.note(problem or ""), elem_id="sound-note", visible=bool(problem))
            column = results.build(history, has_sound=problem is None)
    page = ComposePage(
        demo, studio, rows, suggestions, examples, visit, wishes, status, window_px, column
    )
    _wire_choices(page)
    _wire_run(page, n_at_once)
    _wire_picks(page)
    _wire_files(page)
    return visit


def _wire_choices(page: ComposePage) -> None:
    """Let the form follow the composer; meter, bars, tempo and suggestion follow the pair."""
    wishes, line = page.controls.wishes, page.controls.suggested
    pair = [wishes["composer"], wishes["form"]]
    followers = [wishes["meter"], wishes["bars"], wishes["tempo_bpm"], *line.in_order]

    def follow_composer(composer: Any, form: Any) -> Any:
        return _offer(choices.form_choices(page.rows, composer), form)

    def follow_pair(composer: Any, form: Any, meter: Any) -> tuple[Any, ...]:
        return (
            _offer(choices.meter_choices(page.rows, composer, form), meter),
            gr.update(info=choices.usual_bars(page.rows, composer, form)),
            gr.update(placeholder=controls.tempo_hint(form)),
            *suggested.updates(page.suggestions, form),
        )

    wishes["composer"].input(follow_composer, pair, wishes["form"], **AT_ONCE)
    changes = [component.change for component in pair]
    gr.on(changes, follow_pair, [*pair, wishes["meter"]], followers, **AT_ONCE)
    suggested.wire(line, page.suggestions, wishes)


def _offer(options: list[choices.Choice], value: Any) -> Any:
    """Offer a list, with the value of before if it is still there, else its first."""
    values = [sent for _, sent in options]
    return gr.update(choices=options, value=value if value in values else values[0])


def _wire_run(page: ComposePage, n_at_once: int) -> None:
    """Let Compose, the examples and a link compose, and Stop stop what this tab composes."""
    wishes = page.controls.wishes
    filled = [wishes[name] for name in ("composer", "form", "key", "meter", "bars")]

    def fill(index: Any) -> tuple[Any, ...]:
        with plain_errors():
            return _fill(page, choices.example_at(page.examples, index))

    pressed = page.controls.compose.click
    example = page.controls.examples.click(fill, page.controls.examples, filled, **AT_ONCE)
    gr.on([pressed, page.controls.examples.click], None, None, None, js=MAKE_ROOM)
    buttons = page.controls
    runs = Runs(page.visit, page.status, [buttons.compose], buttons.stop, n_at_once)
    _wire_steps(page, runs, pressed)
    _wire_steps(page, runs, example.success)
    wiring.wire_stop(runs)
    _wire_link(page)


def _fill(page: ComposePage, example: Example) -> tuple[Any, ...]:
    meters = choices.meter_choices(page.rows, example.composer, example.form)
    return (
        example.composer,
        _offer(choices.form_choices(page.rows, example.composer), example.form),
        example.key or OPEN,
        _offer(meters, example.meter or OPEN),
        example.bars,
    )


def _wire_link(page: ComposePage) -> None:
    """Let the query of the address fill in the wishes, and compose once they stand there."""

    def on_arrival(request: gr.Request) -> tuple[Any, ...]:
        try:
            with plain_errors():
                values = links.read_query(dict(request.query_params))
        except gr.Error as error:
            return (*(gr.skip() for _ in WISHES), gr.skip(), wording.status(error.message))
        if values is None:
            return tuple(gr.skip() for _ in range(len(WISHES) + 2))
        return (*_linked(page, values), True, gr.skip())

    outputs = [*page.controls.in_order, page.controls.keep_seed, page.status]
    page.demo.load(on_arrival, None, outputs, **AT_ONCE)
    page.demo.load(None, None, None, js=FOLLOW_LINK)


def _linked(page: ComposePage, values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return updates of all wishes; lists offer what goes with the pair."""
    named = dict(zip(WISHES, values, strict=True))
    composer, form = named["composer"], named["form"]
    offered = {
        "form": choices.form_choices(page.rows, composer),
        "meter": choices.meter_choices(page.rows, composer, form),
    }
    updates: list[Any] = []
    for name, value in named.items():
        number = links.as_number(name, value)
        updates.append(_offer(offered[name], number) if name in offered else number)
    return tuple(updates)


def _wire_steps(page: ComposePage, runs: Runs, trigger: Callable[..., Any]) -> None:
    """Begin at once, draw in the queue, then show."""

    def on_begin(visit: Visit, keeps_seed: Any, *values: Any) -> tuple[Any, ...]:
        with plain_errors():
            begun, used = handlers.begin(visit, bool(keeps_seed), values)
        return (
            begun,
            used[handlers.SEED],
            wording.status(WAITING, 0.0),
            *runs.updates(is_running=True),
        )

    def draw(visit: Visit, *values: Any) -> Iterator[tuple[Any, ...]]:
        return handlers.draw(page.studio.compose_steps, visit, values)

    begun = trigger(
        on_begin,
        [page.visit, page.controls.keep_seed, *page.controls.in_order],
        [page.visit, page.controls.wishes["seed"], page.status, *runs.buttons],
        concurrency_limit=None,
        **UNCHECKED,
    )
    drawn = wiring.wire_run(runs, begun, draw, page.controls.in_order)
    outputs = [page.visit, page.status, *page.results.in_order()]
    _wire_background(page, drawn.success(_show, page.visit, outputs, **AT_ONCE))


def _wire_picks(page: ComposePage) -> None:
    """Let a row of the ranking, or an earlier result, put its candidate on show."""

    def on_pick(visit: Visit, event: gr.EventData) -> tuple[Any, ...]:
        return _show(visit, lambda: handlers.pick(visit, getattr(event, "rank", None)))

    def on_reopen(visit: Visit, event: gr.EventData) -> tuple[Any, ...]:
        return _show(visit, lambda: handlers.reopen(visit, getattr(event, "run", None)))

    outputs = [page.visit, page.status, *page.results.in_order()]
    picked = page.results.ranking.pick(on_pick, page.visit, outputs, **AT_ONCE)
    reopened = page.results.history.reopen(on_reopen, page.visit, outputs, **AT_ONCE)
    for shown in (picked, reopened):
        _wire_background(page, shown)


def _show(visit: Visit, choose: Callable[[], Visit] | None = None) -> tuple[Any, ...]:
    """Put a candidate on show: return the state, the status line and the values of `Results`."""
    try:
        with plain_errors():
            chosen = choose() if choose else visit
            shown = results.shown_values(chosen)
    except gr.Error as error:
        return visit, wording.status(error.message), *Results.untouched()
    return chosen, gr.skip(), *shown


def _wire_background(page: ComposePage, shown: Any) -> None:
    """Engrave what is on show, after it is on show; look for the training piece that is nearest."""

    def on_engraved(visit: Visit) -> str:
        with plain_errors():
            return handlers.show_nearest(visit)

    inputs = [page.visit, page.window_px]
    engraved = wiring.wire_sheet(shown, handlers.show_sheet, inputs, page.results.sheet)
    engraved.success(
        on_engraved,
        page.visit,
        page.results.nearest,
        concurrency_id="sheet",
        concurrency_limit=1,
        **UNCHECKED,
    )


def _wire_files(page: ComposePage) -> None:
    """Make files when they are asked for."""

    def make(kind: str, visit: Visit, is_expressive: Any) -> Path:
        return handlers.make_file(page.studio.render_audio, kind, visit, is_expressive)

    inputs = [page.visit, page.column.expressive]
    downloads.wire(page.column.downloads, make, inputs=inputs, status=page.status, **UNCHECKED)
