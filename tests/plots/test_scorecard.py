from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import Any

import pytest

from composer.plots import plot_scorecard
from composer.plots.scorecard import MAX_DISTANCE
from composer.scorecard import Place, Score, Scorecard


def score_of(value: float, penalty: float = 0.0, **others: Any) -> Score:
    """Build a value beside the band 2 to 4."""
    given = {"name": "wide_leaps", "family": "voice leading", "unit": "per 100 notes"}
    band = {"low": 2.0, "high": 4.0, "weight": 1.0}
    return Score(**{**given, **band, **others, "value": value, "penalty": penalty})


def dots(*scores: Score) -> dict[str, list[float]]:
    """Return where the dots lie, by the name of their trace."""
    figure = plot_scorecard({"a": Scorecard("chorale", scores, 50.0)})
    return {trace.name: list(trace.x) for trace in figure.data if trace.type == "scatter"}


@pytest.mark.parametrize(("value", "place"), [(2.0, 0.0), (3.0, 0.5), (4.0, 1.0)])
def test_a_value_inside_lies_where_it_is_in_its_band(value: float, place: float) -> None:
    assert dots(score_of(value))["usual"] == [place]


@pytest.mark.parametrize(("value", "penalty", "place"), [(5.0, 0.5, 1.5), (1.0, 0.5, -0.5)])
def test_a_value_outside_lies_as_far_as_its_penalty(
    value: float, penalty: float, place: float
) -> None:
    assert dots(score_of(value, penalty))["unusual"] == [place]


def test_a_harmless_value_beyond_the_band_stays_at_its_edge() -> None:
    assert dots(score_of(0.0), score_of(9.0, name="steps"))["usual"] == [0.0, 1.0]


def test_a_value_far_away_is_drawn_at_the_edge_with_an_arrow() -> None:
    figure = plot_scorecard(
        {"a": Scorecard("rag", (score_of(99.0, math.inf), score_of(-9.0, 80.0, name="steps")), 0.0)}
    )
    trace = next(trace for trace in figure.data if trace.name == "unusual")
    assert list(trace.x) == [1 + MAX_DISTANCE, -MAX_DISTANCE]
    assert list(trace.marker.symbol) == ["triangle-right", "triangle-left"]


def test_a_band_without_width_holds_its_value_in_the_middle() -> None:
    assert dots(score_of(2.0, low=2.0, high=2.0))["usual"] == [0.5]


def test_a_value_that_could_not_be_measured_has_no_dot() -> None:
    shown = dots(score_of(math.nan))
    assert shown["usual"] == shown["unusual"] == []
    assert len(shown["unmeasured"]) == 1


def test_families_stand_together_under_their_headings() -> None:
    families = ("voice leading", "key", "voice leading")
    scores = tuple(score_of(3.0, family=f, name=f"v_{i}") for i, f in enumerate(families))
    figure = plot_scorecard({"a": Scorecard("chorale", scores, 50.0)})
    assert [label.text for label in figure.layout.annotations] == [
        "<b>voice leading</b>",
        "v 0",
        "v 2",
        "<b>key</b>",
        "v 1",
    ]


def test_hover_tells_value_band_places_and_source() -> None:
    place = Place(1, Fraction(2), (0, 1), "fifths")
    score = score_of(3.25, places=(place,), source="Fux (1725)")
    trace = plot_scorecard({"a": Scorecard("chorale", (score,), 50.0)}).data[1]
    assert trace.hovertext[0] == (
        "<b>leaps above a fifth</b><br>3.25 per 100 notes<br>real pieces 2 to 4<br>1 place<br>"
        "Fux (1725)"
    )


@pytest.mark.parametrize("scores", [(), (score_of(3.0),), (score_of(9.0, 2.5),)])
def test_the_figure_reaches_for_nothing_outside(scores: tuple[Score, ...]) -> None:
    assert not re.search(
        r"https?:|//\w", plot_scorecard({"a": Scorecard("", scores, 0.0)}).to_json()
    )


def test_two_cards_share_the_rows_and_keep_their_own_colours_of_usual_and_unusual() -> None:
    mine = Scorecard("chorale", (score_of(3.0), score_of(2.0, name="steps")), 60.0)
    other = Scorecard("chorale", (score_of(5.0, 0.5, name="steps"), score_of(4.0)), 40.0)
    figure = plot_scorecard({"<b>mine": mine, "other": other})
    found = {trace.name: trace for trace in figure.data if trace.type == "scatter"}
    assert list(found["&lt;b&gt;mine: usual"].y) == [1, 2]
    assert list(found["other: usual"].y) == [1] and list(found["other: unusual"].y) == [2]
    assert found["other: unusual"].marker.color == found["&lt;b&gt;mine: unusual"].marker.color
    assert set(found["other: usual"].marker.symbol).isdisjoint(
        found["&lt;b&gt;mine: usual"].marker.symbol
    )
