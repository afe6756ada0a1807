"""How well do the scores tell real pieces from others, and what should each rule weigh?

Pieces reach this file as rows of penalties, one column a rule (see `scoring.card`). A row knows the
real piece it was made from, because what was made from one piece is no independent trial: folds
and resampling keep such rows together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit

from composer.evaluation.intervals import LEVEL_PERCENT, NOTHING, Floats, Interval, bootstrap
from composer.evaluation.two_sample import auc
from composer.scoring.weights import LEVELS

# How hard the weights may be pulled to the rules' own ones.
STRENGTHS = (0.003, 0.01, 0.03, 0.1)
N_FOLDS = 5
N_RESAMPLES = 400
REAL = "real"
# Single draws, and those of them that a judge puts first among the candidates of their request.
RAW, WINNER = "raw", "winner"
# How often winners are picked anew while weights are fitted. What a judge is fooled by wins, so
# that winners of other weights say little about it.
N_ROUNDS = 4
# Of a rule's own weight, to scale, that nothing takes away. Draws are led to keep some rules of the
# craft (parallels), and what all candidates keep cannot show what it is worth.
LEAST_SHARE = 0.5
# A root has no slope at 0.
_TINY = 1e-6
Bools = npt.NDArray[np.bool_]
Strings = npt.NDArray[np.str_]


@dataclass(frozen=True)
class Rows:
    """Pieces as penalties.

    Args:
        penalties: [N, R], a column a rule.
        kinds: `real`, or what else a row is, [N].
        bases: The real piece that a row was made from, [N].
    """

    penalties: Floats
    kinds: Strings
    bases: Strings

    def only(self, chosen: Bools) -> Rows:
        """Return some of the rows."""
        return Rows(self.penalties[chosen], self.kinds[chosen], self.bases[chosen])

    @property
    def is_real(self) -> Bools:
        """Which rows are real pieces, [N]."""
        return np.asarray(self.kinds == REAL)


@dataclass(frozen=True)
class Fit:
    """A logistic regression on costs: log-odds of not being real = cost - offset.

    Args:
        weights: Of the penalties in the cost, at least `LEAST_SHARE` of the scaled prior, [R].
        offset: Of a piece without penalties, in log-odds of being real.
        scale: What a prior weight of 1 became before single weights could differ from it.
        strength: How hard the weights were pulled to the prior.
    """

    weights: Floats
    offset: float
    scale: float
    strength: float


def fit_weights(rows: Rows, prior: Floats, shares: dict[str, float], strength: float) -> Fit:
    """Fit weights by maximum likelihood with a pull to the prior.

        loss = mean cross-entropy + strength * mean over rules of ((w - s * prior) / (s * prior))^2

    where s is the best common scale, and the log-odds are those of `Fit`: costs are joined as in
    `scoring`, not summed. Real pieces count as much as all others together.

    Args:
        rows: To learn from.
        prior: The rules' own weights, above 0, [R].
        shares: Kind -> its share among what is not real; kinds without one do not count.
        strength: Of the pull; 0 leaves the weights to the pieces alone, above the least.

    Source:
        A. E. Hoerl and R. W. Kennard, Ridge Regression: Biased Estimation for Nonorthogonal
        Problems, Technometrics 12 (1970), pp. 55-67; shrunk to a prior mean instead of 0.
    """
    counts = _importance(rows, shares)
    signs = np.where(rows.is_real, -1.0, 1.0)
    common = joined_costs(rows.penalties, prior)
    start = np.ones(1), 0.0
    scale, offset = _minimise(common[:, None], signs, counts, start, least=1e-3)
    start = scale * prior, offset
    weights, offset = _minimise(
        rows.penalties, signs, counts, start, least=LEAST_SHARE, strength=strength
    )
    return Fit(weights, offset, float(scale[0]), strength)


def _importance(rows: Rows, shares: dict[str, float]) -> Floats:
    """Return how much each row counts; they sum to 1, those of the real ones to a half."""
    counts = np.zeros(len(rows.kinds))
    present = {kind: share for kind, share in shares.items() if (rows.kinds == kind).any()}
    total = sum(present.values())
    for kind, share in {**present, REAL: total}.items():
        chosen = rows.kinds == kind
        counts[chosen] = share / total / chosen.sum() / 2
    return counts


def _minimise(
    penalties: Floats,
    signs: Floats,
    counts: Floats,
    start: tuple[Floats, float],
    *,
    least: float,
    strength: float = 0.0,
) -> tuple[Floats, float]:
    """Return weights and the offset of the least loss, from `start` on.

    Weights are pulled to those of the start and stay above the share `least` of them.
    """
    centre = start[0]
    squares = penalties**2

    def loss(values: Floats) -> tuple[float, Floats]:
        weights, offset = values[:-1], values[-1]
        costs = np.sqrt(squares @ weights**2 + _TINY)
        margins = signs * (costs - offset)
        pull = (weights - centre) / centre
        value = counts @ np.logaddexp(0.0, -margins) + strength * (pull**2).mean()
        slopes = -counts * signs * expit(-margins)
        of_weights = (slopes / costs) @ squares * weights
        of_weights += 2 * strength * pull / centre / len(centre)
        return float(value), np.append(of_weights, -slopes.sum())

    bounds = [(least * weight, None) for weight in centre] + [(None, None)]
    found = minimize(loss, np.append(*start), jac=True, method="L-BFGS-B", bounds=bounds)
    return np.asarray(found.x[:-1]), float(found.x[-1])


def joined_costs(penalties: Floats, weights: Floats) -> Floats:
    """Return what every row costs as `scoring` joins penalties, [N]."""
    return np.asarray(np.sqrt(((penalties * weights) ** 2).sum(axis=1)))


def choose_strength(rows: Rows, prior: Floats, shares: dict[str, float]) -> float:
    """Return the hardest pull that is not clearly worse than the best.

    Judged by rows of pieces left out of the fit; a pull is not clearly worse if its mean over the
    folds lies within a standard error of the best mean. The model knows the pieces of the fit and
    doubts them less than others, so that weights fitted closely to them fit strangers worse.

    Source:
        The rule of one standard error: L. Breiman, J. Friedman, R. Olshen and C. Stone,
        Classification and Regression Trees (1984), section 3.4.3, pp. 78-80.
    """
    found = np.empty((len(STRENGTHS), N_FOLDS))
    for k, fold in enumerate(_folds(rows.bases)):
        left_out = rows.only(fold)
        for i, strength in enumerate(STRENGTHS):
            weights = fit_weights(rows.only(~fold), prior, shares, strength).weights
            found[i, k] = _mean_auc(left_out, joined_costs(left_out.penalties, weights), shares)
    judged = found[:, np.isfinite(found).all(axis=0)]
    if judged.shape[1] < 2:
        return STRENGTHS[-1]
    means = judged.mean(axis=1)
    error = judged[means.argmax()].std(ddof=1) / np.sqrt(judged.shape[1])
    return max(s for s, mean in zip(STRENGTHS, means, strict=True) if mean >= means.max() - error)


def _folds(bases: Strings) -> Iterator[Bools]:
    """Yield which rows to leave out; those of one base together."""
    order = np.random.default_rng(0).permutation(np.unique(bases))
    for k in range(N_FOLDS):
        yield np.isin(bases, order[k::N_FOLDS])


def _mean_auc(rows: Rows, costs: Floats, shares: dict[str, float]) -> float:
    real = costs[rows.is_real]
    found = {kind: costs[rows.kinds == kind] for kind in shares}
    present = {kind: other for kind, other in found.items() if len(other) and len(real)}
    if not present:
        return float("nan")
    weights = [shares[kind] for kind in present]
    return float(np.average([auc(real, other) for other in present.values()], weights=weights))


def winners_of(rows: Rows, weights: Floats) -> Rows:
    """Return the cheapest of the draws made for every real piece, as rows of the kind `WINNER`."""
    draws = rows.only(rows.kinds == RAW)
    order = np.lexsort((joined_costs(draws.penalties, weights), draws.bases))
    _, firsts = np.unique(draws.bases[order], return_index=True)
    chosen = order[firsts]
    kinds = np.full(len(chosen), WINNER)
    return Rows(draws.penalties[chosen], kinds, draws.bases[chosen])


def joined_rows(*parts: Rows) -> Rows:
    """Return rows below each other."""
    penalties = np.concatenate([part.penalties for part in parts])
    kinds = np.concatenate([part.kinds for part in parts])
    return Rows(penalties, kinds, np.concatenate([part.bases for part in parts]))


def learn(rows: Rows, prior: Floats, shares: dict[str, float]) -> Fit:
    """Fit weights under the pull that cross-validation prefers, also against their own winners.

    In every round the winners under the weights of the round before are added; those of earlier
    rounds stay, so that the weights do not go round in a circle.

    Source:
        P. F. Felzenszwalb, R. B. Girshick, D. McAllester and D. Ramanan, Object Detection with
        Discriminatively Trained Part-Based Models, IEEE Transactions on Pattern Analysis and
        Machine Intelligence 32 (2010), pp. 1627-1645, on mining what a classifier gets wrong.
    """
    strength = choose_strength(rows, prior, shares)
    fit = fit_weights(rows, prior, shares, strength)
    for _ in range(N_ROUNDS):
        rows = joined_rows(rows, winners_of(rows, fit.weights))
        fit = fit_weights(rows, prior, shares, strength)
    return fit


def learn_from_some(
    rows: Rows, prior: Floats, shares: dict[str, float], columns: Sequence[int], strength: float
) -> Floats:
    """Return weights of all rules, [R], learned as if there were only some of them."""
    columns = list(columns)
    some = replace(rows, penalties=rows.penalties[:, columns])
    weights = np.zeros_like(prior)
    weights[columns] = fit_weights(some, prior[columns], shares, strength).weights
    return weights


def contrast(rows: Rows, costs: Floats, kind: str, *, seed: int = 0) -> Interval:
    """Return the chance that a row of a kind costs more than a real piece; ties count half.

    The interval draws real pieces anew, each with all that was made from it.

    Args:
        rows: Of pieces that no weight was learned from.
        costs: Of every row, [N].
        kind: What real pieces are held against.
        seed: Of the resampling.
    """
    real, other = rows.is_real, rows.kinds == kind
    if not real.any() or not other.any():
        return NOTHING
    bases, codes = np.unique(rows.bases[real | other], return_inverse=True)
    at = np.zeros(len(rows.bases), dtype=np.int64)
    at[real | other] = codes
    gaps = costs[other][None, :] - costs[real][:, None]
    wins = np.zeros((len(bases), len(bases)))  # of others made from one piece over another piece
    np.add.at(wins, (at[real][:, None], at[other][None, :]), (np.sign(gaps) + 1) / 2)
    n_real = np.bincount(at[real], minlength=len(bases))
    n_other = np.bincount(at[other], minlength=len(bases))
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(len(bases), np.full(len(bases), 1 / len(bases)), size=N_RESAMPLES)
    pairs = (drawn @ n_real) * (drawn @ n_other)
    resampled = ((drawn @ wins) * drawn).sum(axis=1)[pairs > 0] / pairs[pairs > 0]
    low, high = np.percentile(resampled, LEVEL_PERCENT).tolist()
    return Interval(float(wins.sum() / (real.sum() * other.sum())), low, high, int(other.sum()))


def side_by_side(rows: Rows, costs: Floats, kind: str) -> Interval:
    """Return the share of pieces that cost more than the real one they were made from.

    A row that costs the same counts half. Unlike in a contrast, what real pieces differ in among
    themselves plays no part.
    """
    real = {base: costs[k] for k, base in enumerate(rows.bases) if rows.kinds[k] == REAL}
    made = np.flatnonzero(rows.kinds == kind)
    gaps = [costs[k] - real[rows.bases[k]] for k in made if rows.bases[k] in real]
    return bootstrap((np.sign(gaps) + 1) / 2)


def levels_of_costs(costs: Floats) -> list[float]:
    """Return the costs of pieces at `LEVELS`, for the scale from 0 to 100."""
    return [round(float(cost), 5) for cost in np.quantile(costs, LEVELS)]
