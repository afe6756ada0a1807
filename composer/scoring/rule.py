"""`Rule` and `Measure`: what a rule says of itself, and what it finds. Knows no single rule."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from composer.scorecard import Place
from composer.scoring.texture import Texture

# Which side of the corpus band costs: too much of it, too little, or both.
Sides = Literal["high", "low", "both"]
# Enough to show on a page; the value counts all of them.
MAX_PLACES = 50


@dataclass(frozen=True, slots=True)
class Measure:
    """What one rule found in one piece.

    Args:
        value: In the rule's unit; NaN if there is nothing to measure.
        places: The first places, at most `MAX_PLACES`, in the order of time.
    """

    value: float
    places: tuple[Place, ...] = ()


NOTHING = Measure(math.nan)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One row of the table of rules.

    Args:
        name: Such as `parallel_fifths`.
        family: The file that holds it, in words.
        label: What is measured, as it stands in a sentence.
        label_of_one: The same in the singular, for faults that are counted.
        unit: Of the value: `per 100 notes`, `share of notes`, `bits` ...
        source: Author, year and page or paragraph, where the rule is taught or was measured.
        weight: Its share in the total, before a form changes it.
        sides: Which side of the band costs.
        least_spread: Smallest width, in `unit`, by which a distance from the band is measured: real
            chorales have so few parallels that their band is a point.
        measure: Finds the value; `None` if it is handed in from outside.
        is_expected: Whether a person may count on it, such as a close in the key. The band then
            begins at the median: a value is not good because one real piece in ten has it.
        is_merit: Whether more is better as far as the upper quarter of real pieces: below it costs.
        is_strict: Whether too much costs from the upper quarter on although too little costs, too.
        is_fault: Whether the value counts faults, each with its place.
        is_ratio: Whether half as much is as far from the band as twice as much; `least_spread` is
            then one of logarithms.
    """

    name: str
    family: str
    label: str
    unit: str
    source: str
    weight: float
    sides: Sides
    least_spread: float
    measure: Callable[[Texture], Measure] | None
    label_of_one: str = ""
    is_expected: bool = False
    is_merit: bool = False
    is_strict: bool = False
    is_fault: bool = False
    is_ratio: bool = False


def share(part: float, whole: float) -> float:
    """Return part / whole; NaN if there is no whole."""
    return part / whole if whole else math.nan
