"""What all rules promise on any piece, however odd."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

from hypothesis import given

from composer.piece import MeterChange, Note, Part, Piece
from composer.scoring import RULES, Measure
from composer.scoring.rule import MAX_PLACES
from composer.scoring.texture import build_texture
from composer.theory import INSTRUMENTS, Key, Meter
from tests.strategies import loose_pieces, pieces

RULES_OF_NOTES = [rule for rule in RULES if rule.measure]
# What every piece of some length has; a chord or a cadence it may lack.
ALWAYS_KNOWN = ("melody", "rhythm", "texture", "form")


def measured(piece: Piece) -> dict[str, Measure]:
    texture = build_texture(piece)
    return {rule.name: rule.measure(texture) for rule in RULES_OF_NOTES if rule.measure}


def check(piece: Piece) -> None:
    found = measured(piece)
    for rule in RULES_OF_NOTES:
        value, places = found[rule.name].value, found[rule.name].places
        assert math.isnan(value) or value >= 0, rule.name
        if rule.unit.startswith("share") or rule.unit == "of 1":
            assert math.isnan(value) or value <= 1 + 1e-9, rule.name
        assert len(places) <= MAX_PLACES
        assert all(place.bar in piece.bar_numbers and place.note for place in places), rule.name


@given(pieces())
def test_a_share_is_a_share_and_a_place_lies_in_the_piece(piece: Piece) -> None:
    check(piece)


@given(loose_pieces())
def test_notes_off_the_grid_are_measured_too(piece: Piece) -> None:
    check(piece)


def test_eight_parts_of_five_hundred_bars_with_rests_are_measured() -> None:
    meter = Meter(7, 8)
    notes = tuple(
        Note(meter.length_beats * bar + Fraction(eighth, 2), 48 + (bar * eighth) % 24, Fraction(1))
        for bar in range(500)
        if bar % 5
        for eighth in (0, 2, 5)
    )
    part = Part(INSTRUMENTS["piano"], notes)
    silent = replace(part, notes=())
    piece = Piece(
        (part,) * 7 + (silent,), (MeterChange(Fraction(0), meter),), Key("C", "minor"), n_bars=500
    )
    check(piece)
    found = measured(piece)
    unknown = [rule.name for rule in RULES_OF_NOTES if math.isnan(found[rule.name].value)]
    assert not {rule.family for rule in RULES_OF_NOTES if rule.name in unknown} & {*ALWAYS_KNOWN}
