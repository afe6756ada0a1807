"""The wishes of the Compose page as components; ranges, defaults and help are the request's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from composer.engines import MenuRow, Suggestion
from composer.rendering import suggested_tempo_bpm
from composer.request import default_of
from composer.theory import ENSEMBLES
from composer.ui.compose import suggested
from composer.ui.shared import choices
from composer.ui.shared.choices import OPEN, Example
from composer.ui.shared.settings import WISHES, help_text, limits


@dataclass(frozen=True)
class Controls:
    """The components of the left column.

    Args:
        wishes: One component a wish, in the order of `WISHES`.
        keep_seed: Whether the seed stays.
        compose, stop: The two buttons.
        examples: Wishes in one click.
        suggested: What suits the form, under the sliders.
    """

    wishes: dict[str, Any]
    keep_seed: gr.Checkbox
    compose: gr.Button
    stop: gr.Button
    examples: gr.Dataset
    suggested: suggested.Line

    @property
    def in_order(self) -> list[Any]:
        """The wishes as the handlers expect them."""
        return [self.wishes[name] for name in WISHES]


def build(
    rows: Sequence[MenuRow], examples: Sequence[Example], suggestions: Mapping[str, Suggestion]
) -> Controls:
    """Place all controls, with the first example's pair chosen."""
    first = examples[0] if examples else Example(OPEN, OPEN, "", "", 16)
    gr.HTML(
        '<h2 class="label">Begin with an example, or wish for something else</h2>',
        apply_default_css=False,
    )
    with gr.Column(elem_classes=["examples-room"]):  # has its height before they are there
        dataset = gr.Dataset(
            components=["textbox"],
            samples=[[example.label] for example in examples],
            sample_labels=[example.label for example in examples],
            type="index",
            show_label=False,
            elem_id="examples",
        )
    wishes = _build_music(rows, first) | _build_run()
    keep_seed = wishes.pop("keep_seed")
    with gr.Accordion("Sampling details", open=False, elem_id="details"):
        wishes |= _build_details()
        line = suggested.build(suggestions, first.form)
    with gr.Row(elem_classes=["actions"]):
        compose = gr.Button("Compose", variant="primary", elem_id="compose", scale=3)
        stop = gr.Button("Stop", interactive=False, elem_id="stop", scale=1, min_width=80)
    return Controls(wishes, keep_seed, compose, stop, dataset, line)


def _build_music(rows: Sequence[MenuRow], first: Example) -> dict[str, Any]:
    """Place what the piece shall be."""
    composer, form = first.composer, first.form
    lists = {
        "composer": (choices.composer_choices(rows), composer),
        "form": (choices.form_choices(rows, composer), form),
        "key": (choices.key_choices(), OPEN),
        "meter": (choices.meter_choices(rows, composer, form), OPEN),
    }
    wishes: dict[str, Any] = {}
    for pair in (("composer", "form"), ("key", "meter")):
        with gr.Row(elem_classes=["pair"]):
            for name in pair:
                options, value = lists[name]
                wishes[name] = gr.Dropdown(
                    options, value=value, label=name, elem_id=f"wish-{name}", min_width=120
                )
    with gr.Row(elem_classes=["pair"]):
        wishes["bars"] = _number("bars", info=choices.usual_bars(rows, composer, form))
        wishes["tempo_bpm"] = gr.Textbox(
            label="tempo",
            placeholder=tempo_hint(form),
            info="quarters a minute",
            max_lines=1,
            min_width=120,
            elem_id="wish-tempo_bpm",
        )
    return wishes


def _build_run() -> dict[str, Any]:
    """Place how the piece is drawn."""
    wishes: dict[str, Any] = {"temperature": _slider("temperature", 0.05)}
    with gr.Row(elem_classes=["pair"]):
        wishes["candidates"] = _number("candidates", info=help_text("candidates"))
        with gr.Column(min_width=120, elem_classes=["seed"]):
            wishes["seed"] = _number("seed", info="a new one for every run, unless kept")
            wishes["keep_seed"] = gr.Checkbox(
                label="keep this seed", elem_id="keep-seed", container=False
            )
    return wishes


def _build_details() -> dict[str, Any]:
    """Place what most people leave alone."""
    ensembles = [("usual", OPEN), *((name, name) for name in ENSEMBLES)]
    with gr.Row(elem_classes=["pair"]):
        ensemble = gr.Dropdown(
            ensembles, value=OPEN, label="ensemble", elem_id="wish-ensemble", min_width=120
        )
        low, high = (int(limit) for limit in limits("parts"))
        counts = [("usual", OPEN), *((str(n), str(n)) for n in range(low, high + 1))]
        parts = gr.Dropdown(counts, value=OPEN, label="parts", elem_id="wish-parts", min_width=120)
    return {
        "ensemble": ensemble,
        "parts": parts,
        "top_k": _slider("top_k", 1),
        "top_p": _slider("top_p", 0.01),
        "min_p": _slider("min_p", 0.01),
        "guidance": _slider("guidance", 0.1),
        "part_writing": _slider("part_writing", 0.1),
        "prune": _slider("prune", 1),
    }


def tempo_hint(form: Any) -> str:
    """Say which tempo an empty field means."""
    is_form = isinstance(form, str) and form not in ("", OPEN)
    return f"{suggested_tempo_bpm(form):.0f}" if is_form else "usual for the form"


def _number(name: str, **options: Any) -> gr.Number:
    low, high = limits(name)
    return gr.Number(
        value=default_of(name),
        label=name,
        minimum=low,
        maximum=high,
        min_width=120,
        elem_id=f"wish-{name}",
        **options,
    )


def _slider(name: str, step: float) -> gr.Slider:
    low, high = limits(name)
    return gr.Slider(
        low,
        high,
        value=default_of(name),
        step=step,
        label=name.replace("_", "-"),
        info=help_text(name),
        elem_id=f"wish-{name}",
    )
