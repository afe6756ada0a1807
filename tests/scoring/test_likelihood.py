from __future__ import annotations

import math
from fractions import Fraction

import pytest

from composer.scoring import Doubt, Surprise, score
from composer.scoring.likelihood import worst_bar
from tests.scoring.lines import piece_of


def test_the_worst_bar_is_named_and_empty_bars_have_no_surprise() -> None:
    found = worst_bar(piece_of("C4:4 D4:4 -:4 E4:4"), [1.0, 3.0, math.nan, 2.0])
    assert found.value == 3.0
    assert [(place.bar, place.note) for place in found.places] == [(2, "3.0 nats a note")]


def test_a_long_piece_is_no_worse_than_its_windows() -> None:
    nats = [1.0] * 15 + [5.0]
    values = [worst_bar(piece_of("C4:4 " * 16 * n), nats * n).value for n in (1, 2, 20)]
    assert values == [5.0] * 3


def test_nothing_is_measured_without_a_model(chorale) -> None:
    assert math.isnan(worst_bar(chorale, []).value)
    assert math.isnan(score(chorale)["worst_bar_nats"].value)


def test_a_bar_that_goes_astray_costs(chorale) -> None:
    even, astray = [2.0] * chorale.n_bars, [2.0] * (chorale.n_bars - 1) + [12.0]
    cards = [score(chorale, surprise=Surprise(nats_per_bar=tuple(nats))) for nats in (even, astray)]
    assert cards[0]["worst_bar_nats"].penalty == 0 < cards[1]["worst_bar_nats"].penalty
    assert cards[1]["worst_bar_nats"].value == pytest.approx(12)


def test_a_piece_without_a_surprising_bar_is_tame_and_costs(chorale) -> None:
    cards = [
        score(chorale, surprise=Surprise(nats_per_bar=(nats,) * chorale.n_bars))
        for nats in (2.4, 1.5, 0.75)
    ]
    usual, tame, tamest = (card["worst_bar_nats"] for card in cards)
    assert usual.penalty == 0 < tame.penalty < tamest.penalty
    assert "0.75 nats, below usual pieces" in tamest.reason


def test_a_doubt_is_marked_where_it_sounds_and_none_at_all_costs_too(chorale) -> None:
    weak = Doubt(0, Fraction(1), 0, 72, 71, 3.2)
    strong = Doubt(1, Fraction(5), 1, 66, 67, math.log(500))
    found = Surprise(doubt_per_note=0.4, doubts=(strong, weak))
    doubted, usual, sure = (
        score(chorale, surprise=one)["doubt_per_note"]
        for one in (found, Surprise(doubt_per_note=0.08), Surprise(doubt_per_note=0.0))
    )
    assert doubted.penalty > sure.penalty > 0 == usual.penalty
    assert [(p.bar, p.onset_beats, p.parts) for p in doubted.places] == [
        (1, Fraction(1), (0,)),
        (2, Fraction(5), (1,)),
    ]
    assert doubted.places[1].note == "F#4, where G4 is 500 times likelier"


def test_of_many_doubts_the_strongest_have_places(chorale) -> None:
    doubts = tuple(Doubt(0, Fraction(n, 24), 0, 60, 61, 3.0 + n / 100) for n in range(80))
    places = score(chorale, surprise=Surprise(doubt_per_note=1.0, doubts=doubts))[
        "doubt_per_note"
    ].places
    assert [place.onset_beats for place in places] == [Fraction(n, 24) for n in range(30, 80)]


def test_what_stands_later_is_doubted_later() -> None:
    found = Surprise(doubts=(Doubt(1, Fraction(2), 0, 60, 61, 4.0),)).later(3, Fraction(12))
    assert (found.doubts[0].bar, found.doubts[0].onset_beats) == (4, Fraction(14))


def test_bars_after_an_upbeat_have_their_printed_numbers(upbeat_chorale) -> None:
    nats = tuple([2.0] * (upbeat_chorale.n_bars - 1) + [12.0])
    doubts = (Doubt(1, Fraction(5), 0, 71, 72, 4.0),)
    card = score(upbeat_chorale, surprise=Surprise(nats_per_bar=nats, doubts=doubts))
    assert card["worst_bar_nats"].places[0].bar == 7
    assert card["doubt_per_note"].places[0].bar == 1
