"""The About page: what composes here, from which music, how fast, and what it cannot do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from composer import places
from composer.composition import Composition
from composer.request import Request
from composer.ui.server.incidents import plain_errors
from composer.ui.shared import wording
from composer.ui.shared.elements import html
from composer.ui.studio import Studio
from composer.version import VERSION

TRIAL = Request(bars=8, candidates=4, seed=1)
USUAL = Request()
NO_CARD = "This checkpoint has no model card beside it."
INTRODUCTION = (
    "<p>A small transformer draws candidates note by note; rules of the craft, each compared with "
    "real pieces of the same form, weigh them; the best is shown first. Everything runs on the "
    "machine that serves this page: nothing is fetched from elsewhere, and nothing that you do "
    "here is kept longer than an hour.</p>"
)
LIMITS = (
    "It learned from a few thousand scores, most of them of the 18th and 19th centuries: forms "
    "with few pieces on the menu are imitated less well than those with many.",
    "It sees about 470 notes at a time. Longer pieces keep their meter and key, and forget their "
    "themes unless the form brings them back soon.",
    "Scores say how usual a piece is beside real ones, not how beautiful it is.",
    "No dynamics, slurs, ornaments or words are composed; the expression that you hear is added "
    "when it is played.",
    "Whether a new piece resembles a known one is counted for the scores it learned from only.",
)
UNCHECKED: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
_IMAGE = re.compile(r"!\[[^\]]*\]\([^)]*\)")
_LOCAL_LINK = re.compile(r"\[([^\]]+)\]\((?!https?:)[^)]*\)")
_HEADING = re.compile(r"^(#{1,4}) ", re.MULTILINE)


def build(studio: Studio, *, n_at_once: int) -> None:
    """Place the page and wire it.

    Args:
        studio: What composes.
        n_at_once: How many runs share the model.
    """
    with gr.Column(elem_classes=["sheet", "about"]):
        html(f"<h2>About</h2>{INTRODUCTION}<p class='note'>Version {VERSION}.</p>")
        html("<h2>How fast it is here</h2>")
        speed = html(wording.note("Not measured yet."), elem_id="speed")
        measure = gr.Button("Measure now", size="sm", elem_id="measure")
        limits = "".join(f"<li>{escape(limit)}</li>" for limit in LIMITS)
        html(f"<h2>What it cannot do</h2><ul>{limits}</ul>", elem_id="limits")
        with gr.Accordion("Model card", open=False, elem_id="model-card"):
            _markdown(read_document(places.checkpoint_folder() / "README.md") or NO_CARD)
        with gr.Accordion("Data, sounds and licences", open=False, elem_id="licences"):
            _markdown(read_document(places.ATTRIBUTION))

    def on_measure() -> Iterator[str]:
        try:
            with plain_errors():
                yield from measure_speed(studio)
        except gr.Error as error:
            yield wording.note(error.message)

    measure.click(
        on_measure,
        None,
        speed,
        concurrency_id="model",
        concurrency_limit=n_at_once,
        **UNCHECKED,
    )


def _markdown(text: str) -> gr.Markdown:
    return gr.Markdown(text, latex_delimiters=[], elem_classes=["document"])


def read_document(path: Path) -> str:
    """Return a text of ours for a page: no pictures, no links into the repository; empty if absent.

    Args:
        path: Of a Markdown file.
    """
    if not path.is_file():
        return ""
    text = _IMAGE.sub("", path.read_text(encoding="utf-8"))
    return _HEADING.sub(r"##\1 ", _LOCAL_LINK.sub(r"\1", text))


def measure_speed(studio: Studio) -> Iterator[str]:
    """Compose a small piece and say how long it took; yield HTML."""
    yield wording.note(f"composing {TRIAL.candidates} candidates of {TRIAL.bars} bars …")
    for step in studio.compose_steps(TRIAL, should_stop=lambda: False):
        if isinstance(step, Composition):
            yield wording.note(speed_words(step))


def speed_words(composition: Composition) -> str:
    """Say how fast a composition came, and what that means for a usual request."""
    elapsed_s = max(composition.elapsed_s, 1e-3)
    n_notes = sum(one.piece.n_notes for one in composition.ranked)
    n_bars = TRIAL.bars * len(composition.ranked)
    usual_s = elapsed_s / n_bars * USUAL.bars * USUAL.candidates
    return (
        f"{wording.count(len(composition.ranked), 'candidate')} of {TRIAL.bars} bars in "
        f"{elapsed_s:.1f} s, {n_notes / elapsed_s:,.0f} notes a second; at this pace "
        f"{USUAL.candidates} candidates of {USUAL.bars} bars take {usual_s:.0f} s."
    )
