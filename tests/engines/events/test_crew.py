"""Iterators side by side: nothing is lost, nothing goes on unheard."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from composer.engines.events.crew import work_side_by_side


def count(to: int) -> Iterator[int]:
    yield from range(to)


@pytest.mark.parametrize("n_workers", [1, 2, 5])
def test_every_item_arrives_once_and_those_of_a_task_in_order(n_workers: int) -> None:
    tasks: list[Callable[[], Iterator[int]]] = [partial(count, n) for n in (0, 3, 200, 1)]
    heard: dict[int, list[int]] = {n: [] for n in range(4)}
    for index, item in work_side_by_side(tasks, n_workers):
        heard[index].append(item)
    assert heard == {0: [], 1: [0, 1, 2], 2: list(range(200)), 3: [0]}


def test_two_workers_are_at_work_at_once() -> None:
    meeting = threading.Barrier(2, timeout=10)

    def meet() -> Iterator[int]:
        yield meeting.wait()

    assert {item for _, item in work_side_by_side([meet, meet], 2)} == {0, 1}


def test_tasks_end_soon_after_nobody_listens() -> None:
    ended = threading.Event()

    def endless() -> Iterator[int]:
        try:
            while True:
                time.sleep(0.001)
                yield 0
        finally:
            ended.set()

    steps = work_side_by_side([endless, endless], 2)
    next(steps)
    steps.close()  # type: ignore[attr-defined]  # it is a generator
    assert ended.wait(5)


def test_an_error_of_a_task_is_raised_where_it_is_heard() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise ValueError("a string broke")

    with pytest.raises(ValueError, match="a string broke"):
        list(work_side_by_side([broken, partial(count, 10_000)], 2))
