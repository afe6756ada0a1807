"""What a textbook calls monotonous beside the same made lively, and a beginning by Bach."""

from __future__ import annotations

import math

import pytest

from composer.scoring import RULES, measure
from composer.scoring.bands import Band, load_bands
from composer.scoring.card import penalty
from composer.scoring.liveliness import SIGNS
from composer.scoring.texture import build_texture
from tests.scoring.lines import piece_of, value_of

# Note against note, nothing but quarters, no three moves alike.
PLAIN = "C5 E5 D5 G4 | A4 F5 E5 C5", "C4 C4 G3 B3 | F3 A3 C4 C4"


def of_length(length: str, names: str) -> str:
    return " ".join(f"{name}:{length}" for name in names.split())


# Invention in C, BWV 772, bars 1 and 2.
INVENTION = (
    f"-:1/4 {of_length('1/4', 'C4 D4 E4 F4 D4 E4 C4')} {of_length('1/2', 'G4 C5 B4 C5')} | "
    f"{of_length('1/4', 'D5 G4 A4 B4 C5 A4 B4 G4')} {of_length('1/2', 'D5 G5 F5 G5')}",
    f"-:9/4 {of_length('1/4', 'C3 D3 E3 F3 D3 E3 C3')} | "
    f"G3:1/2 G2:1/2 -:5/4 {of_length('1/4', 'G3 A3 B3 C4 A3 B3 G3')}",
)


def test_note_against_note_in_equal_lengths_is_plain() -> None:
    assert value_of("liveliness", *PLAIN) == pytest.approx(0, abs=0.05)


def test_an_invention_is_lively() -> None:
    # Two bars of it: few note lengths, and no leap above a fifth but one.
    assert value_of("liveliness", *INVENTION) > 0.3


def test_every_sign_counts_alike_and_none_more_than_all() -> None:
    for piece in (piece_of(*PLAIN), piece_of(*INVENTION)):
        texture = build_texture(piece)
        found = [sign.found_in(texture) for sign in SIGNS]
        assert all(0 <= value <= 1 for value in found)
        assert measure(piece)["liveliness"].value == pytest.approx(sum(found) / len(SIGNS))


@pytest.mark.parametrize(
    ("name", "plain", "lively"),
    [
        ("rhythm_entropy", "C4 D4 E4 F4", "C4:2 D4 E4:1/2 F4:1/2"),
        ("syncopation", "C4 D4 E4 F4 | G4:4", "C4 D4:2 E4 | F4:4"),
        ("length_kinds", "C4 D4 E4 F4", "C4:2 D4:3/4 E4:1/4 F4:1/2 G4:1/3 A4:1/6 | B4:4"),
        ("groove", "C4 D4 E4 F4 | G4 A4 B4 C5", "C4:4 | D4 E4:2 F4"),
        ("thickness_spread", "C4 D4 E4 F4", "C4:2 C4+E4+G4:2"),
        ("wide_leaps", "C4 D4 E4 F4", "C4 A4 D4 C5"),
        ("motif_recall", "C4 D4 F4 E4 | C4 C4 G4 F4", "C4 D4 E4 C4 | D4 E4 F4 D4 | E4 F4 G4 E4"),
    ],
)
def test_a_sign_of_life_is_seen_in_a_single_line(name: str, plain: str, lively: str) -> None:
    (sign,) = (sign for sign in SIGNS if sign.measure.__name__ == name)
    dull, quick = (sign.found_in(build_texture(piece_of(line))) for line in (plain, lively))
    assert dull < quick


def test_a_solo_is_judged_by_what_it_can_have() -> None:
    texture = build_texture(piece_of(INVENTION[0]))
    assert [math.isnan(sign.found_in(texture)) for sign in SIGNS] == [
        False,
        False,
        False,
        True,
        True,
        False,
        False,
        False,
        False,
    ]
    assert 0 < value_of("liveliness", INVENTION[0]) < 1


def test_silence_has_no_liveliness() -> None:
    assert math.isnan(value_of("liveliness", "-:4"))


def test_only_too_little_life_costs() -> None:
    (rule,) = (rule for rule in RULES if rule.name == "liveliness")
    assert rule.sides == "low"
    band = Band(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 100)
    assert penalty(0.5, band, rule) == 0 < penalty(0.45, band, rule) < penalty(0.2, band, rule)


def test_every_form_has_its_own_band() -> None:
    bands = load_bands()
    chorale, motet, invention = (
        bands[form]["liveliness"].p50 for form in ("chorale/4", "motet/4", "invention")
    )
    assert chorale < motet < invention
