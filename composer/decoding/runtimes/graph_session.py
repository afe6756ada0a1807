"""A group in progress whose steps are runs of ONNX graphs.

A beginning that all candidates of a group share is read once; from `SHARED_FROM` rows on its keys
and values also stand in memory once, in fp32 (`models.onnx_graph`). Beginnings are read in fp32,
and what of them the candidates own is rounded then, as every row is that a step adds. All that a
step reads and writes lies in arrays that are bound once, so that a step costs little beside the
products.

Shapes: B candidates, T rows, S rows of cache, P rows of a shared beginning, K key/value heads, D
head width, E width, V ids.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any, Self

import numpy as np

from composer.decoding.runtimes.base import Floats, Ints, Rows, are_equal
from composer.decoding.runtimes.graphs import Cache, Graphs, bound, outputs
from composer.models.onnx_graph import FIELDS

# Rows of a shared beginning that are worth looking back at together: the join costs as much as
# reading so many rows for every candidate (benchmarks/speed).
SHARED_FROM = 64
_ZEROS_BEHIND = ((0, 0), (0, 1), (0, 0))  # values [K, P, D] get a row more


class GraphSession:
    """A group in progress; see `base.Session`."""

    states: Floats  # [B, E] after each candidate's last row
    _caches: dict[str, Cache]
    _lengths: Ints  # [B] rows in each cache

    def __init__(self, graphs: Graphs, beginnings: Sequence[Rows], room: int) -> None:
        self._graphs = graphs
        self._shared: dict[str, Floats] = {}
        self._n_shared = 0
        is_shared = are_equal(beginnings)
        found = graphs.read(beginnings[:1] if is_shared else beginnings)
        self._lengths, self.states = found.lengths, found.states
        if is_shared and len(beginnings[0]) >= SHARED_FROM:
            self._share(found.read, room)
        else:
            self._own(found.read, room)
        if is_shared:
            self._copy(np.zeros(len(beginnings), np.int64))
        self._bind()

    @property
    def n_bytes(self) -> int:
        """What is remembered of the rows of all candidates."""
        return sum(rows.nbytes for kept in (self._shared, self._caches) for rows in kept.values())

    def field_logits(self, field: int, chosen: Rows) -> Floats:
        """Return logits of a field of the next row, [B, V]; valid until the next call for it."""
        for index in range(field):
            self._chosen[index][:] = chosen[:, index]
        self._graphs.heads[field].run_with_iobinding(self._head_bindings[field])
        return self._logits[field]

    def append(self, rows: Rows) -> None:
        """Read one row a candidate, [B, 4]."""
        self._lengths += 1
        for index, ids in enumerate(self._rows.values()):
            ids[:, 0] = rows[:, index]
        self._last_rows.reshape(-1, len(rows))[:] = self._lengths - 1
        self._total[0] = self._lengths.max()
        self._position[0] = self._n_shared + self._total[0] - 1
        trunk = self._graphs.shared_trunk if self._shared else self._graphs.step_trunk
        trunk.run_with_iobinding(self._trunk_binding)

    def keep(self, places: Ints) -> None:
        """Go on with some of the candidates only."""
        sources, n_rows = self._slots(places), int(self._lengths.max())
        # Others move within the same memory, and most can stay: new memory costs more than copying.
        moved = np.flatnonzero(sources != np.arange(len(sources)))
        for name, cache in self._caches.items():
            cache[moved, :, :n_rows] = cache[sources[moved], :, :n_rows]
            self._caches[name] = cache[: len(sources)]
        self._lengths, self.states = self._lengths[places], self.states[places]
        self._bind()

    def fork(self, places: Ints) -> Self:
        """Return a session of its own that goes on from these candidates."""
        found = copy(self)
        found._copy(places)
        found._bind()
        return found

    def _copy(self, places: Ints) -> None:
        """Have caches of one's own; only rows that were read are copied."""
        sources, n_rows = self._slots(places), int(self._lengths.max())
        copies = {}
        for name, cache in self._caches.items():
            copies[name] = np.zeros((len(sources), *cache.shape[1:]), cache.dtype)
            copies[name][:, :, :n_rows] = cache[sources, :, :n_rows]
        self._caches = copies
        self._lengths, self.states = self._lengths[places], self.states[places]

    def _slots(self, places: Ints) -> Ints:
        """Return where in a cache candidates have their rows.

        Beside a shared beginning the heads come first: of candidates 0, 1, 2 with two key/value
        heads, 0 and 2 lie in slots 0, 2 (of the first head) and 3, 5 (of the second).
        """
        heads = self._graphs.config.kv_heads if self._shared else 1
        return (len(self._lengths) * np.arange(heads)[:, None] + places).ravel()

    def _own(self, read: dict[str, Floats], room: int) -> None:
        """Let every candidate own the rows that were read of it."""
        self._caches = {}
        for name, rows in read.items():
            found = self._graphs.to_cache(name, rows)
            self._caches[name] = np.zeros((*rows.shape[:2], room, rows.shape[3]), found.dtype)
            self._caches[name][:, :, : rows.shape[2]] = found

    def _share(self, read: dict[str, Floats], room: int) -> None:
        """Let the rows that were read, of one candidate, be what all candidates look back at."""
        scale = np.float32(self._graphs.config.head_width**-0.5)
        for name, (rows,) in read.items():
            is_key = name.startswith("k")
            shared = rows.transpose(0, 2, 1) * scale if is_key else np.pad(rows, _ZEROS_BEHIND)
            self._shared[f"shared_{name}"] = np.ascontiguousarray(shared)
            self._n_shared = rows.shape[1]
        no_rows = {name: rows[0, :, None, :0] for name, rows in read.items()}  # [K, 1, 0, D]
        self._own(no_rows, room - self._n_shared)
        self._lengths = np.zeros(1, np.int64)

    def _bind(self) -> None:
        """Bind all that steps of this many candidates read and write."""
        n, graphs = len(self._lengths), self._graphs
        self._rows = {name: np.zeros((n, 1), np.int64) for name in FIELDS}
        n_caches = n * graphs.config.kv_heads if self._shared else n
        self._last_rows, self._total = np.zeros(n_caches, np.int32), np.zeros(1, np.int32)
        self._position = np.zeros(1, np.int64)
        inputs: dict[str, Any] = {
            **self._rows,
            "last": np.zeros((n, 1), np.int64),
            "seqlens_k": self._last_rows,
            "total": self._total,
        }
        trunk = graphs.shared_trunk if self._shared else graphs.step_trunk
        if self._shared:
            inputs |= {"position": self._position} | self._shared
        self._trunk_binding = bound(
            trunk, inputs | self._caches, outputs(self.states, self._caches)
        )
        self._logits = [np.empty((n, size), np.float32) for size in graphs.sizes]
        self._chosen = [np.zeros(n, np.int64) for _ in FIELDS]
        known = list(zip(FIELDS, self._chosen, strict=True))
        self._head_bindings = [
            bound(head, {"states": self.states, **dict(known[:i])}, {"logits": self._logits[i]})
            for i, head in enumerate(graphs.heads)
        ]
