"""The fast runtime on CPU: ONNX Runtime with 8-bit weights and a key/value cache in place.

Shapes: B candidates, T rows, S rows of cache, K key/value heads, D head width, E width.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import numpy.typing as npt

# Read when the library is imported: it would send and store usage data; its own switch is too late.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime as ort

from composer.decoding.runtimes.base import Rows
from composer.models import EventTransformer
from composer.models.onnx_graph import head_graph, trunk_graph

Ints = npt.NDArray[np.int64]


class OnnxRuntime:
    """Runs an `EventTransformer` through ONNX Runtime.

    Args:
        model: Its weights are copied.
        threads: CPU threads; one, because several runtimes side by side gain more than threads.
        is_int8: Whether matrices are 8 bits; fp32 otherwise.
    """

    def __init__(self, model: EventTransformer, threads: int = 1, *, is_int8: bool = True) -> None:
        self.name = "onnx" if is_int8 else "onnx-fp32"
        self.config = model.config
        fields = range(len(model.written_sizes))
        self.trunk = _open(trunk_graph(model, is_int8=is_int8), threads)
        self.heads = [_open(head_graph(model, i, is_int8=is_int8), threads) for i in fields]

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


class OnnxSession:
    """A group in progress; see `base.Session`."""

    def __init__(self, runtime: OnnxRuntime, rows: Rows, n_padding: Ints, capacity: int) -> None:
        self._runtime = runtime
        config = runtime.config
        batch, n_rows = rows.shape[:2]
        shape = (batch, config.kv_heads, capacity, config.head_width)
        self._caches = [np.zeros(shape, np.float32) for _ in range(2 * config.layers)]
        self._lengths = n_rows - np.asarray(n_padding, np.int64)  # [B] rows in each cache
        self.states: npt.NDArray[np.float32]  # [B, E] after each candidate's last row
        # The attention fills up on the right: a beginning stands at the front of its cache.
        moved = np.stack([np.roll(own, -n, axis=0) for own, n in zip(rows, n_padding, strict=True)])
        self._bind()
        self._read(moved, self._lengths - 1)

    def field_logits(self, field: int, chosen: Rows) -> npt.NDArray[np.float32]:
        """Return logits of a field of the next row, [B, V]."""
        feeds: dict[str, Any] = {"states": self.states}
        if field:
            feeds["chosen"] = np.asarray(chosen, np.int64)
        found: npt.NDArray[np.float32] = self._runtime.heads[field].run(None, feeds)[0]
        return found

    def append(self, rows: Rows) -> None:
        """Read one row a candidate, [B, 4]."""
        self._lengths += 1
        self._read(np.asarray(rows)[:, None], np.zeros(len(rows), np.int64))

    def keep(self, places: Ints) -> None:
        """Go on with some of the candidates only."""
        self._caches = [cache[places] for cache in self._caches]
        self._lengths = self._lengths[places]
        self.states = self.states[places]
        self._bind()

    def _bind(self) -> None:
        """Give the caches to the trunk as inputs and outputs at once."""
        self._binding = self._runtime.trunk.io_binding()
        self._values = [ort.OrtValue.ortvalue_from_numpy(cache) for cache in self._caches]
        for index, value in enumerate(self._values):
            name = f"{'kv'[index % 2]}{index // 2}"
            self._binding.bind_ortvalue_input(name, value)
            self._binding.bind_ortvalue_output(f"{name}_out", value)

    def _read(self, rows: Rows, last: Ints) -> None:
        """Run the trunk over new rows [B, T, 4]; keep the state after each candidate's last."""
        binding = self._binding
        lengths = (self._lengths - 1).astype(np.int32)
        binding.bind_cpu_input("rows", np.ascontiguousarray(rows, np.int64))
        binding.bind_cpu_input("last", np.ascontiguousarray(last[:, None]))
        binding.bind_cpu_input("seqlens_k", lengths)
        binding.bind_cpu_input("total", np.array([self._lengths.max()], np.int32))
        binding.bind_output("states")
        self._runtime.trunk.run_with_iobinding(binding)
        self.states = binding.get_outputs()[-1].numpy()
