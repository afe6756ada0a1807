"""SECTION of every bar, derived from the score by bar-level similarity. Knows numpy and the tables.

Two bars are alike when they share most of their (position, part, pitch) triples; a bar *returns*
when it and a neighbour are like an earlier bar and its neighbour. After the self-similarity of
J. Foote, "Visualizing music and audio using self-similarity" (ACM Multimedia, 1999), with Jaccard's
index.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from composer.tokenizer.vocab import BAR, PART, PITCH, SECTION, SECTIONS, TIME, Events, is_note

RETURN_LIKENESS = 0.85
VARIED_LIKENESS = 0.45
OPENING_BARS = 4
CLOSING_BARS = 4
MIN_DISTANCE_BARS = 2


def bar_numbers(events: Events) -> npt.NDArray[np.int64]:
    """Return the bar of every row, [N]: -1 before the first bar line, then 0, 1, ..."""
    return np.cumsum(events[:, TIME] == BAR) - 1


def bar_similarity(events: Events) -> npt.NDArray[np.float32]:
    """Return Jaccard's index of every two bars' notes, [bars, bars]; empty bars are like none."""
    bars = bar_numbers(events)
    n_bars = int(bars[-1]) + 1 if len(bars) else 0
    notes = is_note(events)
    rows = events[notes]
    keys = (
        rows[:, TIME].astype(np.int64) * 4096
        + rows[:, PART].astype(np.int64) * 128
        + rows[:, PITCH]
    )
    _, columns = np.unique(keys, return_inverse=True)
    present = np.zeros((n_bars, int(columns.max()) + 1 if len(columns) else 1), np.float32)
    present[bars[notes], columns] = 1.0
    shared = present @ present.T
    sizes = present.sum(1)
    union = sizes[:, None] + sizes[None, :] - shared
    likeness: npt.NDArray[np.float32] = np.zeros_like(shared)
    np.divide(shared, union, out=likeness, where=union > 0)
    return likeness


def section_names(events: Events) -> list[str]:
    """Return the section of every bar: opening, new, return, varied or closing.

    The first four bars are the opening (fewer in a short piece) and the last four the closing.
    """
    likeness = bar_similarity(events)
    n_bars = len(likeness)
    edge = min(OPENING_BARS, CLOSING_BARS, max(1, n_bars // 4))
    best = _best_earlier(likeness)
    names = [_likeness_name(value) for value in best]
    names[:edge] = ["opening"] * edge
    names[n_bars - edge :] = ["closing"] * edge
    return names


def _likeness_name(likeness: float) -> str:
    if likeness >= RETURN_LIKENESS:
        return "return"
    return "varied" if likeness >= VARIED_LIKENESS else "new"


def _best_earlier(likeness: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return how like each bar is to its likest earlier bar, along diagonals of two, [bars]."""
    n_bars = len(likeness)
    if n_bars < 3:
        return np.zeros(n_bars, np.float32)
    pairs = np.zeros_like(likeness)
    pairs[:-1, :-1] = np.minimum(likeness[:-1, :-1], likeness[1:, 1:])
    pairs[1:, 1:] = np.maximum(pairs[1:, 1:], pairs[:-1, :-1])
    earlier = np.tril(pairs, -MIN_DISTANCE_BARS)
    found: npt.NDArray[np.float32] = earlier.max(1)
    return found


def section_ids(names: list[str]) -> npt.NDArray[np.int16]:
    """Return the ids of section names, for the part field of BAR rows."""
    return np.array([SECTION + SECTIONS.index(name) for name in names], np.int16)
