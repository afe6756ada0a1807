"""The line under the sampling sliders: what it says of a form, and what its button sets."""

from __future__ import annotations

from typing import Any

import pytest

from composer.ui import build_app
from composer.ui.compose import suggested
from composer.ui.shared.choices import OPEN
from tests.fake_studio import ROWS, SUGGESTIONS, fake_studio


def components(**changes: object) -> dict[str, Any]:
    config = build_app(fake_studio(**changes)).get_config_file()
    return {c["props"].get("elem_id"): c["props"] for c in config["components"]}


def test_only_values_that_differ_from_the_defaults_are_named() -> None:
    words = suggested.words("chorale", SUGGESTIONS["chorale"])
    assert words.replace("\u00a0", " ") == "Suggested for chorales: temperature 0.9, guidance 1.5"


def test_where_the_default_is_as_good_it_says_of_how_many() -> None:
    words = suggested.words("mazurka", SUGGESTIONS["mazurka"])
    assert words == "Defaults suit mazurkas as well as any of 8 settings tried."


def seen(form: Any) -> tuple[bool, str, bool]:
    row, words, use = suggested.updates(SUGGESTIONS, form)
    return row["visible"], words, use["visible"]


def test_a_form_with_other_values_has_words_and_a_button() -> None:
    is_shown, words, has_button = seen("chorale")
    assert is_shown and has_button and "chorales: temperature\u00a00.9" in words


def test_a_form_whose_defaults_are_as_good_has_words_only() -> None:
    is_shown, words, has_button = seen("mazurka")
    assert is_shown and not has_button and "mazurkas" in words


@pytest.mark.parametrize("form", ["invention", "nonsense", OPEN, "", None, 7, ["chorale"], {}])
def test_a_form_that_was_not_measured_shows_nothing(form: Any) -> None:
    assert seen(form) == (False, "", False)


def test_the_page_opens_with_the_line_of_its_first_form() -> None:
    assert components()["suggested"]["visible"] is True
    assert components()["use-suggested"]["visible"] is True


@pytest.mark.parametrize("changes", [{"suggestions": dict}, {"menu": lambda: ROWS[1:2]}])
def test_the_page_opens_without_a_line_where_nothing_is_suggested(changes: dict) -> None:
    assert components(**changes)["suggested"]["visible"] is False


def test_the_button_sets_all_three_sliders() -> None:
    demo = build_app(fake_studio())
    (use,) = (f for f in demo.fns.values() if f.name == "use")
    assert [out.elem_id for out in use.outputs] == [
        "setting-temperature",
        "setting-min-p",
        "setting-guidance",
    ]
    assert use.fn("chorale") == (0.9, 0.02, 1.5)
    assert all(value == {"__type__": "update"} for value in use.fn(OPEN))


def test_the_line_follows_the_form() -> None:
    demo = build_app(fake_studio())
    (follow,) = (f for f in demo.fns.values() if f.name == "follow_pair")
    *_, row, words, use = follow.fn("Chopin", "mazurka", OPEN, OPEN)
    assert row["visible"] and "mazurkas" in words and not use["visible"]
