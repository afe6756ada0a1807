"""What a runtime offers to the engine: logits of one row after another. Knows ids, not music.

A *session* is a group of candidates in progress. What it remembers of the rows that it has read is
its own affair: keys and values that grow with every row, or matrices that stay as large as they
are. The engine forks it, lets go of candidates, and begins anew where its window is full.

Shapes: B candidates, T rows, F fields of a row, V ids of a field.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt

# Eight candidates give the first ones soon; beyond 64 one more costs no less than before, and its
# keys and values take memory: 1.5 kB a row with a SMALL model in 8 bits, 6 kB in fp32.
CPU_GROUP_SIZES = (8, 64)
Rows = npt.NDArray[Any]  # ids [B, F] or [T, F]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Array = npt.NDArray[Any]


class Session(Protocol):
    """A group of candidates in progress, all at the same step."""

    @property
    def n_bytes(self) -> int:
        """What is remembered of the rows of all candidates, room for rows to come included."""

    def field_logits(self, field: int, chosen: Rows) -> Floats:
        """Return logits of a field of the next row, [B, V].

        Args:
            field: 0..F - 1.
            chosen: Fields of that row already chosen, [B, field].
        """

    def append(self, rows: Rows) -> None:
        """Read one row a candidate, [B, F]."""

    def keep(self, places: Ints) -> None:
        """Go on with some of the candidates only."""

    def fork(self, places: Ints) -> Self:
        """Return a session that goes on from candidates of this one, which stays as it is.

        Args:
            places: Of candidates; one that is named more than once goes on so many times.
        """


class Runtime(Protocol):
    """A model that is ready to run."""

    @property
    def name(self) -> str:
        """As one of `RUNTIMES`; the same seed gives the same piece on the same runtime."""

    @property
    def sizes(self) -> tuple[int, ...]:
        """Ids that may be written in each field of a row."""

    @property
    def window(self) -> int | None:
        """Rows that a session can look back at, at most; None where there is no such bound."""

    @property
    def group_sizes(self) -> tuple[int, int]:
        """Candidates to draw together, at least and at most."""

    @property
    def splits_freely(self) -> bool:
        """Whether a candidate is the same to the last bit in a group of any size."""

    def begin(self, beginnings: Sequence[Rows], room: int) -> Session:
        """Read the beginnings of a group, one a candidate.

        Args:
            beginnings: Ids [T, F] each, of any lengths.
            room: Rows that a candidate will have at most, its beginning included; nothing is set
                aside for them where there is no window.
        """


@dataclass(frozen=True)
class Beginning:
    """Keys and values of what was read of a group before its first step.

    Args:
        read: Keys `k0` ... and values `v0` ... of every layer, [B, K, T, D]; filling stands behind.
        lengths: Rows of each candidate, [B].
        states: After the last row of each, [B, E].
    """

    read: dict[str, Floats]
    lengths: Ints
    states: Floats


def are_equal(beginnings: Sequence[Rows]) -> bool:
    """Whether all candidates of a group begin alike: what they look back at is then kept once."""
    first = beginnings[0]
    return all(other is first or np.array_equal(other, first) for other in beginnings[1:])


def read_by_length(beginnings: Sequence[Rows], read: Callable[[Ints], list[Array]]) -> list[Array]:
    """Read beginnings of equal length together, and return what came of all in their order.

    Args:
        beginnings: Ids [T, F] each.
        read: Ids [B, T, F] -> arrays or tensors with the batch in front, numpy's.
    """
    lengths = np.array([len(beginning) for beginning in beginnings])
    order = np.argsort(lengths, kind="stable")
    found = [
        read(np.stack([beginnings[k] for k in order[lengths[order] == n]]).astype(np.int64))
        for n in np.unique(lengths)
    ]
    back = np.argsort(order)
    return [np.concatenate(parts)[back] for parts in zip(*found, strict=True)]


def filled_left(beginnings: Sequence[Rows]) -> tuple[Ints, Ints]:
    """Fill beginnings up to equal length; return them, [B, T, F], and the filling of each, [B]."""
    n_rows = max(map(len, beginnings))
    rows = np.zeros((len(beginnings), n_rows, beginnings[0].shape[1]), np.int64)
    for own, beginning in zip(rows, beginnings, strict=True):
        own[n_rows - len(beginning) :] = beginning
    return rows, np.array([n_rows - len(beginning) for beginning in beginnings], np.int64)
