"""A page with a score view to paint on, and a button that says what reached the server.

`python -m tests.browser.painting_app`; with UPBEAT=1 the piece begins with the last quarter of a
bar.
"""

from __future__ import annotations

import os
from fractions import Fraction
from typing import Any

import gradio as gr

from composer.request import Request
from composer.ui import launch
from composer.ui.layout import ARRIVE
from composer.ui.server.entrance import PlainBlocks
from composer.ui.shared import marked, score_view, sheets
from tests.conftest import without_beginning
from tests.fake_studio import make_piece

PIECE = make_piece(Request(bars=8))
if os.environ.get("UPBEAT"):
    PIECE = without_beginning(PIECE, Fraction(3))
RAW: dict[str, Any] = {"preprocess": False, "queue": False}


def read_back(selection: Any, edits: Any) -> str:
    """Say which bars and parts are selected, and how many notes there are."""
    painted = marked.read_edits(edits, PIECE)
    return f"{marked.read_selection(selection, PIECE)}; {painted.n_notes} notes"


def build() -> gr.Blocks:
    """Build the page."""
    demo = PlainBlocks(title="Painting", analytics_enabled=False)
    with demo:
        window_px = gr.Number(visible=False)
        view = score_view.build("paint", paints=True)
        ask = gr.Button("read back", elem_id="ask")
        said = gr.Textbox(elem_id="said", label="said")
        ask.click(read_back, [view.selection, view.edits], said, **RAW)
        demo.load(lambda: score_view.show(PIECE), None, view.view, **RAW)
        demo.load(lambda: sheets.show_sheet(PIECE, 1280), None, view.sheet, **RAW)
        demo.load(None, None, window_px, js=ARRIVE)
    return demo


if __name__ == "__main__":
    launch(build())
