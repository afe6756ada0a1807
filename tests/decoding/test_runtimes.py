"""The cache of every runtime says what the whole model says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
import torch

from composer.decoding import Runtime, open_runtime
from composer.decoding.kernel.building import load_library
from composer.decoding.runtimes import Session
from composer.decoding.runtimes.graphs import Graphs, to_codes
from composer.decoding.runtimes.static_runtime import StaticRuntime
from composer.errors import OptionError
from composer.models import Weights
from composer.models.transformer import EventTransformer
from composer.tokenizer import Events, vocab

Logits = npt.NDArray[np.float32]
EIGHT_BITS = ("onnx", "onnx-graph")


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
    return runtime.begin(list(rows[:, :n]), 32)


def begin_with_room(runtime: Runtime, rows: Events) -> Session:
    return runtime.begin(list(rows), rows.shape[1] + 20)


@pytest.mark.parametrize("n_begun", [1, 8, 20])
def test_cached_logits_are_those_of_the_whole_sequence(
    runtime: Runtime, tiny_model: EventTransformer, rows: Events, n_begun: int
) -> None:
    session = begin(runtime, rows, n_begun)
    for index in range(n_begun, 20):
        session.append(rows[:, index])
    assert_same(cached_logits(session, rows[:, 0]), whole_logits(tiny_model, rows, rows[:, 0]))


def test_beginnings_of_other_lengths_beside_it_change_nothing(
    runtime: Runtime, tiny_model: EventTransformer, rows: Events
) -> None:
    begun = [0, 5, 9]
    session = runtime.begin([rows[who, n:16] for who, n in enumerate(begun)], 32)
    for index in range(16, 20):
        session.append(rows[:, index])
    found = cached_logits(session, rows[:, 0])
    for who, n in enumerate(begun):
        alone = whole_logits(tiny_model, rows[who : who + 1, n:], rows[who : who + 1, 0])
        assert_same([logits[who : who + 1] for logits in found], alone)


def test_keeping_some_candidates_keeps_those(
    runtime: Runtime, tiny_model: EventTransformer, rows: Events
) -> None:
    session = runtime.begin([rows[0, :12], rows[1, 3:12], rows[2, :12]], 32)
    before = cached_logits(session, rows[:, 0])
    session.keep(np.array([0, 2]))
    assert_same(cached_logits(session, rows[[0, 2], 0]), [logits[[0, 2]] for logits in before])
    session.append(rows[[0, 2], 12])
    found = cached_logits(session, rows[[0, 2], 0])
    assert_same(found, whole_logits(tiny_model, rows[[0, 2], :13], rows[[0, 2], 0]))


def test_the_candidate_with_the_shortest_beginning_may_be_kept_alone(
    runtime: Runtime, tiny_model: EventTransformer, rows: Events
) -> None:
    session = runtime.begin([rows[0, :10], rows[1, 4:10], rows[2, :10]], 32)
    session.keep(np.array([1]))
    session.append(rows[[1], 10])
    alone = whole_logits(tiny_model, rows[[1], 4:11], rows[[1], 0])
    assert_same(cached_logits(session, rows[[1], 0]), alone)


@pytest.mark.parametrize("n_begun", [10, 80])
def test_forks_go_on_by_themselves_and_leave_the_session_as_it_was(
    runtime: Runtime, tiny_model: EventTransformer, rng: np.random.Generator, n_begun: int
) -> None:
    begun = rng.integers(0, vocab.WRITTEN_SIZES, (1, n_begun, 4), np.int16)
    further = rng.integers(0, vocab.WRITTEN_SIZES, (3, 4), np.int16)
    session = runtime.begin(list(begun), n_begun + 4)
    session.append(further[:1])
    before = [logits.copy() for logits in cached_logits(session, further[:1])]
    forked = session.fork(np.array([0, 0, 0])).fork(np.array([2, 0]))
    forked.append(further[1:])
    assert_same(cached_logits(session, further[:1]), before)
    session.append(further[:1])
    for who, row in enumerate(further[1:]):
        whole = np.concatenate([begun, further[None, :1], row[None, None]], axis=1)
        found = [logits[who : who + 1] for logits in cached_logits(forked, further[[0, 0]])]
        assert_same(found, whole_logits(tiny_model, whole, further[:1]))
    assert forked.n_bytes > session.n_bytes > 0


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
    session = runtime.begin(list(rows[:, :80]), 120)
    for index in range(80, 90):
        session.append(rows[:, index])
    assert_same(cached_logits(session, rows[:, 0]), whole_logits(tiny_model, rows, rows[:, 0]))
    session.keep(np.array([size - 1]))
    session.append(rows[-1:, 0])
    longer = np.concatenate([rows[-1:], rows[-1:, :1]], axis=1)
    found = cached_logits(session, rows[-1:, 0])
    assert_same(found, whole_logits(tiny_model, longer, rows[-1:, 0]))


@pytest.mark.parametrize("name", ["onnx", "onnx-graph", "onnx-fp32"])
@pytest.mark.parametrize("n_begun", [20, 80])
def test_a_candidate_is_the_same_bit_for_bit_in_a_group_of_any_size(
    tiny_model: EventTransformer, rng: np.random.Generator, name: str, n_begun: int
) -> None:
    runtime = open_runtime(tiny_model.weights, name)
    rows = rng.integers(0, vocab.WRITTEN_SIZES, (8, n_begun + 5, 4), np.int16)
    rows[:, :n_begun] = rows[:1, :n_begun]
    found = []
    for size in (1, 2, 5, 8):
        session = runtime.begin(list(rows[:size, :n_begun]), n_begun + 20)
        for index in range(n_begun, n_begun + 5):
            session.append(rows[:size, index])
        found.append([logits[0].copy() for logits in cached_logits(session, rows[:size, 0])])
    for logits in found[1:]:
        assert all(np.array_equal(a, b) for a, b in zip(found[0], logits, strict=True))


def assert_near(found: list[Logits], wanted: list[Logits]) -> None:
    for a, b in zip(found, wanted, strict=True):
        assert 0 < np.sqrt(np.mean((a - b) ** 2)) < 0.1 * b.std()


@pytest.mark.parametrize("name", EIGHT_BITS)
@pytest.mark.parametrize("n_begun", [1, 8, 20])
def test_with_eight_bits_the_logits_move_little(
    tiny_model: EventTransformer, rows: Events, name: str, n_begun: int
) -> None:
    session = begin(open_runtime(tiny_model.weights, name), rows, n_begun)
    for index in range(n_begun, 20):
        session.append(rows[:, index])
    assert_near(cached_logits(session, rows[:, 0]), whole_logits(tiny_model, rows, rows[:, 0]))


def with_uneven_keys(weights: Weights, factors: npt.NDArray[np.float32]) -> Weights:
    """Return weights that say the same, keys multiplied and queries divided by factors [D]."""
    config, arrays = weights.config, dict(weights.arrays)
    for layer in range(config.layers):
        name = f"blocks.{layer}.attention.qkv.weight"
        heads = arrays[name].reshape(config.heads + 2 * config.kv_heads, config.head_width, -1)
        scales = np.ones(heads.shape[:2], np.float32)
        scales[: config.heads] = 1 / factors
        scales[config.heads : config.heads + config.kv_heads] = factors
        arrays[name] = (heads * scales[:, :, None]).reshape(arrays[name].shape)
    return replace(weights, arrays=arrays)


def test_with_eight_bits_keys_of_any_size_have_their_steps(
    tiny_model: EventTransformer, rows: Events
) -> None:
    # Channels that are turned together lie half a head apart.
    factors = np.tile(np.geomspace(0.01, 100, 16, dtype=np.float32), 2)
    weights = with_uneven_keys(tiny_model.weights, factors)
    wanted = whole_logits(tiny_model, rows, rows[:, 0])
    checks = {"onnx-fp32": assert_same} | dict.fromkeys(EIGHT_BITS, assert_near)
    for name, check in checks.items():
        session = begin(open_runtime(weights, name), rows, 4)
        for index in range(4, 20):
            session.append(rows[:, index])
        check(cached_logits(session, rows[:, 0]), wanted)


@pytest.mark.parametrize(("is_int8", "kind"), [(True, "int8"), (False, "float")])
def test_graphs_keep_rows_in_eight_bits_unless_the_matrices_are_fp32(
    tiny_model: EventTransformer, *, is_int8: bool, kind: str
) -> None:
    graphs = Graphs(tiny_model.weights, 1, is_int8=is_int8)
    for trunk in (graphs.step_trunk, graphs.shared_trunk):
        caches = {one.name: one.type for one in trunk.get_inputs() if one.name in {"k0", "v1"}}
        assert caches == dict.fromkeys(["k0", "v1"], f"tensor({kind})")


def test_codes_are_whole_steps_within_eight_bits() -> None:
    rows = np.array([-99, -2.6, -0.4, 0, 0.5, 1.5, 2.6, 99], np.float32)
    codes = to_codes(rows * np.float32(0.25), 0.25)
    assert codes.dtype == np.int8
    assert codes.tolist() == [-99, -3, 0, 0, 0, 2, 3, 99]
    assert to_codes(rows, 0.25).tolist()[:: len(rows) - 1] == [-128, 127]


@pytest.mark.parametrize("name", EIGHT_BITS)
@pytest.mark.parametrize("n_begun", [20, 80])
def test_with_eight_bits_who_is_kept_goes_on_as_if_alone(
    tiny_model: EventTransformer, rng: np.random.Generator, name: str, n_begun: int
) -> None:
    runtime = open_runtime(tiny_model.weights, name)
    rows = rng.integers(0, vocab.WRITTEN_SIZES, (4, n_begun + 9, 4), np.int16)
    rows[:, :n_begun] = rows[:1, :n_begun]
    places = np.array([3, 1])
    whole = begin_with_room(runtime, rows[:, :n_begun])
    alone = begin_with_room(runtime, rows[places, :n_begun])
    for index in range(n_begun, n_begun + 9):
        if index == n_begun + 5:
            whole.keep(places)
        whole.append(rows[:, index] if index < n_begun + 5 else rows[places, index])
        alone.append(rows[places, index])
    found = [cached_logits(session, rows[places, 0]) for session in (whole, alone)]
    assert all(np.array_equal(a, b) for a, b in zip(*found, strict=True))


@pytest.mark.parametrize("name", EIGHT_BITS)
def test_with_eight_bits_a_candidate_does_not_depend_on_its_neighbours(
    tiny_model: EventTransformer, rows: Events, name: str
) -> None:
    runtime = open_runtime(tiny_model.weights, name)
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
    assert open_runtime(tiny_model.weights).name == ("onnx" if load_library() else "onnx-graph")
    assert open_runtime(tiny_model.weights, "onnx-graph").name == "onnx-graph"
    with pytest.raises(OptionError, match="auto, torch, onnx"):
        open_runtime(tiny_model.weights, "abacus")
