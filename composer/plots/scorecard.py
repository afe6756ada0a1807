"""`Scorecard` -> figure: every value beside the band of real pieces, the families in groups."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass
from itertools import groupby

import plotly.graph_objects as go

from composer.plots.style import FAINT_LINE, INSIDE_COLOUR, OUTSIDE_COLOUR, STRONG_LINE, base_layout
from composer.scorecard import Score, Scorecard

# The band reaches from 0 to 1; what lies further out than this is drawn at the edge.
MAX_DISTANCE = 1.5
_ROW_PX = 24
_BAND_COLOUR = "rgba(127,127,127,0.3)"


@dataclass(frozen=True, slots=True)
class _Row:
    """A line of the figure, counted from the top: a family's heading or a value."""

    index: int
    label: str
    score: Score | None = None


def plot_scorecard(scorecard: Scorecard) -> go.Figure:
    """Plot every value as a dot on the band of real pieces: green inside, orange outside.

    Bands are drawn at equal width, whatever their unit. A value outside lies as many bands away as
    its penalty says, an arrow where it is too far to show.
    """
    rows = _rows(scorecard)
    scored = [row for row in rows if row.score is not None]
    figure = go.Figure([_band_trace(scored), *_value_traces(scored)])
    figure.update_layout(
        base_layout(_ROW_PX * max(1, len(rows)) + 70),
        barmode="overlay",
        hovermode="closest",
        dragmode=False,
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": 1.0, "yanchor": "bottom"},
        xaxis={
            "range": [-MAX_DISTANCE - 0.2, 1 + MAX_DISTANCE + 0.2],
            "fixedrange": True,
            "tickvals": [0, 1],
            "ticktext": ["10 %", "90 %"],
            "gridcolor": STRONG_LINE,
            "zeroline": False,
            "automargin": True,
            "title": {"text": "real pieces with less", "standoff": 4},
        },
        yaxis={
            "range": [len(rows) - 0.5, -0.5],
            "fixedrange": True,
            "tickvals": [row.index for row in rows],
            "ticktext": [row.label for row in rows],
            "gridcolor": FAINT_LINE,
            "zeroline": False,
            "automargin": True,
        },
    )
    return figure


def _rows(scorecard: Scorecard) -> list[_Row]:
    rows: list[_Row] = []
    for family, scores in groupby(
        sorted(scorecard.scores, key=lambda score: _family_order(scorecard, score)),
        key=lambda score: score.family,
    ):
        rows.append(_Row(len(rows), f"<b>{html.escape(family)}</b>"))
        for score in scores:
            rows.append(_Row(len(rows), html.escape(score.name.replace("_", " ")), score))
    return rows


def _family_order(scorecard: Scorecard, score: Score) -> int:
    """Sort by where the family is first met, so that it stays together."""
    return [other.family for other in scorecard.scores].index(score.family)


def _band_trace(rows: list[_Row]) -> go.Bar:
    return go.Bar(
        orientation="h",
        name="real pieces",
        base=[0] * len(rows),
        x=[1] * len(rows),
        y=[row.index for row in rows],
        width=0.5,
        marker={"color": _BAND_COLOUR, "line": {"width": 0}},
        hoverinfo="skip",
    )


def _value_traces(rows: list[_Row]) -> list[go.Scatter]:
    measured = [row for row in rows if row.score and not math.isnan(row.score.value)]
    unmeasured = [row for row in rows if row not in measured]
    inside = [row for row in measured if row.score and row.score.is_inside_band]
    outside = [row for row in measured if row.score and not row.score.is_inside_band]
    return [
        _value_trace("inside the band", inside, INSIDE_COLOUR, "circle"),
        _value_trace("outside", outside, OUTSIDE_COLOUR, "diamond"),
        _unmeasured_trace(unmeasured),
    ]


def _value_trace(name: str, rows: list[_Row], colour: str, symbol: str) -> go.Scatter:
    places = [_place(row.score) for row in rows if row.score]
    return go.Scatter(
        mode="markers+text",
        name=name,
        x=[min(1 + MAX_DISTANCE, max(-MAX_DISTANCE, place)) for place in places],
        y=[row.index for row in rows],
        text=[f"{row.score.value:.3g}" for row in rows if row.score],
        textposition=[_text_position(place) for place in places],
        hovertext=[_hover_text(row.score) for row in rows if row.score],
        hovertemplate="%{hovertext}<extra></extra>",
        marker={
            "color": colour,
            "size": 11,
            "symbol": [_symbol(place, symbol) for place in places],
        },
    )


def _unmeasured_trace(rows: list[_Row]) -> go.Scatter:
    return go.Scatter(
        mode="text",
        name="unmeasured",
        x=[0.5] * len(rows),
        y=[row.index for row in rows],
        text=["nothing to measure"] * len(rows),
        hoverinfo="skip",
        showlegend=False,
    )


def _place(score: Score) -> float:
    """Return where a value lies, in bands: 0 to 1 inside, by its penalty outside."""
    width = score.high - score.low
    if score.is_inside_band:
        return min(1.0, max(0.0, (score.value - score.low) / width)) if width > 0 else 0.5
    return 1 + score.penalty if score.value > score.high else -score.penalty


def _text_position(place: float) -> str:
    """Put the number on the dot's outer side, unless it would leave the figure there."""
    return "middle left" if -0.6 <= place < 0 or place > 2 else "middle right"


def _symbol(place: float, usual: str) -> str:
    if place > 1 + MAX_DISTANCE:
        return "triangle-right"
    return "triangle-left" if place < -MAX_DISTANCE else usual


def _hover_text(score: Score) -> str:
    unit = html.escape(score.unit)
    n_places = len(score.places)
    places = f"<br>{n_places} place{'s' * (n_places > 1)}" if n_places else ""
    source = f"<br>{html.escape(score.source)}" if score.source else ""
    return (
        f"<b>{html.escape(score.name.replace('_', ' '))}</b><br>{score.value:.3g} {unit}"
        f"<br>real pieces {score.low:.3g} to {score.high:.3g}{places}{source}"
    )
