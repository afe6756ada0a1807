from __future__ import annotations

from typing import Any

import pytest

from composer.errors import ComposerError, RequestError
from composer.piece import Piece
from composer.ui.edit.jobs import NOT_MARKED, harmonise_job, infill_job, vary_job
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
