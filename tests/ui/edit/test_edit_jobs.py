from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from composer.errors import ComposerError, RequestError
from composer.piece import Note, Piece
from composer.ui.edit.jobs import (
    NOT_MARKED,
    area_job,
    harmonise_job,
    infill_job,
    remake_job,
    vary_job,
)
from composer.ui.shared.settings import OPEN
from tests.sentences import is_plain

FEW = {"candidates": 4, "temperature": None, "seed": 7}
MARKED = {"first_bar": 2, "last_bar": 3, "parts": [0, 1, 2, 3]}


def test_marked_bars_are_told_to_the_pipeline(chorale: Piece) -> None:
    job = infill_job(chorale, MARKED, True, "tie", {"candidates": 4, "temperature": 1.2, "seed": 9})
    assert job.arguments == (chorale, 2, 3)
    asked = {"complete": True, "edges": "tie", "candidates": 4, "temperature": 1.2, "seed": 9}
    assert job.options == {"parts": (0, 1, 2, 3), **asked}
    assert job.words == "bars 2 to 3 completed"


def test_a_note_of_a_chord_is_remade_between_its_neighbours(keyboard_piece: Piece) -> None:
    notes = (
        Note(Fraction(0), 60, Fraction(2)),
        *(Note(Fraction(1), n, Fraction(1)) for n in (64, 67)),
    )
    parts = (replace(keyboard_piece.parts[0], notes=notes), *keyboard_piece.parts[1:])
    piece = replace(keyboard_piece, parts=parts)
    job = remake_job(piece, {"part": 0, "row": ["1", 64]}, FEW)
    (area,) = job.arguments[1]
    assert (area.low, area.high, area.parts) == (61, 66, (0,))
    assert (area.begin_beats, area.end_beats) == (1, 2)
    whole = remake_job(piece, {"part": 0, "row": ["1", 64]}, FEW, whole_chord=True)
    assert whole.arguments[1][0].parts == tuple(range(len(piece.parts)))
    with pytest.raises(RequestError, match="no note is chosen"):
        remake_job(piece, {"part": 0, "row": ["1", 65]}, FEW)


def test_marked_areas_lie_in_the_ticked_parts_and_end_with_the_piece(chorale: Piece) -> None:
    end = float(chorale.length_beats)
    rows = [[4.5, 6, 60, 67], [end - 1, end + 2, 40, 50]]
    ticked = {"first_bar": 1, "last_bar": 2, "parts": [0, 3]}
    job = area_job(chorale, rows, ticked, FEW)
    first, second = job.arguments[1]
    assert (first.begin_beats, first.end_beats, first.low, first.high) == (
        Fraction(9, 2),
        6,
        60,
        67,
    )
    assert second.end_beats == chorale.length_beats and first.parts == (0, 3)
    assert job.words.startswith("2 areas of bars 2 to ") and job.words.endswith("bass remade")


@pytest.mark.parametrize(
    "odd", [None, [], [[1, 1, 60, 60]], [[0, 1, 70, 60]], [[0, 1, 60]], [["0", "1", 60, 60]],
            [[float("nan"), 1, 60, 60]], [[0, float("inf"), 60, 60]], [[900, 901, 60, 60]], "all"]
)  # fmt: skip
def test_odd_areas_get_one_plain_sentence(chorale: Piece, odd: Any) -> None:
    with pytest.raises(RequestError) as error:
        area_job(chorale, odd, None, FEW)
    assert is_plain(str(error.value))


def test_what_is_left_empty_is_left_to_the_pipeline(chorale: Piece) -> None:
    job = vary_job(chorale, MARKED, 0.3, "keep", {"candidates": 4, "temperature": None, "seed": ""})
    assert "temperature" not in job.options
    assert job.options["freedom"] == 0.3


def test_an_empty_seed_is_drawn_anew(chorale: Piece) -> None:
    seeds = {vary_job(chorale, MARKED, 0.3, "keep", {"seed": None}).options["seed"] for _ in "abc"}
    assert len(seeds) == 3


def test_open_names_are_left_to_the_menu(chorale: Piece) -> None:
    job = harmonise_job(chorale, 3, OPEN, "chorale", FEW)
    assert job.options == {"part": 3, "form": "chorale", "candidates": 4, "seed": 7}
    assert job.words == "new parts to the bass"


def test_without_a_mark_nothing_is_written(chorale: Piece) -> None:
    for read_job, value in ((infill_job, False), (vary_job, 0.5)):
        with pytest.raises(RequestError, match=NOT_MARKED[:20]):
            read_job(chorale, None, value, "keep", FEW)


ODD = ("many", [], {}, True, float("nan"), float("inf"), 2.5)


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_an_odd_number_gets_one_plain_sentence(chorale: Piece, odd: Any) -> None:
    with pytest.raises(ComposerError) as caught:
        harmonise_job(chorale, odd, "Bach", "chorale", FEW)
    assert is_plain(str(caught.value))
