"""Who decides: dice that draw by chance, or a reader that says what a given roll has.

Both add up the logarithms of what they decided, so that what a roll costs is found on the same way
on which it is painted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from composer.decoding.rolls.canvas import Bools, Canvas, Ints, Loud, States, cut
from composer.models.fractal.config import SILENCE

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Where:
    """Of what is decided.

    Args:
        roll: Which of the canvas, [n].
        patch: Of 16, [n].
        child: Its patch of 4, or None where the whole patch is meant.
        cell: Its cell, or None.
    """

    roll: Ints
    patch: Ints
    child: Ints | None = None
    cell: Ints | None = None


class Decider(Protocol):
    """Decides, and remembers what it cost."""

    nats: Floats

    def bits(self, chances: Floats, where: Where) -> Bools:
        """Decide whether anything sounds, by the chance of each."""

    def classes(self, chances: Floats, where: Where) -> Ints:
        """Decide among classes, [n, classes] -> [n]."""


class Dice:
    """Decides by chance.

    Args:
        n: Rolls.
        seed: Same seed, same roll, whatever else is painted beside it.
    """

    def __init__(self, n: int, rng: np.random.Generator) -> None:
        self._rng = rng
        self.nats = np.zeros(n)

    def bits(self, chances: Floats, where: Where) -> Bools:
        """Draw bits."""
        found = self._rng.random(len(chances)) < chances
        _add(self.nats, where.roll, np.where(found, chances, 1 - chances))
        return np.asarray(found)

    def classes(self, chances: Floats, where: Where) -> Ints:
        """Draw classes."""
        edges = chances.cumsum(1)
        draws = self._rng.random(len(chances)) * edges[:, -1]
        found = np.minimum((edges <= draws[:, None]).sum(1), chances.shape[1] - 1)
        _add(self.nats, where.roll, chances[np.arange(len(found)), found])
        return np.asarray(found)


@dataclass(frozen=True)
class Drawn:
    """A painted roll.

    Args:
        states: [H, W].
        velocities: [H, W].
        nats: What all decisions about states cost.
    """

    states: States
    velocities: Loud
    nats: float


class Reader:
    """Decides as given rolls have it.

    Args:
        canvas: With the hole in it.
        states: The whole rolls, [B, H, W].
        velocities: Likewise.
    """

    def __init__(self, canvas: Canvas, states: States, velocities: Loud) -> None:
        self.nats = np.zeros(len(states))
        self._states, self._velocities = cut(states), cut(velocities)
        self._sounds = (self._states != SILENCE) & canvas.blocks

    def bits(self, chances: Floats, where: Where) -> Bools:
        """Say whether anything sounds there."""
        found = self._sounds[where.roll, where.patch]
        if where.child is not None:
            found = found[np.arange(len(found)), where.child]
        found = found.reshape(len(chances), -1).any(1)
        _add(self.nats, where.roll, np.where(found, chances, 1 - chances))
        return np.asarray(found)

    def classes(self, chances: Floats, where: Where) -> Ints:
        """Say what is there."""
        values = self._states if chances.shape[1] == 3 else self._velocities
        found = values[where.roll, where.patch, where.child, where.cell].astype(np.int64)
        _add(self.nats, where.roll, chances[np.arange(len(found)), found])
        return np.asarray(found)


def _add(nats: Floats, roll: Ints, chances: Floats) -> None:
    with np.errstate(divide="ignore"):
        np.subtract.at(nats, roll, np.log(chances))
