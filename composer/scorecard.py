"""`Scorecard`: what was found about a piece, value by value, with the corpus band beside each.

Knows no music and no rule: the families in `scoring` fill it, the page and the reports read it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the music something was found.

    Args:
        bar: Its number as printed: 0 for a pickup, 1 for the first whole bar.
        onset_beats: Quarters from the beginning.
        parts: Indices of the parts concerned, 0 the highest.
        note: What is there, in a few words.
    """

    bar: int
    onset_beats: Fraction
    parts: tuple[int, ...]
    note: str


@dataclass(frozen=True, slots=True)
class Score:
    """One measured value beside the band of real pieces of the same form.

    Args:
        name: Such as `parallel_fifths`.
        family: Such as `voice leading`.
        value: As measured, in `unit`; NaN if the piece has nothing to measure.
        unit: Such as `per 100 notes`.
        low, high: 10th and 90th percentile of real pieces of the form; `low` is the median for
            what a person expects (key, last bass, cadence), where a tenth of real pieces is no
            aim.
        penalty: 0 among the middle of real pieces; grows with the distance from it, in units of
            the band's spread. Faults begin to cost a little inside the band.
        weight: What a penalty of 1 costs, in log-odds of being no real piece.
        places: Where it was found, for values that have places.
        source: Author, year and page of the rule.
        lost: Points of the total that it costs; those of all values and the total sum to 100.
        reason: What was found and how it compares, in one sentence.
    """

    name: str
    family: str
    value: float
    unit: str
    low: float
    high: float
    penalty: float
    weight: float
    places: tuple[Place, ...] = ()
    source: str = ""
    lost: float = 0.0
    reason: str = ""

    @property
    def is_inside_band(self) -> bool:
        """Whether it lies in the band, or on a side of it that costs nothing."""
        return self.penalty == 0.0 or self.low <= self.value <= self.high


@dataclass(frozen=True, slots=True)
class Scorecard:
    """All values of one piece.

    Args:
        form: Whose band was used.
        scores: In reading order.
        total: How many of a hundred pieces of the form's family fit less well, fifty of them real
            ones and fifty single draws of the model (`scoring.weights` says what is usual); 100
            stays inside every band.
        reasons: Why the total is what it is, in sentences, the weightiest first.
    """

    form: str
    scores: tuple[Score, ...]
    total: float
    reasons: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Score:
        """Return one value by its name.

        Raises:
            KeyError: If there is none of that name.
        """
        for score in self.scores:
            if score.name == name:
                return score
        raise KeyError(name)

    def to_dict(self) -> dict[str, Any]:
        """Return the scorecard as JSON values; times as floats, NaN as null."""
        values: dict[str, Any] = asdict(self)
        for score in values["scores"]:
            for name in ("value", "low", "high"):
                score[name] = None if score[name] != score[name] else score[name]
            for place in score["places"]:
                place["onset_beats"] = float(place["onset_beats"])
        return values
