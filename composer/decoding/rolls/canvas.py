"""A roll with a hole in it, many times over: what is known, what is asked, and how it is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from composer.models.fractal.config import CONDITIONS, FINE, HOLD, PATCH, SILENCE, UNKNOWN
from composer.models.fractal.network import Network

Value = TypeVar("Value", bound=np.generic)
States = npt.NDArray[np.uint8]
Loud = npt.NDArray[np.int8]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Manner:
    """How a hole is filled.

    Args:
        passes: Of masked levels: patches of 16, patches of 4, cells, velocities.
        temperature: Below 1 the likeliest, above 1 what is less likely; how much is made stays.
        guidance: How much more what is asked counts than it does by itself, 1 and above.
        shifts: Added to the logits of sounding, on patches of 16 and of 4, and to that of onsets:
            what a calibration found, and what a setting for more or less adds.
    """

    passes: tuple[int, int, int, int] = (16, 8, 4, 4)
    temperature: float = 1.0
    guidance: float = 1.0
    shifts: tuple[float, float, float] = (0.0, 0.0, 0.0)


@dataclass(kw_only=True)
class Canvas:
    """Rolls that are being painted, all with the same hole.

    Args:
        states: What every cell is, `UNKNOWN` where it is to be made, [B, H, W]; changed in place.
        velocities: Classes 0..31 of onsets, -1 where unknown or none, [B, H, W]; likewise.
        hole: Cells that are to be made, [H, W].
        columns: Place in the bar, nearness of the beginning and of the end, [W, 3].
        conditions: Name -> id.
        low: Pitch of the lowest row, a multiple of 16.
    """

    states: States
    velocities: Loud
    hole: Bools
    columns: npt.NDArray[np.int16]
    conditions: Mapping[str, int]
    low: int
    blocks: Bools = field(init=False)

    def __post_init__(self) -> None:
        """Cut the hole into patches, [P, 16, 16]."""
        self.blocks = cut(self.hole[None])[0]

    @classmethod
    def of(
        cls,
        states: States,
        velocities: Loud,
        hole: Bools,
        columns: npt.NDArray[np.int16],
        conditions: Mapping[str, int],
        low: int,
        n: int,
    ) -> Canvas:
        """Return `n` canvases of one roll, [H, W], whose hole is not known."""
        shown = np.where(hole, np.uint8(UNKNOWN), states)
        loud = np.where(hole, np.int8(-1), velocities)
        return cls(
            states=np.repeat(shown[None], n, 0),
            velocities=np.repeat(loud[None], n, 0),
            hole=hole,
            columns=columns,
            conditions=conditions,
            low=low,
        )

    @property
    def n(self) -> int:
        """How many rolls."""
        return len(self.states)

    @property
    def n_columns(self) -> int:
        """Patches of 16 in a row."""
        return int(self.states.shape[2]) // PATCH

    @property
    def tonic(self) -> int:
        """0..11, or 12 where it is unknown."""
        return (self.conditions["tonic"] - 1) % 13

    def conditions_of(self, lanes: int) -> dict[str, Ints]:
        """Return ids of every roll, [lanes * B]; the second lane leaves all open but the tonic."""
        found = {}
        for name in CONDITIONS:
            value = self.conditions.get(name, 0)
            ids = np.full((lanes, self.n), value, np.int64)
            if name != "tonic":
                ids[1:] = 0
            found[name] = ids.reshape(-1)
        return found

    def rows_of(self, patch: Ints) -> Ints:
        """Return the rows of patches of 16, [N, 16]."""
        return np.asarray((patch // self.n_columns)[:, None] * PATCH + np.arange(PATCH))

    def columns_of(self, patch: Ints) -> Ints:
        """Return their columns, [N, 16]."""
        return np.asarray((patch % self.n_columns)[:, None] * PATCH + np.arange(PATCH))

    def place(self, patch: Ints, child: Ints, cell: Ints) -> tuple[Ints, Ints]:
        """Return row and column of cells."""
        row = patch // self.n_columns * PATCH + child // FINE * FINE + cell // FINE
        column = patch % self.n_columns * PATCH + child % FINE * FINE + cell % FINE
        return row, column

    def settle(self) -> None:
        """Begin every hold of the hole anew that goes on from nothing that was made here."""
        for column in range(self.states.shape[2]):
            now = self.states[:, :, column]
            stray = (now == HOLD) & self.hole[:, column]
            if column:
                before = self.states[:, :, column - 1]
                stray &= (before == SILENCE) | ~self.hole[:, column - 1]
            now[stray] = 1


class Lanes:
    """A network that hears what is asked, and, for guidance, nothing of it beside.

    Args:
        network: What says how likely all is.
        canvas: Whose conditions are asked.
        guidance: 1 needs one lane only.
    """

    def __init__(self, network: Network, canvas: Canvas, guidance: float) -> None:
        self.network, self.guidance = network, guidance
        self.n = 1 if guidance == 1.0 else 2
        self.asked = network.embed_conditions(canvas.conditions_of(self.n))
        self.tonic = np.full(self.n * canvas.n, canvas.tonic)
        self.columns = np.repeat(canvas.columns[None], self.n * canvas.n, 0).astype(np.int64)
        self.low = canvas.low

    def double(self, x: npt.NDArray[Value]) -> npt.NDArray[Value]:
        """Return what both lanes read, [B, ...] -> [lanes * B, ...]."""
        return x if self.n == 1 else np.concatenate([x, x])

    def join(self, logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return logits of both lanes as one, [lanes * N, ...] -> [N, ...]."""
        if self.n == 1:
            return logits
        asked, free = np.split(logits, 2)
        return np.asarray(free + np.float32(self.guidance) * (asked - free))


def cut(x: npt.NDArray[Value]) -> npt.NDArray[Value]:
    """Return rolls by patch of 16, patch of 4 and cell, [B, H, W] -> [B, P, 16, 16]."""
    b, h, w = x.shape
    parts = x.reshape(b, h // PATCH, FINE, FINE, w // PATCH, FINE, FINE)
    return parts.transpose(0, 1, 4, 2, 5, 3, 6).reshape(b, -1, PATCH, PATCH)


def any_of(x: Bools, axis: int | tuple[int, ...]) -> Bools:
    """Return where something along some axes is true."""
    return np.asarray(np.any(x, axis), np.bool_)
