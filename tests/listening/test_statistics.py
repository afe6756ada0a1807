"""Every statistic of a report beside a calculation of another kind, on votes of known direction."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations, product

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import PermutationMethod, beta, binomtest, norm, wilcoxon

from composer.listening.analysis import ranking, significance
from composer.listening.analysis.agreement import krippendorff_alpha
from composer.listening.analysis.answers import Preference, Rating
from composer.listening.analysis.mixed import mixed_model
from composer.listening.analysis.power import needs_of, power_of
from composer.listening.analysis.ranking import bradley_terry, strengths_of
from composer.listening.analysis.report import _compare, _mean_of
from composer.listening.analysis.significance import (
    LEAST_TO_TEST,
    MOST_EXACT,
    binomial_test,
    holm,
    signed_rank,
)
from tests.listening.studies import make_plan


def p_by_counting(differences: Sequence[float]) -> float:
    """Give the sizes of differences all signs in turn; count sums as far from the middle."""
    sizes = [Fraction(one).limit_denominator(1000) for one in differences if one]
    order = sorted(abs(one) for one in sizes)
    ranks = [Fraction(2 * order.index(abs(one)) + order.count(abs(one)) + 1, 2) for one in sizes]
    middle = sum(ranks) / 2
    seen = sum(rank for rank, one in zip(ranks, sizes, strict=True) if one > 0)
    sums = [sum(r for r, sign in zip(ranks, signs, strict=True) if sign)
            for signs in product((0, 1), repeat=len(ranks))]  # fmt: skip
    return sum(abs(one - middle) >= abs(seen - middle) for one in sums) / len(sums)


SHARES = (0.5, 0.25, 0.5, -0.25, 0.0, 0.5, 0.25, 0.125, -0.125)


@pytest.mark.parametrize(
    "differences",
    [SHARES, tuple(-one for one in SHARES), (0.5,) * 6, (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, -7.0)],
)
def test_p_of_signed_ranks_is_that_of_counting_all_signs(differences: tuple[float, ...]) -> None:
    found = signed_rank(differences)
    assert found.p == pytest.approx(p_by_counting(differences))
    kept = [one for one in differences if one]
    exact = wilcoxon(kept, method=PermutationMethod(n_resamples=np.inf))
    assert found.p == pytest.approx(float(exact.pvalue))
    assert found.n == len(kept) and found.n_zero == len(differences) - len(kept)


def test_without_ties_p_is_that_of_scipy_and_many_differences_approach_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(2)
    for n in (6, 20, 50):
        differences = rng.normal(0.3, 1, n)
        exact = float(wilcoxon(differences, method="exact").pvalue)
        assert signed_rank(differences.tolist()).p == pytest.approx(exact)
    many = rng.normal(0.1, 1, MOST_EXACT + 1).tolist()
    approximate = signed_rank(many).p
    monkeypatch.setattr(significance, "MOST_EXACT", len(many))
    assert approximate != signed_rank(many).p == pytest.approx(approximate, abs=0.002)


def test_four_listeners_of_one_mind_are_not_called_significant() -> None:
    """The normal approximation gave p = 0.046, where no outcome has less than 1 / 8."""
    assert p_by_counting([0.5] * 4) == 0.125
    assert math.isnan(signed_rank([0.5] * 4).p) and signed_rank([0.5] * 4).effect == 1.0


@pytest.mark.parametrize("n", range(LEAST_TO_TEST))
def test_too_few_have_no_p(n: int) -> None:
    found = signed_rank([0.5] * n + [0.0] * 3)
    assert math.isnan(found.p) and (found.n, found.n_zero) == (n, 3)
    assert 2 / 2**n > 0.05


def test_six_of_one_mind_are_enough() -> None:
    assert signed_rank([0.5] * LEAST_TO_TEST).p == 2 / 2**LEAST_TO_TEST < 0.05


def test_equal_means_are_ties_and_zeros_whatever_their_last_bits() -> None:
    third = [10 / 3 - 3, 13 / 3 - 4, 16 / 3 - 5, 0.1 + 0.2 - 0.3]
    assert len(set(third)) == 3 and 0.0 not in third
    found = signed_rank([*third, *third[:3]])
    assert (found.n, found.n_zero, found.effect, found.p) == (6, 1, 1.0, 2 / 64)


@pytest.mark.parametrize("sign", [1, -1])
def test_the_effect_has_the_sign_of_the_differences(sign: int) -> None:
    """Kerby (2014): the share of ranks in favour, less the share against; by hand."""
    found = signed_rank([sign * one for one in (1.0, 2.0, 3.0, 4.0, -5.0, 6.0)])
    assert found.effect == pytest.approx(sign * (16 - 5) / 21)
    assert signed_rank([sign * 0.5] * 7).effect == sign


@pytest.mark.parametrize(("hits", "n"), [(0, 8), (3, 10), (9, 10), (14, 20), (20, 20)])
def test_the_binomial_test_is_the_sum_of_its_terms(hits: int, n: int) -> None:
    terms = [math.comb(n, k) / 2**n for k in range(n + 1)]
    found = binomial_test(hits, n)
    assert found.p == pytest.approx(sum(term for term in terms if term <= terms[hits] + 1e-12))
    low = 0.0 if hits == 0 else beta.ppf(0.025, hits, n - hits + 1)
    high = 1.0 if hits == n else beta.ppf(0.975, hits + 1, n - hits)
    assert (found.low, found.high) == pytest.approx((low, high))
    assert found.effect == pytest.approx(hits / n - 0.5)
    assert binomial_test(n - hits, n).effect == pytest.approx(-found.effect)


def test_holm_by_hand_and_what_cannot_be_tested_costs_the_others_nothing() -> None:
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    found = holm([0.04, math.nan, 0.01, math.nan, 0.03])
    assert [found[0], found[2], found[4]] == pytest.approx([0.06, 0.03, 0.06])
    assert math.isnan(found[1]) and math.isnan(found[3])
    assert math.isnan(holm([math.nan])[0])


# --- Strengths ------------------------------------------------------------------------------------


def test_two_conditions_lie_as_far_apart_as_the_logarithm_of_their_odds() -> None:
    strengths = bradley_terry(np.array([[0, 30], [10, 0]], float), regularisation=0.0)
    assert strengths == pytest.approx([math.log(3) / 2, -math.log(3) / 2])


def test_strengths_are_the_maximum_of_the_likelihood_of_simulated_votes() -> None:
    truth = np.array([0.8, 0.0, -0.3, -0.5])
    rng = np.random.default_rng(5)
    wins = np.zeros((4, 4))
    for i, j in combinations(range(4), 2):
        won = rng.binomial(400, 1 / (1 + math.exp(truth[j] - truth[i])))
        wins[i, j], wins[j, i] = won, 400 - won

    def loss(free: np.ndarray) -> float:
        s = np.append(free, 0.0)
        return float((wins * np.logaddexp(0, s[None, :] - s[:, None])).sum())

    best = np.append(minimize(loss, np.zeros(3), tol=1e-12).x, 0.0)
    found = bradley_terry(wins, regularisation=0.0)
    assert found == pytest.approx(best - best.mean(), abs=1e-4)
    assert found == pytest.approx(truth, abs=0.15)


def votes_of(n_listeners: int, chance: float, seed: int = 0) -> list[Preference]:
    """Draw ten votes a listener on one pair, `worse` before `zbetter` in the alphabet."""
    rng = np.random.default_rng(seed)
    return [
        Preference(f"l{who}", f"p{k}", ("worse", "zbetter"), float(rng.random() > chance), 0)
        for who in range(n_listeners)
        for k in range(10)
    ]


def test_intervals_of_strengths_are_those_of_the_normal_approximation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """log(odds) has the standard error sqrt(1 / wins + 1 / losses); strengths are half of it."""
    monkeypatch.setattr(ranking, "RESAMPLES", 400)
    found = votes_of(60, 0.7)
    best, _ = strengths_of(found, ["worse", "zbetter"])
    wins = sum(one.share == 0.0 for one in found)
    error = math.sqrt(1 / wins + 1 / (600 - wins)) / 2
    assert best.condition == "zbetter" and best.n_votes == 600
    assert best.value == pytest.approx(math.log(wins / (600 - wins)) / 2, abs=0.01)
    assert (best.high - best.low) / (2 * 1.96 * error) == pytest.approx(1, abs=0.2)


def test_one_listener_has_strengths_and_no_interval() -> None:
    best, _ = strengths_of(votes_of(1, 0.9), ["worse", "zbetter"])
    assert best.condition == "zbetter" and math.isnan(best.low) and math.isnan(best.high)


# --- Ratings --------------------------------------------------------------------------------------


def ratings_of(n_listeners: int, step: float, seed: int = 3) -> list[Rating]:
    """Draw ratings: `better` lies `step` above `worse`, listeners and prompts have levels."""
    rng = np.random.default_rng(seed)
    return [
        Rating(f"l{who}", f"p{prompt}", name, "quality", 50 + level + add + rng.normal(0, 3))
        for who, level in enumerate(rng.normal(0, 10, n_listeners))
        for prompt in range(4)
        for name, add in (("worse", 0.0), ("better", step))
    ]


def table_of(rows: Sequence[Rating]) -> dict[str, np.ndarray]:
    """Return each condition's ratings [listeners, prompts]."""
    return {
        name: np.array([one.value for one in rows if one.condition == name]).reshape(-1, 4)
        for name in ("worse", "better")
    }


