"""How alike are the distributions of two sets of pieces, kind by kind. Knows counts, no music.

Two numbers a kind. `shared`: what the two sets' shares have in common, bin by bin, with every piece
of equal weight: 1 if they are equal. `overlap`: the overlapping area of the distances among real
pieces and the distances between real and other pieces; it also sees whether the others vary as much
as real ones do, which a shared mean does not.

Source of `overlap`:
    L.-C. Yang and A. Lerch, On the evaluation of generative models in music, Neural Computing and
    Applications 32 (2020), pp. 4773-4784, DOI 10.1007/s00521-018-3849-7; with histograms of the
    distances in place of smoothed densities, because 20,000 distances need no smoothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.spatial.distance import cdist

from composer.evaluation.features import KINDS
from composer.evaluation.intervals import Floats, Interval, bootstrap_two

Counts = Sequence[dict[str, Floats]]
N_DISTANCE_BINS = 40
N_RESAMPLES = 300


def compare_distributions(sets: Mapping[str, Counts], *, seed: int = 0) -> dict[str, Any]:
    """Return the distributions of several sets of pieces beside the first one's.

    Args:
        sets: Name -> counts of every piece (`features.distributions`); the first is what the others
            are compared with.
        seed: Of the resampling.

    Returns:
        Kind -> `label`, `bins`, and `sets`: name -> `shares` by bin and, but for the first set,
        `shared` and `overlap` with intervals.
    """
    return {
        name: {"label": kind.label, "bins": list(kind.bins), "sets": _kind(name, sets, seed)}
        for name, kind in KINDS.items()
    }


def _kind(name: str, sets: Mapping[str, Counts], seed: int) -> dict[str, Any]:
    tables = {which: _shares(counts, name) for which, counts in sets.items()}
    real = next(iter(tables.values()))
    found: dict[str, Any] = {}
    for which, table in tables.items():
        found[which] = {"shares": np.round(table.mean(axis=0), 4).tolist(), "n": len(table)}
        if table is not real:
            found[which] |= {
                "shared": bootstrap_two(
                    real, table, shared, seed=seed, n_resamples=N_RESAMPLES
                ).to_dict(),
                "overlap": overlapping_area(real, table, seed=seed).to_dict(),
            }
    return found


def _shares(counts: Counts, name: str) -> Floats:
    """Return a row of shares a piece, [N, bins]; pieces with nothing to count are left out."""
    table = np.array([one[name] for one in counts])
    totals = table.sum(axis=1, keepdims=True)
    return np.asarray(table[totals[:, 0] > 0] / totals[totals[:, 0] > 0], np.float64)


def shared(real: Floats, other: Floats) -> float:
    """Return what the mean shares of two sets have in common, 0..1."""
    return float(np.minimum(real.mean(axis=0), other.mean(axis=0)).sum())


def overlapping_area(real: Floats, other: Floats, *, seed: int = 0) -> Interval:
    """Return the overlapping area of distances within `real` and between `real` and `other`.

    Args:
        real: A row of shares a piece, [N, K].
        other: [M, K].
        seed: Of the resampling.

    Returns:
        0 (apart) to 1 (as far from real pieces as these are from one another).
    """
    within, between = cdist(real, real), cdist(real, other)
    edges = np.linspace(0.0, max(within.max(), between.max(), 1e-9), N_DISTANCE_BINS + 1)
    within_bins, between_bins = (np.digitize(d, edges[1:-1]) for d in (within, between))
    return bootstrap_two(
        np.arange(len(real)),
        np.arange(len(other)),
        lambda rows, columns: _area(within_bins, between_bins, rows, columns),
        seed=seed,
        n_resamples=N_RESAMPLES,
    )


def _area(within: Any, between: Any, rows: Any, columns: Any) -> float:
    """Return the area of the pieces chosen; a piece is at no distance from itself, drawn twice."""
    is_other = rows[:, None] != rows[None, :]
    inside = np.bincount(within[np.ix_(rows, rows)][is_other], minlength=N_DISTANCE_BINS)
    across = np.bincount(between[np.ix_(rows, columns)].ravel(), minlength=N_DISTANCE_BINS)
    return float(np.minimum(inside / max(1, inside.sum()), across / max(1, across.sum())).sum())
