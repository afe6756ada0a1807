"""Borrowing a GPU, with a `spaces` that pickles what crosses as the real one does."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest

from composer import pipeline
from composer.composition import Composition
from composer.engines import Engine
from composer.errors import RequestError
from composer.piece import Piece
from composer.plans import build_plan
from composer.request import Request
from composer.ui.server import accelerator
from composer.ui.server.accelerator import DrawnBars, duration_s, on_accelerator, refusal
from composer.ui.server.incidents import plain_errors
from composer.ui.studio import _extension, _marked, _planned, _whole
from tests.fake_studio import FakeComposer, FakeFiller
from tests.serving import ROOT

REQUEST = Request(composer="Bach", form="chorale", bars=4, candidates=6, seed=7)


def copied(value: Any) -> Any:
    """Return a value as it arrives in another process."""
    return pickle.loads(pickle.dumps(value))


class FakeSpaces:
    """Lends a GPU as `spaces` does: values are pickled, errors shrink to the name of their class.

    Args:
        error: Raised in place of lending, if given.
    """

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.durations: list[int] = []
        self.n_closed = 0

    def GPU(self, *, duration: Callable[..., int]) -> Callable[..., Any]:
        def decorate(task: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
            def borrowed(*arguments: Any) -> Iterator[Any]:
                self.durations.append(duration(*arguments))
                if self.error:
                    raise self.error
                yield from self._run(task, arguments)

            return borrowed

        return decorate

    def _run(self, task: Callable[..., Iterator[Any]], arguments: Any) -> Iterator[Any]:
        steps = task(*copied(arguments))
        try:
            for step in steps:
                yield copied(step)
        except GeneratorExit:
            self.n_closed += 1
            raise
        except Exception as error:
            raise zero_error("worker error", type(error).__name__) from error


def zero_error(name: str, message: str) -> gr.Error:
    return gr.Error(message, title=f"ZeroGPU {name}", print_exception=False)


@pytest.fixture
def lent(monkeypatch: pytest.MonkeyPatch) -> FakeSpaces:
    found = FakeSpaces()
    monkeypatch.setattr(accelerator, "spaces", found)
    return found


def never() -> bool:
    return False


def refused(monkeypatch: pytest.MonkeyPatch, error: Exception) -> str:
    """Return what a visitor reads when `spaces` raises an error."""
    monkeypatch.setattr(accelerator, "spaces", FakeSpaces(error))
    with pytest.raises(gr.Error) as caught, plain_errors():
        list(on_accelerator(FakeComposer())(REQUEST, should_stop=never))
    return str(caught.value.message)


def test_without_spaces_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accelerator, "spaces", None)
    compose_steps = FakeComposer()
    assert on_accelerator(compose_steps) is compose_steps


def test_on_a_space_without_a_gpu_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    lends_nothing = SimpleNamespace(GPU=lambda **_: lambda task: task)
    monkeypatch.setattr(accelerator, "spaces", lends_nothing)
    compose_steps = FakeComposer()
    assert on_accelerator(compose_steps) is compose_steps


def test_progress_and_composition_come_back_as_they_were(
    lent: FakeSpaces, tiny_engine: Engine
) -> None:
    compose_steps = partial(pipeline.compose_steps, engine=tiny_engine)
    *_, there = compose_steps(REQUEST, should_stop=never)
    *progress, found = on_accelerator(compose_steps)(REQUEST, should_stop=never)
    assert isinstance(there, Composition)
    assert isinstance(found, Composition)
    assert progress
    assert [one.piece for one in found.ranked] == [one.piece for one in there.ranked]
    assert found.to_json()


def test_stop_keeps_what_is_finished(lent: FakeSpaces) -> None:
    seen: list[Any] = []
    run = on_accelerator(FakeComposer())(REQUEST, should_stop=lambda: len(seen) >= 2)
    for step in run:
        seen.append(step)
    assert seen[-1].stopped
    assert 2 <= len(seen[-1].ranked) < REQUEST.candidates


def test_a_visitor_who_leaves_ends_the_run(lent: FakeSpaces) -> None:
    steps = on_accelerator(FakeComposer())(REQUEST, should_stop=never)
    next(iter(steps))
    steps.close()
    assert lent.n_closed == 1


def test_a_refused_setting_is_told_as_without_a_gpu(lent: FakeSpaces) -> None:
    compose_steps = FakeComposer(error=RequestError("`bars` must be 4 or more"))
    with pytest.raises(RequestError, match="^`bars` must be 4 or more$"):
        list(on_accelerator(compose_steps)(REQUEST, should_stop=never))


def test_a_bug_behind_the_gpu_becomes_an_incident(lent: FakeSpaces) -> None:
    compose_steps = FakeComposer(error=KeyError("alto"))
    with pytest.raises(gr.Error, match="something broke, reference") as caught, plain_errors():
        list(on_accelerator(compose_steps)(REQUEST, should_stop=never))
    assert "KeyError" not in caught.value.message


def test_an_error_of_the_page_itself_passes(lent: FakeSpaces) -> None:
    steps = on_accelerator(FakeComposer())(REQUEST, should_stop=never)
    next(iter(steps))
    with pytest.raises(gr.Error, match="mine"):
        steps.throw(gr.Error("mine"))


@pytest.mark.parametrize(
    ("name", "message", "expected"),
    [
        (
            "quota exceeded",
            "You have exceeded your free ZeroGPU quota (60s requested vs. 30s left). "
            'Try again in 3:09:48. <a href="https://example.org">Subscribe</a>',
            "your share of GPU time is used up; try again in 3:09:48",
        ),
        (
            "quota exceeded",
            "(60s requested vs. 0s left). Try again in 1 day, 0:00:01. ",
            "your share of GPU time is used up; try again in 1 day, 0:00:01",
        ),
        ("quota exceeded", "Space app has reached its GPU limit.", "used up; try again later"),
        ("illegal duration", "is larger than the maximum allowed", "fewer bars"),
        ("queue timeout", "No GPU was available after 60s", "no GPU is free at the moment"),
        ("client error", "Expired ZeroGPU proxy token", "no GPU is free at the moment"),
        ("worker error", "GPU task aborted", "the GPU was taken back before the run was over"),
    ],
)
def test_a_refusal_is_one_plain_sentence(
    name: str, message: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sentence = refused(monkeypatch, zero_error(name, message))
    assert expected in sentence
    assert not set("<>\n") & set(sentence)
    assert sentence == refusal(f"ZeroGPU {name}", message)


@pytest.mark.parametrize("bars", [1, 8, 64, 512])
@pytest.mark.parametrize("candidates", [1, 16, 64])
def test_a_run_asks_for_seconds_by_what_it_is_to_do(bars: int, candidates: int) -> None:
    plain = SimpleNamespace(bars=bars, candidates=candidates, guidance=1.0)
    guided = SimpleNamespace(bars=bars, candidates=candidates, guidance=2.0)
    assert 10 <= duration_s(plain) <= duration_s(guided) <= 120


def test_the_duration_is_asked_with_the_request_at_hand(lent: FakeSpaces) -> None:
    list(on_accelerator(FakeComposer())(REQUEST, should_stop=never))
    assert lent.durations == [duration_s(REQUEST)]


def test_spaces_is_imported_before_torch_and_gradio(tmp_path: Path) -> None:
    """The stand-in ends the process as soon as it is imported: with 7 if it came first."""
    (tmp_path / "spaces.py").write_text(
        "import os, sys\nos._exit(8 if {'torch', 'gradio'} & set(sys.modules) else 7)\n"
    )
    environment = os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    command = [sys.executable, "-c", "import composer.ui"]
    assert subprocess.run(command, env=environment, check=False).returncode == 7


def test_any_steps_with_any_arguments_borrow_a_gpu(lent: FakeSpaces, chorale: Piece) -> None:
    steps = on_accelerator(FakeFiller().place, _marked)
    *progress, found = steps(chorale, 2, 3, parts=(0,), candidates=4, should_stop=never)
    assert len(progress) == 4 and len(found.ranked) == 4
    assert lent.durations == [duration_s(DrawnBars(2, 4, 1.0))]


def test_every_way_to_music_tells_how_much_is_to_be_done(
    lent: FakeSpaces, tiny_engine: Engine, chorale: Piece
) -> None:
    way = on_accelerator(partial(pipeline.extend_steps, engine=tiny_engine), _extension)
    *_, found = way(chorale, 2, candidates=1, should_stop=never)
    assert found.piece.n_bars == 10
    plan = build_plan("AABA", "G major")
    works = [_extension(chorale, 2), _planned(plan), _marked(chorale, 3, 4), _whole(chorale)]
    assert [work.bars for work in works] == [2, sum(row.bars for row in plan.rows), 2, 8]
