"""The cache of every runtime says what the whole model says."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import torch

from composer.decoding import Runtime, open_runtime
from composer.decoding.runtimes import Session
from composer.decoding.runtimes.static_runtime import StaticRuntime
from composer.errors import OptionError
from composer.models.transformer import EventTransformer
from composer.tokenizer import Events, vocab

Logits = npt.NDArray[np.float32]


@pytest.fixture(scope="module", params=["torch", "static", "onnx-fp32"])
def runtime(request: pytest.FixtureRequest, tiny_model: EventTransformer) -> Runtime:
    """Return the small random model, ready to run in fp32."""
    if request.param == "static":
        return StaticRuntime(tiny_model)
    return open_runtime(tiny_model.weights, request.param)


@pytest.fixture
def rows(rng: np.random.Generator) -> Events:
    """Return rows of three candidates, [3, 20, 4]."""
    return rng.integers(0, vocab.WRITTEN_SIZES, (3, 20, 4), np.int16)


def whole_logits(model: EventTransformer, rows: Events, chosen: Events) -> list[Logits]:
    """Return the logits of every field after all rows, without a cache."""
    with torch.inference_mode():
        states = model(torch.from_numpy(rows.astype(np.int64)))[:, -1]
        fields = torch.from_numpy(chosen.astype(np.int64))
        return [model.field_logits(i, states, fields[:, :i]).numpy() for i in range(4)]


def cached_logits(session: Session, chosen: Events) -> list[Logits]:
    return [session.field_logits(i, chosen[:, :i]) for i in range(4)]


def assert_same(found: list[Logits], wanted: list[Logits]) -> None:
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)


def begin(runtime: Runtime, rows: Events, n: int) -> Session:
    return runtime.begin(rows[:, :n], np.zeros(len(rows), np.int64), 32)


@pytest.mark.parametrize("n_begun", [1, 8, 20])
def test_cached_logits_are_those_of_the_whole_sequence(
    runtime: Runtime, tiny_model: EventTransformer, rows: Events, n_begun: int
) -> None:
    session = begin(runtime, rows, n_begun)
    for index in range(n_begun, 20):
        session.append(rows[:, index])
    assert_same(cached_logits(session, rows[:, 0]), whole_logits(tiny_model, rows, rows[:, 0]))


def test_filling_on_the_left_changes_nothing(
    runtime: Runtime, tiny_model: EventTransformer, rows: Events
) -> None:
    n_padding = np.array([0, 5, 9])
    filled = rows.copy()
    for who, n in enumerate(n_padding):
        filled[who, :n] = vocab.NONE
    session = runtime.begin(filled[:, :16], n_padding, 32)
    for index in range(16, 20):
        session.append(filled[:, index])
    found = cached_logits(session, rows[:, 0])
    for who, n in enumerate(n_padding):
        alone = whole_logits(tiny_model, rows[who : who + 1, n:], rows[who : who + 1, 0])
        assert_same([logits[who : who + 1] for logits in found], alone)


def test_keeping_some_candidates_keeps_those(
    runtime: Runtime, tiny_model: EventTransformer, rows: Events
) -> None:
    session = runtime.begin(rows[:, :12], np.array([0, 3, 0]), 32)
    before = cached_logits(session, rows[:, 0])
    session.keep(np.array([0, 2]))
    assert_same(cached_logits(session, rows[[0, 2], 0]), [logits[[0, 2]] for logits in before])
    session.append(rows[[0, 2], 12])
    found = cached_logits(session, rows[[0, 2], 0])
    assert_same(found, whole_logits(tiny_model, rows[[0, 2], :13], rows[[0, 2], 0]))


def test_a_candidate_that_is_kept_keeps_its_filling(
    runtime: Runtime, tiny_model: EventTransformer, rows: Events
) -> None:
    filled = rows.copy()
    filled[1, :4] = vocab.NONE
    session = runtime.begin(filled[:, :10], np.array([0, 4, 0]), 32)
    session.keep(np.array([1]))
    session.append(rows[[1], 10])
    alone = whole_logits(tiny_model, rows[[1], 4:11], rows[[1], 0])
    assert_same(cached_logits(session, rows[[1], 0]), alone)


def test_a_session_leaves_the_model_as_it_was(
    runtime: Runtime, tiny_model: EventTransformer, rows: Events
) -> None:
    before = {name: weight.clone() for name, weight in tiny_model.state_dict().items()}
    begin(runtime, rows, 5).append(rows[:, 5])
    assert all(torch.equal(before[name], w) for name, w in tiny_model.state_dict().items())


@pytest.mark.parametrize("size", [1, 3])
def test_a_shared_beginning_is_looked_back_at_as_ones_own(
    runtime: Runtime, tiny_model: EventTransformer, rng: np.random.Generator, size: int
) -> None:
    rows = rng.integers(0, vocab.WRITTEN_SIZES, (size, 90, 4), np.int16)
    rows[:, :80] = rows[:1, :80]
    session = runtime.begin(rows[:, :80], np.zeros(size, np.int64), 120)
    for index in range(80, 90):
        session.append(rows[:, index])
    assert_same(cached_logits(session, rows[:, 0]), whole_logits(tiny_model, rows, rows[:, 0]))
    session.keep(np.array([size - 1]))
    session.append(rows[-1:, 0])
    longer = np.concatenate([rows[-1:], rows[-1:, :1]], axis=1)
    found = cached_logits(session, rows[-1:, 0])
    assert_same(found, whole_logits(tiny_model, longer, rows[-1:, 0]))


@pytest.mark.parametrize("name", ["onnx", "onnx-fp32"])
@pytest.mark.parametrize("n_begun", [20, 80])
def test_a_candidate_is_the_same_bit_for_bit_in_a_group_of_any_size(
    tiny_model: EventTransformer, rng: np.random.Generator, name: str, n_begun: int
) -> None:
    runtime = open_runtime(tiny_model.weights, name)
    rows = rng.integers(0, vocab.WRITTEN_SIZES, (8, n_begun + 5, 4), np.int16)
    rows[:, :n_begun] = rows[:1, :n_begun]
    found = []
    for size in (1, 2, 5, 8):
        session = runtime.begin(rows[:size, :n_begun], np.zeros(size, np.int64), n_begun + 20)
        for index in range(n_begun, n_begun + 5):
            session.append(rows[:size, index])
        found.append([logits[0].copy() for logits in cached_logits(session, rows[:size, 0])])
    for logits in found[1:]:
        assert all(np.array_equal(a, b) for a, b in zip(found[0], logits, strict=True))


def test_with_eight_bits_the_logits_move_little(tiny_model: EventTransformer, rows: Events) -> None:
    session = begin(open_runtime(tiny_model.weights, "onnx"), rows, 20)
    wanted = whole_logits(tiny_model, rows, rows[:, 0])
    for a, b in zip(cached_logits(session, rows[:, 0]), wanted, strict=True):
        assert 0 < np.sqrt(np.mean((a - b) ** 2)) < 0.1 * b.std()


def test_with_eight_bits_a_candidate_does_not_depend_on_its_neighbours(
    tiny_model: EventTransformer, rows: Events
) -> None:
    runtime = open_runtime(tiny_model.weights, "onnx")
    loud = rows.copy()
    loud[1:] = loud[1:, ::-1]
    found = []
    for group in (rows, loud):
        session = begin(runtime, group, 12)
        session.append(group[:, 12])
        found.append([logits[0] for logits in cached_logits(session, rows[:, 0])])
    assert all(np.array_equal(a, b) for a, b in zip(*found, strict=True))


def test_a_cpu_gets_the_fast_runtime_and_an_unknown_name_is_refused(
    tiny_model: EventTransformer,
) -> None:
    assert open_runtime(tiny_model.weights).name == "onnx"
    with pytest.raises(OptionError, match="auto, torch, onnx"):
        open_runtime(tiny_model.weights, "abacus")
