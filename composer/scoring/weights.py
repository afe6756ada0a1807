"""What a penalty costs in which family of forms, and what a cost is worth between 0 and 100.

Weights are learned, not felt: `composer weights` (evaluation/weighing) sets real pieces of a family
against damaged ones and against what the model draws, fits a logistic regression that is shrunk to
the rules' own weights, and keeps the result beside the checkpoint, in scoring_weights.json.

    cost   = square root of the sum over the rules of (weight * penalty)^2
    total  = how many cost more, of a hundred pieces of the family: fifty real ones, and fifty
             single draws of the model

A weight is the log-odds of not being real that one spread adds by itself. Squared, the worst faults
decide: with a plain sum the many small oddities that real pieces have too drown a few wrong notes
(docs/log.md). A usual real piece has 55 to 74 points and a usual draw 26 to 45. Outside chorales a
draw breaks no more rules of the craft than a real piece does; what tells it is how little happens
in it: its `liveliness`, and how tame its most surprising bar is. Beyond the dearest twentieth of
either the share falls exponentially with the cost, so that of two bad pieces the worse one is still
told apart. A rule that was not there when the weights were learned has its own weight times the
family's scale.

The file also keeps the bands of what a model says of real pieces (the most surprising bar, doubts),
because they belong to the same checkpoint and the same pieces.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from composer.errors import ScoreFileError
from composer.places import BUNDLED
from composer.scoring.bands import Band, Bands
from composer.scoring.rule import Rule

WEIGHTS_PATH = BUNDLED / "scoring_weights.json"
FORMAT = 2
# Shares of pieces that cost less, at which a family's costs are kept.
LEVELS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
_FORMS = {
    "chorale": ("chorale", "hymn", "psalm"),
    "contrapuntal": (
        "canon", "cantata", "canzona", "chanson", "fugue", "invention", "madrigal", "mass",
        "motet", "ricercar", "sinfonia",
    ),
    "chamber": ("string quartet", "trio sonata"),
    "song": ("song",),
}  # fmt: skip
# What judges all other forms, most of them for a keyboard.
USUAL_FAMILY = "keyboard"
_FAMILY_OF_FORM: Mapping[str, str] = MappingProxyType(
    {form: family for family, forms in _FORMS.items() for form in forms}
)
FORM_FAMILIES = (*_FORMS, USUAL_FAMILY)


def form_family(form: str) -> str:
    """Return the family of forms whose weights judge a form."""
    return _FAMILY_OF_FORM.get(form, USUAL_FAMILY)


def joined_cost(costs: Iterable[float]) -> float:
    """Return what weighted penalties cost together."""
    return math.hypot(*costs)


@dataclass(frozen=True)
class FamilyWeights:
    """What was learned of one family of forms.

    Args:
        weights: Rule -> log-odds for a penalty of one spread.
        scale: Log-odds for a rule's own weight of 1, for rules that are not among them.
        real_costs, drawn_costs: Of real pieces and of single draws at `LEVELS`, ascending.
    """

    weights: Mapping[str, float]
    scale: float
    real_costs: tuple[float, ...]
    drawn_costs: tuple[float, ...]

    def weight_of(self, rule: Rule) -> float:
        """Return what a penalty of one spread costs by itself, in log-odds."""
        return self.weights.get(rule.name, self.scale * rule.weight)

    def total(self, cost: float) -> float:
        """Return how many of fifty real pieces and fifty draws cost more; 100 without any cost."""
        shares = (_share_above(cost, costs) for costs in (self.real_costs, self.drawn_costs))
        return 50.0 * sum(shares)

    @property
    def floor(self) -> float:
        """The points that nine of ten real pieces have."""
        return self.total(self.real_costs[LEVELS.index(0.9)])


def _share_above(cost: float, costs: tuple[float, ...]) -> float:
    """Return the share of pieces that cost more, 1 without any cost, and never 0.

    Between the levels a straight line; behind the last one an exponential whose rate is that from
    the median to the last level.
    """
    last, median = costs[-1], costs[LEVELS.index(0.5)]
    tail = 1.0 - LEVELS[-1]
    if cost > last:
        rate = math.log(0.5 / tail) / max(last - median, 1e-9)
        return tail * math.exp(-rate * (cost - last))
    return 1.0 - float(np.interp(cost, (0.0, *costs[1:]), LEVELS))


@lru_cache(maxsize=4)
def load_weights(path: Path = WEIGHTS_PATH) -> Mapping[str, FamilyWeights]:
    """Read what was learned, by family of forms.

    Raises:
        ScoreFileError: If there is no such file or it holds no weights.
    """
    families = _read(path, "families")
    try:
        return {family: _read_family(families[family]) for family in FORM_FAMILIES}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _no_weights(path) from error


@lru_cache(maxsize=4)
def load_model_bands(path: Path = WEIGHTS_PATH) -> Bands:
    """Read the bands of what the model says of real pieces, by group of pieces.

    Raises:
        ScoreFileError: If there is no such file or it holds no bands.
    """
    groups = _read(path, "model_bands")
    try:
        return {
            group: {name: Band._make(map(float, row)) for name, row in rows.items()}
            for group, rows in groups.items()
        }
    except (ValueError, TypeError, AttributeError) as error:
        raise _no_weights(path) from error


def _read(path: Path, name: str) -> Any:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["format"] != FORMAT:
            raise ScoreFileError(f"{path.name} has another format; learn the weights again")
        return document[name]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _no_weights(path) from error


def _no_weights(path: Path) -> ScoreFileError:
    return ScoreFileError(f"no weights can be read from {path.name}; learn them")


def _read_family(values: Any) -> FamilyWeights:
    weights = {name: float(weight) for name, weight in values["weights"].items()}
    real, drawn = (tuple(map(float, values[name])) for name in ("real_costs", "drawn_costs"))
    if not all(math.isfinite(n) and n >= 0 for n in (*weights.values(), *real, *drawn)):
        raise ValueError("weights and costs are numbers from 0 up")
    if any(len(costs) != len(LEVELS) or list(costs) != sorted(costs) for costs in (real, drawn)):
        raise ValueError("costs ascend, one a level")
    return FamilyWeights(weights, float(values["scale"]), real, drawn)
