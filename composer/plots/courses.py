"""`Piece` -> what happens on the way, bar by bar: density and keys, a panel a piece.

Beside each piece is the middle of real pieces at the same tenth of their own course.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from composer.piece import Piece
from composer.plots.bands import MIDDLE, band_words, usual_range
from composer.plots.style import (
    BAND_COLOUR,
    FAINT_LINE,
    LEGEND,
    PART_COLOURS,
    STRONG_LINE,
    TEXT_COLOUR,
    axis,
    base_layout,
    safe_text,
)
from composer.scoring.harmony.keys import STRETCH_BARS, LocalKeys, find_local_keys
from composer.scoring.series import (
    N_STRETCHES,
    SeriesBands,
    bar_densities,
    find_series,
    load_series_bands,
)
from composer.scoring.texture import STEPS_PER_QUARTER, FloatArray, Texture, build_texture
from composer.theory import MODES, Key, key_from_pitch_class

PANEL_PX, FRAME_PX = 210, 90
# Where the best key fits better than the next by less than this, it is drawn hollow.
CLEAR_MARGIN = 0.05
_KEY_SYMBOLS = {"major": "circle", "minor": "diamond"}


def plot_density(
    pieces: Mapping[str, Piece], *, form: str | None = None, bands: SeriesBands | None = None
) -> go.Figure:
    """Plot how many notes begin in a quarter, bar by bar.

    Args:
        pieces: One or more by name, each in a panel.
        form: Whose real pieces are beside them; each piece's own form if left out.
        bands: Instead of those of the corpus.
    """
    figure = _panels(pieces)
    for row, (name, piece) in enumerate(pieces.items(), 1):
        texture = build_texture(piece)
        words, band = _band_of(piece, "density", form, bands)
        for trace in _band_traces(texture, band, words, is_first=row == 1):
            figure.add_trace(trace, row, 1)
        figure.add_trace(_density_trace(texture, name, row - 1, words, band), row, 1)
        figure.update_yaxes(
            axis("notes a quarter", rangemode="tozero", fixedrange=True), row=row, col=1
        )
    return figure


def plot_keys(
    pieces: Mapping[str, Piece], *, form: str | None = None, bands: SeriesBands | None = None
) -> go.Figure:
    """Plot the key of every two bars on the circle of fifths; arguments as above.

    A row is a signature: a major key and its relative minor. Circles are major and diamonds minor
    keys; hollow ones fit hardly better than another key.

    Source:
        C. L. Krumhansl and E. J. Kessler, Tracing the Dynamic Changes in Perceived Tonal
        Organization in a Spatial Representation of Musical Keys, Psychological Review 89 (1982),
        pp. 334-368: keys of stretches of music by profiles, laid out by fifths and relatives;
        estimated by `scoring.harmony.keys`.
    """
    figure = _panels(pieces)
    for row, (name, piece) in enumerate(pieces.items(), 1):
        texture = build_texture(piece)
        found = texture.once(find_local_keys)
        words, band = _band_of(piece, "keys", form, bands)
        for trace in _band_traces(texture, band, words, is_first=row == 1):
            figure.add_trace(trace, row, 1)
        figure.add_trace(_keys_trace(texture, found, name, row - 1), row, 1)
        figure.update_yaxes(_key_axis(piece.key, found, band), row=row, col=1)
    return figure


def _panels(pieces: Mapping[str, Piece]) -> go.Figure:
    n_rows = len(pieces)
    height_px = PANEL_PX * n_rows + FRAME_PX
    figure = make_subplots(n_rows, 1, vertical_spacing=(0.3 if n_rows > 1 else 0.0) / n_rows)
    figure.update_layout(
        base_layout(height_px),
        hovermode="closest",
        dragmode="zoom",
        showlegend=True,
        legend=LEGEND,
    )
    for row, piece in enumerate(pieces.values(), 1):
        numbers = piece.bar_numbers
        span = [numbers[0], numbers[-1] + 1]
        limits = {"range": span, "minallowed": span[0], "maxallowed": span[1]}
        figure.update_xaxes(axis("bar", tickformat="d", **limits), row=row, col=1)
    return figure


def _band_of(
    piece: Piece, kind: str, form: str | None, bands: SeriesBands | None
) -> tuple[str, FloatArray | None]:
    """Return the words of a piece's group, and the band of a kind; none if it has no group."""
    bands = load_series_bands() if bands is None else bands
    group = find_series(bands, piece, form)
    return band_words(group), bands[group][kind] if group else None


def _numbers_at(texture: Texture, beats: FloatArray) -> FloatArray:
    """Return where moments lie among the printed numbers of the bars: 3.5 is in mid of bar 3."""
    n_bars, first = texture.piece.n_bars, texture.piece.bar_numbers[0]
    return np.round(first + np.interp(beats, texture.bar_onsets, np.arange(n_bars + 1)), 3)


