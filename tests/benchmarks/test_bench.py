"""Timings: rows for every runtime and case, and a peer that computes the same."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from benchmarks.speed import bench as speed
from benchmarks.speed import stopwatch
from benchmarks.speed.bench import PEER, RUNTIMES, bench
from benchmarks.speed.stopwatch import WARM_UP_STEPS, build_peer
from composer.engines import Engine
from composer.errors import OptionError
from composer.models.transformer import EventTransformer


@pytest.fixture
def no_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time steps only."""
    monkeypatch.setattr(speed, "time_request", lambda *_: {"seconds": 1.0, "first_shown_s": 1.0})


@pytest.fixture(scope="module")
def found(tiny_engine: Engine) -> dict[str, Any]:
    """Return the smallest comparison."""
    return bench(tiny_engine, sizes=["tiny"], batches=[8, 32], contexts=[3], candidates=2)


def test_every_runtime_has_a_row_for_every_case(found: dict[str, Any]) -> None:
    cases = {(row["batch"], row["runtime"]) for row in found["steps"]}
    assert cases == {(batch, name) for batch in (8, 32) for name in (PEER, *RUNTIMES)}
    assert all(row["step_ms"] > 0 and row["bytes_a_step"] > 0 for row in found["steps"])


def test_ratios_are_those_of_the_rows(found: dict[str, Any]) -> None:
    rows = {(row["batch"], row["runtime"]): row for row in found["steps"]}
    for batch in (8, 32):
        ratio = rows[batch, "onnx"]["steps_per_s"] / rows[batch, PEER]["steps_per_s"]
        assert found[f"onnx_over_generate_b{batch}"] == pytest.approx(ratio, abs=0.006)
    assert found["notes_over_generate_b8"] > 2 * found["onnx_over_generate_b8"]
    assert 0 < found["first_shown_s"] <= found["best_of_2_s"] < math.inf


def test_every_case_has_its_ratio(found: dict[str, Any]) -> None:
    cases = [(row["size"], row["batch"], row["context"]) for row in found["over_generate"]]
    assert cases == [("tiny", 8, 3), ("tiny", 32, 3)]
    assert [row["steps"] for row in found["over_generate"]] == [
        found["onnx_over_generate_b8"],
        found["onnx_over_generate_b32"],
    ]


@pytest.mark.usefixtures("no_requests")
def test_what_does_not_fit_into_memory_is_skipped_with_the_reason(
    tiny_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stopwatch, "_free_bytes", lambda: 1e6)
    found = bench(tiny_engine, sizes=["tiny"], batches=[1, 100], contexts=[3], candidates=1)
    small, large = ([row for row in found["steps"] if row["batch"] == n] for n in (1, 100))
    assert all(row["step_ms"] > 0 for row in small)
    assert all("1 MB are free" in row["skipped"] and "step_ms" not in row for row in large)
    assert [row["batch"] for row in found["over_generate"]] == [1]
    assert found["onnx_over_generate_b8"] is None


@pytest.mark.usefixtures("no_requests")
def test_a_case_that_would_take_too_long_is_not_begun(
    tiny_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speed, "LONG_TURN_S", 0.0)
    found = bench(
        tiny_engine, sizes=["tiny"], batches=[1], contexts=[0, 3], runtimes=["onnx"], candidates=1
    )
    first, second = ([row for row in found["steps"] if row["context"] == n] for n in (0, 3))
    assert all(row["step_ms"] > 0 for row in first)
    assert all("by the case before" in row["skipped"] for row in second)
    assert {row["runtime"] for row in second} == {PEER, "onnx"}


@pytest.mark.parametrize("batch, steps", [(1, 32), (8, 32), (32, 16), (100, 8), (256, 8)])
def test_of_many_candidates_fewer_steps_are_timed(batch: int, steps: int) -> None:
    assert speed.steps_of(batch) == steps


def test_the_peak_is_that_of_the_case_and_not_of_what_ran_before() -> None:
    block = np.ones(30_000_000)
    stopwatch.forget_peak()
    held = stopwatch.peak_bytes()
    del block
    stopwatch.forget_peak()
    assert 0 < stopwatch.peak_bytes() < held - 100e6


def test_an_unknown_size_is_refused(tiny_engine: Engine) -> None:
    with pytest.raises(OptionError, match="tiny, small, base"):
        bench(tiny_engine, sizes=["huge"])


def test_the_peer_computes_what_our_trunk_computes(tiny_model: EventTransformer) -> None:
    x = torch.randn(2, 9 + WARM_UP_STEPS, tiny_model.config.width)
    with torch.inference_mode():
        theirs = build_peer(tiny_model).model(inputs_embeds=x).last_hidden_state
        for block in tiny_model.blocks:
            x = block(x, tiny_model.rotary[: x.shape[1]])
        torch.testing.assert_close(theirs, tiny_model.norm(x), atol=1e-4, rtol=1e-4)
