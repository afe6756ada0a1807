"""Conditions as rows in front of the music."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from composer.errors import TokenError
from composer.piece import Piece
from composer.request import Request
from composer.theory import ENSEMBLES, KEYS, Key, Meter, usual_parts
from composer.tokenizer import (
    Conditions,
    conditions_of,
    conditions_of_request,
    encode_conditions,
    vocab,
)
from composer.tokenizer.conditions import (
    decode_conditions,
    meter_id,
    meter_of,
    part_ranges,
)
from tests.strategies import VOCABULARY, any_conditions, pieces


@given(any_conditions())
def test_conditions_come_back_from_their_rows(conditions: Conditions) -> None:
    rows = encode_conditions(conditions, VOCABULARY)
    assert decode_conditions(rows, VOCABULARY) == conditions


@given(any_conditions(), st.integers(0, 7), st.integers(0, vocab.N_PITCH - 1))
def test_a_value_of_another_condition_is_refused(
    conditions: Conditions, place: int, value: int
) -> None:
    rows = encode_conditions(conditions, VOCABULARY)
    rows[place, vocab.PITCH] = value
    try:
        found = decode_conditions(rows, VOCABULARY)
    except TokenError as error:
        assert error.position == place
    else:
        again = encode_conditions(found, VOCABULARY)
        name = vocab.CONDITION_ROWS[place]
        assert name == "meter" or found.bars is None or again[place, vocab.PITCH] == value


def test_conditions_that_nobody_made_are_open() -> None:
    assert conditions_of_request(Request(bars=8)) == Conditions(bars=8)


def test_a_request_says_its_key_as_mode_and_shift() -> None:
    conditions = conditions_of_request(Request(key="Bb minor", meter="6/8", parts=3, form="fugue"))
    assert (conditions.mode, conditions.shift, conditions.meter) == ("minor", -2, Meter(6, 8))
    assert (conditions.parts, conditions.form, conditions.bars) == (3, "fugue", 16)


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_mode_and_shift_give_the_key_with_its_usual_spelling(key: Key) -> None:
    assert Conditions(mode=key.mode, shift=key.shift).key == key


@given(pieces())
def test_a_piece_fulfils_its_own_conditions(piece: Piece) -> None:
    conditions = conditions_of(piece)
    assert conditions.key.tonic_pitch_class == piece.key.tonic_pitch_class
    assert (conditions.bars, conditions.parts) == (piece.n_bars, len(piece.parts))


@pytest.mark.parametrize("pair", vocab.METERS)
def test_every_meter_of_the_table_has_an_id(pair: tuple[int, int]) -> None:
    assert meter_of(meter_id(Meter(*pair))) == Meter(*pair)


def test_a_meter_outside_the_table_is_refused_with_those_that_are_there() -> None:
    with pytest.raises(TokenError, match=r"31/32 has no id; there are 1-9/1"):
        meter_id(Meter(31, 32))


@pytest.mark.parametrize("parts", [0, 17, -1])
def test_more_or_fewer_parts_than_the_table_are_refused(parts: int) -> None:
    with pytest.raises(TokenError, match="1 to 16 parts"):
        encode_conditions(Conditions(parts=parts), VOCABULARY)


def test_a_row_that_is_no_condition_is_refused() -> None:
    with pytest.raises(TokenError, match=r"a condition was expected \(event 1\)"):
        rows = np.concatenate([vocab.row(vocab.CONDITION["mode"], pitch=vocab.VALUE_MODE)] * 2)
        rows[1, vocab.TIME] = vocab.BAR
        decode_conditions(rows, VOCABULARY)


@pytest.mark.parametrize("ensemble", [*ENSEMBLES, "a band of kazoos"])
def test_every_ensemble_has_parts_with_ranges(ensemble: str) -> None:
    n_parts = usual_parts(ensemble)
    ranges = part_ranges(ensemble, n_parts)
    assert len(ranges) == n_parts
    assert all(0 <= low < high <= 127 for low, high in ranges)
