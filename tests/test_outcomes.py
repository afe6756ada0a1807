"""What was asked for is measured on what came, apart from craft."""

from __future__ import annotations

from dataclasses import replace

import pytest

from composer.engines import MenuEntry
from composer.engines.menu import decide
from composer.outcomes import RANGES, compare_with_request
from composer.piece import Piece
from composer.pipeline.lengths import with_length
from composer.rendering import loudness_of, shape_loudness
from composer.request import LEVELS, LOUDNESSES, Request
from composer.scorecard import Score, Scorecard
from composer.theory import Meter
from tests.strategies import MENU

ROWS = tuple(MenuEntry.from_dict(row) for row in MENU)


@pytest.mark.parametrize("shape", LOUDNESSES)
def test_a_shape_of_loudness_is_read_back_from_the_piece(shape: str, chorale: Piece) -> None:
    assert loudness_of(shape_loudness(chorale, shape)) == shape
    assert loudness_of(shape_loudness(shape_loudness(chorale, "ff"), shape)) == shape


def test_a_bar_alone_has_the_dynamics_without_a_hairpin(chorale: Piece) -> None:
    bar = replace(chorale, n_bars=1)
    assert shape_loudness(bar, "p").parts[0].markings[0].text == "p"


@pytest.mark.parametrize("level", LEVELS)
def test_a_level_is_a_place_in_the_band_of_real_pieces(level: str, chorale: Piece) -> None:
    low, high = RANGES[level]
    for place in (0.0, 0.5, 1.0):
        value = 2.0 + place * 4.0
        score = Score("density", "texture", value, "notes", 2.0, 6.0, 0.0, 1.0)
        found = compare_with_request(Request(density=level), chorale, Scorecard("", (score,), 50.0))
        (outcome,) = (one for one in found if one.name == "density")
        assert outcome.is_kept == (low <= place <= high)


def test_notes_outside_the_scale_are_chromatic(chorale: Piece) -> None:
    score = Score("scale_share", "tonality", 0.9, "share", 0.9, 1.0, 0.0, 1.0)
    card = Scorecard("", (score,), 50.0)
    found = compare_with_request(Request(chromaticity="high"), chorale, card)
    assert next(one for one in found if one.name == "chromaticity").is_kept


@pytest.mark.parametrize("length_s", [20.0, 45.0, 60.0, 90.0, 300.0])
@pytest.mark.parametrize("tempo_bpm", [None, 72.0, 138.0])
def test_bars_last_as_long_as_was_asked(length_s: float, tempo_bpm: float | None) -> None:
    request = with_length(Request(length_s=length_s, tempo_bpm=tempo_bpm, meter="3/4"), ROWS)
    assert request.tempo_bpm and request.meter == Meter(3, 4)
    lasts_s = request.bars * 3 * 60 / request.tempo_bpm
    tolerance = 1e-9 if tempo_bpm is None else 0.5 * 3 * 60 / tempo_bpm / length_s + 1e-9
    assert lasts_s == pytest.approx(length_s, rel=tolerance)
    assert with_length(request, ROWS) == request


@pytest.mark.parametrize("mode", ["major", "minor"])
def test_a_mode_decides_the_key_where_none_is_named(mode: str) -> None:
    for seed in range(20):
        key = decide(Request(mode=mode, seed=seed), ROWS).key
        assert key is not None and key.mode == mode


@pytest.mark.parametrize(
    ("avoid", "left"), [("minuet", ("Bach", "chorale")), ("Bach", ("Mozart", "minuet"))]
)
def test_what_is_to_be_avoided_is_not_chosen(avoid: str, left: tuple[str, str]) -> None:
    for seed in range(20):
        decided = decide(Request(avoid=avoid, seed=seed), ROWS)
        assert (decided.composer, decided.form) == left


def test_what_was_chosen_outright_is_not_avoided() -> None:
    decided = decide(Request(composer="Bach", form="minuet", avoid="Bach, minuet"), ROWS)
    assert (decided.composer, decided.form) == ("Bach", "minuet")
