"""The ONNX graphs of a model, opened when they are first needed, and the reading of beginnings.

Shapes: B candidates, T rows, K key/value heads, D head width, E width.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

# Read when the library is imported: it would send and store usage data; its own switch is too late.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime as ort

from composer.decoding.runtimes.base import Beginning, Floats, Rows
from composer.models import Weights
from composer.models.onnx_graph import (
    CACHE_STEPS,
    FIELDS,
    head_graph,
    saturation_graph,
    trunk_graph,
)
from composer.models.onnx_nodes import LEVELS

Cache = npt.NDArray[Any]  # float32, or int8 codes (`CACHE_STEPS`)


class Graphs:
    """A model as ONNX Runtime runs it.

    Args:
        weights: Of the model.
        threads: CPU threads.
        is_int8: Whether matrices and the candidates' own keys and values are 8 bits; fp32
            otherwise.
    """

    def __init__(self, weights: Weights, threads: int, *, is_int8: bool) -> None:
        self.config, self.sizes = weights.transformer, weights.written_sizes
        self._weights, self._threads = weights, threads
        self._levels = levels_here() if is_int8 else 0

    @cached_property
    def heads(self) -> list[Any]:
        """A head a field."""
        return open_heads(self._weights, self._threads, self._levels)

    @cached_property
    def trunk(self) -> Any:
        """The trunk that reads beginnings."""
        return open_graph(trunk_graph(self._weights, levels=self._levels), self._threads)

    @cached_property
    def step_trunk(self) -> Any:
        """The trunk that adds row by row; opened when a group comes."""
        return self._open_for_steps(is_shared=False) if self._levels else self.trunk

    @cached_property
    def shared_trunk(self) -> Any:
        """The same for groups with a shared beginning."""
        return self._open_for_steps(is_shared=True)

    def _open_for_steps(self, *, is_shared: bool) -> Any:
        levels = self._levels
        graph = trunk_graph(
            self._weights, levels=levels, is_shared=is_shared, is_int8_cache=levels > 0
        )
        return open_graph(graph, self._threads)

    def to_cache(self, name: str, rows: Floats) -> Cache:
        """Return keys (`k...`) or values (`v...`) as steps keep them."""
        return to_codes(rows, CACHE_STEPS[name[0]]) if self._levels else rows

    def read(self, beginnings: Sequence[Rows]) -> Beginning:
        """Read beginnings [T, 4] of any lengths."""
        lengths = np.array([len(beginning) for beginning in beginnings], np.int64)
        n, n_rows = len(lengths), int(lengths.max())
        # A beginning stands at the front of its cache; the attention fills up behind it.
        ids = np.zeros((n, n_rows, len(FIELDS)), np.int64)
        for own, beginning in zip(ids, beginnings, strict=True):
            own[: len(beginning)] = beginning
        shape = (n, self.config.kv_heads, n_rows, self.config.head_width)
        names = [f"{kind}{i}" for i in range(self.config.layers) for kind in "kv"]
        read = {name: np.empty(shape, np.float32) for name in names}
        found = Beginning(read, lengths, np.empty((n, self.config.width), np.float32))
        inputs = {
            **{name: np.ascontiguousarray(ids[..., i]) for i, name in enumerate(FIELDS)},
            "last": lengths[:, None] - 1,
            "seqlens_k": (lengths - 1).astype(np.int32),
            "total": np.array([lengths.max()], np.int32),
        }
        self.trunk.run_with_iobinding(bound(self.trunk, inputs | read, outputs(found.states, read)))
        return found


def open_heads(weights: Weights, threads: int, levels: int) -> list[Any]:
    """Open the graphs of a model's heads, one a field; models of every kind have the same heads.

    Args:
        weights: Of the model.
        threads: CPU threads.
        levels: Of the codes of its matrices, as `levels_here` tells; 0 for fp32.
    """
    n_fields = len(weights.written_sizes)
    return [open_graph(head_graph(weights, i, levels=levels), threads) for i in range(n_fields)]


def open_graph(graph: bytes, threads: int) -> Any:
    """Make a graph ready to run on the CPU."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def to_codes(rows: Floats, step: float) -> Cache:
    """Round to 8 bits, as the attention does with the rows that it adds."""
    codes = rows * np.float32(1 / step)
    np.rint(codes, out=codes)
    return codes.clip(-LEVELS - 1, LEVELS, out=codes).astype(np.int8)


def levels_here() -> int:
    """Return the steps for activations: half of them where the processor's products saturate.

    Processors without VNNI add two products of 8 bits in 16; with activations of 7 bits they fit.
    """
    largest, found = saturation_graph()
    products = open_graph(found, 1).run(None, {})[0]
    return LEVELS if int(products.max()) == largest else LEVELS // 2


def bound(session: Any, inputs: dict[str, Any], outputs: dict[str, Any]) -> Any:
    """Bind arrays, which ONNX Runtime reads and writes where they are."""
    binding = session.io_binding()
    for name, array in inputs.items():
        binding.bind_ortvalue_input(name, ort.OrtValue.ortvalue_from_numpy(array))
    for name, array in outputs.items():
        binding.bind_ortvalue_output(name, ort.OrtValue.ortvalue_from_numpy(array))
    return binding


def outputs(states: Floats, caches: dict[str, Cache]) -> dict[str, Any]:
    """Return what a trunk writes to: states, and caches in place."""
    return {"states": states} | {f"{name}_out": own for name, own in caches.items()}
