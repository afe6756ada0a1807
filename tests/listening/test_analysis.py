"""Every statistic beside a published example that anyone can look up."""

from __future__ import annotations

import math

import numpy as np
import pytest

from composer.errors import OptionError
from composer.listening.analysis.agreement import krippendorff_alpha
from composer.listening.analysis.answers import Preference, Rating
from composer.listening.analysis.mixed import fit_mixed, mixed_model
from composer.listening.analysis.power import approximate_votes, needed_votes, power_of
from composer.listening.analysis.ranking import bradley_terry, strengths_of
from composer.listening.analysis.significance import binomial_test, holm, signed_rank


def test_the_binomial_test_finds_what_conover_found() -> None:
    """W. J. Conover, Practical Nonparametric Statistics (1971), p. 97: 682 of 925 against 3/4.

    The p-value and the interval of Clopper and Pearson are those of R's `binom.test`.
    """
    found = binomial_test(682, 925, 0.75)
    assert found.p == pytest.approx(0.3825, abs=5e-5)
    assert (found.low, found.high) == pytest.approx((0.7076683, 0.7654066), abs=1e-7)


def test_the_signed_ranks_of_hollander_and_wolfe() -> None:
    """M. Hollander and D. A. Wolfe, Nonparametric Statistical Methods (1973), pp. 29: V = 40."""
    first = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30]
    second = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29]
    found = signed_rank([a - b for a, b in zip(first, second, strict=True)])
    assert (found.statistic, found.n) == (40, 9)
    assert found.p == pytest.approx(2 * 0.01953, abs=1e-5)
    assert found.effect == pytest.approx((40 - 5) / 45)


def test_holms_correction_as_abdi_works_it_out() -> None:
    """H. Abdi, Holm's sequential Bonferroni procedure, in Salkind (ed.), Encyclopedia of Research
    Design (2010), table 1."""
    assert holm([0.0161, 0.00004, 0.6123]) == pytest.approx([0.0322, 0.00012, 0.6123])
    assert holm([]) == []


def test_nothing_to_test_is_no_error_and_no_p() -> None:
    for found in (binomial_test(0, 0), signed_rank([0.0, 0.0]), signed_rank([])):
        assert math.isnan(found.p) and math.isnan(found.effect) and found.n == 0


# Wins of the row over the column: Milwaukee, Detroit, Toronto, New York, Boston, Cleveland,
# Baltimore in the American League East of 1987.
BASEBALL = np.array(
    [
        [0, 7, 9, 7, 7, 9, 11],
        [6, 0, 7, 5, 11, 9, 9],
        [4, 6, 0, 7, 7, 8, 12],
        [6, 8, 6, 0, 6, 7, 10],
        [6, 2, 6, 7, 0, 7, 12],
        [4, 4, 5, 6, 6, 0, 6],
        [2, 4, 1, 3, 1, 7, 0],
    ],
    float,
)


def test_bradley_terry_ranks_the_baseball_of_agresti() -> None:
    """A. Agresti, Categorical Data Analysis, 2nd ed. (2002), section 10.6, table 10.10."""
    strengths = bradley_terry(BASEBALL, regularisation=0.0)
    expected = [1.581, 1.436, 1.294, 1.248, 1.108, 0.684, 0.0]
    assert strengths - strengths[-1] == pytest.approx(expected, abs=1e-3)
    assert strengths.mean() == pytest.approx(0)


def test_intervals_of_strengths_hold_the_values_and_shrink_with_more_listeners() -> None:
    widths = []
    for n_listeners in (8, 64):
        found = [
            Preference(f"l{n}", "p", ("a", "b"), float((n + k) % 4 != 0), 0)
            for n in range(n_listeners)
            for k in range(3)
        ]
        first, second = strengths_of(found, ["a", "b"])
        assert (first.condition, second.condition) == ("a", "b")
        assert first.low <= first.value <= first.high
        assert first.value == pytest.approx(-second.value)
        widths.append(first.high - first.low)
    assert widths[1] < widths[0]


# Four observers, twelve units; a point is no answer.
OBSERVERS = (
    "1 2 3 3 2 1 4 1 2 . . .", "1 2 3 3 2 2 4 1 2 5 . 3",
    ". 3 3 3 2 3 4 2 2 5 1 .", "1 2 3 3 2 4 4 1 2 5 1 .",
)  # fmt: skip


