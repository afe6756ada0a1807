"""The compiled step: what it says, whatever the sizes, and where there is none."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch

from composer.decoding import open_runtime
from composer.decoding.kernel import building
from composer.decoding.kernel.structures import PackedModel, fits, pack
from composer.decoding.runtimes import Runtime
from composer.decoding.runtimes.graphs import Graphs
from composer.decoding.runtimes.kernel_session import KernelSession
from composer.models import ModelConfig
from composer.models.transformer import EventTransformer
from composer.tokenizer import Events, vocab

needs_kernel = pytest.mark.skipif(
    building.load_library() is None, reason=building.why_none() or "the kernel cannot be built"
)
SHAPES = {
    "one head": ModelConfig(
        width=32, layers=1, heads=1, kv_heads=1, head_width=16, hidden=48, field_hidden=16
    ),
    "four queries a key": ModelConfig(
        width=64, layers=2, heads=8, kv_heads=2, head_width=32, hidden=80, field_hidden=48
    ),
    "as small": ModelConfig(width=256, layers=2, heads=4, kv_heads=2, hidden=704, field_hidden=384),
}
# Root mean square of all differences, as a share of the logits' own.
TOLERANCE = 0.03


def random_model(config: ModelConfig) -> EventTransformer:
    torch.manual_seed(0)
    return EventTransformer(config, vocab.TABLE_SIZES, vocab.WRITTEN_SIZES).eval()


def whole_logits(
    model: EventTransformer, rows: Events, chosen: Events
) -> list[npt.NDArray[np.float32]]:
    with torch.inference_mode():
        states = model(torch.from_numpy(rows.astype(np.int64)))[:, -1]
        fields = torch.from_numpy(chosen.astype(np.int64))
        return [model.field_logits(i, states, fields[:, :i]).numpy() for i in range(4)]


def begin(runtime: Runtime, rows: Events, room: int) -> KernelSession:
    session = runtime.begin(list(rows), room)
    assert isinstance(session, KernelSession)
    return session


@needs_kernel
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("size", "n_begun"), [(1, 1), (3, 15), (9, 17), (21, 40)])
def test_steps_say_what_the_whole_model_says(
    rng: np.random.Generator, shape: str, size: int, n_begun: int
) -> None:
    """Groups, beginnings and lengths that are no whole blocks of 8 or 16."""
    model = random_model(SHAPES[shape])
    rows = rng.integers(0, vocab.WRITTEN_SIZES, (size, n_begun + 35, 4), np.int16)
    rows[:, :n_begun] = rows[:1, :n_begun]
    session = begin(open_runtime(model.weights, "onnx"), rows[:, :n_begun], n_begun + 35)
    for index in range(n_begun, n_begun + 35):
        session.append(rows[:, index])
        if index in {n_begun, n_begun + 17, n_begun + 34}:
            wanted = whole_logits(model, rows[:, : index + 1], rows[:, 0])
            for field, logits in enumerate(wanted):
                found = session.field_logits(field, rows[:, 0, :field])
                assert np.sqrt(np.mean((found - logits) ** 2)) < TOLERANCE * logits.std()


@needs_kernel
def test_candidates_that_come_twice_go_on_by_themselves(
    tiny_model: EventTransformer, rng: np.random.Generator
) -> None:
    runtime = open_runtime(tiny_model.weights, "onnx")
    rows = rng.integers(0, vocab.WRITTEN_SIZES, (2, 30, 4), np.int16)
    session = begin(runtime, rows[:, :20], 40)
    session.append(rows[:, 20])
    forked = session.fork(np.array([1, 0, 1]))
    forked.append(rows[[0, 1, 1], 21])
    alone = begin(runtime, rows[1:, :20], 40)
    alone.append(rows[1:, 20])
    alone.append(rows[1:, 21])
    found = forked.field_logits(0, rows[[0, 1, 1], 0, :0])
    assert np.array_equal(found[2:], alone.field_logits(0, rows[1:, 0, :0]))
    assert not np.array_equal(found[0], found[2])


@needs_kernel
def test_what_lies_outside_its_memory_is_refused(
    tiny_model: EventTransformer, rng: np.random.Generator
) -> None:
    runtime = open_runtime(tiny_model.weights, "onnx")
    rows = rng.integers(0, vocab.WRITTEN_SIZES, (2, 20, 4), np.int16)
    session = begin(runtime, rows[:, :4], 6)
    for strange in (-1, vocab.TABLE_SIZES[2]):
        odd = rows[:, 4].copy()
        odd[1, 2] = strange
        with pytest.raises(IndexError, match="does not know"):
            session.append(odd)
        with pytest.raises(IndexError, match="does not know"):
            session.field_logits(3, odd[:, :3])
    session.append(rows[:, 4])
    session.append(rows[:, 5])
    with pytest.raises(IndexError, match="full"):
        session.append(rows[:, 6])


@needs_kernel
@pytest.mark.skipif(
    building.find_variant() is not building.VARIANTS[0], reason="the processor lacks AVX-512 VNNI"
)
@pytest.mark.parametrize("shape", SHAPES)
def test_all_processors_say_the_same_to_the_last_bit(rng: np.random.Generator, shape: str) -> None:
    model = PackedModel(random_model(SHAPES[shape]).weights)
    graphs = Graphs(random_model(SHAPES[shape]).weights, 1, is_int8=True)
    rows = rng.integers(0, vocab.WRITTEN_SIZES, (5, 60, 4), np.int16)
    rows[:, :20] = rows[:1, :20]
    found = []
    for variant in building.VARIANTS:
        beginnings = list(rows[:, :20])
        session = KernelSession(building.load(variant), model, graphs.read, beginnings, 60)
        for index in range(20, 60):
            session.append(rows[:, index])
        logits = [session.field_logits(field, rows[:, 0, :field]).copy() for field in range(4)]
        found.append([session.states, *logits])
    assert all(np.array_equal(a, b) for a, b in zip(*found, strict=True))


@pytest.mark.parametrize(
    ("flags", "name"),
    [({*building.VARIANTS[0].needs, "sse"}, "vnni"), (building.AVX2, "avx2"), ({"sse2"}, None)],
)
def test_a_processor_gets_the_fastest_variant_that_it_can_run(
    monkeypatch: pytest.MonkeyPatch, flags: set[str], name: str | None
) -> None:
    monkeypatch.setattr(building.platform, "system", lambda: "Linux")
    monkeypatch.setattr(building, "_processor_flags", lambda: flags)
    assert getattr(building.find_variant(), "name", None) == name
    monkeypatch.setattr(building.platform, "system", lambda: "Darwin")
    assert building.find_variant() is None


def test_matrices_are_packed_in_blocks_of_sixteen_outputs(rng: np.random.Generator) -> None:
    matrix = rng.normal(size=(20, 8)).astype(np.float32)
    codes, scales = pack(matrix)
    assert (codes.shape, scales.shape) == ((2, 2, 16, 4), (32,))
    unpacked = (codes.swapaxes(1, 2).reshape(32, 8).astype(np.float32) - 128) * scales[:, None]
    np.testing.assert_allclose(unpacked[:20], matrix, atol=np.abs(matrix).max() / 127)
    assert not unpacked[20:].any()


def test_a_model_of_odd_width_gets_no_kernel() -> None:
    config = ModelConfig(
        width=40, layers=1, heads=1, kv_heads=1, head_width=16, hidden=32, field_hidden=32
    )
    assert not fits(config)
    assert open_runtime(random_model(config).weights, "onnx").name == "onnx-graph"


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Begin as on a new machine; afterwards the kernel is looked for anew."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    building.load_library.cache_clear()
    yield tmp_path / "composer"
    building.load_library.cache_clear()


@needs_kernel
def test_it_is_built_once_and_found_again(empty_cache: Path) -> None:
    assert building.load_library() is not None
    (found,) = empty_cache.iterdir()
    made = found.stat().st_mtime_ns
    building.load_library.cache_clear()
    assert building.load_library() is not None
    assert [one.stat().st_mtime_ns for one in empty_cache.iterdir()] == [made]


@needs_kernel
def test_a_library_that_others_may_write_is_not_loaded(empty_cache: Path) -> None:
    building.load_library()
    (found,) = empty_cache.iterdir()
    found.write_bytes(b"something else")
    found.chmod(0o666)
    building.load_library.cache_clear()
    assert building.load_library() is not None
    assert found.stat().st_mode & 0o777 == 0o600
    assert found.stat().st_size > 1000


@needs_kernel
def test_where_nothing_can_be_kept_it_is_built_for_the_process(
    empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty_cache.write_text("a file where a folder should be")
    assert building.load_library() is not None
    monkeypatch.setattr(os, "getuid", lambda: -1)
    building.load_library.cache_clear()
    assert building.load_library() is not None


@pytest.mark.usefixtures("empty_cache")
def test_without_processor_or_compiler_graphs_take_the_steps(
    tiny_model: EventTransformer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(building, "find_variant", lambda: building.VARIANTS[0])
    monkeypatch.setattr(building, "find_compiler", lambda: None)
    assert open_runtime(tiny_model.weights).name == "onnx-graph"
    assert "apt-get install gcc" in caplog.text
    building.load_library.cache_clear()
    monkeypatch.setattr(building, "find_variant", lambda: None)
    assert open_runtime(tiny_model.weights).name == "onnx-graph"
    assert "lacks AVX2" in caplog.text


@pytest.mark.usefixtures("empty_cache")
def test_a_compiler_that_fails_is_told_in_the_log(
    tiny_model: EventTransformer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(building, "find_variant", lambda: building.VARIANTS[0])
    monkeypatch.setenv("CC", "false")
    assert open_runtime(tiny_model.weights).name == "onnx-graph"
    assert "could not be built" in caplog.text


@needs_kernel
def test_weights_live_as_long_as_their_model(tiny_model: EventTransformer) -> None:
    config = tiny_model.config
    packed = PackedModel(tiny_model.weights)
    assert packed.struct.width == config.width
    first = packed.struct.blocks[0].qkv
    assert (first.inputs, first.outputs) == (config.width, 32 * (config.heads + 2))
