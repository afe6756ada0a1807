"""Strengths of conditions from pairs: Bradley-Terry, with intervals over resampled listeners.

Condition i is preferred to j with probability exp(s_i) / (exp(s_i) + exp(s_j)); strengths are
centred on 0. An undecided pair is half a vote for each. Intervals resample whole listeners, because
the votes of one listener belong together.

Sources:
    R. A. Bradley and M. E. Terry, Rank analysis of incomplete block designs: I. The method of
    paired comparisons, Biometrika 39 (1952), pp. 324-345.
    L. Maystre and M. Grossglauser, Fast and accurate inference of Plackett-Luce models, NeurIPS
    (2015): how `choix` fits it.
    A. C. Davison and D. V. Hinkley, Bootstrap Methods and their Application (1997), sections 2.4
    and 3.8: percentiles; resampling of clusters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from composer.listening.analysis.answers import Preference

Floats = npt.NDArray[np.float64]
RESAMPLES = 1000
# Keeps strengths finite where a condition won all or none of its pairs.
_REGULARISATION = 0.01


@dataclass(frozen=True, slots=True)
class Strength:
    """Where a condition stands.

    Args:
        condition: Its name.
        value: Natural logarithm of its worth; all values together are centred on 0.
        low, high: 95 % interval; NaN of a single listener.
        n_votes: Votes in which it took part.
    """

    condition: str
    value: float
    low: float
    high: float
    n_votes: int


def bradley_terry(wins: Floats, regularisation: float = _REGULARISATION) -> Floats:
    """Return the strength of every condition, centred on 0.

    Args:
        wins: `wins[i, j]` votes preferred i to j; halves are allowed.
        regularisation: Of `choix`; 0 gives the maximum of the likelihood, where there is one.
    """
    import choix

    strengths = choix.ilsr_pairwise_dense(wins, alpha=regularisation, max_iter=1000, tol=1e-9)
    return np.asarray(strengths - strengths.mean(), dtype=np.float64)


def strengths_of(
    found: Sequence[Preference], conditions: Sequence[str], *, seed: int = 0
) -> list[Strength]:
    """Return all strengths with intervals, the strongest first.

    Args:
        found: At least one answer.
        conditions: All that were compared.
        seed: Of the resamples.
    """
    by_listener = _wins_by_listener(found, conditions)
    values = bradley_terry(by_listener.sum(axis=0))
    rng = np.random.default_rng(seed)
    drawn = rng.integers(len(by_listener), size=(RESAMPLES, len(by_listener)))
    resampled = np.array([bradley_terry(by_listener[rows].sum(axis=0)) for rows in drawn])
    lows, highs = np.percentile(resampled, [2.5, 97.5], axis=0)
    if len(by_listener) < 2:  # one listener says nothing about others
        lows, highs = np.full((2, len(conditions)), np.nan)
    total = by_listener.sum(axis=0)
    n_votes = total.sum(axis=0) + total.sum(axis=1)
    order = np.argsort(-values, kind="stable")
    return [
        Strength(conditions[i], float(values[i]), float(lows[i]), float(highs[i]), int(n_votes[i]))
        for i in order
    ]


def _wins_by_listener(found: Sequence[Preference], conditions: Sequence[str]) -> Floats:
    """Return who beat whom how often, [listeners, conditions, conditions]."""
    listeners = sorted({one.listener for one in found})
    place = {name: index for index, name in enumerate(conditions)}
    wins = np.zeros((len(listeners), len(conditions), len(conditions)))
    row = {name: index for index, name in enumerate(listeners)}
    for one in found:
        first, second = (place[name] for name in one.pair)
        wins[row[one.listener], first, second] += one.share
        wins[row[one.listener], second, first] += 1.0 - one.share
    return wins