@pytest.mark.parametrize(
    ("level", "alpha"),
    [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849), ("ratio", 0.797)],
)
def test_alpha_is_that_of_krippendorffs_own_example(level: str, alpha: float) -> None:
    """K. Krippendorff, Computing Krippendorff's alpha-reliability (2011), section C and D."""
    rows = [
        (str(who), unit, float(value))
        for who, line in enumerate(OBSERVERS)
        for unit, value in enumerate(line.split())
        if value != "."
    ]
    assert krippendorff_alpha(rows, level) == pytest.approx(alpha, abs=5e-4)


def test_alpha_is_open_where_all_say_the_same_or_nobody_meets() -> None:
    assert math.isnan(krippendorff_alpha([("x", 1, 1.0), ("y", 1, 1.0)], "nominal"))
    assert math.isnan(krippendorff_alpha([("x", 1, 1.0), ("y", 2, 2.0)], "nominal"))


BOYS = """26 25 29 31/21.5 22.5 23 26.5/23 22.5 24 27.5/25.5 27.5 26.5 27/20 23.5 22.5 26/
24.5 25.5 27 28.5/22 22 24.5 26.5/24 21.5 24.5 25.5/23 20.5 31 26/27.5 28 31 31.5/23 23 23.5 25/
21.5 23.5 24 28/17 24.5 26 29.5/22.5 25.5 25.5 26/23 24.5 26 30/22 21.5 23.5 25"""
GIRLS = """21 20 21.5 23/21 21.5 24 25.5/20.5 24 24.5 26/23.5 24.5 25 26.5/21.5 23 22.5 23.5/
20 21 21 22.5/21.5 22.5 23 25/23 23 23.5 24/20 21 22 21.5/16.5 19 19 19.5/24.5 25 28 28"""


def test_the_mixed_model_fits_the_teeth_of_pinheiro_and_bates() -> None:
    """R. F. Potthoff and S. N. Roy, Biometrika 51 (1964), pp. 313-326: distances in growing jaws;
    the fit by J. C. Pinheiro and D. M. Bates, Mixed-Effects Models in S and S-PLUS (2000), 4.1."""
    rows = [
        (float(value), age, is_girl, f"{is_girl}-{who}")
        for is_girl, lines in enumerate((BOYS, GIRLS))
        for who, line in enumerate(lines.split("/"))
        for age, value in zip((8, 10, 12, 14), line.split(), strict=True)
    ]
    columns = dict(zip(("distance", "age", "girl", "who"), zip(*rows, strict=True), strict=True))
    fit = fit_mixed(columns, "distance ~ age + girl", "who")
    assert fit.params[["Intercept", "age", "girl"]].tolist() == pytest.approx(
        [17.70671, 0.66019, -2.32102], abs=1e-5
    )
    scatter = (float(fit.cov_re.iloc[0, 0]) ** 0.5, float(fit.scale) ** 0.5)
    assert scatter == pytest.approx((1.80743, 1.43159), abs=1e-4)


def test_the_mixed_model_finds_a_difference_that_was_put_in() -> None:
    rng = np.random.default_rng(1)
    found = [
        Rating(f"l{who}", f"p{prompt}", name, "quality", 50 + level + step + rng.normal(0, 3))
        for who, level in enumerate(rng.normal(0, 10, 12))
        for prompt in range(3)
        for name, step in (("it's", 0.0), ("other", 8.0))
    ]
    model = mixed_model(found, "it's")
    assert model is not None
    assert model.effects[0].low < 8 < model.effects[0].high
    assert mixed_model(found[:6], "it's") is None  # one listener


def test_the_votes_needed_are_those_of_cohens_table() -> None:
    """J. Cohen, A power primer, Psychological Bulletin 112 (1992), p. 158, table 2, test 4."""
    assert [approximate_votes(share) for share in (0.55, 0.65)] == [783, 85]
    assert needed_votes(0.75) == 30
    assert power_of(needed_votes(0.65), 0.65) >= 0.8 > power_of(60, 0.65)
    assert needed_votes(0.35) == needed_votes(0.65)


@pytest.mark.parametrize(("share", "power"), [(0.5, 0.8), (0.0, 0.8), (0.7, 0.01), (0.7, 1.0)])
def test_a_power_that_cannot_be_had_is_refused(share: float, power: float) -> None:
    with pytest.raises(OptionError):
        needed_votes(share, power=power)
