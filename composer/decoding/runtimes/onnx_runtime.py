"""The fast runtime on CPU: ONNX Runtime with weights and a key/value cache in 8 bits, in place.

A beginning that all candidates of a group share is read once; from `SHARED_FROM` rows on its keys
and values also stand in memory once, in fp32 (`models.onnx_graph`). Beginnings are read in fp32,
and what of them the candidates own is rounded then, as every row is that a step adds. All that a
step reads and writes lies in arrays that are bound once, so that a step costs little beside the
products.

Shapes: B candidates, T rows, S rows of cache, P rows of a shared beginning, K key/value heads, D
head width, E width, V ids.
"""

from __future__ import annotations

import os
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

# Read when the library is imported: it would send and store usage data; its own switch is too late.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime as ort

from composer.decoding.runtimes.base import CPU_GROUP_SIZES, Rows
from composer.models import Weights
from composer.models.onnx_graph import (
    CACHE_STEPS,
    FIELDS,
    head_graph,
    saturation_graph,
    trunk_graph,
)
from composer.models.onnx_nodes import LEVELS

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Cache = npt.NDArray[Any]  # float32, or int8 codes (`CACHE_STEPS`)
# Rows of a shared beginning that are worth looking back at together: the join costs as much as
# reading so many rows for every candidate (benchmarks/speed).
SHARED_FROM = 64
_ZEROS_BEHIND = ((0, 0), (0, 1), (0, 0))  # values [K, P, D] get a row more


class OnnxRuntime:
    """Runs a transformer through ONNX Runtime.

    Args:
        weights: Of the model.
        threads: CPU threads; one, because several runtimes side by side gain more than threads.
        is_int8: Whether matrices and the candidates' own keys and values are 8 bits; fp32
            otherwise.
    """

    group_sizes = CPU_GROUP_SIZES
    splits_freely = True

    def __init__(self, weights: Weights, threads: int = 1, *, is_int8: bool = True) -> None:
        self.name = "onnx" if is_int8 else "onnx-fp32"
        self.config = weights.config
        self._weights, self._threads = weights, threads
        self._levels = _levels() if is_int8 else 0
        self.sizes = weights.written_sizes
        graphs = (head_graph(weights, i, levels=self._levels) for i in range(len(self.sizes)))
        self.heads = [_open(graph, threads) for graph in graphs]
        self.trunk = _open(trunk_graph(weights, levels=self._levels), threads)

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
        return _open(graph, self._threads)

    def to_cache(self, name: str, rows: Floats) -> Cache:
        """Return keys (`k...`) or values (`v...`) as steps keep them."""
        return to_codes(rows, CACHE_STEPS[name[0]]) if self._levels else rows

    def begin(self, rows: Rows, n_padding: Ints, capacity: int) -> OnnxSession:
        """Read the beginnings of a group; see `base.Runtime`."""
        return OnnxSession(self, rows, n_padding, capacity)


def _open(graph: bytes, threads: int) -> Any:
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


def _levels() -> int:
    """Return the steps for activations: half of them where the processor's products saturate.

    Processors without VNNI add two products of 8 bits in 16; with activations of 7 bits they fit.
    """
    largest, found = saturation_graph()
    products = _open(found, 1).run(None, {})[0]
    return LEVELS if int(products.max()) == largest else LEVELS // 2


