"""The settings of the Compose page as components; ranges, defaults and help are the request's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from composer.engines import Capabilities, MenuEntry, Suggestion
from composer.errors import OptionError
from composer.rendering import suggested_tempo_bpm
from composer.theory import STYLES, parse_meter
from composer.ui.compose import long_piece, own_style, prompting, suggested
from composer.ui.compose.long_piece import LongPiece
from composer.ui.shared import choices, engines, fields
from composer.ui.shared.choices import Example
from composer.ui.shared.elements import html
from composer.ui.shared.engines import Engines
from composer.ui.shared.settings import OPEN, setting, settings

# What is always in sight, two in a row; what comes after it under "More"; the rest is for experts.
MAIN = (("composer", "form"), ("key", "meter"), ("bars", "tempo_bpm"), ("ensemble", "parts"))
ENGINE = ("engine", "engine_options")  # these have components of their own
LAYOUT = (
    "what each bar is: . is new, =4 repeats the bar four before, ~4+2 takes up its line two "
    "semitones higher; left empty, as in a real piece"
)
CHORDS = "chord symbols that the music leans to; | between bars, . holds a chord, % repeats a bar"


@dataclass(frozen=True)
class Controls:
    """The components of the left column.

    Args:
        settings: One component a setting, by name, in the order of `settings()`.
        engines: Who composes, and the options that only some of them have.
        keep_seed: Whether the seed stays.
        compose, stop: The two buttons.
        examples: Settings in one click.
        suggested: What suits the form, under the sliders.
        prompt: The line over all of them.
        long: What a long piece is asked besides.
        own_style: What a style is learned from; None where nothing is learned.
    """

    settings: dict[str, Any]
    engines: Engines
    keep_seed: gr.Checkbox
    compose: gr.Button
    stop: gr.Button
    examples: gr.Dataset
    suggested: suggested.Line
    prompt: prompting.Line
    long: LongPiece
    own_style: own_style.Fields | None

    @property
    def long_inputs(self) -> list[Any]:
        """All that a long piece is asked by, in the order of `read_long`."""
        who = self.engines.inputs
        return [self.keep_seed, *self.long.inputs, *self.settings.values(), *who]

    def read_long(self, keeps_seed: Any, *values: Any) -> dict[str, Any]:
        """Return what is asked of a long piece, by name; its length takes the place of the bars."""
        n_own = len(self.long.inputs)
        own, rest = values[:n_own], values[n_own:]
        asked = dict(zip(self.settings, rest, strict=False))
        dropped = ("bars",) if keeps_seed else ("bars", "seed")
        asked = {name: value for name, value in asked.items() if name not in dropped}
        asked |= self.engines.read(rest[len(self.settings) :])
        return asked | self.long.read(own)


def build(
    rows: Sequence[MenuEntry],
    examples: Sequence[Example],
    suggestions: Mapping[str, Suggestion],
    can: Mapping[str, Capabilities],
) -> Controls:
    """Place all controls, with the first example's pair chosen."""
    prompt = prompting.build()
    first = examples[0] if examples else Example(OPEN, OPEN, "", "", 16)
    html('<h2 class="label">Or start from an example, or choose your own settings</h2>')
    with gr.Column(elem_classes=["examples-room"]):  # has its height before they are there
        dataset = gr.Dataset(
            components=["textbox"],
            samples=[[example.label] for example in examples],
            sample_labels=[example.label for example in examples],
            type="index",
            show_label=False,
            elem_id="examples",
        )
    who = engines.build(can, "Compose")
    placed = _build_main(rows, first, who.can(OPEN))
    with gr.Row(elem_classes=["actions"]):
        compose = gr.Button("Compose", variant="primary", elem_id="compose", scale=3)
        stop = gr.Button("Stop", interactive=False, elem_id="stop", scale=1, min_width=80)
    long = long_piece.build()
    with gr.Accordion("More", open=False, elem_id="more"):
        styles = [("Any", OPEN), *((name.capitalize(), name) for name in STYLES)]
        placed["style"] = fields.choice("style", styles, OPEN, info=setting("style").help)
        placed["chords"] = fields.lines("chords", info=CHORDS, placeholder="G | D7 G | Em . C D7")
        placed["layout"] = fields.lines("layout", info=LAYOUT, placeholder=". . . .| =4 =4 n4 .|")
        placed["temperature"] = fields.slider("temperature", step=0.05)
        with gr.Row(elem_classes=["pair"]):
            placed["candidates"] = fields.number("candidates", info=setting("candidates").help)
            with gr.Column(min_width=120, elem_classes=["seed"]):
                placed["seed"] = fields.number("seed", info="a new one for every run, unless kept")
                keep_seed = gr.Checkbox(
                    label="Keep this seed", elem_id="keep-seed", container=False
                )
        line = suggested.build(suggestions, first.form)
    with gr.Accordion("For experts", open=False, elem_id="experts"):
        others = {n: found for n, found in settings().items() if n not in ENGINE}
        placed |= {n: fields.field(found) for n, found in others.items() if n not in placed}
    own = own_style.build()
    ordered = {name: placed[name] for name in others}
    return Controls(ordered, who, keep_seed, compose, stop, dataset, line, prompt, long, own)


def _build_main(rows: Sequence[MenuEntry], first: Example, can: Capabilities) -> dict[str, Any]:
    """Place what the piece shall be."""
    composer, form = first.composer, first.form
    parts = setting("parts")
    counts = range(int(parts.low or 0), int(parts.high or 0) + 1)
    lists = {
        "composer": (choices.composer_choices(rows), composer),
        "form": (choices.form_choices(rows, composer, can), form),
        "key": (choices.key_choices(), OPEN),
        "meter": (choices.meter_choices(rows, composer, form, can), OPEN),
        "ensemble": (choices.ensemble_choices(can), OPEN),
        "parts": ([("Usual", OPEN), *((str(n), str(n)) for n in counts)], OPEN),
    }
    placed: dict[str, Any] = {}
    for pair in MAIN:
        with gr.Row(elem_classes=["pair"]):
            for name in pair:
                if name in lists:
                    options, value = lists[name]
                    placed[name] = fields.choice(name, options, value)
                elif name == "bars":
                    usual = choices.usual_bars(rows, composer, form)
                    placed[name] = fields.number(name, info=usual)
                else:
                    hint = tempo_hint(form, OPEN)
                    placed[name] = fields.blank(
                        name, placeholder=hint, info="quarter notes per minute"
                    )
    return placed


def tempo_hint(form: Any, meter: Any) -> str:
    """Say which tempo an empty field means: a number where form and meter decide it."""
    if not isinstance(form, str) or form in ("", OPEN) or not isinstance(meter, str):
        return "usual"
    try:
        return f"{suggested_tempo_bpm(form, parse_meter(meter)):.0f}"
    except OptionError:  # left open, which is no meter
        return "usual"
