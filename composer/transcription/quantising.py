"""Moments in beats -> places on the grid: every beat is divided as its notes ask for.

A beat may be whole, or of 2, 3, 4, 6 or 8 parts; the fewer parts, the likelier, unless notes lie
far from them or would fall together. Afterwards the beats themselves are moved to where their notes
say they are, and notes are placed once more.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from composer.transcription.grid import Grid
from composer.transcription.profiles import Floats, Ints, is_compound

# Parts of a beat, and how unlikely they are: the negative logarithm, before any note was heard.
_COSTS = {
    False: {1: 0.0, 2: 0.6, 4: 1.6, 3: 2.6, 6: 4.5, 8: 4.5},
    True: {1: 0.0, 3: 0.4, 6: 1.8, 2: 3.0, 12: 4.5, 4: 4.5},
}
_SPREAD_S = 0.025
_TOGETHER = 6.0  # what it costs to put two moments in one place
_BEATS_AROUND = 2.0  # how far a note tells where a beat is
_ROUNDS = 2


def quantise(times_s: Floats, grid: Grid) -> tuple[list[Fraction], Grid]:
    """Return the places of moments, in beats from the first bar line, and the grid as they bend it.

    Args:
        times_s: When notes begin together, rising, [N]; at least one.
        grid: Beats under them.
    """
    for _ in range(_ROUNDS):
        places = _places(grid.beats_at(times_s), grid)
        grid = _bent(grid, times_s, np.array([float(one) for one in places]))
    return _places(grid.beats_at(times_s), grid), grid


def _places(beats: Floats, grid: Grid) -> list[Fraction]:
    """Place moments, beat by beat; a moment just before a beat belongs to it."""
    spread = _SPREAD_S / grid.beat_s
    wholes = np.floor(beats + spread).astype(np.int64)
    found: list[Fraction] = []
    for whole in np.unique(wholes):
        inside = beats[wholes == whole] - whole
        found += [Fraction(int(whole)) + one for one in _divided(inside, grid, spread)]
    return found


def _divided(phases: Floats, grid: Grid, spread: float) -> list[Fraction]:
    """Return the places within one beat, in its likeliest division."""
    best, found = np.inf, np.zeros(len(phases), dtype=np.int64)
    parts_of_best = 1
    for parts, cost in _COSTS[is_compound(grid.meter)].items():
        slots: Ints = np.rint(phases * parts).astype(np.int64)
        error = float((((phases - slots / parts) / spread) ** 2).sum()) / 2
        n_together = len(slots) - len(np.unique(slots))
        total = cost + error + _TOGETHER * n_together
        if total < best:
            best, found, parts_of_best = total, slots, parts
    return [Fraction(int(slot), parts_of_best) for slot in found]


def _bent(grid: Grid, times_s: Floats, places: Floats) -> Grid:
    """Return the grid with its beats where the notes around them say.

    Around every beat a straight line from places to times is fitted, by weighted least squares; its
    slope is held to the beats that were there, as if a few more notes had told it.
    """
    beats = grid.first + np.arange(len(grid.times_s))
    old_slope = np.gradient(grid.times_s)
    weights = np.exp(-0.5 * ((places - beats[:, None]) / _BEATS_AROUND) ** 2)
    offsets = times_s - np.interp(places, beats, grid.times_s)
    total = weights.sum(axis=1) + 0.5
    centre = (weights * (places - beats[:, None])).sum(axis=1) / total
    shift = (weights * offsets).sum(axis=1) / total
    spread = (weights * (places - beats[:, None] - centre[:, None]) ** 2).sum(axis=1) + 8.0
    slope = (weights * (places - beats[:, None] - centre[:, None]) * offsets).sum(axis=1) / spread
    moved = grid.times_s + shift - np.clip(slope, -0.1 * old_slope, 0.1 * old_slope) * centre
    return replace(grid, times_s=np.maximum.accumulate(moved + 1e-6 * np.arange(len(moved))))
