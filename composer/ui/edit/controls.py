"""The left column of the Edit page: where the music comes from, and what becomes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from composer.engines import MenuRow
from composer.request import default_of
from composer.ui.shared import choices, piano
from composer.ui.shared.choices import OPEN, Example
from composer.ui.shared.elements import FILE_TYPES, NAME_BUTTON, html
from composer.ui.shared.settings import help_text, limits

EDGES = [("stay as they are", "keep"), ("are tied to new ones", "tie")]


@dataclass(frozen=True)
class Source:
    """Where the music comes from."""

    composed: gr.Button
    upload: gr.File
    melody: gr.Textbox
    melody_button: gr.Button


@dataclass(frozen=True)
class Wish:
    """What becomes of it.

    Args:
        infill, vary, harmonise: The buttons, each with a tab of its own.
        complete, freedom, part, composer, form: Of one of them.
        edges: Of the first two.
        numbers: Of all, in the order of `edit_jobs.NUMBERS`.
        stop: Stops the run.
    """

    infill: gr.Button
    complete: gr.Checkbox
    vary: gr.Button
    freedom: gr.Slider
    harmonise: gr.Button
    part: gr.Dropdown
    composer: gr.Dropdown
    form: gr.Dropdown
    edges: gr.Radio
    numbers: tuple[Any, ...]
    stop: gr.Button

    @property
    def runs(self) -> tuple[gr.Button, ...]:
        """The buttons that begin a run."""
        return self.infill, self.vary, self.harmonise


def build_source() -> Source:
    """Place where the music comes from."""
    composed = gr.Button("Take the piece from Compose", elem_id="edit-composed")
    html('<h2 class="label">or a MIDI or MusicXML file</h2>', js_on_load=NAME_BUTTON)
    upload = gr.File(
        file_types=FILE_TYPES,
        show_label=False,
        label="MIDI or MusicXML file",
        elem_id="edit-upload",
    )
    with gr.Accordion("or a melody", open=False, elem_id="edit-melody-fold"):
        melody = gr.Textbox(
            label="melody",
            info="ABC notation, such as: M:3/4 L:1/4 K:G",
            placeholder="M:4/4\nL:1/4\nK:G\nG A B c | d2 B2 |",
            lines=5,
            max_lines=5,
            elem_id="edit-melody",
        )
        piano.build("edit-melody")
        melody_button = gr.Button("Begin with this melody", elem_id="edit-take-melody")
    return Source(composed, upload, melody, melody_button)


def build_wish(rows: Sequence[MenuRow]) -> Wish:
    """Place what becomes of it.

    Args:
        rows: The pairs of composer and form on offer.
    """
    with gr.Tabs(elem_id="edit-ways"):
        with gr.Tab("Rewrite"):
            html(_say("Mark bars on the roll; untick parts there that are to stay."))
            complete = gr.Checkbox(
                label="only add to the notes there", container=False, elem_id="edit-complete"
            )
            infill = _run_button("Rewrite the marked bars", "edit-infill")
        with gr.Tab("Vary"):
            html(_say("Mark bars on the roll: they are written again in their own manner."))
            freedom = gr.Slider(
                0, 1, 0.5, step=0.05, label="from faithful to free", elem_id="edit-freedom"
            )
            vary = _run_button("Vary the marked bars", "edit-vary")
        with gr.Tab("Harmonise"):
            html(_say("One part is given and stays; all others are written to it."))
            part = gr.Dropdown([], label="given part", elem_id="edit-part")
            composer, form = _build_pair(rows)
            harmonise = _run_button("Harmonise", "edit-harmonise")
    numbers, edges = _build_manner()
    stop = gr.Button("Stop", interactive=False, elem_id="edit-stop")
    return Wish(
        *(infill, complete, vary, freedom, harmonise, part, composer, form), edges, numbers, stop
    )


def _say(words: str) -> str:
    return f'<p class="label">{words}</p>'


def _run_button(label: str, name: str) -> gr.Button:
    return gr.Button(label, variant="primary", elem_id=name)


def _build_pair(rows: Sequence[MenuRow]) -> tuple[gr.Dropdown, gr.Dropdown]:
    """Place composer and form, with the first example's pair chosen."""
    first = next(iter(choices.examples(rows)), Example(OPEN, OPEN, "", "", 16))
    with gr.Row(elem_classes=["pair"]):
        composer = gr.Dropdown(
            choices.composer_choices(rows),
            value=first.composer,
            label="composer",
            min_width=120,
            elem_id="edit-composer",
        )
        form = gr.Dropdown(
            choices.form_choices(rows, first.composer),
            value=first.form,
            label="form",
            min_width=120,
            elem_id="edit-form",
        )
    return composer, form


def _build_manner() -> tuple[tuple[Any, ...], gr.Radio]:
    """Place what all ways of writing share."""
    low, high = limits("candidates")
    candidates = gr.Number(
        default_of("candidates"),
        label="candidates",
        info=help_text("candidates"),
        minimum=low,
        maximum=high,
        elem_id="edit-candidates",
    )
    with gr.Accordion("More", open=False, elem_id="edit-more"):
        edges = gr.Radio(
            EDGES, value="keep", label="notes across the edges of the bars", elem_id="edit-edges"
        )
        with gr.Row(elem_classes=["pair"]):
            temperature = _open_number("temperature", "as usual", help_text("temperature"))
            seed = _open_number("seed", "a new one", "same seed, same music")
    return (candidates, temperature, seed), edges


def _open_number(name: str, placeholder: str, info: str) -> gr.Textbox:
    """Place a number that may be left out: gradio's own fields for numbers cannot stay empty."""
    return gr.Textbox(
        label=name,
        placeholder=placeholder,
        info=info,
        max_lines=1,
        min_width=120,
        elem_id=f"edit-{name}",
    )
