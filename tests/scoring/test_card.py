from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from composer.piece import MeterChange, Note, Part, Piece
from composer.scoring import FAMILIES, RULES, Band, Standards, Surprise, measure, score
from composer.scoring.card import PENALTY_CAP, penalty
from composer.scoring.seams import SEAM_RULES
from composer.scoring.weights import LEVELS, FamilyWeights, load_weights
from composer.theory import INSTRUMENTS, Key, Meter
from tests.scoring.lines import moved, piece_of

BAND = Band(0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 20)
RULE_BY_NAME = {rule.name: rule for rule in RULES}
TWO_SIDED, HIGH, LOW = (RULE_BY_NAME[name] for name in ("density", "awkward_leaps", "scale_share"))


def weighed(weights: Mapping[str, FamilyWeights]) -> Standards:
    return replace(Standards.general(), weights=weights)


@pytest.mark.parametrize("value", [1.0, 2.0, 3.0])
def test_where_both_sides_cost_nothing_inside_the_band_does(value: float) -> None:
    assert penalty(value, BAND, TWO_SIDED) == 0


def test_where_one_side_costs_it_begins_at_the_quarter() -> None:
    assert penalty(2.5, BAND, HIGH) == penalty(1.5, BAND, LOW) == 0
    assert 0 < penalty(2.75, BAND, HIGH) < penalty(3.5, BAND, HIGH)
    assert 0 < penalty(1.25, BAND, LOW) < penalty(0.5, BAND, LOW)


def test_a_merit_costs_below_the_upper_quarter() -> None:
    rule = replace(LOW, is_merit=True)
    assert penalty(2.5, BAND, rule) == 0 < penalty(2.25, BAND, rule) < penalty(1.5, BAND, rule)


def test_a_strict_rule_costs_above_the_quarter_and_below_the_band() -> None:
    rule = replace(TWO_SIDED, is_strict=True)
    assert penalty(1.0, BAND, rule) == penalty(2.5, BAND, rule) == 0
    assert penalty(0.9, BAND, rule) > 0 < penalty(2.6, BAND, rule)


def test_only_the_side_that_a_rule_names_costs() -> None:
    assert penalty(0, BAND, HIGH) == penalty(4, BAND, LOW) == 0
    assert penalty(0, BAND, TWO_SIDED) == penalty(4, BAND, TWO_SIDED) > 0


def test_a_penalty_grows_with_the_distance_and_stays_below_its_cap() -> None:
    penalties = [penalty(3 + distance, BAND, TWO_SIDED) for distance in (0, 0.1, 1, 5, 30)]
    assert all(a < b for a, b in pairwise(penalties))
    assert penalties[-1] < PENALTY_CAP


def test_where_ratios_count_half_is_as_far_as_twice() -> None:
    rule = replace(RULE_BY_NAME["worst_bar_nats"], least_spread=0.1)
    band = Band(1.5, 2.0, 2.2, 3.0, 3.5, 4.0, 5.0, n=100)
    assert penalty(1.0, band, rule) == pytest.approx(penalty(8.0, band, rule))
    assert 0 == penalty(2.0, band, rule) == penalty(4.0, band, rule)
    assert penalty(0.0, band, rule) < PENALTY_CAP
    assert penalty(math.nan, band, rule) == 0


def test_a_setting_begins_at_the_median() -> None:
    rule = RULE_BY_NAME["final_bass"]
    assert penalty(1.5, BAND, rule) > 0 == penalty(2.0, BAND, rule)


def test_what_cannot_be_measured_costs_nothing() -> None:
    assert penalty(math.nan, BAND, TWO_SIDED) == 0
    assert penalty(9.0, Band._make([math.nan] * 8), TWO_SIDED) == 0


def test_every_rule_cites_a_year_and_a_place_in_its_source() -> None:
    year, place = (
        re.compile(r"\([^()]*\b(1[5-9]|20)\d\d\)"),
        re.compile(r"(\bpp?\.|§|\bpar\.) B?\d"),
    )
    for rule in (*RULES, *SEAM_RULES):
        assert year.search(rule.source) and place.search(rule.source), (rule.name, rule.source)


def test_every_rule_has_its_words_and_belongs_to_a_family() -> None:
    assert all(rule.label and rule.unit for rule in RULES)
    assert {rule.family for rule in RULES} == set(FAMILIES)
    assert all(rule.label_of_one for rule in RULES if rule.unit.startswith("per 100"))


def test_what_is_lost_and_the_total_sum_to_a_hundred(chorale, keyboard_piece) -> None:
    for piece in (chorale, keyboard_piece, replace(keyboard_piece, form="chorale")):
        card = score(piece, surprise=Surprise(nats_per_note=5.0))
        assert card.total + sum(one.lost for one in card.scores) == pytest.approx(100)
        assert all((one.lost > 0) == (one.weight * one.penalty > 0) for one in card.scores)


def test_every_value_says_its_sentence(chorale, keyboard_piece, empty_piece) -> None:
    for piece in (chorale, keyboard_piece, empty_piece):
        for one in score(piece).scores:
            assert one.reason and "\n" not in one.reason
            assert ("nothing to measure" in one.reason) == math.isnan(one.value)


