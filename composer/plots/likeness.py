"""`Piece` -> its form at a glance: how alike every two bars are, and at which distance bars return.

After the self-similarity matrices of J. Foote, Visualizing Music and Audio Using Self-Similarity,
ACM Multimedia (1999), pp. 77-80; likeness is that of `scoring.form`.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from composer.piece import Piece
from composer.plots.bands import band_words
from composer.plots.pianoroll import thinning
from composer.plots.style import (
    BAND_COLOUR,
    PART_COLOURS,
    SCALE,
    TEXT_COLOUR,
    axis,
    base_layout,
    safe_text,
)
from composer.scoring.bands import Bands, find_band, groups_of, load_bands
from composer.scoring.form import likeness_matrix
from composer.scoring.rules import RULES
from composer.scoring.texture import FloatArray, build_texture

# More bars than this are joined to cells of 2, 4 ... bars.
MAX_CELLS = 128
MAX_LAG_BARS = 16
MATRIX_PX, LAGS_PX, FRAME_PX = 380, 190, 120
_LAG_RULES = {
    int(rule.name.removeprefix("likeness_")): rule
    for rule in RULES
    if rule.name.startswith("likeness_")
}


def plot_likeness(
    pieces: Mapping[str, Piece], *, form: str | None = None, bands: Bands | None = None
) -> go.Figure:
    """Plot how alike every two bars are, a square a piece, and below by the bars between them.

    Stripes beside the diagonal are passages that return; the height of a stripe says how far back.

    Args:
        pieces: One or more by name; the first decides what is usual.
        form: Whose real pieces are beside them; the first piece's own form if left out.
        bands: Instead of those of the corpus.
    """
    tables = {name: likeness_matrix(build_texture(one)) for name, one in pieces.items()}
    heights = [MATRIX_PX] * len(tables) + [LAGS_PX]
    height_px = sum(heights) + FRAME_PX
    n_rows = len(heights)
    figure = make_subplots(n_rows, 1, row_heights=heights, vertical_spacing=0.25 / n_rows)
    for row, (name, table) in enumerate(tables.items(), 1):
        figure.add_trace(_matrix_trace(pieces[name], table, name), row, 1)
        _square(figure, row, name if len(tables) > 1 else "")
    for trace in _lag_bands(next(iter(pieces.values())), form, bands):
        figure.add_trace(trace, n_rows, 1)
    for index, (name, table) in enumerate(tables.items()):
        figure.add_trace(_lag_trace(table, name, index), n_rows, 1)
    figure.update_xaxes(axis("bars from one to the other", fixedrange=True, dtick=2), row=n_rows)
    figure.update_yaxes(
        axis("alike on average", tickformat=".0%", fixedrange=True, rangemode="tozero"), row=n_rows
    )
    lags_top = figure.layout[f"yaxis{n_rows}"].domain[1]
    figure.update_layout(
        base_layout(height_px),
        hovermode="closest",
        dragmode="zoom",
        barmode="overlay",
        showlegend=True,
        legend={"orientation": "h", "x": 0, "y": lags_top + 0.01, "yanchor": "bottom"},
        coloraxis={
            "colorscale": SCALE,
            "cmin": 0.0,
            "cmax": 1.0,
            "colorbar": {
                "title": {"text": "alike"},
                "tickformat": ".0%",
                "thickness": 10,
                "outlinewidth": 0,
                "lenmode": "pixels",
                "len": MATRIX_PX * 0.7,
                "y": 1.0,
                "yanchor": "top",
            },
        },
    )
    return figure


def _matrix_trace(piece: Piece, table: FloatArray, name: str) -> go.Heatmap:
    step = thinning(piece.n_bars, MAX_CELLS)
    middles = np.array(piece.bar_numbers)[::step] + (step - 1) / 2
    where = "bars %{y} and %{x}" if step == 1 else f"{step} bars around %{{y}} and around %{{x}}"
    return go.Heatmap(
        name=safe_text(name),
        z=np.round(_pooled(table, step), 2).astype("f4"),
        x=middles,
        y=middles,
        coloraxis="coloraxis",
        hoverongaps=False,
        hovertemplate=f"{where}<br>%{{z:.0%}} alike<extra>{safe_text(name)}</extra>",
    )


def _pooled(table: FloatArray, step: int) -> FloatArray:
    """Return the mean of blocks of `step` by `step` bars; NaN where all bars are empty."""
    if step == 1:
        return table
    n_cells = -(-len(table) // step)
    padded = np.full((n_cells * step, n_cells * step), np.nan)
    padded[: len(table), : len(table)] = table
    blocks = padded.reshape(n_cells, step, n_cells, step).swapaxes(1, 2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # the mean of nothing is what is wanted
        return np.asarray(np.nanmean(blocks, axis=(2, 3)))


def _square(figure: go.Figure, row: int, title: str) -> None:
    """Let the panel of a matrix be square, the first bar at its upper left."""
    suffix = "" if row == 1 else str(row)
    words = f"bar of {safe_text(title)}" if title else "bar"
    figure.update_xaxes(axis(words, constrain="domain", showgrid=False), row=row)
    figure.update_yaxes(
        axis(
            "bar",
            autorange="reversed",
            scaleanchor=f"x{suffix}",
            constrain="domain",
            showgrid=False,
        ),
        row=row,
    )


def _lag_bands(piece: Piece, form: str | None, bands: Bands | None) -> list[go.Bar]:
    """Draw where real pieces lie at the distances that the rules of form measure."""
    bands = load_bands() if bands is None else bands
    groups = groups_of(piece, form)
    found = {lag: find_band(bands, groups, rule) for lag, rule in _LAG_RULES.items()}
    known = {lag: (group, band) for lag, (group, band) in found.items() if band.n}
    if not known:
        return []
    group = next(iter(known.values()))[0]
    return [
        go.Bar(
            name=band_words(group),
            x=np.array(list(known)),
            base=[band.p10 for _, band in known.values()],
            y=[band.p90 - band.p10 for _, band in known.values()],
            width=0.7,
            marker={"color": BAND_COLOUR, "line": {"width": 0, "color": TEXT_COLOUR}},
            hovertext=[
                f"{lag} bars apart, {band_words(of)}: {band.p10:.0%} to {band.p90:.0%}"
                for lag, (of, band) in known.items()
            ],
            hovertemplate="%{hovertext}<extra></extra>",
            textposition="none",
        )
    ]


def _lag_trace(table: FloatArray, name: str, index: int) -> go.Scatter:
    lags = range(1, min(MAX_LAG_BARS, len(table) - 1) + 1)
    means = []
    for lag in lags:
        diagonal = np.diagonal(table, lag)
        known = diagonal[~np.isnan(diagonal)]
        means.append(float(known.mean()) if len(known) else np.nan)
    return go.Scatter(
        name=safe_text(name),
        mode="lines+markers",
        x=np.array(lags),
        y=np.round(means, 4),
        line={"width": 1.5, "color": PART_COLOURS[index]},
        marker={"size": 7, "color": PART_COLOURS[index]},
        hovertemplate="%{x} bars apart: %{y:.0%} alike<extra>%{fullData.name}</extra>",
    )
