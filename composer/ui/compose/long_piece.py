"""A long piece from nothing: what the Compose page asks beside its settings. It grows in Extend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from composer.plans import FORM_NAMES
from composer.ui.shared.elements import html
from composer.ui.shared.settings import OPEN, Setting, long_settings

UNITS = ("chunks", "bars", "minutes")
USUAL_CHUNKS = 4
SAY = (
    '<p class="label">With the settings above. Every section is the best of as many candidates; '
    "sections return and vary, and the last one closes. The piece grows in Extend.</p>"
)


@dataclass(frozen=True)
class LongPiece:
    """The components.

    Args:
        length, unit: How long the piece is, and in what.
        chunk_bars, overlap, plan: As in `plans.Outline`.
        go: Begins it.
    """

    length: gr.Number
    unit: gr.Dropdown
    chunk_bars: gr.Number
    overlap: gr.Number
    plan: gr.Dropdown
    go: gr.Button

    @property
    def inputs(self) -> list[Any]:
        """What is read, in the order of `read`."""
        return [self.length, self.unit, self.chunk_bars, self.overlap, self.plan]

    def read(self, values: Sequence[Any]) -> dict[str, Any]:
        """Return what the components hold, by the names of `plans.Outline`."""
        length, unit, *rest = values
        unit = unit if unit in UNITS else UNITS[0]
        return {unit: length} | dict(zip(("chunk_bars", "overlap", "plan"), rest, strict=True))


def build() -> LongPiece:
    """Place the components, folded."""
    known = long_settings()
    with gr.Accordion("A long piece, section by section", open=False, elem_id="long-fold"):
        html(SAY)
        with gr.Row(elem_classes=["pair"]):
            length = gr.Number(
                USUAL_CHUNKS, label="Length", minimum=0, min_width=120, elem_id="long-length"
            )
            named = [("sections", UNITS[0]), *((unit, unit) for unit in UNITS[1:])]
            unit = gr.Dropdown(
                named, value=UNITS[0], label="Counted in", min_width=120, elem_id="long-unit"
            )
        with gr.Row(elem_classes=["pair"]):
            chunk_bars, overlap = (_number(known[name]) for name in ("chunk_bars", "overlap"))
        plan = gr.Dropdown(
            [("As in a real piece", OPEN), *((name, name) for name in FORM_NAMES)],
            value=OPEN,
            label=known["plan"].label,
            elem_id="long-plan",
        )
        go = gr.Button("Compose a long piece", variant="primary", elem_id="compose-long")
    return LongPiece(length, unit, chunk_bars, overlap, plan, go)


def _number(one: Setting) -> gr.Number:
    return gr.Number(
        one.default,
        label=one.label,
        info=one.help,
        minimum=one.low,
        maximum=one.high,
        step=1 if one.is_whole else 0.1,
        min_width=120,
        elem_id=f"long-{one.name.replace('_', '-')}",
    )
