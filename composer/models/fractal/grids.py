"""Notes in columns <-> cells, and what is known of columns. Knows numpy only."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from composer.models.fractal.config import BAR_OUTSIDE, HOLD, N_EDGES, N_ROWS, ONSET, SILENCE

Ints = npt.NDArray[np.integer]
Roll = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]
# Notes a quarter at which classes of density begin; id 0 of the condition is open.
DENSITIES = (0.5, 0.8, 1.2, 1.8, 2.6, 3.6, 5.0, 7.0, 10.0, 14.0)
# Meters by their id; all others are open. A piece says its own where it has changes.
METERS = (
    (4, 4), (3, 4), (2, 4), (2, 2), (2, 1), (6, 8), (3, 8), (3, 2), (12, 8), (6, 4), (3, 1),
    (9, 8), (4, 2), (4, 8), (5, 4), (3, 16), (6, 16), (12, 16), (9, 16), (1, 4), (6, 2), (5, 8),
)  # fmt: skip


def meter_id(numerator: int, denominator: int) -> int:
    """Return the id of a meter; 0 if it has none."""
    pair = (numerator, denominator)
    return 1 + METERS.index(pair) if pair in METERS else 0


def density_id(notes_per_quarter: float) -> int:
    """Return the class of a density, 1 and above."""
    return 1 + int(np.searchsorted(DENSITIES, notes_per_quarter, "right"))


def draw_roll(rows: Ints, first: int, width: int) -> tuple[Roll, npt.NDArray[np.int8]]:
    """Return states and velocity classes of some columns, [128, width] each.

    What sounds on into them from before is a hold without an onset. A note that begins where the
    same pitch sounds already cuts it off; of two that begin together the longer one is heard.

    Args:
        rows: Onset, end (excluded), pitch and velocity class of notes, [N, 4]; of a class of -2
            that go on from a note before, -1 where none is known.
        first: Column.
        width: Columns.
    """
    states = np.zeros((N_ROWS, width), np.uint8)
    loud = np.full((N_ROWS, width), -1, np.int8)
    chosen = rows[(rows[:, 1] > first) & (rows[:, 0] < first + width)]
    # In the order of time, so that an onset cuts off what sounds before it.
    for begin, end, pitch, velocity in chosen[np.argsort(chosen[:, 0], kind="stable")].tolist():
        begin, end = begin - first, min(end - first, width)
        line = states[pitch]
        if begin < 0 or velocity == -2:
            begin = max(0, begin)
            line[begin:end] = np.where(line[begin:end] == SILENCE, HOLD, line[begin:end])
            continue
        was_onset = line[begin] == ONSET
        if line[begin] == HOLD:
            line[begin + 1 :] = SILENCE
        line[begin + 1 : end] = np.where(
            line[begin + 1 : end] == SILENCE, HOLD, line[begin + 1 : end]
        )
        line[begin] = ONSET
        loud[pitch, begin] = max(velocity, loud[pitch, begin]) if was_onset else velocity
    return states, loud


def notes_kept_whole(states: Roll, mask: Bools) -> Bools:
    """Return a mask less all cells of notes that it holds only a part of, [H, W].

    Notes that cross the edge of a mask stay as they are, and so does what sounds in from before.
    """
    number = np.cumsum(states == ONSET, 1)
    number += (number[:, -1].max(initial=0) + 1) * np.arange(len(states))[:, None]
    sounds = states != SILENCE
    ids = number[sounds]
    n = int(number.max()) + 1
    inside = np.bincount(ids, mask[sounds], n)
    whole = inside == np.bincount(ids, minlength=n)
    kept = mask.copy()
    begun = np.maximum.accumulate(states == ONSET, 1)
    kept[sounds] &= whole[ids] & begun[sounds]
    return kept


def columns_of(places: npt.NDArray[np.int16], first: int, width: int) -> npt.NDArray[np.int16]:
    """Return what is known of some columns of a piece: place in the bar, since, until, [W, 3].

    Args:
        places: Sixteenth in the bar of every column of the piece.
        first: The first, may lie before the piece.
        width: How many, may go on behind it.
    """
    at = np.arange(first, first + width)
    is_inside = (at >= 0) & (at < len(places))
    place = np.where(is_inside, places[np.clip(at, 0, len(places) - 1)], BAR_OUTSIDE)
    edges = (_edge(at), _edge(len(places) - 1 - at))
    return np.stack([place, *edges], 1).astype(np.int16)


def _edge(distance: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.asarray(np.searchsorted((0, 16, 64), distance, "right") % N_EDGES)
