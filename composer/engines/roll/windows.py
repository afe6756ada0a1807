"""What is open in a roll -> windows that a model reads at once, one after another.

A window has what stands on both sides in view. What is wider than a window is made in stretches,
each with the music before it in view: time and memory grow with the width, and no faster.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from composer.models.fractal.config import PATCH

LEAST, MOST = 128, 512  # columns of a window, as in training
CONTEXT = 48  # columns in view on both sides, at least
STRETCH = 256  # columns that are made at once where there are many


@dataclass(frozen=True)
class Window:
    """Some columns.

    Args:
        first: The first that is in view.
        width: How many are, a multiple of 16.
        begin, end: Those that are made.
    """

    first: int
    width: int
    begin: int
    end: int


def windows_of(hole: npt.NDArray[np.bool_]) -> Iterator[Window]:
    """Yield the windows in which all open columns are made.

    What is open in several places far apart is made in as many windows.

    Args:
        hole: What is open, [128, W]; something must be.
    """
    for begin, end in _runs(np.flatnonzero(hole.any(0))):
        if end - begin + 2 * CONTEXT <= MOST:
            width = max(LEAST, -(-(end - begin + 2 * CONTEXT) // PATCH) * PATCH)
            first = max(0, begin - (width - (end - begin)) // 2)
            yield Window(first, width, begin, end)
            continue
        for at in range(begin, end, STRETCH):
            first = at - min(at // PATCH * PATCH, (MOST - STRETCH) // 2)
            yield Window(first, MOST, at, min(end, at + STRETCH))


def _runs(columns: npt.NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Yield where open columns begin and end, those together that lie in view of each other."""
    gaps = np.flatnonzero(np.diff(columns) > CONTEXT)
    begins = columns[np.concatenate([[0], gaps + 1])]
    ends = columns[np.concatenate([gaps, [len(columns) - 1]])] + 1
    yield from zip(begins.tolist(), ends.tolist(), strict=True)
