"""Sections of a piece, from the likeness of its bars."""

from __future__ import annotations

import numpy as np
from hypothesis import given

from composer.piece import Piece
from composer.theory import Key, Meter
from composer.tokenizer import encode_bars, vocab
from composer.tokenizer.sections import bar_numbers, bar_similarity, section_ids, section_names
from tests.strategies import GridNotes, make_piece, pieces

TUNES = {
    "a": [(0, 24, 60), (24, 24, 62), (48, 24, 64), (72, 24, 65)],
    "b": [(0, 24, 72), (24, 24, 71), (48, 24, 69), (72, 24, 67)],
    "c": [(0, 48, 55), (48, 48, 57)],
    "v": [(0, 24, 60), (24, 24, 62), (48, 24, 64), (72, 24, 67)],  # `a` but for its last note
    "-": [],
}


def piece_of(bars: str) -> Piece:
    """Build a piece of bars in 4/4, a letter of `TUNES` each."""
    line: GridNotes = [
        (96 * place + onset, length, pitch)
        for place, bar in enumerate(bars)
        for onset, length, pitch in TUNES[bar]
    ]
    return make_piece([Meter(4, 4)] * len(bars), [line], key=Key("C", "major"), ensemble="")


def names_of(bars: str) -> list[str]:
    return section_names(encode_bars(piece_of(bars)))


@given(pieces())
def test_likeness_is_mutual_and_full_with_itself(piece: Piece) -> None:
    rows = encode_bars(piece)
    likeness = bar_similarity(rows)
    assert np.array_equal(likeness, likeness.T)
    assert ((likeness >= 0) & (likeness <= 1)).all()
    has_notes = np.isin(np.arange(piece.n_bars), bar_numbers(rows)[vocab.is_note(rows)])
    assert np.array_equal(np.diag(likeness), has_notes.astype(np.float32))


@given(pieces())
def test_every_bar_has_one_section(piece: Piece) -> None:
    names = section_names(encode_bars(piece))
    assert len(names) == piece.n_bars
    assert set(names) <= set(vocab.SECTIONS[1:])


def test_likeness_is_the_share_of_notes_in_common() -> None:
    likeness = bar_similarity(encode_bars(piece_of("avb")))
    assert likeness[0, 1] == np.float32(3 / 5)
    assert likeness[0, 2] == 0


def test_bars_that_come_again_return_and_others_are_new() -> None:
    names = names_of("abab" + "cc" + "abab" + "bcbc" + "abab")
    assert names[:4] == ["opening"] * 4
    assert names[6:10] == ["return"] * 4
    assert names[-4:] == ["closing"] * 4


def test_bars_that_come_again_with_other_notes_are_varied() -> None:
    assert names_of("aabb" + "cc" + "vv" + "cbcb" + "bbbb")[6:8] == ["varied", "varied"]


def test_empty_bars_are_new_and_never_return() -> None:
    assert names_of("abab" + "--" + "--" + "abab")[4:8] == ["new"] * 4


def test_a_short_piece_opens_and_closes_with_a_quarter_of_its_bars() -> None:
    assert names_of("abcabcab")[:2] == ["opening", "opening"]
    assert names_of("ab") == ["opening", "closing"]
    assert names_of("a") == ["closing"]


def test_a_section_has_its_own_id() -> None:
    ids = section_ids(list(vocab.SECTIONS)).tolist()
    assert ids == list(range(vocab.SECTION, vocab.SECTION + len(vocab.SECTIONS)))
