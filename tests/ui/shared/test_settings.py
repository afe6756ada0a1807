from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from composer.errors import OptionError
from composer.request import Request
from composer.ui.shared.settings import OPEN, Setting, new_seed, read_request, setting, settings


def test_every_field_of_a_request_is_a_setting_and_keeps_its_place() -> None:
    names = list(settings())
    assert set(names) == {option.name for option in fields(Request)}
    assert names[:6] == ["composer", "form", "key", "meter", "bars", "tempo_bpm"]


@pytest.mark.parametrize("name", ["composer", "form", "key", "meter", "ensemble"])
@pytest.mark.parametrize("value", [None, "", OPEN])
def test_open_settings_stay_open(name: str, value: Any) -> None:
    assert getattr(read_request({name: value}), name) is None


@pytest.mark.parametrize(("text", "tempo_bpm"), [("", None), (" 96 ", 96.0), ("96.5", 96.5)])
def test_a_tempo_may_be_typed(text: str, tempo_bpm: float | None) -> None:
    assert read_request({"tempo_bpm": text}).tempo_bpm == tempo_bpm


def test_a_whole_number_may_come_as_a_float() -> None:
    assert read_request({"bars": 16.0}).bars == 16


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), True, [4], {}, "nan", "many", "\ud800", 3.7, 10**12]
)
@pytest.mark.parametrize("name", ["bars", "tempo_bpm", "seed", "candidates"])
def test_what_is_no_number_in_range_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(OptionError, match=f"`{name}` must be"):
        read_request({name: value})


@pytest.mark.parametrize("value", [7, ["G minor"], {}, True, float("nan"), "x" * 5_000_000])
@pytest.mark.parametrize("name", ["composer", "form", "key", "meter", "ensemble"])
def test_what_is_no_name_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(OptionError, match=f"`{name}` must be"):
        read_request({name: value})


@pytest.mark.parametrize(
    "found", [one for one in settings().values() if one.choices], ids=lambda one: one.name
)
def test_every_choice_of_a_setting_is_taken_and_others_are_refused(found: Setting) -> None:
    for value in found.choices:
        assert getattr(read_request({found.name: value}), found.name) == value
    with pytest.raises(OptionError, match=f"`{found.name}` must be one of {found.choices[0]}"):
        read_request({found.name: "neither"})


def test_new_seeds_are_in_range_and_differ() -> None:
    found = setting("seed")
    seeds = {new_seed() for _ in range(20)}
    assert len(seeds) == 20
    assert found.low is not None and found.high is not None
    assert all(found.low <= seed <= found.high for seed in seeds)


def test_help_and_labels_are_the_requests_own() -> None:
    assert setting("temperature").help == "below 1 safer, above 1 bolder"
    assert setting("tempo_bpm").label == "Tempo"
