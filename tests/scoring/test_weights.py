from __future__ import annotations

import json
import math
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from composer.errors import ScoreFileError
from composer.piece import Piece
from composer.scoring import RULES, Surprise, score
from composer.scoring.bands import MIN_PIECES
from composer.scoring.weights import (
    FORM_FAMILIES,
    LEVELS,
    USUAL_FAMILY,
    WEIGHTS_PATH,
    FamilyWeights,
    form_family,
    load_model_bands,
    load_weights,
)

REAL_COSTS = tuple(0.1 + level for level in LEVELS)
DRAWN_COSTS = tuple(2.0 + 3 * level for level in LEVELS)
FAMILY = FamilyWeights({"leaps": 2.0}, 0.5, REAL_COSTS, DRAWN_COSTS)

WORST_BAR = "worst_bar_nats"


@pytest.mark.parametrize(
    ("form", "family"),
    [
        ("chorale", "chorale"),
        ("hymn", "chorale"),
        ("fugue", "contrapuntal"),
        ("string quartet", "chamber"),
        ("song", "song"),
        ("mazurka", USUAL_FAMILY),
        ("", USUAL_FAMILY),
    ],
)
def test_a_form_is_judged_by_its_family(form: str, family: str) -> None:
    assert form_family(form) == family
    assert family in FORM_FAMILIES


def test_the_total_counts_real_pieces_and_draws_that_cost_more() -> None:
    assert FAMILY.total(0.0) == 100.0
    usual_real, usual_draw = FAMILY.total(REAL_COSTS[6]), FAMILY.total(DRAWN_COSTS[6])
    assert usual_real == pytest.approx(50 * (0.5 + 1 - 0.05 * 0.6 / 2.15))
    assert usual_draw == pytest.approx(50 * 0.5, abs=0.1)


@given(st.floats(0, 1e3), st.floats(0, 1e3))
def test_a_higher_cost_is_never_a_higher_total(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert 0 <= FAMILY.total(high) <= FAMILY.total(low) <= 100


def test_the_scale_saturates_at_neither_end() -> None:
    totals = [FAMILY.total(cost) for cost in (0, 0.01, 0.1, 0.5, 1.0, 1.5, 2.0, 4.0, 9.0)]
    assert all(better > worse for better, worse in pairwise(totals))
    assert totals[-1] > 0


def test_nine_of_ten_real_pieces_reach_the_floor() -> None:
    totals = dict(zip(LEVELS, map(FAMILY.total, REAL_COSTS), strict=True))
    assert all((total >= FAMILY.floor) == (level <= 0.9) for level, total in totals.items())


def test_a_rule_that_nobody_learned_has_its_own_weight_to_scale() -> None:
    by_name = {rule.name: rule for rule in RULES}
    assert FAMILY.weight_of(by_name["leaps"]) == 2.0
    rule = by_name["final_bass"]
    assert FAMILY.weight_of(rule) == 0.5 * rule.weight


def test_the_bundled_weights_know_every_family_and_say_what_made_them() -> None:
    found = load_weights()
    assert set(found) == set(FORM_FAMILIES)
    for family in found.values():
        assert sum(family.weights.values()) > 0
        for costs in (family.real_costs, family.drawn_costs):
            assert costs[-1] > costs[0] >= 0
            assert family.total(costs[0]) > family.total(costs[-1])
        # A usual real piece has more points than a usual draw.
        assert family.total(family.real_costs[6]) > family.total(family.drawn_costs[6])
    path = WEIGHTS_PATH
    document = json.loads(path.read_text(encoding="utf-8"))
    for row in document["families"].values():
        assert row["auc"]["raw"]["value"] > 0.5
        assert row["auc"]["pitch 5 %"]["value"] >= 0.95
    assert {"date", "checkpoint", "licence", "shares"} <= set(document["made"])
    assert all({"auc", "pieces"} <= set(row) for row in document["families"].values())


def test_every_bundled_weight_belongs_to_a_rule() -> None:
    names = {rule.name for rule in RULES}
    assert all(set(family.weights) <= names for family in load_weights().values())


def test_the_most_surprising_bar_is_held_against_bands_of_the_same_pieces(chorale: Piece) -> None:
    for rows in load_model_bands().values():
        for band in rows.values():
            assert list(band[:-1]) == sorted(band[:-1])
            assert band.n >= MIN_PIECES
    band = load_model_bands()["chorale/4"][WORST_BAR]
    bars = (band.p50,) * (chorale.n_bars - 1)
    usual, wild = (
        score(chorale, surprise=Surprise(nats_per_bar=(*bars, n)))[WORST_BAR]
        for n in (band.p50, 20.0)
    )
    assert (usual.penalty, usual.high) == (0.0, band.p90)
    assert wild.penalty > 1


def test_what_the_model_says_has_a_band_for_every_family_of_forms() -> None:
    bands = load_model_bands()
    for name in (WORST_BAR, "doubt_per_note"):
        assert {"chorale/4", "song", "string quartet"} <= {
            group for group, rows in bands.items() if name in rows
        }


ROW = {"weights": {}, "scale": 1.0, "real_costs": [*LEVELS], "drawn_costs": [*LEVELS]}
SOUND = {
    "format": 2,
    "model_bands": {},
    "families": dict.fromkeys(FORM_FAMILIES, ROW),
}


@pytest.mark.parametrize(
    "row",
    [
        {**ROW, "real_costs": [1.0]},
        {**ROW, "drawn_costs": [*LEVELS][::-1]},
        {**ROW, "weights": {"leaps": -1.0}},
        {**ROW, "weights": {"leaps": math.nan}},
        {**ROW, "weights": []},
        {},
    ],
)
def test_a_damaged_file_of_weights_is_refused_in_a_sentence(tmp_path: Path, row: object) -> None:
    path = tmp_path / "other.json"
    families = {**SOUND["families"], USUAL_FAMILY: row}  # type: ignore[dict-item]
    path.write_text(json.dumps({**SOUND, "families": families}))
    with pytest.raises(ScoreFileError, match=r"other\.json"):
        load_weights(path)
    with pytest.raises(ScoreFileError, match=r"nowhere\.json"):
        load_weights(tmp_path / "nowhere.json")
