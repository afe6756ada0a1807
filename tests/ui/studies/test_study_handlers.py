from __future__ import annotations

import json
from pathlib import Path

import gradio as gr
import pytest

from composer.errors import RequestError
from composer.listening.ballots import Ballots
from composer.listening.journal import export_all
from composer.listening.plan import EXAMPLE
from composer.listening.trials import COUNTED, Trial
from composer.matched import MatchedPlan, load_matched_plan
from composer.matched.plan import EXAMPLE as MATCHED
from composer.ui.studies import handlers, page
from tests.fake_studio import ROWS
from tests.listening.studies import plan_values

PLAN = EXAMPLE.read_text(encoding="utf-8")


def test_a_plan_is_told_in_numbers_and_can_be_kept() -> None:
    html = handlers.check_plan(PLAN)
    assert "24 clips" in html
    assert 'download="plan.toml" href="data:text/plain;base64,' in html
    assert "12 questions" in handlers.check_plan(json.dumps(plan_values()))


def test_the_plan_of_a_matched_set_is_told_too() -> None:
    html = handlers.check_plan(MATCHED.read_text())
    assert "90 matched pieces" in html and "study matched plan.toml" in html
    with pytest.raises(RequestError, match="needs two"):
        handlers.check_plan("sides = []")


def test_engines_are_compared_by_a_plan_that_can_be_loaded(tmp_path: Path) -> None:
    text = handlers.compare_engines(
        ["small", "my_model"], " theirs ", 's-9 "\n\n s-8 o-0\x7f', "0.5 1,2", 3
    )
    (tmp_path / "plan.toml").write_text(text)
    plan = load_matched_plan(tmp_path / "plan.toml")
    assert [side.name for side in plan.sides] == ["small", "my-model", "elsewhere"]
    assert [side.engine for side in plan.sides] == ["small", "my_model", ""]
    assert plan.sides[2].folder == "theirs" and plan.temperatures == (0.5, 1, 2)
    assert [one.words for one in plan.prompts] == ['s-9 "', "s-8 o-0\x7f"] and plan.samples == 3
    assert MatchedPlan.from_dict(plan.to_dict()) == plan


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ((["small"], "", "s-9", "1", 1), "choose two engines"),
        ((["a", "b"], "", "s-9", "one", 1), "write temperatures as numbers"),
        ((["a", "b"], "", "s-9", "9", 1), "from 0.1 to 2"),
        ((["a", "b"], "", " ", "1", 1), r"a \[\[prompts\]\]"),
        ((["a", "b"], "", "s-9", "1", None), "`samples` of the plan must be a whole number"),
    ],
)
def test_a_comparison_that_cannot_be_made_is_refused(
    values: tuple[object, ...], words: str
) -> None:
    with pytest.raises(RequestError, match=words):
        handlers.compare_engines(*values)


@pytest.mark.parametrize("text", [None, 3, "", "title = 3", "{", "x" * 2_000_000])
def test_what_is_no_plan_is_refused(text: object) -> None:
    with pytest.raises(RequestError):
        handlers.check_plan(text)


def test_exported_answers_become_a_report(tmp_path: Path) -> None:
    ballots = Ballots(tmp_path / "ballots.sqlite")
    trial = Trial(COUNTED, "?", "G major", ("Bach", "best of 1"), ("1", "2"))
    name = ballots.find(ballots.enrol(lambda number: [trial]))
    ballots.show(name, 0)
    ballots.vote(name, 0, {"choice": "a"}, {"a": 1, "b": 1}, {"a": 0.1, "b": 0.1})
    ballots.finish(name, {})
    export_all(ballots, tmp_path / "exports")
    html = handlers.show_report(PLAN, str(tmp_path / "exports" / f"{name}.jsonl"))
    assert "Bach was preferred to best of 1" in html
    assert "<iframe" in html


def test_other_files_are_no_answers(tmp_path: Path) -> None:
    for text in ("", "{}", "[" * 100_000):
        (tmp_path / "x.jsonl").write_text(text)
        with pytest.raises(RequestError):
            handlers.show_report(PLAN, str(tmp_path / "x.jsonl"))
    with pytest.raises(RequestError, match="upload"):
        handlers.show_report(PLAN, None)


def test_the_tab_can_be_placed() -> None:
    with gr.Blocks(analytics_enabled=False) as demo:
        page.build(["small"], ROWS)
    changes = [f for f in demo.fns.values() if f.targets[0][1] in ("input", "upload", "clear")]
    assert len(demo.fns) == 4 + len(changes) and len(changes) >= 3
    assert {f.fn() for f in changes} == {""}  # what belonged to another plan or file is gone
