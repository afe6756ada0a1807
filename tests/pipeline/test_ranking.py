"""Bars of an excerpt under the numbers that they have in the whole piece."""

from __future__ import annotations

from fractions import Fraction

import pytest

from composer.engines import Engine
from composer.piece import Piece
from composer.pipeline import extend, infill
from composer.pipeline.judge import bars_before
from composer.scorecard import Scorecard
from composer.stitching import trim
from tests.conftest import without_beginning

FEW = {"candidates": 2, "seed": 3}


@pytest.mark.parametrize("index", [0, 2, 5])
def test_an_excerpt_lacks_the_bars_before_it(
    chorale: Piece, upbeat_chorale: Piece, index: int
) -> None:
    for whole in (chorale, upbeat_chorale):
        excerpt = trim(whole, index + 1, whole.n_bars)
        for heard in (excerpt, without_beginning(excerpt, Fraction(2))):
            first = heard.bar_numbers[0] + bars_before(whole, index, heard)
            assert first == whole.bar_numbers[index]


def check_places(card: Scorecard, whole: Piece) -> int:
    """Check that every place has the printed number of the bar where it is; count them."""
    places = [place for one in card.scores for place in one.places]
    for place in places:
        bar = whole.bars[whole.bar_numbers.index(place.bar)]
        assert bar.onset_beats <= place.onset_beats < bar.end_beats
    return len(places)


def test_bars_that_are_added_after_an_upbeat_are_told_as_printed(
    tiny_engine: Engine, upbeat_chorale: Piece
) -> None:
    found = extend(upbeat_chorale, 4, engine=tiny_engine, chunk_bars=2, **FEW)
    assert found.tree.seams() == (8, 10)
    assert check_places(found.scorecard, found.piece)


def test_bars_that_are_filled_after_an_upbeat_are_told_as_printed(
    tiny_engine: Engine, upbeat_chorale: Piece
) -> None:
    found = infill(upbeat_chorale, 3, 4, engine=tiny_engine, **FEW)
    kept = [note for note in upbeat_chorale.parts[0].notes if not 12 <= note.onset_beats < 20]
    assert [n for n in found.piece.parts[0].notes if not 12 <= n.onset_beats < 20] == kept
    assert check_places(found.scorecard, found.piece)
