"""A piece as counts: the key does not matter, everything is counted, excerpts end at a bar line."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from composer.evaluation.excerpts import (
    OPENING_BARS,
    WHOLE_BARS,
    bars_asked,
    excerpt,
    first_bars,
)
from composer.evaluation.features import (
    KINDS,
    LENGTH_EDGES,
    describe,
    distributions,
    length_classes,
    words,
)
from composer.piece import Piece
from composer.theory import KEYS, Key
from tests.strategies import pieces


def in_key(piece: Piece, key: Key) -> Piece:
    return replace(piece.transposed(key.shift - piece.key.shift), key=key)


@pytest.mark.parametrize("key", [key for key in KEYS if key.mode == "major"], ids=str)
def test_the_key_does_not_matter(chorale: Piece, key: Key) -> None:
    moved = in_key(chorale, key)
    assert Counter(words(moved)) == Counter(words(chorale))
    for kind, counts in distributions(moved).items():
        np.testing.assert_allclose(counts, distributions(chorale)[kind])


@settings(max_examples=30)
@given(pieces())
def test_every_kind_has_its_bins_and_counts_every_note(piece: Piece) -> None:
    found = distributions(piece)
    assert {name: len(counts) for name, counts in found.items()} == {
        name: len(kind.bins) for name, kind in KINDS.items()
    }
    assert found["duration"].sum() == piece.n_notes
    assert found["simultaneity"].sum() <= found["density"].sum()


@settings(max_examples=20)
@given(pieces())
def test_every_piece_is_a_row_of_the_same_length(piece: Piece) -> None:
    assert describe(piece).shape == describe(piece.transposed(1)).shape
    assert all(isinstance(word, str) for word in words(piece))


def test_a_chorale_moves_by_step_in_quarters_with_four_notes_at_once(chorale: Piece) -> None:
    found = distributions(chorale)
    steps = dict(zip(KINDS["interval"].bins, found["interval"], strict=True))
    assert steps["-2"] > steps["-5"]
    assert found["simultaneity"].argmax() == 4
    assert LENGTH_EDGES[int(found["inter-onset"].argmax())] == 1.0
    assert found["harmonic change"].sum() > 0


def test_a_silent_piece_counts_nothing(empty_piece: Piece) -> None:
    found = distributions(empty_piece)
    assert found["duration"].sum() == found["harmonic change"].sum() == 0.0
    assert not np.isinf(describe(empty_piece)).any()


def test_lengths_fall_into_the_class_below_them() -> None:
    lengths = np.array([*LENGTH_EDGES, 1.1, 100.0])
    last = len(LENGTH_EDGES) - 1
    expected = [*range(len(LENGTH_EDGES)), LENGTH_EDGES.index(1.0), last]
    assert length_classes(lengths).tolist() == expected


@settings(max_examples=30)
@given(pieces())
def test_first_bars_are_a_piece_that_ends_at_its_bar_line(piece: Piece) -> None:
    for n_bars in range(1, piece.n_bars + 1):
        found = first_bars(piece, n_bars)
        assert found.bars == piece.bars[:n_bars]
        assert found.end_of_notes_beats <= found.length_beats or n_bars == piece.n_bars


def test_short_pieces_are_compared_whole_and_long_ones_by_their_opening(chorale: Piece) -> None:
    long = replace(chorale, n_bars=WHOLE_BARS + 1)
    assert excerpt(chorale, chorale.n_bars) is chorale
    assert excerpt(long, long.n_bars).n_bars == OPENING_BARS
    assert (bars_asked(9), bars_asked(99)) == (9, WHOLE_BARS)
