"""Many streams at once: each in time, asleep without a listener, refused where there is no room."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from composer.engines import Engine
from composer.errors import RequestError
from composer.live import Stream, VirtualClock
from composer.live.composing import Costs
from composer.live.pool import AHEAD_BARS, FREE_S, SLEEP_S, Broadcast, Pool
from composer.live.telling import bar_to_dict, health_to_dict, plan_to_dict
from composer.request import Request

REQUEST = Request(composer="Bach", form="minuet", candidates=1, seed=5)


@pytest.fixture
def build(tiny_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Callable[[Costs], Stream]:
    monkeypatch.setattr("composer.pipeline.chunks.ATTEMPTS", 1)
    monkeypatch.setattr("composer.live.composing.ATTEMPTS", 1)
    return lambda costs: Stream(REQUEST, engine=tiny_engine, costs=costs)


class Stepped(Pool):
    """A pool without threads, on a virtual clock."""

    def __init__(self, **options: int) -> None:
        super().__init__(VirtualClock(), 1, **options)

    def _begin(self) -> None:
        pass

    def go(self, seconds: float, heard: Callable[[Broadcast], bool] = lambda _: True) -> None:
        """Let time pass; listeners say what they have heard."""
        end_s = self.clock.now_s() + seconds
        while self.clock.now_s() < end_s:
            self.clock.wait_until(self.clock.now_s() + 0.1)
            while (picked := self._pick()) is not None:
                self.compose(*picked)
            for found in list(self._all.values()):
                self.attend(found)
                if heard(found):
                    self.note_heard(found, found.stream.score.n_bars)


def test_streams_side_by_side_come_in_time(build: Callable[[Costs], Stream]) -> None:
    pool = Stepped()
    streams = [pool.open(build) for _ in range(3)]
    pool.go(30.0)
    for found in streams:
        numbers = [one.bar.number for one in found.bars]
        assert numbers == list(range(1, len(numbers) + 1)) and len(numbers) > 8
        assert found.performance.health.n_underruns == 0
        begins = [one.onset_s for one in found.bars]
        assert all(late > early for early, late in zip(begins, begins[1:], strict=False))


def test_a_stream_waits_for_a_listener_who_falls_behind(build: Callable[[Costs], Stream]) -> None:
    pool = Stepped()
    found = pool.open(build)
    pool.go(15.0, heard=lambda _: False)
    assert found.stream.score.n_bars == AHEAD_BARS + 1


def test_a_stream_sleeps_without_a_listener_and_goes_on_where_it_was(
    build: Callable[[Costs], Stream],
) -> None:
    pool = Stepped()
    found = pool.open(build)
    pool.go(5.0)
    heard = found.stream.score.n_bars
    pool.go(SLEEP_S + 40.0, heard=lambda _: False)
    slept_at = found.stream.score.n_bars
    assert found.is_resting and health_to_dict(found)["state"] == "asleep"
    pool.note_heard(found, slept_at)
    pool.go(6.0)
    numbers = [one.bar.number for one in found.bars]
    assert numbers == list(range(1, len(numbers) + 1)) and len(numbers) > slept_at >= heard
    assert found.performance.health.n_underruns == 0


def test_a_stream_that_nobody_asks_for_is_forgotten(build: Callable[[Costs], Stream]) -> None:
    pool = Stepped()
    found = pool.open(build)
    pool.go(FREE_S + 10.0, heard=lambda _: False)
    assert found.is_over
    with pytest.raises(RequestError, match="start another"):
        pool.find(found.id)


def test_a_stream_that_has_ended_can_still_be_asked_for_its_bars(
    build: Callable[[Costs], Stream],
) -> None:
    pool = Stepped()
    found = pool.open(build)
    pool.go(5.0)
    pool.control(found, "close", None, None)
    pool.go(40.0)
    assert found.is_over and found.bars[-1].bar.label == "close"
    assert pool.find(found.id) is found and health_to_dict(found)["state"] == "ended"


def test_one_stream_more_than_can_be_kept_is_refused(build: Callable[[Costs], Stream]) -> None:
    pool = Stepped(n_most=2)
    first = pool.open(build)
    pool.open(build)
    with pytest.raises(RequestError, match="places are taken"):
        pool.open(build)
    pool.end(first)
    pool.open(build)
    slow = Stepped()
    slow.open(build)
    slow.costs.note(1, 60.0)
    with pytest.raises(RequestError, match="places are taken"):
        slow.open(build)


def test_a_busy_pool_gives_each_less_time(build: Callable[[Costs], Stream]) -> None:
    pool = Stepped()
    pool.open(build)
    _, alone_s = pool._pick() or (None, 0.0)
    for _ in range(3):
        pool.open(build)
    _, shared_s = pool._pick() or (None, 0.0)
    assert 0 < shared_s < alone_s


def test_a_control_drops_the_plan_and_is_told(build: Callable[[Costs], Stream]) -> None:
    pool = Stepped()
    found = pool.open(build)
    told: list[int] = []
    pool.listen(found, lambda: told.append(1))
    pool.go(4.0)
    n_told = len(told)
    control = pool.control(found, "key", "A minor", None)
    assert len(told) > n_told and plan_to_dict(found)["controls"][0]["id"] == control.id
    pool.undo(found, control.id)
    assert plan_to_dict(found)["controls"] == []
    before = found.stream.tempo.tempo_bpm
    pool.control(found, "tempo", before * 2, None)
    due_s = found.due_s
    assert due_s < pool.clock.now_s() + 4 * 60 / before
    with pytest.raises(RequestError, match="no control"):
        pool.control(found, "wave", 1, None)


def test_a_shared_stream_is_one_for_all_and_nobody_turns_it(
    build: Callable[[Costs], Stream],
) -> None:
    pool = Stepped()
    found = pool.open(build, shared_id="radio")
    assert pool.open(build, shared_id="radio") is found
    pool.go(5.0, heard=lambda _: False)
    assert found.stream.score.n_bars == 0  # nobody listens
    pool.listen(found, lambda: None)
    pool.go(5.0, heard=lambda _: False)
    assert found.stream.score.n_bars > 1
    with pytest.raises(RequestError, match="start your own"):
        pool.control(found, "turn", None, None)


def test_what_cannot_be_composed_is_said(tiny_engine: Engine) -> None:
    pool = Stepped()

    def build(costs: Costs) -> Stream:
        stream = Stream(replace(REQUEST), engine=tiny_engine, costs=costs)
        stream.compose = _refuse  # type: ignore[method-assign]
        return stream

    def _refuse(*_: object, **__: object) -> bool:
        raise RequestError("nothing will do")

    found = pool.open(build)
    pool.go(1.0)
    assert found.problem == "nothing will do"


@pytest.fixture
def running() -> Iterator[Pool]:
    pool = Pool(n_threads=1)
    yield pool
    pool.shut()


def test_threads_play_in_time(running: Pool, build: Callable[[Costs], Stream]) -> None:
    found = running.open(build)
    news = threading.Event()
    running.listen(found, news.set)
    deadline = time.monotonic() + 20
    while len(found.bars) < 2 and time.monotonic() < deadline:
        news.wait(1.0)
        news.clear()
        running.note_heard(found, len(found.bars))
    first, second = found.bars_after(0)[:2]
    bar = bar_to_dict(second.bar)
    assert second.onset_s - first.onset_s == pytest.approx(
        bar["length_beats"] * 60 / bar["tempo_bpm"]
    )
