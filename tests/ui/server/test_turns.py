"""Turns: in the order of arrival, one after the other, and all of them counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from composer.errors import RequestError
from composer.pipeline import Progress
from composer.ui.server import turns as turns_module
from composer.ui.server.turns import CLOSING, WAITING, Turns


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns_module, "LOOK_EVERY_S", 0.001)


class Result:
    def __init__(self, stopped: bool) -> None:
        self.stopped = stopped


def steps(n: int, *, should_stop: Callable[[], bool]) -> Iterator[Any]:
    for drawn in range(1, n + 1):
        yield Progress(drawn, n, 0.0, None, drawn / n)
        if should_stop():
            break
    yield Result(stopped=drawn < n)


def test_turns_are_given_in_the_order_of_arrival() -> None:
    turns = Turns(1)
    run = turns.queued("compose", steps)
    first, second, third = run(1), run(1), run(1)
    assert next(first).drawn == 1
    assert next(second) is WAITING and next(third) is WAITING
    assert (turns.n_running, turns.n_waiting) == (1, 2)
    list(first)
    assert next(third) is WAITING
    assert next(second).drawn == 1
    second.close()
    assert next(third).drawn == 1


def test_who_leaves_the_line_or_a_turn_leaves_it_to_others() -> None:
    turns = Turns(2)
    run = turns.queued("compose", steps)
    running, waiting = [run(9), run(9)], [run(1), run(1)]
    assert [next(one).drawn for one in running] == [1, 1]
    assert [next(one) is WAITING for one in waiting] == [True, True]
    waiting[0].close()
    running[1].close()
    assert next(waiting[1]).drawn == 1
    for one in (*running, *waiting):
        one.close()
    assert (turns.n_running, turns.n_waiting) == (0, 0)
    assert turns.tally.requests == {("compose", "left"): 4}


def test_how_runs_end_is_counted() -> None:
    turns = Turns(1)

    def refusing(*, should_stop: Callable[[], bool]) -> Iterator[Any]:
        raise RequestError("not that")
        yield

    list(turns.queued("compose", steps)(3))
    list(turns.queued("compose", steps)(3, should_stop=lambda: True))
    with pytest.raises(RequestError):
        list(turns.queued("extend", refusing)())
    with pytest.raises(ZeroDivisionError):
        list(turns.queued("vary", lambda should_stop: iter([1 // 0]))())
    assert turns.tally.requests == {
        ("compose", "done"): 1, ("compose", "stopped"): 1, ("extend", "refused"): 1,
        ("vary", "failed"): 1,
    }  # fmt: skip
    assert turns.tally.candidates == 4
    assert turns.tally.durations["compose", "composing"].counts[0] == 2


def test_at_the_end_runs_keep_what_they_have_and_nobody_begins() -> None:
    turns = Turns(1)
    run = turns.queued("compose", steps)
    running, waiting = run(9), run(9)
    next(running), next(waiting)
    assert not turns.drain(0.0)
    assert [step.stopped for step in running if isinstance(step, Result)] == [True]
    assert turns.drain(0.0)
    for late in (waiting, run(1)):
        with pytest.raises(RequestError, match=CLOSING):
            next(late)


def test_who_stops_while_waiting_hears_so_at_once() -> None:
    turns = Turns(1)
    run = turns.queued("compose", steps)
    running = run(9)
    next(running)
    waiting = run(1, should_stop=lambda: True)
    assert next(waiting) is WAITING
    with pytest.raises(RequestError, match="stopped before its turn came"):
        next(waiting)
    assert turns.n_waiting == 0
    assert turns.tally.requests == {("compose", "stopped"): 1}
    running.close()
