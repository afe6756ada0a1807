"""Bar lines: what is measured across them, and how real ones compare."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings

from composer.piece import Piece
from composer.scoring import load_bands, save_bands, score
from composer.scoring.seams import (
    CLOSING_RULES,
    MIN_BAR_LINES,
    SEAM_BANDS_PATH,
    SEAM_RULES,
    build_seam_bands,
    measure_seam,
    score_seam,
    with_seam,
)
from composer.scoring.texture import build_texture
from tests.scoring.lines import moved, piece_of
from tests.strategies import pieces


def value_of(name: str, *lines: str, bar: int = 1) -> float:
    texture = build_texture(piece_of(*lines))
    return measure_seam(texture, bar, texture.bar_contents[:1])[name]


def test_fifths_are_nearer_than_tritones() -> None:
    home = "C4+E4+G4:4"
    distances = [
        value_of("harmony_distance", f"{home} | {chord}:4")
        for chord in ("C4+E4+G4", "G4+B4+D5", "F#4+A#4+C#5")
    ]
    assert distances[0] == pytest.approx(0.0)
    assert 0 < distances[1] < distances[2]


def test_voices_move_by_their_steps() -> None:
    lines = ("C5:4 | E5:4", "C4:4 | B3:4")
    assert value_of("voice_motion", *lines) == pytest.approx(2.5)
    assert value_of("widest_jump", *lines) == 4


def test_rests_and_notes_held_over_are_counted() -> None:
    lines = ("C5:4 | - C5:3", "C4:3 E4:5")
    assert value_of("resting_parts", *lines) == 0.5
    assert value_of("held_parts", *lines) == 0.5


def test_a_part_that_falls_silent_changes_the_texture() -> None:
    assert value_of("texture_change", "C5:4 | C5:4", "C4:4 | -:4") == 1
    assert value_of("density_change", "C5 C5 C5 - | C5:4") == pytest.approx(1.0)


def test_music_that_begins_again_is_like_its_opening() -> None:
    again, other = "C4 D4 E4 F4 | C4 D4 E4 F4", "C4 D4 E4 F4 | G4:2 A4:2"
    assert value_of("restart", again) == value_of("familiar_rhythm", again) == 1
    assert value_of("restart", other) == 0
    assert value_of("familiar_rhythm", other) == pytest.approx(0.5)


def test_silence_leaves_nothing_to_measure() -> None:
    texture = build_texture(piece_of("C4:4 | -:4 | C4:4"))
    found = measure_seam(texture, 1)
    assert all(math.isnan(found[name]) for name in ("harmony_distance", "voice_motion", "restart"))


@settings(max_examples=25)
@given(pieces())
def test_every_bar_line_can_be_measured_in_every_key(piece: Piece) -> None:
    texture, higher = build_texture(piece), build_texture(moved(piece, 5))
    for bar in range(1, piece.n_bars):
        found, other = measure_seam(texture, bar), measure_seam(higher, bar)
        assert found.keys() == {rule.name for rule in SEAM_RULES}
        assert list(found.values()) == pytest.approx(list(other.values()), nan_ok=True)


def test_the_bands_of_real_bar_lines_judge_every_measure(chorale: Piece) -> None:
    bands = load_bands(SEAM_BANDS_PATH)
    assert bands["all"].keys() == {rule.name for rule in SEAM_RULES}
    scores = score_seam(build_texture(chorale), 4, form="chorale")
    assert all(one.reason and one.source for one in scores if math.isfinite(one.value))


def test_a_bar_line_of_a_chorale_stands_before_a_broken_one(chorale: Piece) -> None:
    seam = score_seam(build_texture(chorale), 4, form="chorale")
    broken = piece_of("C6:4 | C4:4", "C5:4 | F#3:4", "E4:4 | -:4", "C3:4 | -:4")
    torn = score_seam(build_texture(broken), 1, form="chorale")
    assert sum(one.penalty for one in seam) < sum(one.penalty for one in torn)


def test_a_chunk_that_closes_nothing_is_asked_for_no_close(chorale: Piece) -> None:
    card = score(chorale)
    names = {one.name for one in with_seam(card, (), form="chorale", closes=False).scores}
    assert not names & CLOSING_RULES
    assert {
        one.name for one in with_seam(card, (), form="chorale", closes=True).scores
    } >= CLOSING_RULES


def test_a_torn_seam_costs_points_that_are_told(chorale: Piece) -> None:
    card = score(chorale)
    broken = build_texture(piece_of("C6:4 | C4:4", "C5:4 | F#3:4", "E4:4 | -:4", "C3:4 | -:4"))
    whole = with_seam(card, (), form="chorale", closes=True)
    torn = with_seam(card, score_seam(broken, 1, form="chorale"), form="chorale", closes=True)
    assert torn.total < whole.total
    assert sum(one.lost for one in torn.scores) + torn.total == pytest.approx(100)
    assert any("bar lines of real chorales" in reason for reason in torn.reasons)


def test_places_are_told_as_those_of_the_whole_piece() -> None:
    card = score(piece_of("C5 D5 E5 F5", "F4 G4 A4 Bb4"), form="chorale")
    found = with_seam(
        card, (), form="chorale", closes=False, bars_before=7, beats_before=Fraction(28)
    )
    places = found["parallel_fifths"].places
    assert [place.bar for place in places] == [8] * len(places)
    assert places[0].onset_beats == card["parallel_fifths"].places[0].onset_beats + 28
    assert "bar 8" in found["parallel_fifths"].reason


def test_bands_are_built_from_bar_lines_and_come_back(chorale: Piece, tmp_path: Path) -> None:
    bands = build_seam_bands([chorale] * MIN_BAR_LINES)
    band = load_bands(save_bands(bands, tmp_path / "seams.json"))["chorale/4"]["voice_motion"]
    assert band == bands["chorale/4"]["voice_motion"]
    assert band.n >= MIN_BAR_LINES
    assert not build_seam_bands([chorale])
