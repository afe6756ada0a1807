"""Suggestions: read with care, so that a broken file of a checkpoint is as good as none."""

from __future__ import annotations

from typing import Any

import pytest

from composer.engines import MenuEntry, Suggestion, menu_values
from composer.engines.suggestions import read_suggestions
from composer.errors import OptionError
from composer.request import Request
from tests.strategies import MENU

GOOD: dict[str, Any] = {
    "temperature": 0.9,
    "min_p": 0.02,
    "guidance": 1.5,
    "default_is_as_good": False,
    "tried": 8,
    "pieces": 40,
    "checkpoint": "0123456789ab",
}
USUAL = {"temperature": 1.0, "min_p": 0.02, "guidance": 1.0, "default_is_as_good": True}


def read(values: dict[str, Any]) -> dict[str, Suggestion]:
    return read_suggestions(values, ("chorale", "minuet"), "0123456789ab")


def test_a_suggestion_comes_back_without_its_measures() -> None:
    found = Suggestion.from_dict(GOOD | {"measures": {"auc": None}})
    assert found.to_dict() == GOOD
    assert found.changes == {"temperature": 0.9, "guidance": 1.5}
    assert Request(**found.settings).min_p == 0.02


def test_the_defaults_are_a_suggestion_that_changes_nothing() -> None:
    assert Suggestion.from_dict(GOOD | USUAL).changes == {}


@pytest.mark.parametrize(
    "change",
    [
        {"temperature": 9},
        {"temperature": float("nan")},
        {"min_p": "0.02"},
        {"guidance": True},
        {"guidance": None},
        {"default_is_as_good": True},
        {"default_is_as_good": 0},
        USUAL | {"default_is_as_good": False},
        {"tried": 0},
        {"tried": 2.5},
        {"pieces": True},
        {"pieces": "many"},
    ],
)
def test_a_value_that_will_not_do_is_refused_and_left_out_of_a_file(change: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        Suggestion.from_dict(GOOD | change)
    assert list(read({"chorale": GOOD | change, "minuet": GOOD})) == ["minuet"]


@pytest.mark.parametrize("entry", [None, [], "0.9", 7, {}, {"temperature": 0.9}])
def test_an_entry_that_is_none_is_left_out(entry: Any) -> None:
    assert read({"chorale": entry}) == {}


def test_an_unknown_form_and_other_weights_are_left_out() -> None:
    others = GOOD | {"checkpoint": "ba9876543210"}
    assert read({"tango": GOOD, "chorale": others}) == {}


def test_the_menu_says_what_is_suggested_for_every_row_of_a_form() -> None:
    rows = menu_values([MenuEntry.from_dict(row) for row in MENU], read({"minuet": GOOD}))
    assert [row["suggested"] for row in rows] == [None, GOOD, GOOD]
    assert [row["form"] for row in rows] == ["chorale", "minuet", "minuet"]
