from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from composer.composition import Composition, Rejected
from composer.pipeline import Progress
from composer.request import Request
from composer.scorecard import Place
from composer.ui.shared import tables, wording
from tests.fake_studio import FakeComposer

SCRIPT = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def composition() -> Composition:
    *_, last = FakeComposer()(Request(bars=2, candidates=5, seed=7))
    assert isinstance(last, Composition)
    return last


@pytest.mark.parametrize(
    ("left_s", "words"),
    [
        (None, "7 of 16 candidates"),
        (0.4, "7 of 16 candidates, nearly done"),
        (4.2, "7 of 16 candidates, about 4 s left"),
        (150, "7 of 16 candidates, about 2 min left"),
    ],
)
def test_progress_is_said_in_words(left_s: float | None, words: str) -> None:
    assert wording.progress_words(Progress(7, 16, 3.0, left_s, 0.4)) == words


def test_one_candidate_is_no_candidates() -> None:
    assert wording.progress_words(Progress(0, 1, 0.0, None, 0.0)) == "0 of 1 candidate"


def test_the_bar_never_leaves_its_line() -> None:
    assert "width:100.0%" in wording.status("", 7.0)
    assert "width:0.0%" in wording.status("", -1.0)


def test_the_result_names_the_seed(composition: Composition) -> None:
    assert wording.result_words(composition).endswith("1 rejected, seed 7")


def test_a_stopped_run_says_so(composition: Composition) -> None:
    assert wording.result_words(replace(composition, stopped=True)).startswith("Stopped: ")


def test_the_ranking_has_a_row_a_candidate_and_marks_the_one_on_show(
    composition: Composition,
) -> None:
    table = tables.ranking(composition, shown=2)
    assert table.count("<tr data-rank=") == len(composition.ranked)
    assert table.count('aria-selected="true"') == 1
    assert '<tr data-rank="2" aria-selected="true">' in table


def test_those_given_up_are_counted_apart_from_the_rejected(composition: Composition) -> None:
    given_up = tuple(Rejected(n, "it was given up", given_up_after_bar=8) for n in (7, 9))
    pruned = replace(composition, rejected=(*composition.rejected, *given_up))
    assert "1 rejected, 2 given up on the way, seed 7" in wording.result_words(pruned)
    assert "; 2 others given up on the way</caption>" in tables.ranking(pruned, shown=1)
    assert "given up" not in tables.ranking(composition, shown=1)


def test_the_scorecard_has_a_row_a_value(composition: Composition) -> None:
    card = composition.scorecard
    table = tables.scorecard(card)
    assert table.count('data-label="value"') == len(card.scores)
    assert table.count("rowgroup") == len({score.family for score in card.scores})


def test_a_value_that_cannot_be_measured_is_a_dash() -> None:
    assert wording.number(float("nan")) == "–"


def test_places_name_each_bar_once() -> None:
    found = tuple(Place(bar, Fraction(bar), (0, 1), "D5 over G4") for bar in (1, 1, 3))
    words = tables.places(found)
    assert words.startswith("bars ")
    assert words.count("<button") == 2
    assert "</button>,</span> <button" in words
    assert 'data-onset="3" data-parts="0,1"' in words


def test_many_places_are_counted() -> None:
    found = tuple(Place(bar, Fraction(bar), (0,), "") for bar in range(1, 12))
    assert tables.places(found).endswith(" and 3 more")


def test_foreign_text_is_shown_as_text(composition: Composition) -> None:
    best = composition.ranked[0]
    card = replace(best.scorecard, reasons=(SCRIPT,), form=SCRIPT)
    hostile = replace(best, piece=replace(best.piece, composer=SCRIPT), scorecard=card)
    all_html = (
        tables.heading(hostile, 1)
        + tables.ranking(replace(composition, ranked=(hostile,)), 1)
        + tables.scorecard(card)
        + tables.rejections([Rejected(0, SCRIPT)])
        + wording.status(SCRIPT)
        + wording.note(SCRIPT)
    )
    assert "<img" not in all_html
