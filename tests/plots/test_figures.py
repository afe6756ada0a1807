"""Figures of one piece and of two: they draw what was measured, in the words of a reader."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np
import plotly.graph_objects as go
import pytest

from composer.piece import MeterChange, Note, Part, Piece
from composer.plots import (
    plot_density,
    plot_intervals,
    plot_keys,
    plot_likeness,
    plot_pitch_classes,
)
from composer.plots.bands import band_words
from composer.plots.likeness import MAX_CELLS, _pooled
from composer.scoring import load_bands
from composer.scoring.form import likeness_matrix
from composer.scoring.series import interval_shares, load_series_bands, pitch_class_shares
from composer.scoring.texture import build_texture
from composer.theory import INSTRUMENTS, Key, Meter

FIGURES = (plot_pitch_classes, plot_intervals, plot_density, plot_keys, plot_likeness)
Plot = Callable[..., go.Figure]


def trace(figure: go.Figure, name: str) -> go.Figure:
    return next(one for one in figure.data if one.name == name)


@pytest.mark.parametrize("plot", FIGURES)
@pytest.mark.parametrize("name", ["chorale", "upbeat_chorale", "keyboard_piece", "empty_piece"])
def test_every_piece_can_be_drawn_and_nothing_is_fetched(
    plot: Plot, name: str, request: pytest.FixtureRequest
) -> None:
    figure = plot({"mine": request.getfixturevalue(name)})
    assert not re.search(r"https?:|//\w", figure.to_json())
    assert figure.layout.paper_bgcolor == figure.layout.plot_bgcolor == "rgba(0,0,0,0)"
    assert figure.layout.height > 0


@pytest.mark.parametrize("plot", FIGURES)
def test_two_pieces_stand_beside_each_other_in_different_colours(
    plot: Plot, chorale: Piece, keyboard_piece: Piece
) -> None:
    drawn = plot({"mine": chorale, "<i>other": keyboard_piece}).data
    names = [one.name for one in drawn]
    assert "mine" in names and "&lt;i&gt;other" in names
    if plot is not plot_likeness:
        colours = {
            (one.marker.color or one.line.color)
            for one in drawn
            if one.name in ("mine", "&lt;i&gt;other")
        }
        assert len(colours) == 2


@pytest.mark.parametrize("plot", FIGURES)
def test_what_is_usual_is_that_of_the_form_that_was_chosen(plot: Plot, chorale: Piece) -> None:
    def names(**options: str) -> list[str]:
        return [one.name for one in plot({"mine": chorale}, **options).data]

    assert "usual in real chorales in 4 parts" in names()
    assert "usual in real motets in 4 parts" in names(form="motet")
    assert not any(name and name.startswith("usual") for name in names(bands={}))


def test_a_group_is_named_in_plain_words() -> None:
    assert band_words("ensemble:choir/5") == "usual in real pieces for choir in 5 parts or more"
    assert band_words("waltz") == "usual in real waltzes"
    assert band_words("mass/1") == "usual in real masses in one part"


def test_bars_are_the_shares_and_hover_names_note_degree_and_what_is_usual(
    chorale: Piece,
) -> None:
    figure = plot_pitch_classes({"mine": chorale})
    bars = trace(figure, "mine")
    shares = pitch_class_shares(build_texture(chorale))
    assert list(bars.y) == pytest.approx(shares, abs=1e-4)
    low, _, high = load_series_bands()["chorale/4"]["pitch_classes"][0]
    assert bars.hovertext[0] == (
        f"<b>G, degree 1</b><br>{shares[0]:.1%} of the sounding time"
        f"<br>usual in real chorales in 4 parts: {low:.1%} to {high:.1%}"
    )
    stripe = trace(figure, "usual in real chorales in 4 parts")
    assert stripe.base[0] == low and stripe.base[0] + stripe.y[0] == pytest.approx(high)


def test_pieces_in_different_keys_are_compared_by_degree(
    chorale: Piece, keyboard_piece: Piece
) -> None:
    figure = plot_pitch_classes({"mine": chorale, "other": keyboard_piece})
    assert list(figure.layout.xaxis.ticktext)[:5] == ["1", "♭2", "2", "♭3", "3"]


def test_intervals_are_named_with_their_direction(chorale: Piece) -> None:
    bars = trace(plot_intervals({"mine": chorale}), "mine")
    assert list(bars.y) == pytest.approx(interval_shares(build_texture(chorale)), abs=1e-4)
    named = dict(zip(bars.x.tolist(), bars.hovertext, strict=True))
    assert named[-2].startswith("<b>major second down</b>")
    assert named[0].startswith("<b>the same note</b>")


@pytest.mark.parametrize("plot", [plot_density, plot_keys])
def test_an_upbeat_is_bar_0(plot: Plot, chorale: Piece, upbeat_chorale: Piece) -> None:
    assert plot({"mine": chorale}).layout.xaxis.range == (1, 9)
    figure = plot({"mine": upbeat_chorale})
    assert figure.layout.xaxis.range == (0, 8)
    assert trace(figure, "mine").hovertext[0].startswith(("<b>bar 0<", "<b>bars 0 to 1<"))


def test_a_modulation_is_drawn_on_the_row_of_its_signature() -> None:
    scale = (0, 4, 7, 12, 11, 12, 7, 4)
    pitches = [60 + s for s in scale] * 4 + [67 + s for s in scale] * 4
    notes = tuple(Note(Fraction(i), pitch, Fraction(1)) for i, pitch in enumerate(pitches))
    meters = (MeterChange(Fraction(0), Meter(4, 4)),)
    piece = Piece((Part(INSTRUMENTS["piano"], notes),), meters, Key("C", "major"))
    figure = plot_keys({"mine": piece})
    drawn = trace(figure, "mine")
    assert (drawn.y[0], drawn.y[-1]) == (0, 1)
    assert drawn.hovertext[-1].startswith("<b>bars 15 to 16</b><br>G major")
    rows = dict(zip(figure.layout.yaxis.tickvals, figure.layout.yaxis.ticktext, strict=True))
    assert rows[0] == "C major, A minor" and rows[1] == "G major, E minor"


def test_the_matrix_has_bar_numbers_and_the_stripes_below_are_those_of_the_rules(
    upbeat_chorale: Piece,
) -> None:
    figure = plot_likeness({"mine": upbeat_chorale})
    matrix, *_ = (one for one in figure.data if one.type == "heatmap")
    assert list(matrix.x) == list(range(8))
    table = likeness_matrix(build_texture(upbeat_chorale))
    assert np.asarray(matrix.z) == pytest.approx(table, abs=0.006)
    band = load_bands()["chorale/4"]["likeness_2"]
    stripes = trace(figure, "usual in real chorales in 4 parts")
    at = list(stripes.x).index(2)
    assert (stripes.base[at], stripes.base[at] + stripes.y[at]) == pytest.approx(
        (band.p10, band.p90)
    )


def test_long_pieces_are_drawn_in_cells_of_several_bars(chorale: Piece) -> None:
    long = replace(chorale, n_bars=MAX_CELLS + 2)
    matrix = plot_likeness({"mine": long}).data[0]
    assert len(matrix.x) == MAX_CELLS // 2 + 1 and matrix.x[0] == 1.5
    pooled = _pooled(np.array([[1.0, 0.5, np.nan], [0.5, 1.0, np.nan], [np.nan] * 3]), 2)
    assert pooled[0, 0] == 0.75 and np.isnan(pooled[1, 1])
