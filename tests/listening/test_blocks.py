from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from composer.listening.blocks import Dealer, groups_of, items_of
from composer.listening.plan import StudyPlan
from tests.listening.studies import make_plan


@st.composite
def plans(draw: st.DrawFn) -> StudyPlan:
    """A plan of pairs with any number of conditions, prompts and items."""
    conditions = [{"name": f"c{n}"} for n in range(draw(st.integers(2, 5)))]
    prompts = [{"name": f"p{n}"} for n in range(draw(st.integers(1, 6)))]
    n_items = len(prompts) * len(conditions) * (len(conditions) - 1) // 2
    return make_plan(
        conditions=conditions,
        prompts=prompts,
        items_per_listener=draw(st.integers(1, n_items)),
        seed=draw(st.integers(0, 99)),
    )


@given(plans(), st.integers(1, 12))
def test_every_item_is_dealt_equally_often_but_for_one(plan: StudyPlan, n_listeners: int) -> None:
    dealer = Dealer(plan)
    dealt = Counter(item for n in range(n_listeners) for item in dealer.block(n))
    counts = [dealt[item] for item in items_of(plan)]
    # What a listener could not be given twice is waiting from the deck before.
    assert max(counts) - min(counts) <= 1 + (plan.items_per_listener < len(counts))


@given(plans())
def test_no_listener_gets_an_item_twice(plan: StudyPlan) -> None:
    dealer = Dealer(plan)
    for n in range(5):
        block = dealer.block(n)
        assert len(set(block)) == len(block) == plan.items_per_listener


def test_whole_rounds_give_every_pair_equally_often_to_every_listener() -> None:
    plan = make_plan(items_per_listener=6)
    dealer = Dealer(plan)
    for n in range(8):
        counts = Counter(item.conditions for item in dealer.block(n))
        assert set(counts.values()) == {2}
        assert len(counts) == len(groups_of(plan))


def test_the_same_seed_deals_the_same_and_another_does_not() -> None:
    blocks = [[Dealer(make_plan(seed=seed)).block(n) for n in range(3)] for seed in (1, 1, 2)]
    assert blocks[0] == blocks[1] != blocks[2]


@pytest.mark.parametrize(("design", "n_groups"), [("rating", 3), ("pairwise", 3), ("multiple", 1)])
def test_a_design_says_how_many_conditions_meet(design: str, n_groups: int) -> None:
    assert len(groups_of(make_plan(design=design, items_per_listener=4))) == n_groups


def test_the_composer_meets_everything_else_and_never_itself() -> None:
    real = {"name": "real", "works": ["bach/bwv66.6"] * 4, "is_original": True}
    conditions = [{"name": "a"}, {"name": "b"}, real]
    found = groups_of(make_plan(design="composer", conditions=conditions))
    assert found == (("a", "real"), ("b", "real"))
