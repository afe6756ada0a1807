from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from composer.errors import ComposerError
from composer.listening.designs import DESIGNS
from composer.listening.plan import EXAMPLE, StudyPlan, load_plan, read_plan
from composer.listening.preview import preview
from tests.listening.studies import make_plan, plan_values
from tests.sentences import is_plain


def test_the_example_is_a_plan_that_can_be_run() -> None:
    found = preview(load_plan(EXAMPLE))
    assert (found.n_clips, found.n_items, found.n_trials) == (24, 24, 27)
    assert "listeners" in found.to_text()


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(0.2, "1 minute\n"), (1.2, "1 minute\n"), (1.6, "2 minutes"), (12, "12 minutes")],
)
def test_a_short_test_takes_1_minute_and_not_1_minutes(minutes: float, words: str) -> None:
    found = replace(preview(load_plan(EXAMPLE)), minutes=minutes)
    assert f"in about {words}" in found.to_text()


@pytest.mark.parametrize("design", DESIGNS)
def test_a_plan_survives_its_own_json(design: str) -> None:
    real = [{"name": "real", "works": ["bach/bwv66.6"] * 4, "is_original": True}]
    plan = make_plan(design=design, conditions=[*plan_values()["conditions"], *real])
    assert read_plan(json.dumps(plan.to_dict()), is_json=True) == plan


def test_conditions_of_one_prompt_get_seeds_of_their_own() -> None:
    plan = make_plan()
    seeds = [
        plan.request_for(one, prompt).seed for one in plan.conditions for prompt in plan.prompts
    ]
    assert len(set(seeds)) == len(seeds)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"design": "mushra"}, "`design` must be one of"),
        ({"colour": 1}, "the plan has no 'colour'"),
        ({"conditions": []}, "needs 2 conditions"),
        ({"conditions": [{"name": "a"}, {"name": "a"}]}, "two of the conditions are called 'a'"),
        ({"conditions": [{"name": "a"}, {"candidates": 2}]}, "condition 2 has no name"),
        ({"conditions": [{"name": "a"}, {"name": "b", "wings": 2}]}, "condition 2 has no 'wings'"),
        ({"conditions": [{"name": "a"}, {"name": "b", "temperature": 9}]}, "`temperature`"),
        ({"conditions": [{"name": "a"}, {"name": "b", "folder": "x", "bars": 3}]}, "as they are"),
        ({"prompts": []}, "needs a prompt"),
        ({"prompts": "all"}, "a table of its own"),
        ({"items_per_listener": 0}, "must be from 1 to 500"),
        ({"items_per_listener": True}, "must be a whole number"),
        ({"clip_s": float("nan")}, "must be a number"),
        ({"clip_s": 4.0, "minimum_listening_s": 5.0}, "must not be longer"),
        ({"title": "x" * 1000}, "at most 120 characters"),
        ({"design": "composer"}, "mark the real ones"),
        ({"design": "rating", "scales": []}, "`scales`"),
        ({"questionnaire": [{"name": "age", "choices": [1]}]}, "a list of at most 20 texts"),
    ],
)
def test_a_plan_that_will_not_do_is_refused_in_one_sentence(
    changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(ComposerError) as refusal:
        StudyPlan.from_dict(plan_values(**changes))
    assert words in str(refusal.value)
    assert is_plain(str(refusal.value))


def test_more_items_than_there_are_are_refused() -> None:
    with pytest.raises(ComposerError, match="the plan has 12 items"):
        preview(make_plan(items_per_listener=13))


@pytest.mark.parametrize("name", ["absent.toml", "broken.toml", "broken.json"])
def test_a_file_that_is_no_plan_is_refused(name: str, tmp_path: Path) -> None:
    if name != "absent.toml":
        (tmp_path / name).write_text("{[", encoding="utf-8")
    with pytest.raises(ComposerError) as refusal:
        load_plan(tmp_path / name)
    assert is_plain(str(refusal.value).partition(":")[0])
