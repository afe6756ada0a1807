"""Sampling filters, as properties."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from composer.decoding import filters
from composer.decoding.filters import Logits

numbers = st.floats(-30, 30, width=32)
some_logits = hnp.arrays(
    np.float32, st.tuples(st.integers(1, 3), st.integers(2, 12)), elements=numbers
)


@st.composite
def masked_logits(draw: st.DrawFn) -> Logits:
    """Logits of which some ids, but not all, are forbidden."""
    logits = draw(some_logits)
    legal = draw(hnp.arrays(np.bool_, logits.shape))
    legal[:, draw(st.integers(0, logits.shape[1] - 1))] = True
    return np.where(legal, logits, -np.inf).astype(np.float32)


def kept(logits: Logits) -> npt.NDArray[np.bool_]:
    return np.isfinite(logits)


@given(masked_logits())
def test_filters_that_are_switched_off_change_nothing(logits: Logits) -> None:
    for found in (
        filters.keep_top_k(logits, 0),
        filters.keep_top_k(logits, logits.shape[1]),
        filters.keep_top_p(logits, 1.0),
        filters.keep_min_p(logits, 0.0),
    ):
        assert np.array_equal(found, logits)


@given(some_logits, some_logits)
def test_guidance_of_one_is_the_model_as_trained(asked: Logits, open_: Logits) -> None:
    open_ = np.resize(open_, asked.shape)
    np.testing.assert_allclose(filters.guide(asked, open_, 1.0), asked, atol=1e-4)
    np.testing.assert_allclose(filters.guide(asked, asked, 3.0), asked, atol=1e-4)


@given(masked_logits(), st.integers(1, 12), st.floats(0.01, 1), st.floats(0, 0.9))
def test_a_filter_allows_nothing_new_and_keeps_the_likeliest(
    logits: Logits, k: int, p: float, least: float
) -> None:
    for found in (
        filters.keep_top_k(logits, k),
        filters.keep_top_p(logits, p),
        filters.keep_min_p(logits, least),
    ):
        assert not (kept(found) & ~kept(logits)).any()
        assert np.array_equal(found[kept(found)], logits[kept(found)])
        assert np.array_equal(found.max(-1), logits.max(-1))


@given(masked_logits(), st.integers(1, 12))
def test_top_k_keeps_k_ids_and_those_as_likely_as_the_last(logits: Logits, k: int) -> None:
    found = filters.keep_top_k(logits, k)
    for before, after in zip(logits, found, strict=True):
        least = sorted(before)[-min(k, len(before))]
        assert np.array_equal(kept(after), kept(before) & (before >= least))


@given(some_logits, st.floats(0.01, 0.999))
def test_top_p_keeps_the_least_set_that_reaches_p(logits: Logits, p: float) -> None:
    found = filters.keep_top_p(logits, p)
    probabilities = np.exp(filters.log_softmax(logits.astype(np.float64)))
    for after, shares in zip(found, probabilities, strict=True):
        mass = shares[kept(after)]
        assert mass.sum() >= p - 1e-4
        assert mass.sum() - mass.min() < p + 1e-4


@given(some_logits, st.floats(0.01, 0.9))
def test_min_p_keeps_what_is_likely_enough_beside_the_likeliest(logits: Logits, p: float) -> None:
    found = filters.keep_min_p(logits, p)
    shares = np.exp(logits.astype(np.float64) - logits.max(-1, keepdims=True))
    assert (shares[kept(found)] >= p * 0.999).all()
    assert (shares[~kept(found)] <= p * 1.001).all()


@given(some_logits, st.floats(-5, 5))
def test_log_probabilities_sum_to_one_and_know_differences_only(
    logits: Logits, step: float
) -> None:
    found = filters.log_softmax(logits)
    np.testing.assert_allclose(np.exp(found).sum(-1), 1, atol=1e-5)
    np.testing.assert_allclose(filters.log_softmax(logits + np.float32(step)), found, atol=1e-4)


@given(masked_logits(), st.floats(0, 1, exclude_max=True))
def test_what_is_forbidden_is_never_chosen(logits: Logits, uniform: float) -> None:
    ids = filters.choose(logits, np.full(len(logits), uniform))
    assert kept(logits)[np.arange(len(ids)), ids].all()


@pytest.mark.parametrize("uniform", [0.0, np.nextafter(1, 0)])
def test_the_ends_of_the_unit_interval_choose_something_legal(uniform: float) -> None:
    logits = np.array([[-np.inf, 0, 0, -np.inf]], np.float32)
    assert filters.choose(logits, np.array([uniform])) in (1, 2)


def test_choices_follow_the_distribution() -> None:
    shares = np.array([0.5, 0.0, 0.3, 0.2])
    logits = np.tile(np.log(shares, where=shares > 0, out=np.full(4, -np.inf)), (10_000, 1))
    uniform = (np.arange(10_000) + 0.5) / 10_000
    ids = filters.choose(logits.astype(np.float32), uniform)
    np.testing.assert_allclose(np.bincount(ids, minlength=4) / 10_000, shares, atol=1e-3)


def test_a_likelier_neighbour_is_found_on_either_side() -> None:
    shares = np.array([0.02, 0.01, 0.9, 0.04, 0.03], np.float32)
    found = np.log(np.tile(shares, (4, 1)))
    nats, ways = filters.likelier_neighbours(found, np.array([1, 2, 3, 0]), 1)
    entropy = float(-(shares * np.log(shares)).sum())
    # The first is doubted by less than its surprise beyond the average one; the last sees no 0.9.
    assert nats == pytest.approx([np.log(90), 0, np.log(22.5), 0], abs=entropy)
    assert nats[0] == pytest.approx(min(np.log(90), -np.log(0.01) - entropy), rel=1e-5)
    assert nats[3] == pytest.approx(0)
    assert ways[[0, 2]].tolist() == [1, -1]


@given(masked_logits(), st.integers(1, 3))
def test_doubts_are_finite_and_not_negative(logits: Logits, reach: int) -> None:
    ids = logits.argmax(-1)
    nats, ways = filters.likelier_neighbours(filters.log_softmax(logits), ids, reach)
    assert (nats == 0).all()  # nothing is likelier than the likeliest
    assert ((np.abs(ways) > 0) & (np.abs(ways) <= reach)).all()
