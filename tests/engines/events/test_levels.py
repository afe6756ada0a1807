"""Levels lean the way that was asked, and leave everything else alone."""

from __future__ import annotations

import numpy as np
import pytest

from composer.engines.events.levels import Levels
from composer.request import Request
from composer.tokenizer import vocab
from composer.tokenizer.masks import Frame, Grammar
from composer.tokenizer.vocab import BAR, DURATION, PITCH, POSITION, TIME, Events

NOTE: Events = np.array([[POSITION, 0, 60, 0]], np.int16)


def levels(**asked: str) -> Levels:
    grammar = Grammar(Frame(bars=2, ranges=[(40, 80)]), 1)
    grammar.bar_length[:] = 96
    return Levels(grammar, "minor", Request.from_dict(dict(asked)))


@pytest.mark.parametrize(("level", "sign"), [("high", 1), ("not low", 1), ("low", -1)])
def test_a_register_favours_its_side(level: str, sign: int) -> None:
    weights = levels(register=level).weights(PITCH, NOTE)
    assert weights is not None
    assert (np.sign(np.diff(weights[0])) == sign).all()


def test_chromatic_notes_gain_where_they_are_wanted_and_lose_where_not() -> None:
    for level, sign in (("high", 1), ("low", -1)):
        weights = levels(chromaticity=level).weights(PITCH, NOTE)
        assert weights is not None
        assert np.sign(weights[0, 61]) == sign and weights[0, 60] == weights[0, 63] == 0


def test_a_dense_piece_waits_less_and_has_shorter_notes() -> None:
    dense = levels(density="high")
    waits, lengths = dense.weights(TIME, NOTE), dense.weights(DURATION, NOTE)
    assert waits is not None and lengths is not None
    assert waits[0, POSITION] > waits[0, POSITION + 24] > waits[0, BAR]
    assert lengths[0, 5] > lengths[0, 23]


def test_without_a_level_nothing_leans() -> None:
    assert not Levels.is_asked(Request()) and not Levels.is_asked(Request(density="medium"))
    bar_line: Events = np.array([[vocab.BAR, 0, 0, 0]], np.int16)
    weights = levels(register="high").weights(PITCH, bar_line)
    assert weights is not None and not weights.any()
