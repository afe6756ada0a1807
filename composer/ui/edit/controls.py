"""The left column of the Edit page below the source: what becomes of the music."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from composer.engines import Capabilities, MenuEntry
from composer.theory import INSTRUMENTS
from composer.ui.edit.whole import OCTAVE, interval_choices
from composer.ui.shared import choices, engines, fields
from composer.ui.shared.choices import Example
from composer.ui.shared.elements import html
from composer.ui.shared.engines import Engines
from composer.ui.shared.settings import OPEN, setting

PAGE = "edit"
REMADE = {"note": "this note", "chord": "this chord", "areas": "the marked areas"}
EDGES = [("stay as they are", "keep"), ("are tied to new ones", "tie")]


@dataclass(frozen=True)
class Whole:
    """What is done to the whole piece at once.

    Args:
        interval, transpose: An interval, and the button that moves all notes by it.
        part, instrument, give: A part, who is to play it, and the button that lets it be so.
    """

    interval: gr.Dropdown
    transpose: gr.Button
    part: gr.Dropdown
    instrument: gr.Dropdown
    give: gr.Button


@dataclass(frozen=True)
class Empty:
    """Bars to paint on: their key, meter and number, and the button that lays them out."""

    key: gr.Textbox
    meter: gr.Textbox
    bars: gr.Number
    take: gr.Button


@dataclass(frozen=True)
class Ways:
    """What becomes of the music.

    Args:
        infill, vary, harmonise: The buttons, each with a tab of its own.
        remake: The buttons that write one note, chord or the marked areas anew, beside the first.
        complete, freedom, part, composer, form: Of one of them.
        edges: Of the first two.
        numbers: Settings of all, by name.
        engines: Who writes.
        stop: Stops the run.
        whole: What needs no run.
    """

    infill: gr.Button
    remake: tuple[gr.Button, ...]
    complete: gr.Checkbox
    vary: gr.Button
    freedom: gr.Slider
    harmonise: gr.Button
    part: gr.Dropdown
    composer: gr.Dropdown
    form: gr.Dropdown
    edges: gr.Radio
    numbers: dict[str, Any]
    engines: Engines
    stop: gr.Button
    whole: Whole

    @property
    def runs(self) -> tuple[gr.Button, ...]:
        """The buttons that begin a run."""
        return self.infill, *self.remake, self.vary, self.harmonise


def build(rows: Sequence[MenuEntry], can: Mapping[str, Capabilities]) -> Ways:
    """Place the ways of writing.

    Args:
        rows: The pairs of composer and form on offer.
        can: What every engine can do, by name.
    """
    with gr.Tabs(elem_id="edit-ways"):
        with gr.Tab("Rewrite"):
            html(_say("Mark bars on the roll; untick parts there that are to stay."))
            complete = gr.Checkbox(
                label="Only add to the notes there", container=False, elem_id="edit-complete"
            )
            infill = _run_button("Rewrite the marked bars", "edit-infill")
            html(_say("Or click or drag a note of the sheet (arrow keys move it), or mark areas."))
            with gr.Row():
                remake = tuple(
                    gr.Button(f"Remake {words}", size="sm", elem_id=f"edit-remake-{name}")
                    for name, words in REMADE.items()
                )
        with gr.Tab("Vary"):
            html(_say("Mark bars on the roll: they are written again in their own manner."))
            freedom = gr.Slider(
                0,
                1,
                0.5,
                step=0.05,
                label="How much to change (0 keeps close, 1 rewrites)",
                elem_id="edit-freedom",
            )
            vary = _run_button("Vary the marked bars", "edit-vary")
        with gr.Tab("Harmonise"):
            html(_say("One part is given and stays; all others are written to it."))
            part = gr.Dropdown([], label="Given part", elem_id="edit-part")
            composer, form = _build_pair(rows)
            harmonise = _run_button("Harmonise", "edit-harmonise")
    stop = gr.Button("Stop", interactive=False, elem_id="edit-stop")
    numbers, edges, who = _build_manner(can)
    with gr.Accordion("Transpose, change instruments", open=False, elem_id="edit-whole-fold"):
        whole = _build_whole()
    return Ways(
        *(infill, remake, complete, vary, freedom, harmonise, part, composer, form),
        *(edges, numbers, who, stop, whole),
    )


def _build_whole() -> Whole:
    intervals, players = interval_choices(), list(INSTRUMENTS)
    interval = gr.Dropdown(intervals, value=-OCTAVE, label="Interval", elem_id="edit-interval")
    transpose = gr.Button("Transpose the piece", elem_id="edit-transpose")
    with gr.Row(elem_classes=["pair"]):
        part = gr.Dropdown([], label="Part", min_width=120, elem_id="edit-player-part")
        instrument = gr.Dropdown(
            players, value=players[0], label="Instrument", min_width=120, elem_id="edit-instrument"
        )
    give = gr.Button("Change the instrument", elem_id="edit-give")
    return Whole(interval, transpose, part, instrument, give)


def build_empty() -> Empty:
    """Place where bars come from that are to be painted on."""
    with gr.Accordion("Or empty bars to paint on", open=False, elem_id="edit-empty-fold"):
        with gr.Row(elem_classes=["pair", "level"]):
            key, meter = (
                gr.Textbox(
                    label=label, placeholder=usual, min_width=80, elem_id=f"edit-empty-{name}"
                )
                for name, label, usual in (("key", "Key", "C major"), ("meter", "Meter", "4/4"))
            )
            bars = gr.Number(8, label="Bars", precision=0, min_width=80, elem_id="edit-empty-bars")
        take = gr.Button("Begin with empty bars", elem_id="edit-take-empty")
    return Empty(key, meter, bars, take)


def _say(words: str) -> str:
    return f'<p class="label">{words}</p>'


def _run_button(label: str, name: str) -> gr.Button:
    return gr.Button(label, variant="primary", elem_id=name)


def _build_pair(rows: Sequence[MenuEntry]) -> tuple[gr.Dropdown, gr.Dropdown]:
    """Place composer and form, with the first example's pair chosen."""
    first = next(iter(choices.examples(rows)), Example(OPEN, OPEN, "", "", 16))
    offered = {
        "composer": (choices.composer_choices(rows), first.composer),
        "form": (choices.form_choices(rows, first.composer), first.form),
    }
    with gr.Row(elem_classes=["pair"]):
        composer, form = (fields.choice(name, *offered[name], page=PAGE) for name in offered)
    return composer, form


def _build_manner(can: Mapping[str, Capabilities]) -> tuple[dict[str, Any], gr.Radio, Engines]:
    """Place what all ways of writing share."""
    numbers: dict[str, Any] = {
        "candidates": fields.number("candidates", page=PAGE, info=setting("candidates").help)
    }
    numbers["chords"] = fields.lines(
        "chords",
        page=PAGE,
        placeholder="G | D7 G | Em . C D7",
        info="chord symbols that new notes lean to; empty: those in the piece; N.C. for none",
    )
    who = engines.build(can, "Fill", page=PAGE)
    with gr.Accordion("More", open=False, elem_id="edit-more"):
        edges = gr.Radio(
            EDGES, value="keep", label="Notes across the edges of the bars", elem_id="edit-edges"
        )
        with gr.Row(elem_classes=["pair"]):
            hints = {
                "temperature": ("as usual", setting("temperature").help),
                "seed": ("a new one", "same seed, same music"),
            }
            for name, (hint, info) in hints.items():
                numbers[name] = fields.blank(name, page=PAGE, placeholder=hint, info=info)
    return numbers, edges, who
