"""The xLSTM in torch: a memory that stays as large as it is, however much was read.

Beginnings are read chunk by chunk, in time that grows with their length alone; those of equal
length together. What a session remembers can be saved, and gone on with to the last bit.

Shapes: B candidates, E width.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from itertools import chain, islice
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from composer.decoding.runtimes.base import (
    CPU_GROUP_SIZES,
    Array,
    Floats,
    Ints,
    Rows,
    read_by_length,
)
from composer.errors import CheckpointError
from composer.models.xlstm import EventXlstm, Memory

Saved = Mapping[str, Array]


class RecurrentRuntime:
    """Runs an `EventXlstm`.

    Args:
        model: In evaluation mode; never changed.
        threads: CPU threads for the whole process, as in `TorchRuntime`.
    """

    name = "torch"
    window = None
    group_sizes = CPU_GROUP_SIZES
    splits_freely = False

    def __init__(self, model: EventXlstm, threads: int = 1) -> None:
        self.model, self.sizes = model.eval(), model.written_sizes
        torch.set_num_threads(threads)

    def begin(self, beginnings: Sequence[Rows], room: int) -> RecurrentSession:
        """Read the beginnings of a group; see `base.Runtime`."""
        return RecurrentSession.read(self.model, beginnings)

    def resume(self, saved: Saved) -> RecurrentSession:
        """Go on where a session was saved.

        Raises:
            CheckpointError: If it was one of another model.
        """
        memories = self.model.empty(len(saved.get("states", ())))
        wanted = {"states": (self.model.config.width,)} | {
            _name(layer, place): tuple(part.shape[1:])
            for layer, memory in enumerate(memories)
            for place, part in enumerate(memory)
        }
        if {name: array.shape[1:] for name, array in saved.items()} != wanted:
            raise CheckpointError("what was saved belongs to another model; begin anew")
        device = next(self.model.parameters()).device
        tensors = {name: torch.from_numpy(array.copy()).to(device) for name, array in saved.items()}
        kept = [
            tuple(tensors[_name(layer, place)] for place in range(len(memory)))
            for layer, memory in enumerate(memories)
        ]
        return RecurrentSession(self.model, tensors["states"], kept)


class RecurrentSession:
    """A group in progress; see `base.Session`.

    Args:
        model: Reads the rows.
        states: After the last row of each candidate, [B, E].
        memories: Of every layer; see `models.xlstm`.
    """

    def __init__(self, model: EventXlstm, states: Tensor, memories: list[Memory]) -> None:
        self.model, self.states, self._memories = model, states, memories
        self._device = states.device

    @classmethod
    @torch.inference_mode()
    def read(cls, model: EventXlstm, beginnings: Sequence[Rows]) -> RecurrentSession:
        """Read beginnings [T, F]."""
        device, n_parts = next(model.parameters()).device, [len(m) for m in model.empty(1)]

        def read_equal(rows: Ints) -> list[Array]:
            state, memories = model.read(torch.from_numpy(rows).to(device), model.empty(len(rows)))
            return [part.cpu().numpy() for part in chain([state], *memories)]

        parts = [
            torch.from_numpy(array).to(device) for array in read_by_length(beginnings, read_equal)
        ]
        rest = iter(parts[1:])
        return cls(model, parts[0], [tuple(islice(rest, n)) for n in n_parts])

    @property
    def n_bytes(self) -> int:
        """What is remembered of all candidates."""
        return sum(part.nbytes for memory in self._memories for part in memory)

    @torch.inference_mode()
    def field_logits(self, field: int, chosen: Rows) -> Floats:
        """Return logits of a field of the next row, [B, V]."""
        logits = self.model.field_logits(field, self.states, self._ids(chosen))
        found: Floats = logits.float().cpu().numpy()
        return found

    @torch.inference_mode()
    def append(self, rows: Rows) -> None:
        """Read one row a candidate, [B, F]."""
        self.states, self._memories = self.model.read(self._ids(rows)[:, None], self._memories)

    @torch.inference_mode()
    def keep(self, places: Ints) -> None:
        """Go on with some of the candidates only."""
        index = self._ids(places)
        self.states = self.states[index]
        self._memories = [tuple(part[index] for part in memory) for memory in self._memories]

    def fork(self, places: Ints) -> Self:
        """Return a session of its own that goes on from these candidates."""
        found = copy(self)
        found.keep(places)  # no step changes a tensor, and so no other session
        return found

    def save(self) -> Saved:
        """Return states and memories by name, for `RecurrentRuntime.resume`."""
        parts = {
            _name(layer, place): part
            for layer, memory in enumerate(self._memories)
            for place, part in enumerate(memory)
        }
        return {
            name: part.cpu().numpy() for name, part in ({"states": self.states} | parts).items()
        }

    def _ids(self, ids: Any) -> Tensor:
        return torch.from_numpy(np.asarray(ids, np.int64)).to(self._device)


def _name(layer: int, place: int) -> str:
    return f"memory.{layer}.{place}"
