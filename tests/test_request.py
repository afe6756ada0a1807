"""Requests: every setting is checked once, and comes back from its JSON."""

from __future__ import annotations

import math
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from composer.errors import OptionError
from composer.request import Request, default_of, parse_options
from composer.theory import Key, Meter

NUMBERS = [option for option in fields(Request) if "low" in option.metadata]
WHOLE = {"parts", "bars", "top_k", "candidates", "seed"}


def test_a_request_without_settings_is_whole() -> None:
    request = Request()
    assert (request.composer, request.key, request.meter) == (None, None, None)
    assert all(getattr(request, option.name) == option.default for option in fields(Request))


@pytest.mark.parametrize("option", NUMBERS, ids=lambda option: option.name)
def test_both_ends_of_a_range_are_fine_and_beyond_is_refused(option: Any) -> None:
    low, high = option.metadata["low"], option.metadata["high"]
    for value in (low, high):
        assert getattr(Request(**{option.name: value}), option.name) == value
    for value in (low - 1, high + 1):
        with pytest.raises(
            OptionError, match=f"`{option.name}` must be from {low:.10g} to {high:.10g}"
        ):
            Request(**{option.name: value})


@pytest.mark.parametrize("option", NUMBERS, ids=lambda option: option.name)
@pytest.mark.parametrize(
    "value",
    ["4", True, math.nan, math.inf, [1], b"1", 10**5000, 1j],
    ids=lambda value: type(value).__name__,
)
def test_a_number_of_a_wrong_kind_is_refused_in_one_short_sentence(option: Any, value: Any) -> None:
    with pytest.raises(OptionError) as caught:
        Request(**{option.name: value})
    assert option.name in str(caught.value)
    assert len(str(caught.value)) < 150


@pytest.mark.parametrize("name", sorted(WHOLE))
def test_counts_are_whole_numbers(name: str) -> None:
    with pytest.raises(OptionError, match="a whole number"):
        Request(**{name: 1.5})


@pytest.mark.parametrize("option", NUMBERS, ids=lambda option: option.name)
def test_only_settings_that_may_stay_open_may_be_none(option: Any) -> None:
    if option.default is None:
        assert getattr(Request(**{option.name: None}), option.name) is None
    else:
        with pytest.raises(OptionError):
            Request(**{option.name: None})


@pytest.mark.parametrize("name", ["composer", "form", "ensemble"])
@pytest.mark.parametrize("value", ["", "x" * 101, 7, ["Bach"], {}])
def test_a_name_is_a_short_text(name: str, value: Any) -> None:
    with pytest.raises(OptionError, match=f"`{name}` must be a text of at most 100"):
        Request(**{name: value})


def test_key_and_meter_may_be_text() -> None:
    request = Request(key="g minor", meter="C|")
    assert (request.key, request.meter) == (Key("G", "minor"), Meter(2, 2))
    assert Request(key=" ", meter="") == Request()


@pytest.mark.parametrize(
    ("text", "style"),
    [("baroque", "Baroque"), (" ROMANTIC", "Romantic"), ("modern", "later"), ("", None)],
)
def test_a_style_may_be_written_in_any_case(text: str, style: str | None) -> None:
    assert Request(style=text).style == style


@pytest.mark.parametrize("value", ["Gothic", 3, True])
def test_a_style_that_is_none_is_refused_with_those_that_there_are(value: Any) -> None:
    with pytest.raises(OptionError, match="`style` must be one of Renaissance, Baroque"):
        Request(style=value)


@pytest.mark.parametrize("name", ["key", "meter"])
@pytest.mark.parametrize("value", [7, ["G minor"], {"tonic": "G"}, True, "none", "?" * 500])
def test_a_key_or_meter_of_a_wrong_kind_is_refused(name: str, value: Any) -> None:
    with pytest.raises(OptionError, match=f"`{name}` must be"):
        Request(**{name: value})


@given(
    st.builds(
        Request,
        composer=st.none() | st.text(min_size=1, max_size=100),
        key=st.sampled_from([None, "F# minor", "Cb major"]),
        meter=st.sampled_from([None, "3/4", "15/32"]),
        parts=st.none() | st.integers(1, 8),
        bars=st.integers(1, 512),
        temperature=st.floats(0.1, 2.0),
        tempo_bpm=st.none() | st.floats(20, 300),
        seed=st.integers(0, 2**31 - 1),
    )
)
def test_a_request_comes_back_from_its_json(request_: Request) -> None:
    assert Request.from_dict(request_.to_dict()) == request_


def test_an_unknown_setting_is_named_with_those_that_there_are() -> None:
    with pytest.raises(
        OptionError, match="a request has no 'tempo'; it has avoid, bars, candidates"
    ):
        Request.from_dict({"tempo": 90})


@pytest.mark.parametrize("option", fields(Request), ids=lambda option: option.name)
def test_every_setting_has_a_help_text_and_a_default(option: Any) -> None:
    assert option.metadata["help"]
    assert default_of(option.name) == option.default


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"passes": 8, "heat": 1.2}, "heat=1.2, passes=8"),
        (" passes = 8 ,heat=1.20", "heat=1.2, passes=8"),
        ("passes=8.0", "passes=8"),
        ("", None),
        ({}, None),
        (None, None),
    ],
)
def test_options_of_an_engine_are_kept_as_one_text(given: Any, kept: str | None) -> None:
    request = Request(engine_options=given)
    assert request.engine_options == kept
    assert Request.from_dict(request.to_dict()) == request
    assert parse_options(kept or "") == request.own_options


@pytest.mark.parametrize("text", ["passes", "passes=", "=3", "passes=nan", "a=1 b=2", {"a": [1]}])
def test_options_that_are_no_numbers_are_refused_in_one_sentence(text: Any) -> None:
    with pytest.raises(OptionError, match="must be names and numbers such as 'passes=8, heat=1.2'"):
        Request(engine_options=text)
