"""The fast runtime on CPU: ONNX Runtime reads beginnings, a compiled kernel takes the steps.

Where there can be no kernel (`decoding.kernel.building` says why), and for fp32, ONNX graphs take
the steps too. Weights, keys and values are 8 bits either way, each in its own manner: what a
candidate becomes belongs to the runtime that its name says.
"""

from __future__ import annotations

from collections.abc import Sequence

from composer.decoding.kernel.building import load_library
from composer.decoding.kernel.structures import PackedModel, fits
from composer.decoding.runtimes.base import CPU_GROUP_SIZES, Rows, Session
from composer.decoding.runtimes.graph_session import GraphSession
from composer.decoding.runtimes.graphs import Graphs
from composer.decoding.runtimes.kernel_session import KernelSession
from composer.models import Weights


class OnnxRuntime:
    """Runs a transformer on a CPU.

    Args:
        weights: Of the model.
        threads: CPU threads; one, because several runtimes side by side gain more than threads.
        is_int8: Whether matrices, keys and values are 8 bits; fp32 otherwise.
        uses_kernel: Whether the compiled kernel takes the steps, if it can be had.
    """

    group_sizes = CPU_GROUP_SIZES
    splits_freely = True

    def __init__(
        self,
        weights: Weights,
        threads: int = 1,
        *,
        is_int8: bool = True,
        uses_kernel: bool = True,
    ) -> None:
        self.sizes, self.window = weights.written_sizes, weights.transformer.max_events
        self.graphs = Graphs(weights, threads, is_int8=is_int8)
        is_packed = is_int8 and uses_kernel and fits(weights.transformer)
        self._library = load_library() if is_packed else None
        self._packed = PackedModel(weights) if self._library else None
        self.name = "onnx" if self._library else "onnx-graph" if is_int8 else "onnx-fp32"

    def begin(self, beginnings: Sequence[Rows], room: int) -> Session:
        """Read the beginnings of a group; see `base.Runtime`."""
        if self._library and self._packed:
            read = self.graphs.read
            return KernelSession(self._library, self._packed, read, beginnings, room)
        return GraphSession(self.graphs, beginnings, room)
