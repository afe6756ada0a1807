"""The Compose page: where its components stand, and how its events follow each other.

What happens in an event is in `handlers`; here errors become sentences, values find their place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from composer.engines import Capabilities, MenuEntry, Suggestion
from composer.prompts import Prompt
from composer.ui.compose import (
    controls,
    handlers,
    links,
    own_style,
    prompting,
    results,
    suggested,
)
from composer.ui.compose.controls import Controls
from composer.ui.compose.results import VIEW, Column
from composer.ui.server.incidents import plain_errors
from composer.ui.shared import as_audio, choices, keeping, score_view, wording
from composer.ui.shared.choices import Example
from composer.ui.shared.elements import html
from composer.ui.shared.engines import menus
from composer.ui.shared.fields import offer
from composer.ui.shared.keeping import Keeper
from composer.ui.shared.settings import OPEN
from composer.ui.shared.underway import Works
from composer.ui.shared.visit import Visit
from composer.ui.shared.wiring import (
    AT_ONCE,
    SETTINGS_CHANGED,
    STATE_LIFE_S,
    UNCHECKED,
    Runs,
    Stage,
    Values,
    make_room,
)
from composer.ui.studio import Studio

# Settings whose lists follow the engine.
LISTS = ("composer", "form", "meter", "ensemble")


@dataclass(frozen=True)
class ComposePage:
    """All that the events of the page share."""

    demo: gr.Blocks
    studio: Studio
    rows: tuple[MenuEntry, ...]
    suggestions: Mapping[str, Suggestion]
    rows_of: Callable[[Any], Sequence[MenuEntry]]
    examples: Sequence[Example]
    controls: Controls
    column: Column
    stage: Stage
    draft: gr.HTML
    keeper: Keeper


def build(
    demo: gr.Blocks, studio: Studio, window_px: gr.Number, *, works: Works, keeper: Keeper
) -> tuple[gr.State, dict[str, gr.Button], Controls]:
    """Place the page and wire it.

    Returns:
        What the tab holds, the ways on to other pages, and the controls, by which a long piece is
        asked.

    Args:
        demo: The whole page.
        studio: What composes.
        window_px: Holds the width of the visitor's window.
        works: All runs of the server.
        keeper: What the browser keeps of this page.
    """
    rows, suggestions = studio.menu(), studio.suggestions()
    examples = choices.examples(rows)
    visit = gr.State(Visit(), time_to_live=STATE_LIFE_S)
    with gr.Row(elem_classes=["compose-page"]):
        with gr.Column(scale=2, min_width=320, elem_classes=["sheet"]):
            placed = controls.build(rows, examples, suggestions, studio.engines())
            history = results.build_history()
            results.build_library()
        with gr.Column(scale=5, min_width=320, elem_classes=["sheet"]):
            status = html(wording.status(""), elem_id="status")
            draft = score_view.build_draft(VIEW)
            problem = studio.sound_problem()
            html(wording.note(problem or ""), elem_id="sound-note", visible=bool(problem))
            column = results.build(history, keeper.saved, studio, has_sound=problem is None)
    filled = column.results
    stage = Stage(
        *(visit, status, filled, results.show, filled.sheet, handlers.show_sheet, window_px)
    )
    page = ComposePage(
        *(demo, studio, rows, suggestions, menus(studio), examples),
        *(placed, column, stage, draft, keeper),
    )
    _wire_choices(page)
    _wire_engine(page)
    _wire_run(page, works)
    _wire_link(page)
    if placed.own_style:
        own_style.wire(placed.own_style, studio, placed.engines.choice)
    stage.wire_pick(filled.ranking.pick, handlers.pick, ["rank"])
    stage.wire_pick(filled.history.reopen, handlers.reopen, ["run"])
    stage.wire_pick(keeper.saved.open, handlers.open_kept, ["path", "key"])
    stage.wire_files(column.downloads, _maker(studio), column.expressive)
    as_audio.wire(column.as_audio, studio, visit, handlers.piece_on_show)
    return visit, column.onward, placed


def _maker(studio: Studio) -> Callable[..., Path]:
    return partial(handlers.make_file, studio.render_audio)


def _wire_choices(page: ComposePage) -> None:
    """Let form and length follow the composer; meter, tempo and suggestion follow the pair."""
    placed, line = page.controls.settings, page.controls.suggested
    who, rows_of = page.controls.engines, page.rows_of
    pair = [placed["composer"], placed["form"]]

    def follow_composer(composer: Any, form: Any, engine: Any) -> Any:
        return offer(choices.form_choices(rows_of(engine), composer, who.can(engine)), form)

    def follow_pair(composer: Any, form: Any, meter: Any, engine: Any) -> Values:
        rows = rows_of(engine)
        return (
            offer(choices.meter_choices(rows, composer, form, who.can(engine)), meter),
            gr.update(info=choices.usual_bars(rows, composer, form)),
            *suggested.updates(page.suggestions, form),
        )

    def follow_length(composer: Any, form: Any, bars: Any, engine: Any) -> Any:
        return choices.nearest_usual_bars(rows_of(engine), composer, form, bars)

    def follow_tempo(form: Any, meter: Any) -> Any:
        return gr.update(placeholder=controls.tempo_hint(form, meter))

    placed["composer"].input(follow_composer, [*pair, who.choice], placed["form"], **AT_ONCE)
    followers = [placed["meter"], placed["bars"], *line.in_order]
    gr.on(
        [one.change for one in pair],
        follow_pair,
        [*pair, placed["meter"], who.choice],
        followers,
        **AT_ONCE,
    )
    gr.on(
        [one.input for one in pair],
        follow_length,
        [*pair, placed["bars"], who.choice],
        placed["bars"],
        **AT_ONCE,
    )
    decide_tempo = [placed["form"], placed["meter"]]
    gr.on(
        [one.change for one in decide_tempo],
        follow_tempo,
        decide_tempo,
        placed["tempo_bpm"],
        **AT_ONCE,
    )
    suggested.wire(line, page.suggestions, placed)


def _wire_engine(page: ComposePage) -> None:
    """Show the settings that the chosen engine heeds, with what it offers in their lists."""
    who, placed = page.controls.engines, page.controls.settings
    chosen = [placed[name] for name in LISTS]

    def follow_engine(engine: Any, *values: Any) -> Values:
        can = who.can(engine)
        lists = _lists(page.rows_of(engine), can, dict(zip(LISTS, values, strict=True)))
        shown = {name: gr.update(visible=name in can.settings) for name in placed}
        return tuple(
            (lists[name] | update if name in lists else update) for name, update in shown.items()
        )

    if len(who.known) > 1:
        who.choice.change(follow_engine, [who.choice, *chosen], list(placed.values()), **AT_ONCE)


def _lists(rows: Sequence[MenuEntry], can: Capabilities, values: Mapping[str, Any]) -> Any:
    """Return what becomes of the lists of settings for an engine, by name.

    Args:
        rows: Its menu.
        can: What it can do.
        values: What is chosen in the lists; what an engine does not have gives way.
    """
    composers = choices.composer_choices(rows)
    composer = choices.kept(composers, values["composer"])
    forms = choices.form_choices(rows, composer, can)
    form = choices.kept(forms, values["form"])
    return {
        "composer": offer(composers, composer),
        "form": offer(forms, form),
        "meter": offer(choices.meter_choices(rows, composer, form, can), values["meter"]),
        "ensemble": offer(choices.ensemble_choices(can), values["ensemble"]),
    }


def _wire_run(page: ComposePage, works: Works) -> None:
    """Let Compose and the examples compose, and Stop stop what this tab composes."""
    placed, buttons, stage = page.controls.settings, page.controls, page.stage
    told: dict[Any, Callable[[Visit], Any]] = {
        placed["seed"]: lambda visit: visit.request and visit.request.seed,
    }
    runs = Runs(
        *(stage, [buttons.compose], buttons.stop, works, page.keeper, page.draft, told),
        query=lambda visit: links.to_query(visit.request),
    )
    who = buttons.engines
    inputs = [*placed.values(), *who.inputs]
    gr.on([one.input for one in inputs], None, None, None, js=SETTINGS_CHANGED)

    def begin(visit: Visit, keeps_seed: Any, *values: Any) -> Visit:
        named = dict(zip(placed, values, strict=False))
        return handlers.begin(visit, keeps_seed, named | who.read(values[len(named) :]))

    def fill(index: Any) -> Values:
        with plain_errors():
            return _fill(page, choices.example_at(page.examples, index))

    filled = [placed[name] for name in ("composer", "form", "key", "meter", "bars")]
    example = buttons.examples.click(fill, buttons.examples, [*filled, who.choice], **AT_ONCE)
    prompts = _wire_prompt(page)
    line = buttons.prompt
    begun = [buttons.compose.click, buttons.examples.click, line.go.click, line.examples.click]
    gr.on([*begun, line.typed.submit], None, None, None, js=make_room("status"))
    draw = partial(handlers.draw, page.studio.compose_steps)
    for trigger in (buttons.compose.click, example.success, *prompts):
        engraved = runs.wire(trigger, begin, draw, [buttons.keep_seed, *inputs])
        _wire_nearest(page, engraved)
    _wire_nearest(page, runs.wire_join())
    runs.wire_stop("status")


def _wire_prompt(page: ComposePage) -> list[Any]:
    """Let the prompt set the settings; return what follows when a piece is asked for by it."""
    line, who, placed = page.controls.prompt, page.controls.engines, page.controls.settings
    outputs = [line.last, line.kept, line.told, *placed.values()]

    def set_from(prompt: Prompt, engine: Any) -> Values:
        found = prompting.values(prompt) if prompt.reading.phrases else {}
        lists = _lists(page.rows_of(engine), who.can(engine), found) if found else {}
        shown = (lists.get(name, found[name]) if name in found else gr.skip() for name in placed)
        return prompting.tell(prompt), *shown

    def on_typed(typed: Any, engine: Any) -> Values:
        prompt = prompting.read(typed, page.rows_of(engine))
        listed = prompting.phrases(prompt)
        ticked = [place for _, place in listed]
        kept = gr.update(choices=listed, value=ticked, visible=bool(listed))
        return prompt.reading.text, kept, *set_from(prompt, engine)

    def on_ticked(typed: Any, kept: Any, engine: Any) -> Values:
        return set_from(prompting.read(typed, page.rows_of(engine), kept), engine)

    def on_go(typed: Any, last: Any, engine: Any) -> Values:
        # What was read already stands in the settings, with what was changed there since.
        return tuple(gr.skip() for _ in outputs) if typed == last else on_typed(typed, engine)

    def on_example(index: Any, engine: Any) -> Values:
        text = prompting.example_at(index)
        return text, *on_typed(text, engine)

    always = {**AT_ONCE, "trigger_mode": "always_last"}
    line.typed.change(on_typed, [line.typed, who.choice], outputs, **always)
    line.kept.input(on_ticked, [line.typed, line.kept, who.choice], outputs[2:], **always)
    go = gr.on(
        [line.go.click, line.typed.submit],
        on_go,
        [line.typed, line.last, who.choice],
        outputs,
        **AT_ONCE,
    )
    example = line.examples.click(
        on_example, [line.examples, who.choice], [line.typed, *outputs], **AT_ONCE
    )
    return [go.success, example.success]


def _wire_nearest(page: ComposePage, engraved: Any) -> None:
    """Look for the training piece that is nearest once the sheet stands there."""

    def on_engraved(visit: Visit) -> str:
        with plain_errors():
            return handlers.show_nearest(visit)

    options = {"concurrency_id": "sheet", "concurrency_limit": 1, **UNCHECKED}
    engraved.success(on_engraved, page.stage.state, page.column.results.nearest, **options)


def _fill(page: ComposePage, example: Example) -> Values:
    meters = choices.meter_choices(page.rows, example.composer, example.form)
    return (
        example.composer,
        offer(choices.form_choices(page.rows, example.composer), example.form),
        example.key or OPEN,
        offer(meters, example.meter or OPEN),
        example.bars,
        OPEN,  # the menu of the usual engine has it
    )


def _wire_link(page: ComposePage) -> None:
    """Let the query of the address fill in the settings, and compose once they stand there."""
    placed, who = page.controls.settings, page.controls.engines

    def on_arrival(request: gr.Request) -> Values:
        skipped = [gr.skip() for _ in outputs[2:]]
        try:
            with plain_errors():
                values = links.read_query(dict(request.query_params))
        except gr.Error as error:
            return *skipped, gr.skip(), wording.status(error.message)
        if values is None:
            return *skipped, gr.skip(), gr.skip()
        engine = values["engine"]
        lists = _lists(page.rows_of(engine), who.can(engine), values)
        shown = {name: lists.get(name, values[name]) for name in placed}
        return *shown.values(), *who.fill(values), True, gr.skip()

    outputs = [*placed.values(), *who.inputs, page.controls.keep_seed, page.stage.status]
    arrived = page.demo.load(on_arrival, None, outputs, **AT_ONCE)
    # Who reloaded comes back to the run or the piece; who came by a link sees its piece composed.
    arrived.success(None, page.controls.keep_seed, None, js=keeping.arrive(VIEW))
