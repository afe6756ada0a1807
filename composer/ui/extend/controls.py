"""The left column of the Extend page: where the music comes from, and how it goes on."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import gradio as gr

from composer.plans import FORM_NAMES, Chunking
from composer.request import Request
from composer.theory import ENSEMBLES
from composer.ui.extend.handlers import NO_PLAN, NUMBERS, PLAN_COLUMNS
from composer.ui.shared import piano
from composer.ui.shared.elements import FILE_TYPES, NAME_BUTTON, html

DEFAULT_BARS = 16


@dataclass(frozen=True)
class Source:
    """Where the music comes from, and what is corrected about it."""

    composed: gr.Button
    upload: gr.File
    theme: gr.Textbox
    ensemble: gr.Dropdown
    theme_button: gr.Button
    facts: gr.HTML
    corrections: tuple[Any, ...]


@dataclass(frozen=True)
class Wish:
    """How it goes on."""

    bars: gr.Number
    plan: gr.Dropdown
    rows: gr.Dataframe
    numbers: tuple[Any, ...]
    extend: gr.Button
    stop: gr.Button
    undo: gr.Button
    redo: gr.Button


def build_source() -> Source:
    """Place where the music comes from."""
    composed = gr.Button("Take the piece from Compose", elem_id="extend-composed")
    html('<h2 class="label">or a MIDI or MusicXML file</h2>', js_on_load=NAME_BUTTON)
    upload = gr.File(
        file_types=[*FILE_TYPES, ".json"],
        show_label=False,
        label="MIDI, MusicXML or saved tree",
        elem_id="extend-upload",
    )
    with gr.Accordion("or a theme", open=False, elem_id="extend-theme-fold"):
        theme = gr.Textbox(
            label="theme",
            info="ABC notation, such as: M:3/4 L:1/4 K:G",
            placeholder="M:4/4\nL:1/4\nK:G\nG A B c | d2 B2 |",
            lines=5,
            max_lines=5,  # or it grows, and the piano under it moves while it is played
            elem_id="extend-theme",
        )
        piano.build("extend-theme")
        ensemble = gr.Dropdown(list(ENSEMBLES), value="keyboard", label="for")
        theme_button = gr.Button("Begin with this theme", elem_id="extend-take-theme")
    with gr.Accordion("What was found", open=False, elem_id="extend-facts-fold"):
        facts = html(elem_id="extend-facts")
        corrections = _build_corrections()
    return Source(composed, upload, theme, ensemble, theme_button, facts, corrections)


def _build_corrections() -> tuple[gr.Textbox, ...]:
    """Place what a visitor may know better than what was found."""
    fields_of_rows = (
        (("key", "as found"), ("meter", "as found")),
        (("from bar", "the first"), ("to bar", "the last")),
    )
    names = {"from bar": "first-bar", "to bar": "last-bar"}
    placed = []
    for row in fields_of_rows:
        with gr.Row(elem_classes=["pair"]):
            for label, placeholder in row:
                placed.append(
                    gr.Textbox(
                        label=label,
                        placeholder=placeholder,
                        min_width=120,
                        elem_id=f"extend-{names.get(label, label)}",
                    )
                )
    return tuple(placed)


def build_wish() -> Wish:
    """Place how it goes on."""
    bars = gr.Number(DEFAULT_BARS, label="bars to add", precision=0, elem_id="extend-bars")
    plan = gr.Dropdown(
        [("no plan", NO_PLAN), *((name, name) for name in FORM_NAMES)],
        value=NO_PLAN,
        label="plan",
        info="a form whose first section the music is",
        elem_id="extend-plan",
    )
    rows = gr.Dataframe(
        headers=list(PLAN_COLUMNS),
        column_count=len(PLAN_COLUMNS),
        type="array",
        visible=False,
        label="sections",
        elem_id="extend-plan-rows",
    )
    with gr.Accordion("More", open=False):
        numbers = _build_numbers()
    with gr.Row():
        extend = gr.Button("Extend", variant="primary", elem_id="extend")
        stop = gr.Button("Stop", interactive=False, elem_id="extend-stop")
    with gr.Row():
        undo = gr.Button("↶ Undo", size="sm", elem_id="extend-undo")
        redo = gr.Button("↷ Redo", size="sm", elem_id="extend-redo")
    return Wish(bars, plan, rows, numbers, extend, stop, undo, redo)


def _build_numbers() -> tuple[gr.Textbox, ...]:
    """Place the numbers, two in a row."""
    placed = []
    for at in range(0, len(NUMBERS), 2):
        with gr.Row(elem_classes=["pair", "level"]):
            placed += [_number(name) for name in NUMBERS[at : at + 2]]
    return tuple(placed)


def _number(name: str) -> gr.Textbox:
    """Place a field of `Chunking` or `Request`, with its default, range and help.

    It is a text field: an empty number field is sent as 0.
    """
    options = {option.name: option for kind in (Chunking, Request) for option in fields(kind)}
    option = options[name]
    return gr.Textbox(
        "" if option.default is None else str(option.default),
        label=name.replace("_", " "),
        info=option.metadata["help"],
        min_width=120,
        elem_id=f"extend-{name.replace('_', '-')}",
    )
