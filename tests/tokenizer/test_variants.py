"""Pieces elsewhere or in fewer parts: the same music, and conditions that say so."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from composer.piece import Piece
from composer.tokenizer import encode, vocab
from composer.tokenizer.holes import Bars
from composer.tokenizer.variants import moved, with_parts
from composer.tokenizer.vocab import PART, PITCH, Events
from tests.strategies import VOCABULARY, pieces


def notes_of(piece: Bars) -> Events:
    rows = np.concatenate(piece.bars)
    return rows[vocab.is_note(rows)]


def condition(piece: Bars, name: str) -> int:
    return int(piece.conditions[vocab.CONDITION_ROWS.index(name), PITCH])


@given(pieces(), st.integers(-5, 6))
def test_all_notes_move_alike_and_nothing_else_does(piece: Piece, semitones: int) -> None:
    bars = Bars.of(encode(piece, VOCABULARY))
    found = moved(bars, semitones)
    before, after = notes_of(bars), notes_of(found)
    assert np.array_equal(after[:, PITCH], np.clip(before[:, PITCH] + semitones, 0, 127))
    others = [field for field in range(4) if field != PITCH]
    assert np.array_equal(after[:, others], before[:, others])
    for one, other in zip(bars.bars, found.bars, strict=True):
        assert np.array_equal(one[0], other[0])
    assert (condition(found, "mode"), condition(found, "shift")) == (
        vocab.MODE_MOVED,
        vocab.VALUE_SHIFT,
    )


def test_the_piece_itself_stays(chorale: Piece) -> None:
    bars = Bars.of(encode(chorale, VOCABULARY))
    moved(bars, 5)
    with_parts(bars, [0, 2])
    again = Bars.of(encode(chorale, VOCABULARY))
    assert np.array_equal(notes_of(bars), notes_of(again))
    assert np.array_equal(bars.conditions, again.conditions)


def test_parts_keep_their_notes_and_are_numbered_anew(chorale: Piece) -> None:
    bars = Bars.of(encode(chorale, VOCABULARY))
    found = with_parts(bars, [3, 1])
    before, after = notes_of(bars), notes_of(found)
    for new, old in enumerate((1, 3)):
        was = before[before[:, PART] % vocab.MAX_PARTS == old]
        now = after[after[:, PART] % vocab.MAX_PARTS == new]
        assert np.array_equal(now[:, PITCH], was[:, PITCH])
    assert len(after) == (before[:, PART] % vocab.MAX_PARTS % 2 == 1).sum()
    assert condition(found, "parts") == vocab.VALUE_PARTS + 2
    assert condition(found, "ensemble") == vocab.VALUE_ENSEMBLE


def test_a_tied_note_keeps_its_tie_in_fewer_parts() -> None:
    tied = vocab.row(vocab.POSITION, vocab.TIED + 2, 60, 4)
    bar = np.concatenate([vocab.row(vocab.BAR), tied])
    conditions = np.concatenate([vocab.row(vocab.CONDITION[name]) for name in vocab.CONDITION_ROWS])
    found = with_parts(Bars(conditions, (bar,)), [2])
    assert found.bars[0][1, PART] == vocab.TIED
