"""A setting more is one field of the request with its label: all else is derived from it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from composer.composition import Composition
from composer.pipeline import Progress
from composer.request import Request, number_setting
from composer.ui import build_app
from composer.ui.api.calling import endpoint
from composer.ui.api.endpoints import compose_ability
from composer.ui.compose.links import read_query, to_query
from composer.ui.rest.schemas import model_of
from composer.ui.shared import settings
from tests.fake_studio import FakeComposer, fake_studio


@dataclass(frozen=True, kw_only=True)
class SwingingRequest(Request):
    """A request with a field that the page has never heard of."""

    swing: float = number_setting("Swing", 0.0, 0.0, 0.75, "how uneven eighths are")


@pytest.fixture(autouse=True)
def swinging(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    monkeypatch.setattr(settings, "Request", SwingingRequest)


class NotingComposer:
    """Composes like the fake one, and notes what was asked for."""

    def __init__(self) -> None:
        self.asked: list[Request] = []

    def __call__(
        self, request: Request, *, should_stop: Callable[[], bool]
    ) -> Iterator[Progress | Composition]:
        """Compose."""
        self.asked.append(request)
        return FakeComposer()(request, should_stop=should_stop)


def test_the_page_has_a_control_for_it_that_reaches_the_composer() -> None:
    composer = NotingComposer()
    demo = build_app(fake_studio(compose_steps=composer))
    blocks = {one.elem_id: one for one in demo.blocks.values() if getattr(one, "elem_id", None)}
    control = blocks["setting-swing"]
    assert (control.label, control.minimum, control.maximum) == ("Swing", 0.0, 0.75)
    begin = next(f for f in demo.fns.values() if f.name == "on_begin" and control in f.inputs)
    usual: dict[Any, Any] = {one: one.value for one in begin.inputs} | {control: 0.5}
    usual[blocks["setting-candidates"]] = 1
    *_, begun = begin.fn(*usual.values())
    draw = next(f for f in demo.fns.values() if f.name == "on_draw" and f.inputs[0] in usual)
    list(draw.fn(begun[0]))
    assert isinstance(composer.asked[0], SwingingRequest) and composer.asked[0].swing == 0.5


def test_the_api_has_a_parameter_for_it_that_reaches_the_composer() -> None:
    composer = NotingComposer()
    call = endpoint(compose_ability(fake_studio(compose_steps=composer)))
    parameters = inspect.signature(call).parameters
    assert (parameters["swing"].default, parameters["swing"].annotation) == (0.0, float)
    usual = {name: one.default for name, one in parameters.items()}
    *_, files = call(*(usual | {"bars": 4, "candidates": 1, "swing": 0.25}).values())
    assert composer.asked[0].to_dict()["swing"] == 0.25
    assert all(file is not None for file in files)


def test_rest_describes_it_with_its_range() -> None:
    model = model_of(compose_ability(fake_studio()))
    described = model.model_json_schema()["properties"]["swing"]
    assert (described["minimum"], described["maximum"], described["default"]) == (0.0, 0.75, 0.0)


def test_a_link_carries_it() -> None:
    query = to_query(SwingingRequest(seed=7, swing=0.5))
    assert query == "seed=7&swing=0.5"
    values = read_query(dict(parse_qsl(query)))
    assert values is not None and values["swing"] == 0.5
