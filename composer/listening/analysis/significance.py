"""Tests with effect sizes, and what several of them at once mean. Knows numbers, no listeners.

Sources:
    C. J. Clopper and E. S. Pearson, The use of confidence or fiducial limits illustrated in the
    case of the binomial, Biometrika 26 (1934), pp. 404-413: the exact interval of a share.
    J. Cohen, Statistical Power Analysis for the Behavioral Sciences, 2nd ed. (1988), chapter 5: g,
    the distance of a share from one half; .05 small, .15 medium, .25 large.
    F. Wilcoxon, Individual comparisons by ranking methods, Biometrics Bulletin 1 (1945), pp. 80-83.
    D. S. Kerby, The simple difference formula, Comprehensive Psychology 3 (2014), article 1: the
    rank-biserial correlation, the share of ranks in favour less the share against.
    S. Holm, A simple sequentially rejective multiple test procedure, Scandinavian Journal of
    Statistics 6 (1979), pp. 65-70.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Test:
    """What a test found.

    Args:
        name: Of the test.
        n: Observations that count; ties are left out.
        statistic: Hits, or the sum of positive ranks.
        p: Two-sided.
        effect: Its size, named by `effect_name`; NaN without observations.
        effect_name: `Cohen's g` or `rank-biserial`.
        low, high: 95 % interval of the share of hits; NaN where there is none.
    """

    name: str
    n: int
    statistic: float
    p: float
    effect: float
    effect_name: str
    low: float = math.nan
    high: float = math.nan


def binomial_test(hits: int, n: int, chance: float = 0.5) -> Test:
    """Test a share against chance, exactly; votes are taken as independent.

    Args:
        hits: Not more than `n`.
        n: Votes, undecided ones left out.
        chance: Share of hits if nothing but chance decides.
    """
    from scipy.stats import binomtest

    if n == 0:
        return Test("binomial", 0, 0.0, 1.0, math.nan, "Cohen's g")
    found = binomtest(hits, n, chance)
    low, high = found.proportion_ci(method="exact")
    effect = hits / n - chance
    return Test("binomial", n, hits, float(found.pvalue), effect, "Cohen's g", low, high)


def signed_rank(differences: Sequence[float]) -> Test:
    """Test whether differences lie around 0, one difference a listener.

    Zeros are left out. Without ties among few differences p is exact, else a normal approximation.

    Args:
        differences: Finite numbers.
    """
    from scipy.stats import rankdata, wilcoxon

    found = np.asarray([value for value in differences if value != 0.0])
    if not len(found):
        return Test("Wilcoxon signed-rank", 0, 0.0, 1.0, math.nan, "rank-biserial")
    ranks = rankdata(np.abs(found))
    positive = float(ranks[found > 0].sum())
    has_ties = len(np.unique(ranks)) < len(ranks)
    method = "exact" if len(found) <= 50 and not has_ties else "approx"
    p = float(wilcoxon(found, method=method).pvalue)
    effect = (2 * positive - ranks.sum()) / ranks.sum()
    return Test("Wilcoxon signed-rank", len(found), positive, p, float(effect), "rank-biserial")


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values corrected for being several, in the same order."""
    from statsmodels.stats.multitest import multipletests

    if not p_values:
        return []
    return [float(p) for p in multipletests(p_values, method="holm")[1]]
