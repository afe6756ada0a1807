"""Levels lean the way that was asked, and leave everything else alone."""

from __future__ import annotations

import numpy as np
import pytest

from composer.engines.events.levels import Levels
from composer.request import Request
from composer.tokenizer import vocab
from composer.tokenizer.masks import Frame, Grammar
from composer.tokenizer.vocab import BAR, DURATION, PART, PITCH, POSITION, TIME, Events

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


def test_a_lively_piece_leans_away_from_the_lengths_of_late() -> None:
    lively = levels(liveliness="high")
    quarters: Events = np.array([[POSITION, 0, 60, 23]], np.int16)
    for _ in range(3):
        lively.accept(quarters)
    weights = lively.weights(DURATION, NOTE)
    assert weights is not None
    assert weights[0].argmin() == 23 and weights[0, 11] == 0


def test_a_lively_piece_holds_notes_over_beats() -> None:
    between: Events = np.array([[POSITION + 12, 0, 60, 0]], np.int16)
    weights = levels(liveliness="not low").weights(DURATION, between)
    assert weights is not None
    assert weights[0, 11] == 0 < weights[0, 23]


@pytest.mark.parametrize("one_line", [True, False])
def test_parts_of_a_lively_piece_attack_apart(one_line: bool) -> None:
    grammar = Grammar(Frame(bars=2, ranges=[(60, 80), (40, 60)], one_line=one_line), 1)
    bar: Events = np.array([[vocab.BAR, vocab.SECTION, vocab.PITCH_NONE, vocab.METER]], np.int16)
    lively = Levels(grammar, "major", Request(liveliness="high"))
    for rows in (bar, np.array([[POSITION, 1, 48, 23]], np.int16)):
        grammar.accept(rows)
        lively.accept(rows)
    together: Events = np.array([[POSITION, 0, 60, 0]], np.int16)
    weights = lively.weights(TIME if one_line else PART, together)
    assert weights is not None
    at = (POSITION, POSITION + 12) if one_line else (0, 1)
    assert weights[0, at[0]] < weights[0, at[1]] == 0


def test_a_plain_piece_needs_no_leaning() -> None:
    assert not Levels.is_asked(Request(liveliness="low"))


def test_what_was_heard_goes_with_its_candidate() -> None:
    lively = Levels(
        Grammar(Frame(bars=2, ranges=[(40, 80)]), 2), "major", Request(liveliness="high")
    )
    lively.accept(np.array([[POSITION, 0, 60, 23], [POSITION, 0, 60, 11]], np.int16))
    lively.keep(np.array([1]))
    lively._grammar.keep(np.array([1]))
    weights = lively.weights(DURATION, NOTE)
    assert weights is not None and weights[0].argmin() == 11


def test_without_a_level_nothing_leans() -> None:
    assert not Levels.is_asked(Request()) and not Levels.is_asked(Request(density="medium"))
    bar_line: Events = np.array([[vocab.BAR, 0, 0, 0]], np.int16)
    weights = levels(register="high").weights(PITCH, bar_line)
    assert weights is not None and not weights.any()
