"""What a sweep suggests: another setting only where it is clearly better than the default."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from composer.engines import Suggestion
from composer.evaluation.suggesting import choose, keep

Measured = dict[str, Any]
FOUND_BY = "0123456789ab"


def interval(value: float, half: float) -> dict[str, Any]:
    return {"value": value, "low": value - half, "high": value + half, "n": 40}


def row(auc: float, total: float, *, temperature: float = 1.0, guidance: float = 1.0) -> Measured:
    """Return a row with intervals of 0.02 and 3 points to either side; the default as it stands."""
    return {
        "temperature": temperature,
        "min_p": 0.02,
        "guidance": guidance,
        "auc": interval(auc, 0.02),
        "nats": interval(2.0, 0.1),
        "total": interval(total, 3),
        "voice leading": interval(0.8, 0.05),
        "composer": interval(0.5, 0.1),
        "no piece": interval(0.0, 0.0),
    }


def suggested(*rows: Measured) -> float:
    found = choose(rows)
    assert found and found[1]["temperature"] == 1.0
    return float(found[0]["temperature"])


def test_a_setting_that_is_more_like_real_pieces_than_both_intervals_leave_open_is_suggested() -> (
    None
):
    assert suggested(row(0.90, 60), row(0.85, 50, temperature=0.9)) == 0.9


def test_a_setting_that_may_be_better_by_luck_is_not() -> None:
    assert suggested(row(0.90, 60), row(0.87, 64, temperature=0.9)) == 1.0


def test_as_like_real_pieces_and_a_clearly_higher_total_is_suggested() -> None:
    assert suggested(row(0.90, 60), row(0.91, 67, temperature=0.9)) == 0.9
    assert suggested(row(0.90, 60), row(0.91, 65, temperature=0.9)) == 1.0


def test_a_higher_total_does_not_make_up_for_less_likeness() -> None:
    assert suggested(row(0.90, 60), row(0.93, 90, temperature=0.9)) == 1.0


def test_of_several_that_are_better_the_likest_and_among_those_the_highest_total_counts() -> None:
    rows = [row(0.90, 60), row(0.80, 70, temperature=0.8), row(0.81, 75, temperature=0.9)]
    assert suggested(*rows, row(0.85, 95, temperature=1.1)) == 0.9


def test_guidance_alone_makes_another_setting() -> None:
    found = choose([row(0.80, 60, guidance=2.0), row(0.90, 60)])
    assert found and [one["guidance"] for one in found] == [2.0, 1.0]


def test_a_setting_that_drew_nothing_is_never_suggested() -> None:
    empty = row(0.5, 99, temperature=1.1) | {"auc": None}
    assert suggested(row(0.90, 60), empty) == 1.0


@pytest.mark.parametrize("default", [[], [row(0.9, 60) | {"auc": None}]])
def test_without_a_measured_default_nothing_can_be_said(
    default: list[Measured], tmp_path: Path
) -> None:
    rows = [*default, row(0.5, 90, temperature=0.9)]
    assert choose(rows) is None
    assert "nothing kept" in keep(tmp_path, found("chorale", *rows), FOUND_BY)
    assert not list(tmp_path.iterdir())


def found(form: str, *rows: Measured) -> Measured:
    return {"form": form, "pieces": 40, "rows": list(rows)}


def kept(folder: Path) -> dict[str, Any]:
    values: dict[str, Any] = json.loads((folder / "sampling.json").read_text())
    return values


def test_what_is_kept_has_the_measures_of_both_and_can_be_read_back(tmp_path: Path) -> None:
    better = row(0.80, 70, temperature=0.9)
    line = keep(tmp_path, found("chorale", better, row(0.90, 60)), FOUND_BY)
    assert line.startswith("chorale: suggested temperature 0.9, min_p 0.02, guidance 1")
    entry = kept(tmp_path)["chorale"]
    assert list(entry["measures"]) == ["auc", "total", "voice leading", "composer"]
    assert entry["measures"]["auc"] == better["auc"]
    assert entry["default"]["total"] == interval(60, 3)
    assert (entry["tried"], entry["pieces"], entry["checkpoint"]) == (2, 40, FOUND_BY)
    assert Suggestion.from_dict(entry).changes == {"temperature": 0.9}


def test_where_the_default_is_as_good_the_file_says_so(tmp_path: Path) -> None:
    line = keep(tmp_path, found("fugue", row(0.90, 60), row(0.95, 50, temperature=0.8)), FOUND_BY)
    assert line.startswith("fugue: the default is as good as any of 2 settings")
    entry = kept(tmp_path)["fugue"]
    assert entry["default_is_as_good"] is True and entry["temperature"] == 1.0
    assert entry["measures"] == entry["default"]


def test_other_forms_stay_and_the_same_form_is_replaced(tmp_path: Path) -> None:
    usual, better = row(0.90, 60), row(0.80, 60, temperature=0.9)
    keep(tmp_path, found("chorale", usual), FOUND_BY)
    keep(tmp_path, found("fugue", usual), FOUND_BY)
    keep(tmp_path, found("chorale", usual, better), FOUND_BY)
    entries = kept(tmp_path)
    assert {form: one["tried"] for form, one in entries.items()} == {"chorale": 2, "fugue": 1}


def test_a_broken_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "sampling.json").write_text("{")
    keep(tmp_path, found("chorale", row(0.90, 60)), FOUND_BY)
    assert list(kept(tmp_path)) == ["chorale"]
