"""How sure a number is: 95 % intervals by resampling, and of shares and differences in closed form.

Knows no music; pieces reach it as numbers, one a piece, because notes of one piece are no
independent trials.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[Any]
N_RESAMPLES = 1_000
LEVEL_PERCENT = (2.5, 97.5)
_Z_95 = 1.959964  # two-sided 95 % of a normal distribution


@dataclass(frozen=True, slots=True)
class Interval:
    """A value with its 95 % interval; NaN where nothing was measured.

    Args:
        value: As measured.
        low, high: Ends of the interval.
        n: Pieces (or trials) behind it.
    """

    value: float
    low: float
    high: float
    n: int

    def to_dict(self, digits: int = 4) -> dict[str, Any]:
        """Return JSON values: `value`, `low`, `high`, `n`; None for what is no number."""
        ends = {"value": self.value, "low": self.low, "high": self.high}
        return {
            **{k: round(v, digits) if math.isfinite(v) else None for k, v in ends.items()},
            "n": self.n,
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Interval:
        """Read what `to_dict` returned."""
        value, low, high = (
            math.nan if values[name] is None else float(values[name])
            for name in ("value", "low", "high")
        )
        return cls(value, low, high, int(values["n"]))


NOTHING = Interval(math.nan, math.nan, math.nan, 0)


def bootstrap(
    rows: npt.ArrayLike,
    statistic: Callable[[Any], Any] = np.mean,
    *,
    seed: int = 0,
    n_resamples: int = N_RESAMPLES,
) -> Interval:
    """Return a statistic of pieces, and its percentile interval over resampled pieces.

    Args:
        rows: One row a piece, [N] or [N, K]; rows that hold a NaN are left out.
        statistic: Rows -> a number.
        seed: Same seed, same interval.
        n_resamples: How often the pieces are drawn anew, with replacement.

    Source:
        B. Efron and R. J. Tibshirani, An Introduction to the Bootstrap (1993), pp. 168-176.
    """
    table = np.asarray(rows, dtype=np.float64)
    table = table[np.isfinite(table).all(axis=tuple(range(1, table.ndim)))]
    if not len(table):
        return NOTHING
    rng = np.random.default_rng(seed)
    found = [float(statistic(_again(table, rng))) for _ in range(n_resamples)]
    low, high = np.nanpercentile(found, LEVEL_PERCENT).tolist()
    return Interval(float(statistic(table)), low, high, len(table))


def mean(values: npt.ArrayLike, *, seed: int = 0) -> Interval:
    """Return the mean of numbers and its interval, as `bootstrap` does, all at once.

    Args:
        values: One a piece, [N]; those that are NaN are left out.
        seed: Same seed, same interval.
    """
    found = np.asarray(values, dtype=np.float64)
    found = found[np.isfinite(found)]
    if not len(found):
        return NOTHING
    again = np.random.default_rng(seed).integers(len(found), size=(N_RESAMPLES, len(found)))
    low, high = np.percentile(found[again].mean(axis=1), LEVEL_PERCENT).tolist()
    return Interval(float(found.mean()), low, high, len(found))


def bootstrap_two(
    rows: Numbers,
    others: Numbers,
    statistic: Callable[[Any, Any], float],
    *,
    seed: int = 0,
    n_resamples: int = N_RESAMPLES,
    highest: float = 1.0,
) -> Interval:
    """Return a statistic of two sets of pieces; both are resampled, each by itself.

    The interval is the value and 1.96 standard errors on both sides: resampled sets share fewer
    different pieces, so that percentiles of what two sets have in common would lie below its value.

    Args:
        rows: A row a piece, not empty.
        others: Likewise.
        statistic: Both sets -> a number, not negative; NaN where there is none.
        seed: Same seed, same interval.
        n_resamples: How often both are drawn anew.
        highest: That the statistic can be.

    Source:
        B. Efron and R. J. Tibshirani, An Introduction to the Bootstrap (1993), chapters 8 and 12.
    """
    rng = np.random.default_rng(seed)
    found = [statistic(_again(rows, rng), _again(others, rng)) for _ in range(n_resamples)]
    value, n = statistic(rows, others), min(len(rows), len(others))
    if not np.isfinite(found).any():
        return Interval(value, math.nan, math.nan, n)
    margin = _Z_95 * float(np.nanstd(found))
    return Interval(value, max(0.0, value - margin), min(highest, value + margin), n)


def _again(table: Numbers, rng: np.random.Generator) -> Numbers:
    return table[rng.integers(len(table), size=len(table))]


def ratio_of_sums(table: Floats) -> float:
    """Return the sum of column 0 by the sum of column 1: nats a note, hits a trial."""
    below = float(table[:, 1].sum())
    return float(table[:, 0].sum()) / below if below else math.nan


def ratio_of_shares(real: Sequence[bool], other: Sequence[bool]) -> Interval:
    """Return the share of hits among others by that among real pieces; NaN if that is 0."""
    if not len(real) or not len(other):
        return NOTHING

    def ratio(below: Floats, above: Floats) -> float:
        return float(above.mean() / below.mean()) if below.any() else math.nan

    real_hits, other_hits = (np.asarray(hits, np.float64) for hits in (real, other))
    return bootstrap_two(real_hits, other_hits, ratio, highest=math.inf)


def share(outcomes: Sequence[bool]) -> Interval:
    """Return the share of hits; exact rates keep an interval above a point.

    Source:
        E. B. Wilson, Probable Inference, the Law of Succession, and Statistical Inference,
        JASA 22 (1927), pp. 209-212.
    """
    n, hits = len(outcomes), sum(map(bool, outcomes))
    if not n:
        return NOTHING
    weight, value = _Z_95**2 / n, hits / n
    middle = (value + weight / 2) / (1 + weight)
    width = _Z_95 * math.sqrt(value * (1 - value) / n + weight / (4 * n)) / (1 + weight)
    return Interval(value, max(0.0, middle - width), min(1.0, middle + width), n)


def difference(before: Interval, after: Interval) -> Interval:
    """Return `after - before` of two independent values, from their intervals alone.

    Source:
        G. Y. Zou and A. Donner, Construction of confidence limits about effect measures: a general
        approach, Statistics in Medicine 27 (2008), pp. 1693-1702, DOI 10.1002/sim.3095.
    """
    value = after.value - before.value
    below = math.hypot(after.value - after.low, before.high - before.value)
    above = math.hypot(after.high - after.value, before.value - before.low)
    return Interval(value, value - below, value + above, min(before.n, after.n))
