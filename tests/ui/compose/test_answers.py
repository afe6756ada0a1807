from __future__ import annotations

from dataclasses import replace

import pytest

from composer.composition import Composition, Outcome
from composer.novelty import Shared
from composer.request import Request
from composer.ui.compose import answers
from composer.ui.shared import tables
from composer.ui.shared.visit import Past
from tests.fake_studio import FakeComposer

SCRIPT = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def composition() -> Composition:
    *_, last = FakeComposer()(Request(bars=4, candidates=4, seed=7, key="G minor", parts=4))
    assert isinstance(last, Composition)
    return last


def test_every_setting_has_a_row_and_what_is_met_is_ticked(composition: Composition) -> None:
    table = answers.asked_and_got(composition.request, composition.ranked[0])
    assert table.count('scope="row"') == 8
    assert table.count('class="met"') == 3  # key, bars, parts
    assert 'class="unmet"' not in table


def test_what_was_not_met_is_said(composition: Composition) -> None:
    settings = replace(composition.request, bars=9, key="B major", meter="3/8", tempo_bpm=200)
    table = answers.asked_and_got(settings, composition.ranked[0])
    assert table.count('class="unmet"') == 4


def test_the_best_stands_before_the_second_and_others_behind_the_best(
    composition: Composition,
) -> None:
    assert "points before the second" in tables.ranking_reason(composition, 1)
    worst = tables.ranking_reason(composition, len(composition.ranked))
    assert "points behind the best: nearer to real pieces in " in worst


def test_a_missed_setting_is_the_reason_and_not_points(composition: Composition) -> None:
    first, second, *others = composition.ranked
    missed = replace(second, kept=(Outcome("bars", "16", "15", False),))
    better = replace(first, scorecard=replace(first.scorecard, total=0.0))
    ranked = replace(composition, ranked=(better, missed, *others))
    told = "misses more of what was asked: bars 15, not 16."
    assert f"Before the second, which {told}" in tables.ranking_reason(ranked, 1)
    assert f"Behind the best, because it {told}" in tables.ranking_reason(ranked, 2)
    assert '<span title="bars 15, not 16; ' in tables.ranking(ranked, 1)
    assert "not as you asked: bars 15, not 16" in tables.heading(missed, 4)


def test_a_lone_candidate_is_compared_with_none(composition: Composition) -> None:
    alone = replace(composition, ranked=composition.ranked[:1])
    assert "The only candidate" in tables.ranking_reason(alone, 1)


def test_the_link_carries_settings_and_seed(composition: Composition) -> None:
    assert 'href="?key=G+minor&amp;bars=4' in answers.make_again(composition)
    assert "seed=7" in answers.make_again(composition)


def test_the_visit_lists_its_results_and_marks_the_one_on_show(composition: Composition) -> None:
    listed = answers.history([Past("a", composition), Past("b", composition)], "b")
    assert listed.count("data-run=") == 2
    assert 'data-run="1" aria-pressed="true"' in listed
    assert "Nothing was composed" in answers.history([], "")


def test_the_nearest_training_piece_is_named() -> None:
    line = answers.nearest(Shared(notes=7, piece_name=SCRIPT, first_bar=2, last_bar=3))
    assert "the same 7 notes in a row as bars 2 to 3" in line and "<img" not in line


def test_without_an_index_nothing_is_said() -> None:
    assert answers.nearest(None) == ""


def test_foreign_text_is_shown_as_text(composition: Composition) -> None:
    best = composition.ranked[0]
    hostile = replace(best, piece=replace(best.piece, composer=SCRIPT, form=SCRIPT))
    table = answers.asked_and_got(replace(composition.request, composer=SCRIPT), hostile)
    past = Past("a", replace(composition, ranked=(hostile,)))
    assert "<img" not in table + answers.history([past], "a")
