"""Timings: rows for every runtime and case, and a peer that computes the same."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from composer.decoding.stopwatch import WARM_UP_STEPS, build_peer
from composer.engines import TransformerEngine
from composer.errors import OptionError
from composer.evaluation import bench
from composer.evaluation.speed import PEER, RUNTIMES
from composer.models.transformer import EventTransformer


@pytest.fixture(scope="module")
def found(tiny_engine: TransformerEngine) -> dict[str, Any]:
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


def test_an_unknown_size_is_refused(tiny_engine: TransformerEngine) -> None:
    with pytest.raises(OptionError, match="tiny, small, base"):
        bench(tiny_engine, sizes=["huge"])


def test_the_peer_computes_what_our_trunk_computes(tiny_model: EventTransformer) -> None:
    x = torch.randn(2, 9 + WARM_UP_STEPS, tiny_model.config.width)
    with torch.inference_mode():
        theirs = build_peer(tiny_model).model(inputs_embeds=x).last_hidden_state
        for block in tiny_model.blocks:
            x = block(x, tiny_model.rotary[: x.shape[1]])
        torch.testing.assert_close(theirs, tiny_model.norm(x), atol=1e-4, rtol=1e-4)
