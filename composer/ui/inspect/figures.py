"""The figures of the Inspect page: a piece, or two beside each other, among real pieces of a form.

The browser draws them (assets/ui/figures.js); here each gets its heading and the sentence that says
how to read it. Knows no component of the page.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from composer.piece import Piece
from composer.plots import (
    PLOTLY_VERSION,
    plot_density,
    plot_intervals,
    plot_keys,
    plot_likeness,
    plot_pitch_classes,
    plot_scorecard,
)
from composer.scorecard import Scorecard

MODULE = "composer-assets/ui/figures.js"
SCRIPT = f"composer-assets/plotly-{PLOTLY_VERSION}.min.js"
# The `js_on_load` of the element that `show` fills.
ON_LOAD = (
    f"import(new URL('{MODULE}', document.baseURI)).then((m) => m.mount(element, props, watch));"
)
TEMPLATE = '<div class="figures"></div>'


class _Kind(NamedTuple):
    """A figure: its name in the page, heading, how to read it, and what draws it."""

    name: str
    title: str
    words: str
    plot: Callable[..., Any]


KINDS = (
    _Kind(
        "pitch-classes",
        "Pitch classes",
        "How long each note of the scale sounds, octaves taken together. The grey stripes hold "
        "eight of ten real pieces, the line in each stripe the middle one.",
        plot_pitch_classes,
    ),
    _Kind(
        "intervals",
        "Melodic intervals",
        "How often a line moves by each interval, down to the left and up to the right.",
        plot_intervals,
    ),
    _Kind(
        "density",
        "Density",
        "How many notes begin in a quarter, bar by bar, beside real pieces at the same part of "
        "their course.",
        plot_density,
    ),
    _Kind(
        "keys",
        "Keys on the way",
        "The key of every two bars, estimated from the notes: circles are major, diamonds minor; "
        "hollow ones are not clear. One row up has one sharp more, or one flat less.",
        plot_keys,
    ),
    _Kind(
        "form",
        "Form at a glance",
        "How alike every two bars are in harmony and rhythm. A bright stripe beside the diagonal "
        "is a passage that returns. Below, how alike bars are by the distance between them.",
        plot_likeness,
    ),
)
_SCORECARD_WORDS = (
    "Every value of the scorecard on the band of real pieces, which is drawn equally wide for all. "
)


def show(pieces: Mapping[str, Piece], form: str | None, cards: Mapping[str, Scorecard]) -> str:
    """Return what the browser draws, as JSON text; empty without a piece.

    Args:
        pieces: One or two by the name that is shown.
        form: Whose real pieces are beside them; None for all pieces, whatever form or ensemble.
        cards: Of the same names.
    """
    if not pieces:
        return ""
    compared = {
        name: piece if form else replace(piece, ensemble="") for name, piece in pieces.items()
    }
    drawn = [
        _entry(kind.name, kind.title, kind.words, kind.plot(compared, form=form or ""))
        for kind in KINDS
    ]
    totals = " and ".join(f"{card.total:.0f} ({name})" for name, card in cards.items())
    words = f"{_SCORECARD_WORDS}Closeness to real pieces, of 100: {totals}."
    drawn.append(_entry("scorecard", "Scorecard as a picture", words, plot_scorecard(cards)))
    return json.dumps({"script": SCRIPT, "figures": drawn}, separators=(",", ":"))


def _entry(name: str, title: str, words: str, figure: Any) -> dict[str, Any]:
    return {"name": name, "title": title, "words": words, "figure": json.loads(figure.to_json())}
