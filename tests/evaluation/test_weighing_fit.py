"""The judge learns from rows of penalties, and its numbers mean what they say."""

from __future__ import annotations

import math

import numpy as np
import pytest

from composer.evaluation.weighing.fitting import (
    LEAST_SHARE,
    RAW,
    WINNER,
    Rows,
    choose_strength,
    contrast,
    fit_weights,
    joined_costs,
    joined_rows,
    learn,
    learn_from_some,
    levels_of_costs,
    side_by_side,
    winners_of,
)

N = 200
PRIOR = np.array([1.0, 1.0, 2.0])


def rows_of(gaps: tuple[float, ...], *, seed: int = 0) -> Rows:
    """Return N real rows and N false ones, whose columns lie further off by `gaps`."""
    rng = np.random.default_rng(seed)
    real = rng.exponential(0.3, (N, len(gaps)))
    false = rng.exponential(0.3, (N, len(gaps))) + np.array(gaps)
    bases = np.array([f"piece {k}" for k in range(N)])
    kinds = np.repeat(["real", "false"], N)
    return Rows(np.concatenate([real, false]), kinds, np.tile(bases, 2))


SHARES = {"false": 1.0}


def test_the_rule_that_tells_pieces_apart_weighs_most() -> None:
    fit = fit_weights(rows_of((0.0, 0.5, 0.0)), PRIOR, SHARES, 0.001)
    assert fit.weights[1] > 3 * max(fit.weights[0], fit.weights[2])


def test_what_tells_nothing_keeps_half_of_its_own_weight() -> None:
    fit = fit_weights(rows_of((0.5, 0.5, -0.2)), PRIOR, SHARES, 0.0001)
    assert fit.weights[2] == pytest.approx(LEAST_SHARE * fit.scale * PRIOR[2])
    assert min(fit.weights[:2]) > fit.weights[2]


def test_a_hard_pull_leaves_the_rules_own_weights_to_one_scale() -> None:
    fit = fit_weights(rows_of((0.5, 0.1, 0.0)), PRIOR, SHARES, 1e6)
    assert fit.weights == pytest.approx(fit.scale * PRIOR, rel=1e-3)


def test_weights_are_learned_of_costs_as_they_are_joined() -> None:
    found = fit_weights(rows_of((0.6, 0.6, 0.6)), PRIOR, SHARES, 0.0)
    rows = rows_of((0.6, 0.6, 0.6), seed=1)
    odds = joined_costs(rows.penalties, found.weights) - found.offset
    is_false = rows.kinds != "real"
    for low, high in ((-9, -0.5), (-0.5, 0.5), (0.5, 9)):
        chosen = (low < odds) & (odds < high)
        foretold = (1 / (1 + np.exp(-odds[chosen]))).mean()
        assert is_false[chosen].mean() == pytest.approx(foretold, abs=0.12)


def test_real_pieces_count_as_much_as_all_others_however_many_there_are() -> None:
    rows = rows_of((0.4, 0.2, 0.0))
    twice = np.concatenate([np.arange(2 * N), np.flatnonzero(rows.kinds == "real")])
    more = Rows(rows.penalties[twice], rows.kinds[twice], rows.bases[twice])
    one, other = (fit_weights(some, PRIOR, SHARES, 0.03) for some in (rows, more))
    assert one.weights == pytest.approx(other.weights, abs=1e-2)


def test_what_has_no_share_does_not_count() -> None:
    rows = rows_of((0.4, 0.2, 0.0))
    noise = Rows(rows.penalties[N:] + 9, np.array(["noise"] * N), rows.bases[N:])
    both = Rows(
        np.concatenate([rows.penalties, noise.penalties]),
        np.concatenate([rows.kinds, noise.kinds]),
        np.concatenate([rows.bases, noise.bases]),
    )
    here, there = (fit_weights(some, PRIOR, SHARES, 0.03) for some in (rows, both))
    assert here.weights == pytest.approx(there.weights, abs=1e-3)


def test_from_some_rules_only_those_get_weights() -> None:
    weights = learn_from_some(rows_of((0.4, 0.4, 0.4)), PRIOR, SHARES, [0, 2], 0.01)
    assert weights[1] == 0 < min(weights[0], weights[2])