def test_given_weights_judge_in_place_of_the_learned_ones(chorale) -> None:
    families = dict.fromkeys(load_weights(), FamilyWeights({}, 0.0, LEVELS, LEVELS))
    assert (
        score(piece_of("C4 F#4 Bb4 C5", "C4 F#4 E2 C#3"), standards=weighed(families)).total == 100
    )
    heavy = dict.fromkeys(load_weights(), FamilyWeights({}, 100.0, LEVELS, LEVELS))
    assert score(replace(chorale, key=Key("C#", "major")), standards=weighed(heavy)).total < 1


def test_a_good_chorale_scores_high_and_says_why(chorale) -> None:
    card = score(chorale)
    assert card.total > 50  # better than what is usual, though plainer than most real ones
    assert card.form == "chorale/4"
    assert any(reason.startswith("no ") for reason in card.reasons)
    assert card["parallel_fifths"].reason == "no parallel fifths"
    assert card["final_cadence"].reason.startswith("final cadence: bass on G3, tonic triad")


def test_a_parallel_costs_and_is_named_with_its_bar(chorale) -> None:
    soprano, *others = chorale.parts
    doubled = replace(others[-1], notes=tuple(_up(note, 24) for note in others[-1].notes))
    worse = score(replace(chorale, parts=(doubled, *others)))
    assert worse.total < score(chorale).total
    assert "parallel octaves (bars 1, 2" in worse.reasons[0]
    assert "per 100 notes; real chorales have 0" in worse.reasons[0]


def _up(note: Note, semitones: int) -> Note:
    return replace(note, pitch=note.pitch + semitones)


def test_one_parallel_is_named_in_the_singular() -> None:
    card = score(piece_of("G4 A4 G4 E4 | D4 E4:3", "C3 D3 B2 C3 | G2 C3:3"), form="chorale")
    assert any(reason.startswith("1 parallel fifth (bar 1), ") for reason in card.reasons)


def test_blandness_does_not_win(chorale) -> None:
    still = "C5:4 " * 8
    bland = replace(piece_of(still, "G4:4 " * 8, "E4:4 " * 8, "C3:4 " * 8), form="chorale")
    assert score(bland).total < score(chorale).total


def test_piano_music_is_not_judged_by_the_rules_of_chorales(keyboard_piece) -> None:
    left = tuple(_up(note, -12) for note in keyboard_piece.parts[0].notes)
    octaves = replace(
        keyboard_piece,
        parts=(keyboard_piece.parts[0], replace(keyboard_piece.parts[1], notes=left)),
    )
    lost = {
        form: score(octaves, form=form)["parallel_octaves"].lost
        for form in ("chorale", "character piece")
    }
    assert lost["character piece"] < lost["chorale"]


def test_surprise_is_handed_in_and_costs_on_both_sides(chorale) -> None:
    assert math.isnan(score(chorale)["nats_per_note"].value)
    usual, bland, wild = (
        score(chorale, surprise=Surprise(nats_per_note=n)) for n in (2.0, 0.1, 9.0)
    )
    assert usual["nats_per_note"].penalty == 0
    assert min(bland["nats_per_note"].penalty, wild["nats_per_note"].penalty) > 0


def test_without_bands_nothing_is_judged(chorale) -> None:
    card = score(chorale, standards=replace(Standards.general(), bands={}))
    assert (card.total, card.form, card.reasons) == (100.0, "", ())


@pytest.mark.parametrize("semitones", range(-6, 6))
def test_no_value_but_range_depends_on_the_key(chorale, keyboard_piece, semitones: int) -> None:
    for piece in (chorale, keyboard_piece):
        here, there = measure(piece), measure(moved(piece, semitones))
        for name in here.keys() - {"out_of_range", "extreme_registers"}:
            assert there[name].value == pytest.approx(here[name].value, nan_ok=True), name


def test_an_empty_piece_is_scored_and_scored_low(empty_piece, chorale) -> None:
    card = score(empty_piece)
    assert 0 <= card.total < 50
    silent = replace(chorale, parts=tuple(replace(part, notes=()) for part in chorale.parts))
    assert score(silent).total < 30


def test_a_scorecard_is_made_of_json_values(chorale, empty_piece) -> None:
    for piece in (chorale, empty_piece):
        json.dumps(score(piece).to_dict(), allow_nan=False)


NOTE = st.builds(
    Note,
    onset_beats=st.integers(0, 200).map(lambda position: Fraction(position, 24)),
    pitch=st.integers(0, 127),
    duration_beats=st.integers(1, 200).map(lambda position: Fraction(position, 24)),
)
PARTS = st.lists(st.lists(NOTE, max_size=8), min_size=1, max_size=4)


@given(PARTS, st.sampled_from([Meter(4, 4), Meter(3, 8), Meter(1, 64), Meter(6, 8)]))
def test_any_notes_get_a_finite_total(parts: list[list[Note]], meter: Meter) -> None:
    voices = tuple(
        Part(INSTRUMENTS["violin"], tuple(sorted(notes, key=lambda n: (n.onset_beats, n.pitch))))
        for notes in parts
    )
    piece = Piece(voices, (MeterChange(Fraction(0), meter),), Key("F#", "minor"))
    card = score(piece)
    assert 0 <= card.total <= 100
    assert all(0 <= one.penalty < PENALTY_CAP for one in card.scores)
    assert all(not math.isinf(one.value) for one in card.scores)
    assert all(p.bar in piece.bar_numbers for one in card.scores for p in one.places)
