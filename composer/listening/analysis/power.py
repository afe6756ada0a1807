"""How many listeners a study needs, before anyone is asked.

Votes of one listener resemble each other, so that m of them tell less than m votes of strangers:
their number is divided by the design effect 1 + (m - 1) * rho.

Sources:
    J. Cohen, Statistical Power Analysis for the Behavioral Sciences, 2nd ed. (1988), chapters 5 and
    6: n = (z_alpha/2 + z_power)^2 / h^2, h = 2 asin(sqrt(share)) - 2 asin(sqrt(1/2)).
    L. Kish, Survey Sampling (1965), section 8.2: the design effect.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from composer.errors import OptionError
from composer.listening.blocks import groups_of
from composer.listening.plan import StudyPlan

ALPHA, POWER = 0.05, 0.8
RESEMBLANCE = 0.1  # rho: an assumption, to be replaced by what a pilot study finds
SHARES = (0.55, 0.6, 0.65, 0.7, 0.75, 0.8)


@dataclass(frozen=True, slots=True)
class Need:
    """What it takes to find a preference.

    Args:
        share: Of votes for the better of a pair.
        votes: Independent ones, on that pair.
        listeners: With the votes of one listener taken as resembling each other.
    """

    share: float
    votes: int
    listeners: int


def needed_votes(share: float, *, power: float = POWER, alpha: float = ALPHA) -> int:
    """Return how many independent votes find a share other than one half.

    Beginning at Cohen's approximation, the number grows until the exact power suffices.

    Args:
        share: Above 0, below 1, and not one half.
        power: Probability to find it.
        alpha: Of finding something where there is nothing, two-sided.

    Raises:
        OptionError: If a number is out of its range.
    """
    if not 0 < share < 1 or share == 0.5:
        raise OptionError("`share` must lie between 0 and 1 and not be one half")
    if not 0 < alpha < 1 or not alpha < power < 1:
        raise OptionError("`alpha` and `power` must lie between 0 and 1, power above alpha")
    votes = approximate_votes(share, power=power, alpha=alpha)
    while power_of(votes, share, alpha=alpha) < power:
        votes += 1
    return votes


def approximate_votes(share: float, *, power: float = POWER, alpha: float = ALPHA) -> int:
    """Return Cohen's number of votes, by the normal approximation of arcsines."""
    from scipy.stats import norm

    h = 2 * math.asin(math.sqrt(share)) - math.pi / 2
    return math.ceil(float((norm.isf(alpha / 2) + norm.ppf(power)) / h) ** 2)


def power_of(n_votes: int, share: float, *, alpha: float = ALPHA) -> float:
    """Return the exact power of the binomial test with so many independent votes.

    Args:
        n_votes: Above 0.
        share: Of votes for one of a pair.
        alpha: Two-sided.
    """
    from scipy.stats import binom

    # The least number of hits, and its mirror, that the test calls significant.
    least = int(binom.isf(alpha / 2, n_votes, 0.5)) + 1
    return float(binom.sf(least - 1, n_votes, share) + binom.cdf(n_votes - least, n_votes, share))


def needs_of(plan: StudyPlan, resemblance: float = RESEMBLANCE) -> list[Need]:
    """Return what it takes to find preferences of several sizes in a study of pairs.

    All pairs are tested, so alpha is shared among them, as the first step of Holm's does.

    Args:
        plan: Of any design that compares two.
        resemblance: Correlation between votes of one listener.
    """
    n_pairs = len(groups_of(plan))
    votes_each = plan.items_per_listener / n_pairs
    effect = 1 + max(0.0, votes_each - 1) * resemblance
    needs = []
    for share in SHARES:
        votes = needed_votes(share, alpha=ALPHA / n_pairs)
        needs.append(Need(share, votes, math.ceil(votes * effect / votes_each)))
    return needs
