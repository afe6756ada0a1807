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
from composer.ui.studies import handlers, page
from tests.listening.studies import plan_values

PLAN = EXAMPLE.read_text(encoding="utf-8")


def test_a_plan_is_told_in_numbers_and_can_be_kept() -> None:
    html = handlers.check_plan(PLAN)
    assert "24 clips" in html
    assert 'download="plan.toml" href="data:text/plain;base64,' in html
    assert "12 questions" in handlers.check_plan(json.dumps(plan_values()))


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
        page.build()
    changes = [f for f in demo.fns.values() if f.targets[0][1] in ("input", "upload", "clear")]
    assert len(demo.fns) == 2 + len(changes) and len(changes) >= 3
    assert {f.fn() for f in changes} == {""}  # what belonged to another plan or file is gone