@pytest.mark.parametrize("step", [6.0, -6.0])
def test_a_comparison_is_the_first_less_the_second(step: float) -> None:
    rows = ratings_of(9, step)
    table = table_of(rows)
    found = _compare(("better", "worse"), rows)
    own = table["better"].mean(axis=1) - table["worse"].mean(axis=1)
    assert found["difference"] == pytest.approx(own.mean())
    assert math.copysign(1, found["difference"]) == math.copysign(1, step)
    assert found["by_listener"]["effect"] == pytest.approx(math.copysign(1, step))
    assert found["by_listener"]["p"] == pytest.approx(p_by_counting(own.tolist()))


def test_a_mean_has_the_interval_of_its_standard_error() -> None:
    rows = ratings_of(40, 6.0)
    own = table_of(rows)["better"].mean(axis=1)
    error = own.std(ddof=1) / math.sqrt(len(own))
    found = _mean_of("better", rows, seed=0)
    assert found["mean"] == pytest.approx(own.mean())
    expected = own.mean() + norm.ppf(0.025) * error, own.mean() + norm.ppf(0.975) * error
    assert (found["low"], found["high"]) == pytest.approx(expected, abs=0.2 * error)
    alone = _mean_of("better", rows[:8], seed=0)
    assert math.isfinite(alone["mean"]) and math.isnan(alone["low"])


