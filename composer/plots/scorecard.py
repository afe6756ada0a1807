"""`Scorecard` -> figure: every value beside the band of real pieces, the families in groups."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import plotly.graph_objects as go

from composer.plots.bands import band_words
from composer.plots.style import (
    BAND_COLOUR,
    INSIDE_COLOUR,
    LEGEND,
    OUTSIDE_COLOUR,
    STRONG_LINE,
    axis,
    base_layout,
    safe_text,
)
from composer.scorecard import Score, Scorecard
from composer.scoring.rules import RULES

# The band reaches from 0 to 1; what lies further out than this is drawn at the edge.
MAX_DISTANCE = 1.5
# A label stands above its band, so that a telephone has the whole width for both.
_ROW_PX, _LABEL_ABOVE = 42, 0.45
_LABELS = {rule.name: rule.label for rule in RULES}
# Pieces differ by shape too, so that colours can say what is usual: of usual and unusual values.
_SHAPES = (("circle", "diamond"), ("square-open", "star-diamond-open"))


@dataclass(frozen=True, slots=True)
class _Row:
    """A line of the figure, counted from the top: a family's heading or a value."""

    index: int
    label: str
    name: str = ""


def plot_scorecard(cards: Mapping[str, Scorecard]) -> go.Figure:
    """Plot every value as a dot on the band of real pieces: green inside, orange outside.

    Bands are drawn at equal width, whatever their unit. A value outside lies as many bands away as
    its penalty says, an arrow where it is too far to show.

    Args:
        cards: One or two by the name of their piece; the first has its values written beside it.
    """
    first = next(iter(cards.values()))
    rows = _rows(first)
    figure = go.Figure([_band_trace([row for row in rows if row.name], band_words(first.form))])
    for number, (name, card) in enumerate(cards.items()):
        prefix = f"{safe_text(name)}: " if len(cards) > 1 else ""
        figure.add_traces(_value_traces(rows, card, prefix, number))
    figure.update_layout(
        base_layout(_ROW_PX * max(1, len(rows)) + 90),
        barmode="overlay",
        hovermode="closest",
        dragmode=False,
        legend=LEGEND | {"y": 1.0},
        xaxis=axis(
            "real pieces with less",
            range=[-MAX_DISTANCE - 0.2, 1 + MAX_DISTANCE + 0.2],
            fixedrange=True,
            tickvals=[0, 1],
            ticktext=["10 %", "90 %"],
            gridcolor=STRONG_LINE,
        ),
        yaxis={"range": [len(rows) - 0.5, -0.8], "fixedrange": True, "visible": False},
        annotations=[_label_above(row) for row in rows],
    )
    return figure


def _rows(card: Scorecard) -> list[_Row]:
    rows: list[_Row] = []
    for family, scores in groupby(
        sorted(card.scores, key=lambda score: _family_order(card, score)),
        key=lambda score: score.family,
    ):
        rows.append(_Row(len(rows), f"<b>{html.escape(family)}</b>"))
        for score in scores:
            rows.append(_Row(len(rows), _label(score), score.name))
    return rows


def _label_above(row: _Row) -> dict[str, object]:
    return {
        "text": row.label,
        "x": 0,
        "xref": "x domain",
        "xanchor": "left",
        "y": row.index - (_LABEL_ABOVE if row.name else 0),
        "yanchor": "middle",
        "showarrow": False,
    }


def _label(score: Score) -> str:
    return html.escape(_LABELS.get(score.name, score.name.replace("_", " ")))


def _family_order(card: Scorecard, score: Score) -> int:
    """Sort by where the family is first met, so that it stays together."""
    return [other.family for other in card.scores].index(score.family)


def _band_trace(rows: Sequence[_Row], name: str) -> go.Bar:
    return go.Bar(
        orientation="h",
        name=name,
        base=[0] * len(rows),
        x=[1] * len(rows),
        y=[row.index for row in rows],
        width=0.3,
        marker={"color": BAND_COLOUR, "line": {"width": 0}},
        hoverinfo="skip",
    )


def _value_traces(
    rows: Sequence[_Row], card: Scorecard, prefix: str, number: int
) -> list[go.Scatter]:
    """Draw the values of the pieces' `number`th card, where they stand in the first one's rows."""
    found = {score.name: score for score in card.scores}
    placed = [(row.index, found[row.name]) for row in rows if row.name in found]
    measured = [(index, score) for index, score in placed if not math.isnan(score.value)]
    inside, outside = (
        [one for one in measured if one[1].is_inside_band is wanted] for wanted in (True, False)
    )
    usual, unusual = _SHAPES[number % len(_SHAPES)]
    traces = [
        _value_trace(f"{prefix}usual", inside, INSIDE_COLOUR, usual, has_text=number == 0),
        _value_trace(f"{prefix}unusual", outside, OUTSIDE_COLOUR, unusual, has_text=number == 0),
    ]
    if number == 0:
        traces.append(_unmeasured_trace([one for one in placed if one not in measured]))
    return traces


def _value_trace(
    name: str, placed: Sequence[tuple[int, Score]], colour: str, symbol: str, *, has_text: bool
) -> go.Scatter:
    places = [_place(score) for _, score in placed]
    return go.Scatter(
        mode="markers+text" if has_text else "markers",
        name=name,
        x=[min(1 + MAX_DISTANCE, max(-MAX_DISTANCE, place)) for place in places],
        y=[index for index, _ in placed],
        cliponaxis=False,
        text=[f"{score.value:.3g}" for _, score in placed],
        textposition=[_text_position(place) for place in places],
        hovertext=[_hover_text(score) for _, score in placed],
        hovertemplate="%{hovertext}<extra>%{fullData.name}</extra>",
        marker={
            "color": colour,
            "size": 11,
            "symbol": [_symbol(place, symbol) for place in places],
        },
    )


def _unmeasured_trace(placed: Sequence[tuple[int, Score]]) -> go.Scatter:
    return go.Scatter(
        mode="text",
        name="unmeasured",
        x=[0.5] * len(placed),
        y=[index for index, _ in placed],
        text=["nothing to measure"] * len(placed),
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
        f"<b>{_label(score)}</b><br>{score.value:.3g} {unit}"
        f"<br>real pieces {score.low:.3g} to {score.high:.3g}{places}{source}"
    )