def test_a_pull_is_chosen_among_those_on_offer() -> None:
    assert 0 < choose_strength(rows_of((0.3, 0.0, 0.0)), PRIOR, SHARES) < 1


@pytest.mark.parametrize(
    ("gap", "low", "high"), [(0.0, 0.4, 0.6), (0.3, 0.6, 0.95), (9.0, 1.0, 1.0)]
)
def test_a_contrast_is_half_by_chance_and_one_at_best(gap: float, low: float, high: float) -> None:
    rows = rows_of((gap,))
    found = contrast(rows, rows.penalties[:, 0], "false")
    assert low <= found.low <= found.value <= found.high <= 1.0
    assert found.value <= high
    assert found.n == N


def test_equal_costs_are_no_contrast() -> None:
    rows = rows_of((0.0,))
    assert contrast(rows, np.ones(2 * N), "false").value == 0.5


def test_a_kind_that_is_not_there_gives_no_number() -> None:
    assert math.isnan(contrast(rows_of((1.0,)), np.ones(2 * N), "rain").value)


def test_what_was_made_from_one_piece_is_drawn_together() -> None:
    rows = rows_of((0.3,))
    few = Rows(rows.penalties, rows.kinds, np.array([base[:7] for base in rows.bases]))
    wide, narrow = (contrast(some, some.penalties[:, 0], "false") for some in (few, rows))
    assert wide.value == narrow.value
    assert wide.high - wide.low > narrow.high - narrow.low


def test_side_by_side_only_the_own_real_piece_counts() -> None:
    rows = rows_of((0.0,))
    costs = np.concatenate([np.arange(N), np.arange(N) + 0.5])
    assert side_by_side(rows, costs, "false").value == 1.0
    assert contrast(rows, costs, "false").value < 0.6
    assert side_by_side(rows, np.ones(2 * N), "false").value == 0.5
    assert math.isnan(side_by_side(rows, costs, "rain").value)


def test_levels_ascend_from_the_least_cost() -> None:
    levels = levels_of_costs(np.random.default_rng(0).exponential(1.0, 500))
    assert levels == sorted(levels)
    assert levels[6] == pytest.approx(math.log(2), abs=0.15)


def draws_of(seed: int) -> Rows:
    """Return N real rows and 8 draws a piece: most of the draws are faulty, one is dull."""
    rng = np.random.default_rng(seed)
    real = rng.exponential(0.3, (N, 3))
    drawn = rng.exponential(0.3, (8 * N, 3))
    is_faulty = np.arange(8 * N) % 8 > 0
    drawn[is_faulty, 0] += 2.0
    drawn[~is_faulty] *= [0.2, 0.2, 1.0]
    drawn[~is_faulty, 2] += 0.5
    bases = np.array([f"piece {k}" for k in range(N)])
    return Rows(
        np.concatenate([real, drawn]),
        np.repeat(["real", RAW], [N, 8 * N]),
        np.concatenate([bases, np.repeat(bases, 8)]),
    )


def test_the_winner_is_the_cheapest_draw_of_its_piece() -> None:
    rows = draws_of(0)
    winners = winners_of(rows, PRIOR)
    costs = joined_costs(rows.penalties, PRIOR)
    cheapest = [costs[(rows.kinds == RAW) & (rows.bases == base)].min() for base in winners.bases]
    assert len(winners.kinds) == N and set(winners.kinds) == {WINNER}
    assert joined_costs(winners.penalties, PRIOR) == pytest.approx(cheapest)


def test_a_judge_that_learns_from_its_winners_is_fooled_less_by_new_ones() -> None:
    def fooled_less(shares: dict[str, float]) -> float:
        weights = learn(draws_of(0), PRIOR, shares).weights
        fresh = draws_of(1)
        rows = joined_rows(fresh, winners_of(fresh, weights))
        return contrast(rows, joined_costs(rows.penalties, weights), WINNER).value

    assert fooled_less({RAW: 0.5, WINNER: 0.5}) > fooled_less({RAW: 1.0}) + 0.02
