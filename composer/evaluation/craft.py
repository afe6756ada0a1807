"""The values of all scoring rules, of composed and of real pieces. Takes whatever `RULES` holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from composer.evaluation.intervals import bootstrap, share
from composer.piece import Piece
from composer.scorecard import Score
from composer.scoring import RULES, score

N_RESAMPLES = 400


def craft(sets: Mapping[str, Sequence[Piece]]) -> dict[str, Any]:
    """Return median and share inside the band of every rule, set by set.

    Args:
        sets: Name -> pieces, each with its form.

    Returns:
        `total`: name -> mean total; `rules`: a row a rule with `name`, `family`, `label`, `unit`,
        and `sets`: name -> `median` and `inside` (the band of its form). Likelihood is left out,
        because a real piece has none of its own.
    """
    cards = {name: [score(piece) for piece in pieces] for name, pieces in sets.items()}
    rules = [rule for rule in RULES if rule.measure]
    return {
        "total": {
            name: bootstrap([card.total for card in found], n_resamples=N_RESAMPLES).to_dict(2)
            for name, found in cards.items()
        },
        "rules": [
            {
                "name": rule.name,
                "family": rule.family,
                "label": rule.label,
                "unit": rule.unit,
                "sets": {
                    name: _rule([card[rule.name] for card in found])
                    for name, found in cards.items()
                },
            }
            for rule in rules
        ],
    }


def _rule(found: Sequence[Score]) -> dict[str, Any]:
    measured = [one for one in found if np.isfinite(one.value)]
    values = [one.value for one in measured]
    return {
        "median": bootstrap(values, np.median, n_resamples=N_RESAMPLES).to_dict(),
        "mean": bootstrap(values, n_resamples=N_RESAMPLES).to_dict(),
        "inside": share([one.is_inside_band for one in measured]).to_dict(),
    }