@pytest.mark.parametrize("step", [6.0, -6.0])
def test_the_mixed_model_of_a_balanced_study_is_the_difference_of_means(step: float) -> None:
    """Its error is then sqrt(2 s^2 / n), s^2 what analysis of variance leaves to single answers."""
    rows = ratings_of(12, step)
    table = table_of(rows)
    model = mixed_model(rows, "worse")
    assert model is not None and model.is_converged
    (effect,) = model.effects
    assert effect.condition == "better"
    assert effect.estimate == pytest.approx(table["better"].mean() - table["worse"].mean())
    cells = np.stack([table["worse"], table["better"]])  # [conditions, listeners, prompts]
    grand = cells.mean()
    rest = cells - grand
    for axes in ((1, 2), (0, 2), (0, 1)):
        rest = rest - (cells.mean(axis=axes, keepdims=True) - grand)
    variance = (rest**2).sum() / (cells.size - 1 - 1 - 11 - 3)
    assert model.residual_sd == pytest.approx(math.sqrt(variance), rel=1e-3)
    error = math.sqrt(2 * variance / 48)
    assert effect.error == pytest.approx(error, rel=1e-3)
    assert effect.p == pytest.approx(2 * norm.sf(abs(effect.estimate) / error), abs=1e-6)
    ends = effect.estimate - 1.96 * error, effect.estimate + 1.96 * error
    assert (effect.low, effect.high) == pytest.approx(ends, rel=1e-3)


# --- Agreement and power --------------------------------------------------------------------------


@pytest.mark.parametrize("level", ["nominal", "interval"])
def test_alpha_is_one_less_observed_over_expected_disagreement(level: str) -> None:
    rng = np.random.default_rng(4)
    table = np.clip(rng.integers(0, 5, 30)[None, :] + rng.integers(-1, 2, (4, 30)), 0, 5)
    rows = [(f"l{who}", unit, float(table[who, unit])) for who in range(4) for unit in range(30)]

    def apart(a: float, b: float) -> float:
        return float(a != b) if level == "nominal" else (a - b) ** 2

    within = [apart(a, b) for unit in table.T for i, a in enumerate(unit)
              for j, b in enumerate(unit) if i != j]  # fmt: skip
    everyone = table.ravel().tolist()
    overall = [apart(a, b) for i, a in enumerate(everyone)
               for j, b in enumerate(everyone) if i != j]  # fmt: skip
    expected = 1 - float(np.mean(within)) / float(np.mean(overall))
    assert krippendorff_alpha(rows, level) == pytest.approx(expected)  # type: ignore[arg-type]
    assert expected > 0


@pytest.mark.parametrize(("n", "share"), [(20, 0.7), (61, 0.65), (100, 0.4)])
def test_power_is_the_chance_of_what_the_test_calls_significant(n: int, share: float) -> None:
    chances = [math.comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(n + 1)]
    called = [binomtest(k, n).pvalue <= 0.05 for k in range(n + 1)]
    assert power_of(n, share) == pytest.approx(float(np.dot(chances, called)))


def test_resembling_votes_of_a_listener_count_for_less() -> None:
    """Two votes a pair of each listener, correlated by 0.1, tell as much as 2 / 1.1 votes."""
    for need in needs_of(make_plan(items_per_listener=6)):
        assert need.listeners == math.ceil(need.votes * 1.1 / 2)
