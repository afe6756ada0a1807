from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from composer.listening.analysis import ranking, tables
from composer.listening.analysis.answers import preferences
from composer.listening.analysis.page import report_page
from composer.listening.analysis.report import analyse
from composer.listening.analysis.screening import screen
from composer.listening.ballots import Ballots, Listener
from composer.listening.reception import Reception
from composer.listening.stimuli import StudyFolder
from tests.listening.studies import CONDITIONS, knowing, listen, make_plan


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tested here is the report; intervals are tested beside their statistics."""
    monkeypatch.setattr(ranking, "RESAMPLES", 20)


QUALITY = {"rich": 3, "wild": 2, "plain": 1, "": 0}


def best(trial: Any) -> dict[str, Any]:
    """Answer any design by a plain taste."""
    values = [QUALITY[name] for name in trial.conditions]
    if len(values) == 1:
        return {"musicality": values[0] + 1, "coherence": 3, "style": values[0]}
    return {"choice": "ab"[values.index(max(values[:2]))]}


def slide(trial: Any) -> dict[str, Any]:
    return {
        slot: 30 * QUALITY[name] for slot, name in zip(trial.slots, trial.conditions, strict=True)
    }


def rightly(trial: Any) -> dict[str, Any]:
    return {"choice": trial.key}


def run(
    study: StudyFolder, folder: Path, choose: Callable[[Any], Any], n: int, **changes: Any
) -> tuple[StudyFolder, tuple[Listener, ...]]:
    """Let listeners of one taste go through a study of another plan over the same clips."""
    plan = make_plan(**{"attention_checks": 0, **changes})
    study, ballots = replace(study, plan=plan), Ballots(folder / "ballots.sqlite")
    reception = Reception(study, ballots)
    for _ in range(n):
        listen(reception, knowing(ballots, choose))
    return study, ballots.listeners()


def test_a_plain_taste_is_found_in_order_and_told(study: StudyFolder, tmp_path: Path) -> None:
    study, listeners = run(study, tmp_path, best, 6)
    report = analyse(study.plan, listeners)
    assert [one["condition"] for one in report["strengths"]] == ["rich", "wild", "plain"]
    assert all(pair["by_listener"]["p_holm"] < 0.05 for pair in report["pairs"])
    assert any("rich was preferred to plain in 100 %" in one for one in report["sentences"])
    json.dumps(report, allow_nan=False)


@pytest.mark.parametrize(
    ("design", "choose", "part"),
    [("abx", rightly, "hits"), ("rating", best, "scales"), ("multiple", slide, "scales")],
)
def test_every_design_has_a_report_with_a_page(
    study: StudyFolder, tmp_path: Path, design: str, choose: Any, part: str
) -> None:
    study, listeners = run(study, tmp_path, choose, 5, design=design, items_per_listener=4)
    report = analyse(study.plan, listeners)
    assert report[part]
    page = report_page(report)
    assert page.count("<svg") >= 1
    assert "http" not in page.replace("http-equiv", "")


def test_an_empty_study_has_a_report(study: StudyFolder) -> None:
    report = analyse(study.plan, ())
    assert report["listeners"] == {"came": 0, "kept": 0, "dropped": []}
    assert "0 listeners took part" in report_page(report)


def test_names_on_the_page_are_text(study: StudyFolder) -> None:
    plan = replace(study.plan, title="<script>alert(1)</script>")
    assert "<script>" not in report_page(analyse(plan, ()))


def test_sides_do_not_matter_to_a_preference(study: StudyFolder, tmp_path: Path) -> None:
    _, listeners = run(study, tmp_path, best, 4)
    found = preferences(listeners)
    assert {one.first_side for one in found} == {0, 1}
    assert {(one.pair, one.share) for one in found} == {
        (("plain", "rich"), 0.0), (("plain", "wild"), 0.0), (("rich", "wild"), 1.0),
    }  # fmt: skip


@pytest.fixture
def careful(study: StudyFolder, tmp_path: Path) -> Listener:
    """A listener whom nothing speaks against."""
    return run(study, tmp_path, best, 1, attention_checks=2)[1][0]


def test_a_careful_listener_is_kept(study: StudyFolder, careful: Listener) -> None:
    # The listeners of tests answer at once, so that the clock is put right here.
    votes = tuple(replace(vote, elapsed_s=60.0) for vote in careful.votes)
    assert screen(study.plan, [replace(careful, votes=votes)]).kept


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"is_withdrawn": True}, "took all answers back"),
        ({"finished_at": ""}, "did not finish"),
        ({"answer": {"choice": "none"}}, "failed 2 of 2 attention checks"),
        ({"elapsed_s": 0.0}, "sooner than the clips"),
    ],
)
def test_whoever_is_dropped_is_dropped_for_a_reason(
    study: StudyFolder, careful: Listener, change: dict[str, Any], reason: str
) -> None:
    of_votes = {name: value for name, value in change.items() if name in ("answer", "elapsed_s")}
    votes = tuple(
        replace(vote, **{"elapsed_s": 60.0, "listened_s": {"a": 9.0, "b": 9.0}} | of_votes)
        for vote in careful.votes
    )
    of_listener = {name: value for name, value in change.items() if name not in of_votes}
    found = screen(study.plan, [replace(careful, votes=votes, **of_listener)])
    assert found.kept == ()
    assert reason in "; ".join(found.dropped[0][1])


def test_a_table_has_a_row_a_vote_and_no_formula(study: StudyFolder, careful: Listener) -> None:
    hostile = replace(careful, answers={"=cmd": "=1+1", "b": " @SUM(A1)", "c": "\t-2", "d": "+4"})
    rows = list(tables.vote_rows(study.plan, [hostile]))
    assert len(rows) == len(careful.votes)
    assert {row["clip_1"] for row in rows} <= {*CONDITIONS, ""}
    text = tables.rows_to_csv(rows)
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    assert not [cell for cell in cells if cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t"))]
    assert "'=1+1" in cells
    assert json.loads(tables.rows_to_json(rows))[0]["question_d"] == "+4"
