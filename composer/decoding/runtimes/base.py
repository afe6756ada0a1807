"""What a runtime offers to the engine: logits of one row after another. Knows no music."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

# Eight candidates give the first ones soon; beyond 64 one more costs no less than before, and its
# keys and values take memory: 1.5 kB a row with a SMALL model in 8 bits, 6 kB in fp32.
CPU_GROUP_SIZES = (8, 64)
Rows = npt.NDArray[Any]  # ids [B, 4] or [B, T, 4]


class Session(Protocol):
    """A group of candidates in progress, all at the same step."""

    def field_logits(self, field: int, chosen: Rows) -> npt.NDArray[np.float32]:
        """Return logits of a field of the next row, [B, V].

        Args:
            field: 0..3.
            chosen: Fields of that row already chosen, [B, field].
        """

    def append(self, rows: Rows) -> None:
        """Read one row a candidate, [B, 4]."""

    def keep(self, places: npt.NDArray[np.int64]) -> None:
        """Go on with some of the candidates only."""


class Runtime(Protocol):
    """A model that is ready to run."""

    @property
    def name(self) -> str:
        """As one of `RUNTIMES`; the same seed gives the same piece on the same runtime."""

    @property
    def group_sizes(self) -> tuple[int, int]:
        """Candidates to draw together, at least and at most."""

    @property
    def splits_freely(self) -> bool:
        """Whether a candidate is the same to the last bit in a group of any size."""

    def begin(self, rows: Rows, n_padding: npt.NDArray[np.int64], capacity: int) -> Session:
        """Read the beginnings of a group.

        Args:
            rows: Ids [B, T, 4], filled up on the left where a beginning is shorter.
            n_padding: Rows of filling, [B].
            capacity: Rows that the session will hold at most.
        """


@dataclass(frozen=True)
class Beginning:
    """What was read of a group before its first step.

    Args:
        read: Keys `k0` ... and values `v0` ... of every layer, [B, K, T, D]; filling stands behind.
        lengths: Rows of each candidate, [B].
        states: After the last row of each, [B, E].
    """

    read: dict[str, npt.NDArray[np.float32]]
    lengths: npt.NDArray[np.int64]
    states: npt.NDArray[np.float32]
