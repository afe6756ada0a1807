"""The left column of the Extend page: what was found in the music, and how it goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import fields as fields_of
from typing import Any

import gradio as gr

from composer.engines import Capabilities
from composer.plans import FORM_NAMES, Chunking
from composer.theory import ENSEMBLES
from composer.ui.extend.handlers import CHUNKS, NO_PLAN, PLAN_COLUMNS
from composer.ui.shared import engines, fields, source
from composer.ui.shared.elements import html
from composer.ui.shared.engines import Engines
from composer.ui.shared.source import Source

PAGE = "extend"
DEFAULT_BARS = 16
CHORDS = "chord symbols that the bars to come lean to; | between bars, . holds a chord"
# What a visitor may know better than what was found: element, label, what an empty field means.
CORRECTIONS = (
    (("key", "Key", "as found"), ("meter", "Meter", "as found")),
    (("first-bar", "From bar", "the first"), ("last-bar", "To bar", "the last")),
)


@dataclass(frozen=True)
class Start:
    """Where the music comes from, and what is corrected about it."""

    source: Source
    facts: gr.HTML
    corrections: tuple[Any, ...]


@dataclass(frozen=True)
class Growth:
    """How it goes on."""

    bars: gr.Number
    plan: gr.Dropdown
    rows: gr.Dataframe
    numbers: dict[str, Any]
    engines: Engines
    extend: gr.Button
    stop: gr.Button
    undo: gr.Button
    redo: gr.Button


def build_start() -> Start:
    """Place where the music comes from."""
    origin = source.build(
        PAGE,
        "theme",
        file_types=(".json",),
        more=lambda: gr.Dropdown(list(ENSEMBLES), value="keyboard", label="For"),
    )
    with gr.Accordion("What was found", open=False, elem_id="extend-facts-fold"):
        facts = html(elem_id="extend-facts")
        placed = []
        for row in CORRECTIONS:
            with gr.Row(elem_classes=["pair"]):
                placed += [_correction(*one) for one in row]
    return Start(origin, facts, tuple(placed))


def _correction(name: str, label: str, hint: str) -> gr.Textbox:
    return gr.Textbox(label=label, placeholder=hint, min_width=120, elem_id=f"extend-{name}")


def build_growth(can: Mapping[str, Capabilities]) -> Growth:
    """Place how it goes on.

    Args:
        can: What every engine can do, by name.
    """
    bars = gr.Number(DEFAULT_BARS, label="Bars to add", precision=0, elem_id="extend-bars")
    plan = gr.Dropdown(
        [("No plan", NO_PLAN), *((name, name) for name in FORM_NAMES)],
        value=NO_PLAN,
        label="Plan",
        info="Your music becomes the first section of this form",
        elem_id="extend-plan",
    )
    rows = gr.Dataframe(
        headers=list(PLAN_COLUMNS),
        column_count=len(PLAN_COLUMNS),
        type="array",
        visible=False,
        label="Sections",
        elem_id="extend-plan-rows",
    )
    chords = fields.lines("chords", page=PAGE, info=CHORDS, placeholder="G | D7 G | Em . C D7")
    with gr.Row():
        extend = gr.Button("Extend", variant="primary", elem_id="extend")
        stop = gr.Button("Stop", interactive=False, elem_id="extend-stop")
    with gr.Row():
        undo = gr.Button("↶ Undo", size="sm", interactive=False, elem_id="extend-undo")
        redo = gr.Button("↷ Redo", size="sm", interactive=False, elem_id="extend-redo")
    with gr.Accordion("More", open=False):
        who = engines.build(can, "Continue", page=PAGE)
        numbers = _build_numbers() | {"chords": chords}
    return Growth(bars, plan, rows, numbers, who, extend, stop, undo, redo)


def _build_numbers() -> dict[str, Any]:
    """Place the numbers by name, two in a row; each may be left empty."""
    placed: dict[str, Any] = {}
    options = {option.name: option for option in fields_of(Chunking)}
    with gr.Row(elem_classes=["pair", "level"]):
        placed["candidates"] = fields.blank("candidates", page=PAGE, placeholder="as usual")
        placed["seed"] = fields.blank("seed", page=PAGE, placeholder="a new one")
    with gr.Row(elem_classes=["pair", "level"]):
        for name in CHUNKS:
            option = options[name]
            placed[name] = gr.Textbox(
                "" if option.default is None else str(option.default),
                label=name.replace("_", " ").capitalize(),
                info=option.metadata["help"],
                min_width=120,
                elem_id=f"extend-{name.replace('_', '-')}",
            )
    return placed
