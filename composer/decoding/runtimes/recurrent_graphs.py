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
from composer.models import Weights, XlstmConfig
from composer.models.onnx_graph import FIELDS
from composer.models.xlstm_graph import SLOTS, config_for_graphs, memory_shapes, xlstm_trunk_graph

CHUNK = 32  # rows; a beginning of 8 conditions is filled up to one chunk


class RecurrentGraphs:
    """Runs an xLSTM of mLSTM cells and attention.

    Args:
        weights: Of the model.
        threads: CPU threads.
        is_int8: Whether matrices are 8 bits; fp32 otherwise.

    Raises:
        CheckpointError: If the model has sLSTM cells.
    """

    window = None
    group_sizes = CPU_GROUP_SIZES
    splits_freely = False

    def __init__(self, weights: Weights, threads: int = 1, *, is_int8: bool = True) -> None:
        self.config, self.sizes = config_for_graphs(weights), weights.written_sizes
        self.name = "onnx" if is_int8 else "onnx-fp32"
        self._weights, self._threads = weights, threads
        self._levels = levels_here() if is_int8 else 0
        self.memories = memory_shapes(self.config)
        self.attends = "attention" in self.config.cells
        width = self.config.value_width
        self._rates = self.config.rope_base ** -(np.arange(0, width, 2) / width)

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
        return RecurrentGraphSession(self, arrays[0], arrays[1], arrays[2:])

    def resume(self, saved: Mapping[str, Array]) -> RecurrentGraphSession:
        """Go on where a session was saved.

        Raises:
            CheckpointError: If it was one of another model.
        """
        wanted = {"states": (self.config.width,), "n_read": (), **self.memories}
        if {name: array.shape[1:] for name, array in saved.items()} != wanted:
            raise CheckpointError("what was saved belongs to another model; begin anew")
        states, n_read, *memories = (saved[name].copy() for name in wanted)
        return RecurrentGraphSession(self, states, n_read, memories)

    def _read(self, rows: Ints) -> list[Array]:
        """Read beginnings [B, T, F] of equal length.

        Returns:
            States, how many rows were read, [B], and every memory.
        """
        n, n_rows = rows.shape[:2]
        arrays = [np.zeros((n, self.config.width), np.float32)]
        arrays += [np.zeros((n, *shape), np.float32) for shape in self.memories.values()]
        filled = np.zeros((n, -(-n_rows // CHUNK) * CHUNK, rows.shape[2]), np.int64)
        filled[:, :n_rows] = rows
        for first in range(0, n_rows, CHUNK):
            is_row = np.arange(first, first + CHUNK)[:, None] < n_rows
            inputs = {
                **_fields(filled[:, first : first + CHUNK]),
                **dict(zip(self.memories, arrays[1:], strict=True)),
                "is_row": is_row.astype(np.float32),
                "log_is_row": np.where(is_row, 0.0, -np.inf).astype(np.float32),
                "last": np.array([is_row.sum() - 1]),
            }
            if self.attends:
                inputs |= self._looking_back(n, first, int(is_row.sum()))
            arrays = self.chunk.run(None, inputs)
        return [arrays[0], np.full(n, n_rows), *arrays[1:]]

    def _looking_back(self, n: int, n_read: int, n_new: int) -> dict[str, Array]:
        """Return where the rows of a chunk lie, for candidates that have read as many rows."""
        config, places = self.config, np.arange(n_read, n_read + CHUNK)
        ring = _rows_of_ring(n_read, config.window)
        rows = np.concatenate([ring, places])
        seen = (rows >= 0) & (rows <= places[:, None]) & (rows > places[:, None] - config.window)
        unseen = np.where(seen, 0.0, -np.inf).astype(np.float32)
        # Where a slot's row is one of the chunk, it is found behind the ring.
        kept = _rows_of_ring(n_read + n_new, config.window)
        slots = np.arange(config.window)
        cos, sin = self.turns(places)
        return {
            "cos": cos,
            "sin": sin,
            "places": np.tile(np.arange(CHUNK), (n, 1)),
            "unseen": np.tile(unseen, (config.heads // config.kv_heads, 1)),
            "gathered": np.where(kept >= n_read, config.window + kept - n_read, slots),
        }

    def turns(self, places: Ints) -> tuple[Floats, Floats]:
        """Return cosines and sines of attention's angles, [..., V / 2] each."""
        angles = places[..., None] * self._rates
        return np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)


def _rows_of_ring(n_read: int, window: int) -> Ints:
    """Return which row lies in every slot, [W]; below 0 where nothing was written yet.

    In a ring of 4 slots that has read 6 rows lie rows 4, 5, 2 and 3.
    """
    last = n_read - 1
    rows: Ints = last - (last - np.arange(window)) % window
    return rows


def _fields(rows: Ints) -> dict[str, Ints]:
    return {name: np.ascontiguousarray(rows[..., i]) for i, name in enumerate(FIELDS)}


class RecurrentGraphSession:
    """A group in progress; see `base.Session`.

    Args:
        graphs: Run the steps.
        states: After the last row of each candidate, [B, E].
        n_read: Rows that were read of each, [B].
        memories: As `memory_shapes` names them.
    """

    def __init__(
        self, graphs: RecurrentGraphs, states: Floats, n_read: Ints, memories: list[Floats]
    ) -> None:
        self._graphs = graphs
        self._bind(states, n_read, memories)

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
        if self._graphs.attends:
            self._look_back()
        self._n_read += 1
        self._graphs.step.run_with_iobinding(self._binding)

    def keep(self, places: Ints) -> None:
        """Go on with some of the candidates only."""
        memories = [memory[places] for memory in self._memories]
        self._bind(self.states[places], self._n_read[places], memories)

    def fork(self, places: Ints) -> Self:
        """Return a session of its own that goes on from these candidates."""
        found = copy(self)
        found.keep(places)  # indexing copies
        return found

    def save(self) -> dict[str, Array]:
        """Return copies of states and memories by name, for `RecurrentGraphs.resume`."""
        names = ["states", "n_read", *self._graphs.memories]
        kept: list[Array] = [self.states, self._n_read, *self._memories]
        return {name: array.copy() for name, array in zip(names, kept, strict=True)}

    def _look_back(self) -> None:
        """Say where the new rows lie in the rings, and what of them is written by then."""
        window, where = self._graphs.config.window, self._where
        where["cos"][:], where["sin"][:] = self._graphs.turns(self._n_read)
        slots = (self._n_read % window)[:, None, None, None]
        for name in SLOTS:
            where[name][:] = slots
        is_written = np.arange(window) <= self._n_read[:, None]
        where["unseen"][:, 0, 0] = np.where(is_written, 0.0, -np.inf)

    def _bind(self, states: Floats, n_read: Ints, memories: list[Floats]) -> None:
        """Bind all that steps of this many candidates read and write."""
        graphs, n = self._graphs, len(states)
        self.states, self._n_read, self._memories = states, n_read, memories
        self._rows = {name: np.zeros((n, 1), np.int64) for name in FIELDS}
        self._where = _where(graphs.config, n) if graphs.attends else {}
        before = dict(zip(graphs.memories, memories, strict=True))
        after = {f"{name}_out": memory for name, memory in before.items()}
        given = self._rows | before | self._where
        self._binding = bound(graphs.step, given, {"states": states} | after)
        self._logits = [np.empty((n, size), np.float32) for size in graphs.sizes]
        self._chosen = [np.zeros(n, np.int64) for _ in FIELDS]
        known = list(zip(FIELDS, self._chosen, strict=True))
        self._head_bindings = [
            bound(head, {"states": states, **dict(known[:i])}, {"logits": self._logits[i]})
            for i, head in enumerate(graphs.heads)
        ]


def _where(config: XlstmConfig, n: int) -> dict[str, Array]:
    """Return the further inputs of a step with attention; see `xlstm_trunk_graph`."""
    shared, width = config.kv_heads, config.value_width
    return {
        "cos": np.empty((n, width // 2), np.float32),
        "sin": np.empty((n, width // 2), np.float32),
        "places": np.arange(n)[:, None],
        "unseen": np.empty((n, 1, 1, config.window), np.float32),
        "k_slots": np.empty((n, shared, width, 1), np.int64),
        "v_slots": np.empty((n, shared, 1, width), np.int64),
    }