def _band_traces(
    texture: Texture, band: FloatArray | None, name: str, *, is_first: bool
) -> list[go.Scatter]:
    """Draw a band of tenths as an area with steps, and its middle as a dotted line."""
    if band is None:
        return []
    edges = np.linspace(0.0, texture.bar_onsets[-1], N_STRETCHES + 1)
    x = _numbers_at(texture, edges)
    low, middle, high = np.vstack([band, band[-1:]]).T
    shared: dict[str, Any] = {"x": x, "mode": "lines", "hoverinfo": "skip"}
    return [
        go.Scatter(**shared, y=low, line={"width": 0, "shape": "hv"}, showlegend=False),
        go.Scatter(
            **shared,
            y=high,
            name=name,
            line={"width": 0, "shape": "hv"},
            fill="tonexty",
            fillcolor=BAND_COLOUR,
            showlegend=is_first,
        ),
        go.Scatter(
            **shared,
            y=middle,
            name=MIDDLE,
            line={"width": 1.5, "shape": "hv", "dash": "dot", "color": TEXT_COLOUR},
            showlegend=is_first,
        ),
    ]


def _density_trace(
    texture: Texture, name: str, index: int, words: str, band: FloatArray | None
) -> go.Scatter:
    values, numbers = bar_densities(texture), texture.piece.bar_numbers
    middles = (texture.bar_onsets[:-1] + texture.bar_onsets[1:]) / 2 / texture.bar_onsets[-1]
    usual = [
        "" if band is None else f"<br>{words}: {usual_range(band[tenth])}"
        for tenth in (middles * N_STRETCHES).astype(np.int64).tolist()
    ]
    return go.Scatter(
        name=safe_text(name),
        mode="lines",
        x=np.array([*numbers, numbers[-1] + 1]),
        y=np.round([*values, values[-1]], 3),
        line={"shape": "hv", "width": 2, "color": PART_COLOURS[index]},
        hovertext=[
            f"<b>bar {number}</b><br>{value:.2g} notes a quarter{more}"
            for number, value, more in zip(numbers, values, usual, strict=True)
        ]
        + [""],
        hovertemplate="%{hovertext}<extra>%{fullData.name}</extra>",
    )


def _keys_trace(texture: Texture, found: LocalKeys, name: str, index: int) -> go.Scatter:
    keys = [found.key(row) for row in range(len(found.starts))]
    is_clear = found.margins >= CLEAR_MARGIN
    symbols = [
        _KEY_SYMBOLS[key.mode] + ("" if clear else "-open")
        for key, clear in zip(keys, is_clear, strict=True)
    ]
    return go.Scatter(
        name=safe_text(name),
        mode="lines+markers",
        x=_numbers_at(texture, found.starts / STEPS_PER_QUARTER),
        y=found.fifths,
        line={"shape": "hv", "width": 1, "color": PART_COLOURS[index]},
        marker={"size": 9, "color": PART_COLOURS[index], "symbol": symbols},
        hovertext=[
            f"<b>{bars}</b><br>{key}{'' if clear else ', not clearly'}"
            for bars, key, clear in zip(_stretch_words(texture, found), keys, is_clear, strict=True)
        ],
        hovertemplate="%{hovertext}<extra>%{fullData.name}</extra>",
    )


def _stretch_words(texture: Texture, found: LocalKeys) -> list[str]:
    numbers = texture.piece.bar_numbers
    firsts = np.searchsorted(texture.bar_onsets, found.starts / STEPS_PER_QUARTER, "right") - 1
    lasts = np.minimum(firsts + STRETCH_BARS, len(numbers)) - 1
    return [
        f"bar {numbers[first]}" if first == last else f"bars {numbers[first]} to {numbers[last]}"
        for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True)
    ]


def _key_axis(home: Key, found: LocalKeys, band: FloatArray | None) -> dict[str, Any]:
    """Name the rows that are met, home among them, and a row more on both sides."""
    met: Sequence[float] = [0.0, *found.fifths.tolist(), *([] if band is None else band.flat)]
    rows = list(range(int(np.floor(min(met))) - 1, int(np.ceil(max(met))) + 2))
    return axis(
        "",
        range=[rows[0] + 0.4, rows[-1] - 0.4],
        fixedrange=True,
        tickvals=rows,
        ticktext=[_signature_name(home, row) for row in rows],
        zeroline=True,
        zerolinecolor=STRONG_LINE,
        gridcolor=FAINT_LINE,
    )


def _signature_name(home: Key, fifths: int) -> str:
    """Name the two keys so many fifths from home: `G major, E minor`."""
    minor_third = 3 if home.mode == "minor" else 0
    tonic = home.tonic_pitch_class + minor_third + 7 * fifths
    major, minor = (key_from_pitch_class(tonic - 3 * index, MODES[index]) for index in (0, 1))
    return f"{major}, {minor}"
