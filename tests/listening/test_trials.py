from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from composer.listening.blocks import Dealer
from composer.listening.designs import DESIGNS
from composer.listening.plan import StudyPlan
from composer.listening.trials import CHECK, COUNTED, PRACTICE, TONE, Trial, draw_trials, passes
from tests.listening.studies import make_plan, plan_values

REAL = {"name": "real", "works": ["bach/bwv66.6"] * 4, "is_original": True}


def plan_of(design: str, **changes: Any) -> StudyPlan:
    conditions = [*plan_values()["conditions"], REAL]
    return make_plan(
        **{"design": design, "conditions": conditions, "items_per_listener": 4, **changes}
    )


def trials_of(plan: StudyPlan, n_listeners: int) -> list[tuple[Trial, ...]]:
    clips = {
        (one.name, p.name): f"{one.name}/{p.name}" for one in plan.conditions for p in plan.prompts
    }
    dealer = Dealer(plan)
    return [
        draw_trials(plan, n, dealer.block(n), clips | {TONE: "tone"}) for n in range(n_listeners)
    ]


@pytest.mark.parametrize("design", DESIGNS)
def test_practice_comes_first_and_every_kind_as_often_as_planned(design: str) -> None:
    plan = plan_of(design, practice_trials=2, attention_checks=2)
    for trials in trials_of(plan, 4):
        kinds = [trial.kind for trial in trials]
        assert kinds[:2] == [PRACTICE] * 2
        assert Counter(kinds) == {PRACTICE: 2, COUNTED: 4, CHECK: 2}
        assert all(Trial.from_dict(trial.to_dict()) == trial for trial in trials)


def test_both_of_a_pair_stand_on_the_left_equally_often() -> None:
    plan = make_plan(items_per_listener=12, attention_checks=0, practice_trials=0)
    for trials in trials_of(plan, 6):
        left = Counter((frozenset(one.conditions), one.conditions[0]) for one in trials)
        assert set(left.values()) == {2}


def test_x_is_a_as_often_as_b_and_the_key_says_which() -> None:
    plan = plan_of("abx", items_per_listener=24, attention_checks=3)
    keys = Counter[str]()
    for trials in trials_of(plan, 5):
        for trial in trials:
            assert trial.clips[2] == trial.clips["ab".index(trial.key)]
            keys[trial.key] += trial.kind == COUNTED
    assert keys == {"a": 60, "b": 60}


def test_the_key_of_a_composer_trial_is_the_real_piece() -> None:
    for trials in trials_of(plan_of("composer"), 5):
        for trial in (one for one in trials if one.kind == COUNTED):
            assert trial.conditions["ab".index(trial.key)] == "real"


def test_a_seed_and_a_number_give_the_same_trials_and_listeners_differ() -> None:
    first, second = trials_of(plan_of("pairwise"), 2), trials_of(plan_of("pairwise"), 2)
    assert first == second
    assert first[0] != first[1]


@pytest.mark.parametrize(
    ("design", "right", "wrong"),
    [
        ("pairwise", lambda t: {"choice": t.key}, {"choice": "none"}),
        ("abx", lambda t: {"choice": t.key}, {"choice": "none"}),
        ("rating", lambda t: dict.fromkeys(("musicality", "coherence"), 1), {"musicality": 2}),
        (
            "multiple",
            lambda t: {s: 0 if s == t.key else 9 for s in t.slots},
            dict.fromkeys("abcd", 0),
        ),
    ],
)
def test_an_attention_check_has_one_right_answer(design: str, right: Any, wrong: Any) -> None:
    for trials in trials_of(plan_of(design), 5):
        check = next(trial for trial in trials if trial.kind == CHECK)
        assert passes(check, right(check))
        assert not passes(check, wrong)
