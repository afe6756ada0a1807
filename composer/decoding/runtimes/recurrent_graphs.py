"""The xLSTM as ONNX Runtime runs it on a CPU, with matrices of 8 bits.

A step reads and writes arrays that are bound once; beginnings are read chunk by chunk by a graph of
their own.

Shapes: B candidates, T rows, L rows of a chunk, E width, V ids.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from functools import cached_property
from typing import Any, Self

import numpy as np

from composer.decoding.runtimes.base import (
    CPU_GROUP_SIZES,
    Array,
    Floats,
    Ints,
    Rows,
    read_by_length,
)
from composer.decoding.runtimes.graphs import bound, levels_here, open_graph, open_heads
from composer.errors import CheckpointError
from composer.models import Weights
from composer.models.onnx_graph import FIELDS
from composer.models.xlstm_graph import config_for_graphs, xlstm_trunk_graph

CHUNK = 32  # rows; a beginning of 8 conditions is filled up to one chunk


class RecurrentGraphs:
    """Runs an xLSTM of mLSTM cells.

    Args:
        weights: Of the model.
        threads: CPU threads.
        is_int8: Whether matrices are 8 bits; fp32 otherwise.

    Raises:
        CheckpointError: If the model has cells of other kinds.
    """

    window = None
    group_sizes = CPU_GROUP_SIZES
    splits_freely = False

    def __init__(self, weights: Weights, threads: int = 1, *, is_int8: bool = True) -> None:
        self.config, self.sizes = config_for_graphs(weights), weights.written_sizes
        self.name = "onnx" if is_int8 else "onnx-fp32"
        self._weights, self._threads = weights, threads
        self._levels = levels_here() if is_int8 else 0

    @cached_property
    def heads(self) -> list[Any]:
        """A head a field."""
        return open_heads(self._weights, self._threads, self._levels)

    @cached_property
    def step(self) -> Any:
        """The trunk that goes on by one row."""
        return open_graph(xlstm_trunk_graph(self._weights, levels=self._levels), self._threads)

    @cached_property
    def chunk(self) -> Any:
        """The trunk that reads `CHUNK` rows."""
        graph = xlstm_trunk_graph(self._weights, levels=self._levels, rows=CHUNK)
        return open_graph(graph, self._threads)

    def begin(self, beginnings: Sequence[Rows], room: int) -> RecurrentGraphSession:
        """Read the beginnings of a group; see `base.Runtime`."""
        arrays = read_by_length(beginnings, self._read)
        return RecurrentGraphSession(self, arrays[0], arrays[1:])

    def resume(self, saved: Mapping[str, Array]) -> RecurrentGraphSession:
        """Go on where a session was saved.

        Raises:
            CheckpointError: If it was one of another model.
        """
        config, names = self.config, ["states", *_memory_names(self.config.layers)]
        memory = config.heads, config.key_width, config.value_width
        wanted = dict.fromkeys(names[1:], memory) | {"states": (config.width,)}
        if {name: array.shape[1:] for name, array in saved.items()} != wanted:
            raise CheckpointError("what was saved belongs to another model; begin anew")
        states, *memories = (saved[name].copy() for name in names)
        return RecurrentGraphSession(self, states, memories)

    def _read(self, rows: Ints) -> list[Floats]:
        """Read beginnings [B, T, F] of equal length; return states, and every layer's memory."""
        config, (n, n_rows) = self.config, rows.shape[:2]
        shape = n, config.heads, config.key_width, config.value_width
        arrays = [np.zeros((n, config.width), np.float32)]
        arrays += [np.zeros(shape, np.float32) for _ in range(config.layers)]
        filled = np.zeros((n, -(-n_rows // CHUNK) * CHUNK, rows.shape[2]), np.int64)
        filled[:, :n_rows] = rows
        for first in range(0, n_rows, CHUNK):
            is_row = np.arange(first, first + CHUNK)[:, None] < n_rows
            inputs = {
                **_fields(filled[:, first : first + CHUNK]),
                **dict(zip(_memory_names(config.layers), arrays[1:], strict=True)),
                "is_row": is_row.astype(np.float32),
                "log_is_row": np.where(is_row, 0.0, -np.inf).astype(np.float32),
                "last": np.array([is_row.sum() - 1]),
            }
            arrays = self.chunk.run(None, inputs)
        return arrays


def _memory_names(layers: int) -> list[str]:
    return [f"memory{i}" for i in range(layers)]


def _fields(rows: Ints) -> dict[str, Ints]:
    return {name: np.ascontiguousarray(rows[..., i]) for i, name in enumerate(FIELDS)}


class RecurrentGraphSession:
    """A group in progress; see `base.Session`.

    Args:
        graphs: Run the steps.
        states: After the last row of each candidate, [B, E].
        memories: Of every layer, [B, H, K, V].
    """

    def __init__(self, graphs: RecurrentGraphs, states: Floats, memories: list[Floats]) -> None:
        self._graphs = graphs
        self._bind(states, memories)

    @property
    def n_bytes(self) -> int:
        """What is remembered of all candidates."""
        return sum(memory.nbytes for memory in self._memories)

    def field_logits(self, field: int, chosen: Rows) -> Floats:
        """Return logits of a field of the next row, [B, V]; valid until the next call for it."""
        for index in range(field):
            self._chosen[index][:] = chosen[:, index]
        self._graphs.heads[field].run_with_iobinding(self._head_bindings[field])
        return self._logits[field]

    def append(self, rows: Rows) -> None:
        """Read one row a candidate, [B, F]."""
        for index, ids in enumerate(self._rows.values()):
            ids[:, 0] = rows[:, index]
        self._graphs.step.run_with_iobinding(self._binding)

    def keep(self, places: Ints) -> None:
        """Go on with some of the candidates only."""
        self._bind(self.states[places], [memory[places] for memory in self._memories])

    def fork(self, places: Ints) -> Self:
        """Return a session of its own that goes on from these candidates."""
        found = copy(self)
        found.keep(places)  # indexing copies
        return found

    def save(self) -> dict[str, Array]:
        """Return copies of states and memories by name, for `RecurrentGraphs.resume`."""
        names = ["states", *_memory_names(len(self._memories))]
        kept = [self.states, *self._memories]
        return {name: array.copy() for name, array in zip(names, kept, strict=True)}

    def _bind(self, states: Floats, memories: list[Floats]) -> None:
        """Bind all that steps of this many candidates read and write."""
        graphs, n = self._graphs, len(states)
        self.states, self._memories = states, memories
        self._rows = {name: np.zeros((n, 1), np.int64) for name in FIELDS}
        before = dict(zip(_memory_names(len(memories)), memories, strict=True))
        after = {f"{name}_out": memory for name, memory in before.items()}
        self._binding = bound(graphs.step, self._rows | before, {"states": states} | after)
        self._logits = [np.empty((n, size), np.float32) for size in graphs.sizes]
        self._chosen = [np.zeros(n, np.int64) for _ in FIELDS]
        known = list(zip(FIELDS, self._chosen, strict=True))
        self._head_bindings = [
            bound(head, {"states": states, **dict(known[:i])}, {"logits": self._logits[i]})
            for i, head in enumerate(graphs.heads)
        ]
