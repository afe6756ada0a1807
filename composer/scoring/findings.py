"""From marks on the grid to a `Measure`: faults counted, the first of them named with their place.

Knows no rule.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from composer.scorecard import Place
from composer.scoring.rule import MAX_PLACES, Measure, share
from composer.scoring.texture import BoolArray, IntArray, Texture

# What is said of a pair of parts at a sixteenth.
Describe = Callable[[int, int, int], str]
Rate = Literal["per hundred", "share"]


def count_pairs(
    texture: Texture,
    found: BoolArray,
    parts: tuple[IntArray, IntArray],
    describe: Describe,
    *,
    first_step: int = 0,
) -> Measure:
    """Count marks of pairs of lines for every hundred notes.

    Args:
        texture: The piece.
        found: A row a pair [K, S].
        parts: The upper and the lower part of every pair [K].
        describe: Upper part, lower part and sixteenth, to words.
        first_step: The sixteenth of the first column.
    """
    steps, rows = np.nonzero(found.T)
    places = []
    for step, row in zip(steps[:MAX_PLACES].tolist(), rows[:MAX_PLACES].tolist(), strict=True):
        pair, at = (int(parts[0][row]), int(parts[1][row])), step + first_step
        places.append(texture.place_of_step(at, pair, describe(*pair, at)))
    return Measure(share(100.0 * len(steps), texture.n_notes), tuple(places))


def count_notes(
    texture: Texture,
    chosen: IntArray,
    whole: int,
    describe: Callable[[int], str],
    at: tuple[IntArray, IntArray],
    *,
    rate: Rate = "per hundred",
) -> Measure:
    """Count notes of one table.

    Args:
        texture: The piece.
        chosen: Which notes, by their index.
        whole: Of how many.
        describe: Index of a note to words.
        at: The sixteenth and the part of every note of the table.
        rate: Whether the value is a hundred times the share.
    """
    steps, parts = at
    in_time = chosen[np.argsort(steps[chosen], kind="stable")][:MAX_PLACES].tolist()
    places: tuple[Place, ...] = tuple(
        texture.place_of_step(int(steps[note]), (int(parts[note]),), describe(note))
        for note in in_time
    )
    factor = 100.0 if rate == "per hundred" else 1.0
    return Measure(share(factor * len(chosen), whole), places)
