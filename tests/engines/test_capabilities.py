from __future__ import annotations

from typing import Any

import pytest

from composer.engines import Capabilities, Option
from composer.errors import OptionError, RequestError
from composer.request import Request

PASSES = Option(
    name="passes", label="Passes", low=1, high=64, default=8, integer=True, help="how many"
)
HEAT = Option(name="heat", label="Heat", low=0.5, high=2.0, default=1.0, help="how warm")
CAN = Capabilities(
    good_for="Tests.",
    asks=("Compose", "Continue"),
    options=(PASSES, HEAT),
    forms=("chorale", "song"),
    meters=("3/4", "4/4"),
    max_bars=32,
    max_parts=4,
)


def asked(**own: float) -> Request:
    return Request(engine_options=own or None)


def test_options_are_as_usual_unless_asked_for() -> None:
    assert CAN.options_of(asked()) == {"passes": 8, "heat": 1.0}
    assert CAN.options_of(asked(passes=2)) == {"passes": 2, "heat": 1.0}
    assert CAN.options_of(Request(engine_options="heat=1.5,passes=64")) == {
        "passes": 64,
        "heat": 1.5,
    }


@pytest.mark.parametrize(
    ("own", "words"),
    [
        ({"passes": 0}, "`passes` must be a whole number from 1 to 64, got 0"),
        ({"passes": 2.5}, "`passes` must be a whole number from 1 to 64, got 2.5"),
        ({"heat": 2.01}, "`heat` must be a number from 0.5 to 2, got 2.01"),
        ({"pases": 3}, "has no option 'pases'; did you mean 'passes'\\? it has passes, heat"),
        ({"volume": 3}, "has no option 'volume'; it has passes, heat"),
    ],
)
def test_an_option_that_will_not_do_is_refused_with_what_would(
    own: dict[str, float], words: str
) -> None:
    with pytest.raises(OptionError, match=words):
        CAN.check("Continue", asked(**own))


def test_an_engine_without_options_says_so() -> None:
    with pytest.raises(OptionError, match="'heat': this engine has none of its own"):
        Capabilities(good_for="Tests.").check("Compose", asked(heat=1))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"form": "fugue"}, "`form` 'fugue' is none that this engine writes; there are chorale, "),
        ({"meter": "6/8"}, "`meter` '6/8' is none that this engine writes; there are 4/4, 3/4"),
        ({"bars": 33}, "`bars` must be at most 32 for this engine, got 33"),
        ({"parts": 5}, "`parts` must be at most 4 for this engine, got 5"),
    ],
)
def test_whole_pieces_are_of_what_an_engine_lists(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(RequestError, match=words):
        CAN.check("Compose", Request(**settings))
    CAN.check("Continue", Request(**settings))  # music that is given may be of any


def test_an_ask_that_is_not_served_is_refused_with_those_that_are() -> None:
    with pytest.raises(RequestError, match="can only compose whole pieces and go on with a piece"):
        CAN.check("Fill", Request())
