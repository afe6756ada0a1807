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


def run_alike(
    study: StudyFolder, folder: Path, choose: Callable[[Any], Any], n: int, **changes: Any
) -> tuple[StudyFolder, tuple[Listener, ...]]:
    """Let one listener go through a study, and count the answers of `n` who heard the same."""
    study, (listener,) = run(study, folder, choose, 1, **changes)
    return study, tuple(replace(listener, id=f"{listener.id}-{who}") for who in range(n))


def test_a_plain_taste_is_found_in_order_and_told(study: StudyFolder, tmp_path: Path) -> None:
    study, listeners = run_alike(study, tmp_path, best, 8)
    report = analyse(study.plan, listeners)
    assert [one["condition"] for one in report["strengths"]] == ["rich", "wild", "plain"]
    assert all(pair["by_listener"]["p_holm"] < 0.05 for pair in report["pairs"])
    (told,) = (one for one in report["sentences"] if "plain" in one and "rich" in one)
    votes = sum(len(one.votes) for one in listeners) // 3
    assert "rich was preferred to plain in 100 % of the votes" in told
    assert told.endswith(
        "significant (Wilcoxon signed-rank over 8 listeners, p = 0.023 after Holm, "
        "r = 1.00 in favour of rich)."
    ), told
    first = report["pairs"][0]  # by the alphabet, so that the table has the other sign
    assert (first["first"], first["second"], first["by_listener"]["effect"]) == (
        "plain", "rich", -1.0,
    )  # fmt: skip
    assert (first["first_votes"], first["undecided"], first["share"]) == (0, 0, 0.0)
    assert 0 < first["second_votes"] <= votes
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
    counts = dict.fromkeys(("came", "took_part", "withdrew", "left_at_once", "kept"), 0)
    assert report["listeners"] == counts | {"dropped": []}
    assert "0 listeners took part" in report_page(report)


def test_who_left_before_the_first_answer_did_not_take_part(
    study: StudyFolder, tmp_path: Path
) -> None:
    study, listeners = run_alike(study, tmp_path, best, 3)
    gone = replace(listeners[0], id="gone", votes=(), finished_at="")
    back = replace(listeners[1], id="back", is_withdrawn=True)
    report = analyse(study.plan, (*listeners, gone, gone, back))
    assert report["sentences"][0].startswith(
        "3 listeners took part (2 more left before the first answer, 1 more took all answers "
        "back); 3 of them were kept"
    )
    reasons = [reason for one in report["listeners"]["dropped"] for reason in one["reasons"]]
    assert reasons.count("left before the first answer") == 2
    assert "3 of 3 listeners count" in report_page(report)


def test_too_few_listeners_are_told_and_get_no_p(study: StudyFolder, tmp_path: Path) -> None:
    study, listeners = run_alike(study, tmp_path, best, 3)
    report = analyse(study.plan, listeners)
    for told in report["sentences"][1:4]:
        assert "too few to test (3 listeners; fewer than 6" in told and "p =" not in told
    assert all(pair["by_listener"]["p_holm"] is None for pair in report["pairs"])
    assert "None" not in report_page(report)
    (alone,) = listeners[:1]
    assert "too few to test (1 listener;" in report_page(analyse(study.plan, [alone]))


def undecided(trial: Any) -> dict[str, Any]:
    return {"choice": "none"}


def test_listeners_without_a_preference_are_no_test(study: StudyFolder, tmp_path: Path) -> None:
    study, listeners = run_alike(study, tmp_path, undecided, 7)
    told = analyse(study.plan, listeners)["sentences"][1]
    assert told == (
        "Neither plain nor rich was preferred (0 votes each, 14 undecided), too few to test "
        "(0 listeners, 7 more without a difference; fewer than 6 with a preference cannot be "
        "significant)."
    )


def counted(listener: Listener) -> list[Any]:
    return [vote for vote in listener.votes if vote.trial.kind == "trial"]


def wrongly(trial: Any) -> dict[str, Any]:
    return {"choice": "b" if trial.key == "a" else "a"}


@pytest.mark.parametrize(
    ("choose", "share", "words"), [(rightly, 100, "above chance"), (wrongly, 0, "below chance")]
)
def test_right_and_wrong_answers_lie_on_their_sides_of_chance(
    study: StudyFolder, tmp_path: Path, choose: Any, share: int, words: str
) -> None:
    study, listeners = run_alike(study, tmp_path, choose, 8, design="abx", items_per_listener=6)
    report = analyse(study.plan, listeners)
    everything, *pairs = report["hits"]
    assert everything["by_listener"]["effect"] == (1 if share else -1)
    told = report["sentences"][1]
    assert f"({share} %" in told and told.endswith(f"p = 0.008, r = 1.00 {words}).")
    assert everything["by_listener"]["p_holm"] == everything["by_listener"]["p"]
    assert all(one["by_listener"]["p_holm"] > one["by_listener"]["p"] for one in pairs)


@pytest.mark.parametrize(("design", "choose"), [("rating", best), ("multiple", slide)])
def test_a_scale_tells_which_was_rated_higher(
    study: StudyFolder, tmp_path: Path, design: str, choose: Any
) -> None:
    study, listeners = run_alike(study, tmp_path, choose, 8, design=design, items_per_listener=4)
    report = analyse(study.plan, listeners)
    told = [one for one in report["sentences"] if "rated" in one and "in favour of" in one]
    assert told
    for one in told:
        higher, lower = one.split(", ")[1].split(" was rated ")
        assert QUALITY[higher] > QUALITY[lower.split(" than ")[1]]
        assert one.endswith(f"r = 1.00 in favour of {higher}).")
    for scale in report["scales"]:
        means = {row["condition"]: row["mean"] for row in scale["means"]}
        for pair in scale["comparisons"]:
            expected = means[pair["first"]] - means[pair["second"]]
            if pair["by_listener"]["n"] == 8 and design == "multiple":
                assert pair["difference"] == pytest.approx(expected)


def test_the_side_of_attention_checks_is_not_the_listeners_choice(
    study: StudyFolder, tmp_path: Path
) -> None:
    study, listeners = run(study, tmp_path, best, 4)
    sides = analyse(study.plan, listeners)["sides"]
    choices = [vote.answer["choice"] for one in listeners for vote in counted(one)]
    assert (sides["a"], sides["b"]) == (choices.count("a"), choices.count("b"))
    assert sides["a"] + sides["b"] < sum(len(one.votes) for one in listeners)


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
