"""`Piece` -> which pitch classes and melodic intervals it has, beside the shares of real pieces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from composer.piece import Piece
from composer.plots.bands import MIDDLE, band_words, usual_range
from composer.plots.style import (
    BAND_COLOUR,
    LEGEND,
    PART_COLOURS,
    TEXT_COLOUR,
    axis,
    base_layout,
    safe_text,
)
from composer.scoring.series import (
    WIDEST_INTERVAL,
    SeriesBands,
    find_series,
    interval_shares,
    load_series_bands,
    pitch_class_shares,
)
from composer.scoring.texture import FloatArray, build_texture
from composer.theory import pitch_name

HEIGHT_PX = 300
_BAND_WIDTH, _BARS_WIDTH = 0.92, 0.68
# Seen from the major scale, whatever the mode: two pieces may be in different keys.
DEGREES = ("1", "♭2", "2", "♭3", "3", "4", "♯4", "5", "♭6", "6", "♭7", "7")
_INTERVALS = (
    "the same note",
    "minor second",
    "major second",
    "minor third",
    "major third",
    "fourth",
    "tritone",
    "fifth",
    "minor sixth",
    "major sixth",
    "minor seventh",
    "major seventh",
    "octave or more",
)
_NAMED_INTERVALS = {0: "same", 4: "third", 8: "sixth", 12: "octave"}


def plot_pitch_classes(
    pieces: Mapping[str, Piece], *, form: str | None = None, bands: SeriesBands | None = None
) -> go.Figure:
    """Plot how long each pitch class sounds, from the tonic up, as a share of all.

    Args:
        pieces: One or more by name; the first decides what is usual.
        form: Whose real pieces are beside them; the first piece's own form if left out.
        bands: Instead of those of the corpus.
    """
    shares = {name: pitch_class_shares(build_texture(one)) for name, one in pieces.items()}
    keys = {piece.key for piece in pieces.values()}
    key = next(iter(keys))
    tonic = 60 + key.tonic_pitch_class
    names = [pitch_name(tonic + step, key).rstrip("-0123456789") for step in range(12)]
    is_one_key = len(keys) == 1
    words = [f"{name}, degree {degree}" for name, degree in zip(names, DEGREES, strict=True)]
    return _plot_shares(
        shares,
        _first_band(pieces, "pitch_classes", form, bands),
        range(12),
        words if is_one_key else [f"degree {degree}" for degree in DEGREES],
        "of the sounding time",
        axis(
            f"pitch classes from the tonic of {key} up"
            if is_one_key
            else "degrees of the scale, 1 is the tonic",
            tickvals=list(range(12)),
            ticktext=names if is_one_key else DEGREES,
            tickangle=0,
        ),
    )


def plot_intervals(
    pieces: Mapping[str, Piece], *, form: str | None = None, bands: SeriesBands | None = None
) -> go.Figure:
    """Plot the melodic intervals of all lines, as shares of all; arguments as above."""
    shares = {name: interval_shares(build_texture(one)) for name, one in pieces.items()}
    steps = range(-WIDEST_INTERVAL, WIDEST_INTERVAL + 1)
    words = [_INTERVALS[abs(step)] + (" up" * (step > 0) or " down" * (step < 0)) for step in steps]
    named = [step for step in steps if abs(step) in _NAMED_INTERVALS]
    return _plot_shares(
        shares,
        _first_band(pieces, "intervals", form, bands),
        steps,
        words,
        "of the melodic intervals",
        axis(
            "down  ←  melodic interval  →  up",
            tickvals=named,
            ticktext=[_NAMED_INTERVALS[abs(step)] for step in named],
            tickangle=0,
        ),
    )


def _first_band(
    pieces: Mapping[str, Piece], kind: str, form: str | None, bands: SeriesBands | None
) -> tuple[str, FloatArray | None]:
    """Return the group of the first piece and the band of a kind; none if it has no group."""
    bands = load_series_bands() if bands is None else bands
    group = find_series(bands, next(iter(pieces.values())), form)
    return group, bands[group][kind] if group else None


def _plot_shares(
    shares: Mapping[str, FloatArray],
    found: tuple[str, FloatArray | None],
    places: Sequence[int],
    words: Sequence[str],
    unit: str,
    x_axis: dict[str, object],
) -> go.Figure:
    group, band = found
    traces: list[go.Bar | go.Scatter] = []
    if band is not None:
        traces += _band_traces(band, places, band_words(group))
    width = _BARS_WIDTH / len(shares)
    for index, (name, values) in enumerate(shares.items()):
        traces.append(
            go.Bar(
                name=safe_text(name),
                x=np.array(places),
                y=np.round(values, 4),
                width=width,
                offset=index * width - _BARS_WIDTH / 2,
                hovertext=[
                    f"<b>{word}</b><br>{value:.1%} {unit}"
                    + (
                        ""
                        if band is None
                        else f"<br>{band_words(group)}: {usual_range(row, '.1%')}"
                    )
                    for word, value, row in zip(
                        words, values, values if band is None else band, strict=True
                    )
                ],
                hovertemplate="%{hovertext}<extra>%{fullData.name}</extra>",
                textposition="none",
                marker={"color": PART_COLOURS[index], "line": {"width": 0}},
            )
        )
    figure = go.Figure(traces)
    figure.update_layout(
        base_layout(HEIGHT_PX),
        barmode="overlay",
        hovermode="closest",
        dragmode=False,
        showlegend=True,
        legend=LEGEND,
        xaxis=x_axis | {"fixedrange": True, "showgrid": False},
        yaxis=axis(f"share {unit}", tickformat=".0%", rangemode="tozero", fixedrange=True),
    )
    return figure


def _band_traces(band: FloatArray, places: Sequence[int], name: str) -> tuple[go.Bar, go.Scatter]:
    low, middle, high = band.T
    stripe = go.Bar(
        name=name,
        x=np.array(places),
        base=low,
        y=high - low,
        width=_BAND_WIDTH,
        offset=-_BAND_WIDTH / 2,
        marker={"color": BAND_COLOUR, "line": {"width": 0}},
        hoverinfo="skip",
    )
    median = go.Scatter(
        mode="markers",
        name=MIDDLE,
        x=np.array(places),
        y=middle,
        marker={
            "symbol": "line-ew",
            "size": 14,
            "line": {"width": 2, "color": TEXT_COLOUR},
        },
        hoverinfo="skip",
    )
    return stripe, median