class OnnxSession:
    """A group in progress; see `base.Session`."""

    states: Floats  # [B, E] after each candidate's last row
    _caches: dict[str, Cache]
    _lengths: Ints  # [B] rows in each cache

    def __init__(self, runtime: OnnxRuntime, rows: Rows, n_padding: Ints, capacity: int) -> None:
        self._runtime = runtime
        n, n_rows = rows.shape[:2]
        self._shared: dict[str, Floats] = {}
        self._n_shared = 0
        if not n_padding.any() and (rows == rows[:1]).all():
            read = self._read_all(rows[:1], n_padding[:1])
            if n_rows >= SHARED_FROM:
                self._share(read, capacity)
            else:
                self._own(read, capacity)
            self._keep(np.zeros(n, np.int64))
        else:
            self._own(self._read_all(rows, n_padding), capacity)
        self._bind()

    def field_logits(self, field: int, chosen: Rows) -> Floats:
        """Return logits of a field of the next row, [B, V]; valid until the next call for it."""
        for index in range(field):
            self._chosen[index][:] = chosen[:, index]
        self._runtime.heads[field].run_with_iobinding(self._head_bindings[field])
        return self._logits[field]

    def append(self, rows: Rows) -> None:
        """Read one row a candidate, [B, 4]."""
        self._lengths += 1
        for index, ids in enumerate(self._rows.values()):
            ids[:, 0] = rows[:, index]
        self._last_rows.reshape(-1, len(rows))[:] = self._lengths - 1
        self._total[0] = self._lengths.max()
        self._position[0] = self._n_shared + self._total[0] - 1
        trunk = self._runtime.shared_trunk if self._shared else self._runtime.step_trunk
        trunk.run_with_iobinding(self._trunk_binding)

    def keep(self, places: Ints) -> None:
        """Go on with some of the candidates only."""
        self._keep(places)
        self._bind()

    def _keep(self, places: Ints) -> None:
        self._caches = {name: self._of(cache, places) for name, cache in self._caches.items()}
        self._lengths = self._lengths[places]
        self.states = self.states[places]

    def _of(self, cache: Cache, places: Ints) -> Cache:
        """Return the cache of some candidates; beside a beginning the heads come first.

        Only rows that were read are copied. Where candidates leave, others move within the same
        memory, and most can stay: new memory costs more than copying.
        """
        heads = self._runtime.config.kv_heads if self._shared else 1
        n_before, n_rows = len(cache) // heads, int(self._lengths.max())
        sources = (n_before * np.arange(heads)[:, None] + places).ravel()
        n = len(sources)
        if n <= len(cache):
            found, moved = cache[:n], np.flatnonzero(sources != np.arange(n))
        else:
            found, moved = np.zeros((n, *cache.shape[1:]), cache.dtype), np.arange(n)
        found[moved, :, :n_rows] = cache[sources[moved], :, :n_rows]
        return found

    def _read_all(self, rows: Rows, n_padding: Ints) -> dict[str, Floats]:
        """Read beginnings [B, T, 4]; return their keys and values, [B, K, T, D]."""
        n, n_rows = rows.shape[:2]
        config = self._runtime.config
        shape = (n, config.kv_heads, n_rows, config.head_width)
        names = [f"{kind}{i}" for i in range(config.layers) for kind in "kv"]
        read = {name: np.empty(shape, np.float32) for name in names}
        self._lengths = n_rows - np.asarray(n_padding, np.int64)  # [B] rows in each cache
        self.states = np.empty((n, config.width), np.float32)
        # The attention fills up on the right: a beginning stands at the front of its cache.
        moved = [np.roll(own, -m, axis=0) for own, m in zip(rows, n_padding, strict=True)]
        ids = np.stack(moved).astype(np.int64)
        inputs = {
            **{name: np.ascontiguousarray(ids[..., i]) for i, name in enumerate(FIELDS)},
            "last": self._lengths[:, None] - 1,
            "seqlens_k": (self._lengths - 1).astype(np.int32),
            "total": np.array([self._lengths.max()], np.int32),
        }
        trunk = self._runtime.trunk
        trunk.run_with_iobinding(_bound(trunk, inputs | read, self._outputs(read)))
        return read

    def _own(self, read: dict[str, Floats], capacity: int) -> None:
        """Let every candidate own the rows that were read of it."""
        self._caches = {}
        for name, rows in read.items():
            found = self._runtime.to_cache(name, rows)
            room = (*rows.shape[:2], capacity, rows.shape[3])
            self._caches[name] = np.zeros(room, found.dtype)
            self._caches[name][:, :, : rows.shape[2]] = found

    def _share(self, read: dict[str, Floats], capacity: int) -> None:
        """Let the rows that were read, of one candidate, be what all candidates look back at."""
        scale = np.float32(self._runtime.config.head_width**-0.5)
        for name, (rows,) in read.items():
            is_key = name.startswith("k")
            shared = rows.transpose(0, 2, 1) * scale if is_key else np.pad(rows, _ZEROS_BEHIND)
            self._shared[f"shared_{name}"] = np.ascontiguousarray(shared)
            self._n_shared = rows.shape[1]
        no_rows = {name: rows[0, :, None, :0] for name, rows in read.items()}  # [K, 1, 0, D]
        self._own(no_rows, capacity - self._n_shared)
        self._lengths = np.zeros(1, np.int64)

    def _outputs(self, caches: dict[str, Cache]) -> dict[str, Any]:
        return {"states": self.states} | {f"{name}_out": own for name, own in caches.items()}

    def _bind(self) -> None:
        """Bind all that steps of this many candidates read and write."""
        n, runtime = len(self._lengths), self._runtime
        self._rows = {name: np.zeros((n, 1), np.int64) for name in FIELDS}
        n_caches = n * runtime.config.kv_heads if self._shared else n
        self._last_rows, self._total = np.zeros(n_caches, np.int32), np.zeros(1, np.int32)
        self._position = np.zeros(1, np.int64)
        inputs: dict[str, Any] = {
            **self._rows,
            "last": np.zeros((n, 1), np.int64),
            "seqlens_k": self._last_rows,
            "total": self._total,
        }
        trunk = runtime.shared_trunk if self._shared else runtime.step_trunk
        if self._shared:
            inputs |= {"position": self._position} | self._shared
        self._trunk_binding = _bound(trunk, inputs | self._caches, self._outputs(self._caches))
        self._logits = [np.empty((n, size), np.float32) for size in runtime.sizes]
        self._chosen = [np.zeros(n, np.int64) for _ in FIELDS]
        known = list(zip(FIELDS, self._chosen, strict=True))
        self._head_bindings = [
            _bound(head, {"states": self.states, **dict(known[:i])}, {"logits": self._logits[i]})
            for i, head in enumerate(runtime.heads)
        ]


def _bound(session: Any, inputs: dict[str, Any], outputs: dict[str, Any]) -> Any:
    """Bind arrays, which ONNX Runtime reads and writes where they are."""
    binding = session.io_binding()
    for name, array in inputs.items():
        binding.bind_ortvalue_input(name, ort.OrtValue.ortvalue_from_numpy(array))
    for name, array in outputs.items():
        binding.bind_ortvalue_output(name, ort.OrtValue.ortvalue_from_numpy(array))
    return binding
