"""The choice of an engine and the options that only it has, as components."""

from __future__ import annotations

import gradio as gr
import pytest

from composer.engines import Capabilities, MenuEntry
from composer.errors import CheckpointError
from composer.ui import build_app
from composer.ui.shared import choices, engines
from composer.ui.shared.settings import OPEN
from tests.fake_studio import ENGINES, ROWS, WALTZER, fake_studio, two_engines


def placed(ask: str = "Compose") -> engines.Engines:
    with gr.Blocks():
        return engines.build(ENGINES, ask)


def test_only_engines_that_serve_the_page_are_offered() -> None:
    assert list(placed().known) == ["small", "waltzer"]
    assert list(placed("Fill").known) == ["small"]
    assert not placed("Fill").choice.visible


def test_options_come_from_the_capabilities_and_go_back_as_one_text() -> None:
    found = placed()
    swing, turns = found.controls
    assert (swing.label, swing.minimum, swing.maximum, swing.value) == ("Swing", 0.0, 0.75, 0.25)
    assert (turns.label, turns.step) == ("Turns", 1)
    told = found.read(["waltzer", 0.5, 4])
    assert told == {"engine": "waltzer", "engine_options": "swing=0.5"}
    assert found.fill(told) == ["waltzer", 0.5, 4]
    # Options of an engine that is not chosen stay out of the request.
    assert found.read([OPEN, 0.5, 4]) == {"engine": OPEN, "engine_options": ""}
    assert found.fill({"engine": None, "engine_options": None})[1:] == [0.25, 4]


def test_options_are_in_sight_where_their_engine_is_chosen() -> None:
    found = placed()
    assert [row.visible for row in found.rows.values()] == [False]
    assert [row["visible"] for row in found.visible_rows("waltzer").values()] == [True]
    assert [row["visible"] for row in found.visible_rows(OPEN).values()] == [False]


def test_the_menu_is_that_of_the_engine_and_empty_where_it_cannot_be_loaded() -> None:
    def menu(name: str | None = None) -> tuple[MenuEntry, ...]:
        if name == "waltzer":
            raise CheckpointError("its weights are gone")
        return ROWS

    rows_of = engines.menus(fake_studio(**two_engines() | {"menu": menu}))
    assert rows_of(OPEN) == rows_of("small") == rows_of("nobody") == ROWS
    assert rows_of("waltzer") == ()


def test_lists_without_a_menu_are_what_the_engine_says_of_itself() -> None:
    assert choices.form_choices((), OPEN, WALTZER) == [("waltz", "waltz"), ("Any form", OPEN)]
    assert choices.meter_choices((), OPEN, OPEN, WALTZER)[1:] == [("3/4", "3/4")]
    assert choices.ensemble_choices(WALTZER)[1:] == [("keyboard", "keyboard")]
    anything = Capabilities(good_for="Anything.")
    assert ("6/8", "6/8") in choices.meter_choices((), OPEN, OPEN, anything)


@pytest.mark.parametrize("page", ["setting", "extend"])
def test_every_page_that_it_serves_has_its_options(page: str) -> None:
    blocks = build_app(fake_studio(**two_engines())).blocks.values()
    names = {getattr(one, "elem_id", None) for one in blocks}
    assert {f"{page}-waltzer-swing", f"{page}-waltzer-turns"} <= names
    assert "edit-waltzer-swing" not in names
