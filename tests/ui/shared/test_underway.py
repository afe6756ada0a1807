"""Runs outlive who began them: whoever holds the key hears the rest, and nothing is drawn twice."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from composer.errors import RequestError
from composer.ui.shared import underway
from composer.ui.shared.running import Run
from composer.ui.shared.underway import Works


@dataclass
class Tab:
    run: Run = field(default_factory=lambda: Run(is_under_way=True))


class Drawing:
    """Says one, waits until it may go on, then says two; counts how often it was begun."""

    def __init__(self) -> None:
        self.may_go_on = threading.Event()
        self.n_begun = 0

    def __call__(self) -> Iterator[tuple[Any, ...]]:
        self.n_begun += 1
        yield ("one",)
        self.may_go_on.wait(10)
        yield ("two",)


def hear(works: Works, tab: Tab) -> Generator[tuple[Any, ...], None, None]:
    work = works.find(tab.run.key)
    assert work is not None
    return work.hear()


def test_who_comes_back_hears_the_rest_of_the_same_run() -> None:
    works, tab, drawing = Works(1), Tab(), Drawing()
    works.add(tab, drawing)
    first = hear(works, tab)
    assert next(first) == ("one",)
    first.close()  # the page is reloaded
    again = hear(works, tab)
    assert next(again) == ("one",)
    drawing.may_go_on.set()
    assert [*again] == [("two",)]
    assert [*hear(works, tab)] == [("two",)]  # its result, once it is over
    assert drawing.n_begun == 1 and not tab.run.is_under_way


def test_what_went_wrong_is_heard() -> None:
    def fail() -> Iterator[tuple[Any, ...]]:
        yield ("one",)
        raise RequestError("no candidate became a piece")

    works, tab = Works(1), Tab()
    hearing = works.add(tab, fail).hear()
    with pytest.raises(RequestError, match="no candidate"):
        list(hearing)


def test_a_run_that_nobody_hears_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    works, tab, drawing = Works(1), Tab(), Drawing()
    hearing = works.add(tab, drawing).hear()
    next(hearing)
    hearing.close()
    monkeypatch.setattr(underway, "UNHEARD_S", 0.0)
    drawing.may_go_on.set()
    list(hear(works, tab))
    assert tab.run.is_stopped()


@pytest.mark.parametrize("key", ["nobody's", None, 7, ["a"]])
def test_a_key_of_nobody_finds_nothing(key: Any) -> None:
    assert Works(1).find(key) is None
