"""Tests with effect sizes, and what several of them at once mean. Knows numbers, no listeners.

Sources:
    C. J. Clopper and E. S. Pearson, The use of confidence or fiducial limits illustrated in the
    case of the binomial, Biometrika 26 (1934), pp. 404-413: the exact interval of a share.
    J. Cohen, Statistical Power Analysis for the Behavioral Sciences, 2nd ed. (1988), chapter 5: g,
    the distance of a share from one half; .05 small, .15 medium, .25 large.
    F. Wilcoxon, Individual comparisons by ranking methods, Biometrics Bulletin 1 (1945), pp. 80-83.
    M. Hollander, D. A. Wolfe and E. Chicken, Nonparametric Statistical Methods, 3rd ed. (2014),
    section 3.1: the exact distribution of the signed ranks where some are tied.
    R. E. Tarone, A modified Bonferroni method for discrete data, Biometrics 46 (1990), pp. 515-522:
    what cannot become significant however it turns out is no test, and costs the others nothing.
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
import numpy.typing as npt

# With five listeners of one mind p is 2 / 2^5 = 0.0625, with six 0.03125.
LEAST_TO_TEST = 6
MOST_EXACT = 200
_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Test:
    """What a test found.

    Args:
        name: Of the test.
        n: Observations that count; those without a preference are left out.
        statistic: Hits, or the sum of positive ranks.
        p: Two-sided; NaN where there are too few to test.
        effect: Its size, named by `effect_name`: positive where hits exceed chance, or differences
            lie above 0; NaN without observations.
        effect_name: `Cohen's g` or `rank-biserial`.
        low, high: 95 % interval of the share of hits; NaN where there is none.
        n_zero: Observations that were left out because they speak for neither side.
    """

    name: str
    n: int
    statistic: float
    p: float
    effect: float
    effect_name: str
    low: float = math.nan
    high: float = math.nan
    n_zero: int = 0


def binomial_test(hits: int, n: int, chance: float = 0.5) -> Test:
    """Test a share against chance, exactly; votes are taken as independent.

    Args:
        hits: Not more than `n`.
        n: Votes, undecided ones left out.
        chance: Share of hits if nothing but chance decides.
    """
    from scipy.stats import binomtest

    if n == 0:
        return Test("binomial", 0, 0.0, math.nan, math.nan, "Cohen's g")
    found = binomtest(hits, n, chance)
    low, high = found.proportion_ci(method="exact")
    effect = hits / n - chance
    return Test("binomial", n, hits, float(found.pvalue), effect, "Cohen's g", low, high)


def signed_rank(differences: Sequence[float]) -> Test:
    """Test whether differences lie around 0, one difference a listener.

    Zeros are left out. p is exact, with ties too, up to `MOST_EXACT` differences, and a normal
    approximation beyond; fewer than `LEAST_TO_TEST` are not tested, because they could not become
    significant if all had one sign.

    Args:
        differences: Finite numbers.
    """
    from scipy.stats import rankdata, wilcoxon

    name, effect_name = "Wilcoxon signed-rank", "rank-biserial"
    # Means of thirds that are equal on paper differ in their last bits: no tie, no zero would hold.
    given = np.round(np.asarray(differences, dtype=np.float64), _DIGITS)
    found = given[given != 0.0]
    n, n_zero = len(found), int(len(given) - len(found))
    if not n:
        return Test(name, 0, 0.0, math.nan, math.nan, effect_name, n_zero=n_zero)
    ranks = rankdata(np.abs(found))
    positive, total = float(ranks[found > 0].sum()), float(ranks.sum())
    if n < LEAST_TO_TEST:
        p = math.nan
    elif n <= MOST_EXACT:
        p = _exact_p(ranks, positive)
    else:
        p = float(wilcoxon(found, method="asymptotic").pvalue)
    effect = (2 * positive - total) / total
    return Test(name, n, positive, p, effect, effect_name, n_zero=n_zero)


def _exact_p(ranks: npt.NDArray[np.float64], positive: float) -> float:
    """Return how likely the positive ranks sum to a value as far from the middle, signs at random.

    Args:
        ranks: Of the sizes of all differences; those of ties are halves.
        positive: Sum of the ranks of positive differences.
    """
    doubled = np.rint(2 * ranks).astype(np.int64)  # whole numbers
    chances = np.zeros(int(doubled.sum()) + 1)  # of every sum of positive ranks
    chances[0] = 1.0
    for rank in doubled.tolist():
        chances[rank:] = (chances[rank:] + chances[:-rank]) / 2
        chances[:rank] /= 2
    sums = np.arange(len(chances))
    middle = (len(chances) - 1) / 2
    is_as_far = np.abs(sums - middle) >= abs(2 * positive - middle) - 0.25
    return min(1.0, float(chances[is_as_far].sum()))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values corrected for being several, in the same order; NaN is no test and stays."""
    from statsmodels.stats.multitest import multipletests

    tested = [p for p in p_values if not math.isnan(p)]
    if not tested:
        return list(p_values)
    corrected = iter(multipletests(tested, method="holm")[1])
    return [p if math.isnan(p) else float(next(corrected)) for p in p_values]
