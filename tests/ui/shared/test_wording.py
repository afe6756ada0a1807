from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from html import unescape

import pytest

from composer.composition import Composition, Outcome, Rejected
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
    ("left_s", "fraction", "words"),
    [
        (None, 0.4, "7 of 16 candidates"),
        (0.4, 0.45, "7 of 16 candidates"),  # much is left: the estimate knows too little
        (0.4, 0.95, "7 of 16 candidates, nearly done"),
        (4.2, 0.4, "7 of 16 candidates, about 4 s left"),
        (150, 0.4, "7 of 16 candidates, about 2 min left"),
    ],
)
def test_progress_is_said_in_words(left_s: float | None, fraction: float, words: str) -> None:
    assert wording.progress_words(Progress(7, 16, 3.0, left_s, fraction)) == words


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
    assert "; 2 others given up on the way.</caption>" in tables.ranking(pruned, shown=1)
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


def test_the_page_says_labels_where_the_api_says_names() -> None:
    told = wording.status("`tempo_bpm` must be from 20 to 300, got 0")
    assert "<span>Tempo must be from 20 to 300, got 0</span>" in told
    assert wording.as_said("write some notes, such as `C D E F`").endswith("such as `C D E F`")


def test_what_runs_or_is_out_of_date_dims_what_is_on_show() -> None:
    stale = 'class="status is-stale"'
    assert stale in wording.status("Waiting", 0.0)
    assert stale in wording.status("the file was refused", is_stale=True)
    assert stale not in wording.status("4 candidates ranked")


def test_the_table_says_why_a_candidate_with_more_points_stands_behind(
    composition: Composition,
) -> None:
    """The 16th once had 61 points and the first 57, without a word."""
    first, second, *others = composition.ranked
    missed = replace(second, kept=(Outcome("key", "G minor", "D minor", False),))
    table = tables.ranking(replace(composition, ranked=(first, missed, *others)), 1)
    assert "First those that keep the whole request, then by closeness" in table
    kept = len(first.kept)
    assert f'<td data-label="fit">{kept} of {kept}</td>' in table
    assert '<td data-label="fit">0 of 1, misses key</td>' in table


def test_the_table_counts_the_parallels_that_the_reasons_count(composition: Composition) -> None:
    worst = next(
        r for r in composition.ranked if any("parallel oct" in s for s in r.scorecard.reasons)
    )
    told = next(s for s in worst.scorecard.reasons if "parallel octave" in s)
    counted = sum(len(s.places) for s in worst.scorecard.scores if s.name == "parallel_octaves")
    assert str(counted) in told.split(" parallel")[0]
    row = tables.ranking(composition, 1).split(f'data-rank="{worst.rank}"')[1]
    cell = row.split('data-label="parallel fifths and octaves">')[1].split("<")[0]
    fifths = sum(len(s.places) for s in worst.scorecard.scores if s.name == "parallel_fifths")
    assert int(cell) == counted + fifths


def test_every_candidate_can_be_heard_from_its_row(composition: Composition) -> None:
    table = tables.ranking(composition, 1)
    heard = [json.loads(unescape(one.split('"')[0])) for one in table.split('data-score="')[1:]]
    assert len(heard) == len(composition.ranked)
    assert all(len(one["bars"]) <= tables.AUDITION_BARS and one["parts"] for one in heard)


def test_one_sentence_says_what_came(composition: Composition) -> None:
    best = composition.ranked[0]
    said = tables.verdict(best.scorecard, ("bars 15, not 16",))
    assert "real chorales; not as you asked: bars 15, not 16" in said
    assert said.endswith(".")
