"""A group in progress whose steps the compiled kernel takes; see `decoding.kernel`.

Shapes: as in onnx_runtime.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from ctypes import CDLL, byref
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from composer.decoding.kernel.structures import (
    CSession,
    PackedCache,
    PackedModel,
    padded,
    pointer,
)
from composer.decoding.runtimes.base import Beginning, Floats, Ints, Rows, are_equal

Read = Callable[[Sequence[Rows]], Beginning]


class KernelSession:
    """A group in progress; see `base.Session`.

    Args:
        library: The compiled kernel.
        model: Packed for it.
        read: Reads beginnings.
        beginnings, room: See `base.Runtime.begin`.
    """

    def __init__(
        self,
        library: CDLL,
        model: PackedModel,
        read: Read,
        beginnings: Sequence[Rows],
        room: int,
    ) -> None:
        self._library, self._model = library, model
        n, is_shared = len(beginnings), are_equal(beginnings)
        found = read(beginnings[:1] if is_shared else beginnings)
        self._n_shared = len(beginnings[0]) if is_shared else 0
        self._shared = PackedCache(model.config, 1, self._n_shared)
        self._room = min(room, model.config.max_events) - self._n_shared
        self._own = PackedCache(model.config, n, self._room)
        self._keep_rows(found, self._shared if is_shared else self._own)
        self._places = np.arange(n, dtype=np.int32)
        self._lengths = np.zeros(n, np.int32) if is_shared else found.lengths.astype(np.int32)
        self.states = found.states.repeat(n, axis=0) if is_shared else found.states
        self._bind()

    @property
    def n_bytes(self) -> int:
        """What is remembered of the rows of all candidates."""
        return self._shared.n_bytes + self._own.n_bytes

    def field_logits(self, field: int, chosen: Rows) -> Floats:
        """Return logits of a field of the next row, [B, V]; valid until the next call for it."""
        self._ids[:, :field] = chosen
        logits, at = self._logits[field]
        _check(self._library.field_logits(self._model.at, self._at, field, at))
        return logits

    def append(self, rows: Rows) -> None:
        """Read one row a candidate, [B, 4].

        Raises:
            IndexError: If there is no room left, or an id is in no table.
        """
        if self._longest >= self._room:
            raise IndexError(f"a session for {self._room} rows of a candidate's own is full")
        self._ids[:] = rows
        _check(self._library.step(self._model.at, self._at))
        self._lengths += 1
        self._longest += 1

    def keep(self, places: Ints) -> None:
        """Go on with some of the candidates only."""
        self._take(self._places[places], places)

    def fork(self, places: Ints) -> Self:
        """Return a session of its own that goes on from these candidates."""
        found = copy(self)
        found._own = PackedCache(self._model.config, len(places), self._room)
        found._own.copy(self._own, self._places[places], self._longest)
        found._take(np.arange(len(places), dtype=np.int32), places)
        return found

    def _take(self, slots: npt.NDArray[np.int32], places: Ints) -> None:
        """Go on with candidates whose rows lie in these slots of the cache."""
        self._places = slots
        self._lengths = self._lengths[places]
        self.states = self.states[places]
        self._bind()

    def _keep_rows(self, found: Beginning, cache: PackedCache) -> None:
        for name, keys in found.read.items():
            if not name.startswith("k"):
                continue
            layer = int(name[1:])
            values = found.read[f"v{layer}"]
            for slot, n_rows in enumerate(found.lengths.tolist()):
                for kv in range(keys.shape[1]):
                    own = (np.ascontiguousarray(part[slot, kv]) for part in (keys, values))
                    self._library.keep_rows(
                        self._model.at,
                        byref(cache.struct),
                        layer,
                        slot,
                        kv,
                        n_rows,
                        *map(pointer, own),
                    )

    def _bind(self) -> None:
        """Say where everything lies that steps of this many candidates read and write."""
        n, model = len(self._places), self._model
        self._longest = int(self._lengths.max())
        columns = padded(self._n_shared) + self._own.capacity
        self._ids = np.zeros((n, 4), np.int32)
        size = self._library.scratch_bytes(model.at, n, columns)
        self._scratch = np.empty(size, np.uint8)
        self._struct = CSession(
            candidates=n,
            shared_rows=self._n_shared,
            shared=self._shared.struct,
            own=self._own.struct,
            ids=pointer(self._ids),
            places=pointer(self._places),
            lengths=pointer(self._lengths),
            states=pointer(self.states),
            scratch=self._scratch.ctypes.data,
        )
        self._at = byref(self._struct)
        self._logits: list[tuple[Floats, Any]] = []
        for size in model.written_sizes:
            logits = np.empty((n, padded(size)), np.float32)
            self._logits.append((logits[:, :size], pointer(logits)))


def _check(is_done: int) -> None:
    """Refuse what the kernel has refused.

    Raises:
        IndexError: If an id is in no table.
    """
    if not is_done:
        raise IndexError("a row has an id that the model does not know")
