"""How far listeners agree: Krippendorff's alpha, 1 for always, 0 for no more than by chance.

Source:
    K. Krippendorff, Computing Krippendorff's alpha-reliability, University of Pennsylvania (2011):
    the coincidence matrix, missing answers included.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Literal

import numpy as np

Level = Literal["nominal", "ordinal", "interval", "ratio"]


def krippendorff_alpha(answers: Iterable[tuple[str, object, float]], level: Level) -> float:
    """Return alpha; NaN where fewer than two listeners meet, or all say one and the same.

    Args:
        answers: Who answered about what, and what it was as a number.
        level: Of measurement.
    """
    import krippendorff

    rows = list(answers)
    units = {unit: index for index, unit in enumerate(dict.fromkeys(row[1] for row in rows))}
    people = {name: index for index, name in enumerate(dict.fromkeys(row[0] for row in rows))}
    table = np.full((len(people), len(units)), np.nan)
    for name, unit, value in rows:
        table[people[name], units[unit]] = value
    meets = (~np.isnan(table)).sum(axis=0) > 1
    paired = table[:, meets]
    if len(np.unique(paired[~np.isnan(paired)])) < 2:
        return math.nan
    return float(krippendorff.alpha(reliability_data=paired, level_of_measurement=level))
