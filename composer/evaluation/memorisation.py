"""How long are the runs of notes that composed pieces share with training pieces?

Beside them the same of real pieces that were held back from training: composers quote, and scales
are everybody's, so that only what goes beyond real pieces is memory.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from composer.evaluation.intervals import bootstrap, bootstrap_two
from composer.evaluation.two_sample import auc
from composer.novelty import Shared, longest_shared_run
from composer.piece import Piece

N_LONGEST = 5
PERCENTILES = {"median": 50, "90 %": 90}


def memorisation(sets: Mapping[str, Sequence[Piece]]) -> dict[str, Any]:
    """Return the distribution of the longest shared runs, set by set; the first is the real one.

    Returns:
        Name -> `notes` (all lengths, ascending), `median`, `90 %`, `longest` (rows of `notes` and
        `like`, the training piece), and but for the first set `longer_than_real`: the chance that
        a run of this set is longer than a real one, 0.5 if they are alike.
    """
    runs = {name: [longest_shared_run(piece) for piece in pieces] for name, pieces in sets.items()}
    real = next(iter(runs))
    return {
        name: _summary(found) | ({} if name == real else _beside(runs[real], found))
        for name, found in runs.items()
    }


def _summary(found: Sequence[Shared]) -> dict[str, Any]:
    lengths = sorted(one.notes for one in found)
    longest = sorted(found, key=lambda one: -one.notes)[:N_LONGEST]
    levels = {
        name: bootstrap(lengths, partial(np.percentile, q=percent)).to_dict(1)
        for name, percent in PERCENTILES.items()
    }
    return {
        "notes": lengths,
        **levels,
        "longest": [{"notes": one.notes, "like": one.piece_name} for one in longest],
    }


def _beside(real: Sequence[Shared], other: Sequence[Shared]) -> dict[str, Any]:
    of_real, of_other = (np.array([float(one.notes) for one in found]) for found in (real, other))
    return {"longer_than_real": bootstrap_two(of_real, of_other, auc).to_dict()}
