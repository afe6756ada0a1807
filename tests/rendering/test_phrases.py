from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

from hypothesis import given

from composer.piece import Piece
from composer.rendering.phrases import GROUP_BARS, MAX_PHRASE_BARS, find_phrases
from composer.theory import INSTRUMENTS
from tests.conftest import part_of
from tests.strategies import loose_pieces, pieces


def starts_of(piece: Piece) -> list[Fraction]:
    return [phrase.start_beats for phrase in find_phrases(piece)]


def with_line(piece: Piece, line: str) -> Piece:
    return replace(piece, parts=(part_of(INSTRUMENTS["flute"], line),), n_bars=0)


@given(pieces() | loose_pieces())
def test_phrases_follow_one_another_from_beginning_to_end(piece: Piece) -> None:
    phrases = find_phrases(piece)
    assert phrases[0].start_beats == 0
    assert phrases[-1].end_beats >= max(piece.length_beats, piece.end_of_notes_beats)
    assert all(one.end_beats == following.start_beats for one, following in pairwise(phrases))
    assert all(one.start_beats < one.end_beats for one in phrases)


def test_a_phrase_ends_with_a_long_note(chorale: Piece) -> None:
    line = "C5 D5 E5 F5 | G5 A5 G5:2 | C5 D5 E5 F5 | G5 A5 G5:2"
    assert starts_of(with_line(chorale, line)) == [0, 8]


def test_a_phrase_ends_before_a_rest(chorale: Piece) -> None:
    line = "C5 D5 E5 F5 | G5 A5 G5 - | C5 D5 E5 F5 | G5 A5 G5 C5"
    assert starts_of(with_line(chorale, line)) == [0, 8]


def test_a_stream_of_equal_notes_falls_into_groups_of_four_bars(chorale: Piece) -> None:
    assert starts_of(with_line(chorale, "C5 D5 E5 F5 " * 12)) == [0, 16, 32]


def test_phrases_begin_with_the_upbeat_that_the_piece_begins_with(chorale: Piece) -> None:
    assert starts_of(with_line(chorale, "- - - G5 " + "C5 D5 E5 F5 " * 12)) == [0, 15, 31]


def test_no_phrase_of_equal_bars_is_much_longer_than_two_groups(chorale: Piece) -> None:
    for n_bars in range(1, 40):
        piece = with_line(chorale, "C5 D5 E5 F5 " * n_bars)
        lengths = [(p.end_beats - p.start_beats) / 4 for p in find_phrases(piece)]
        assert max(lengths) <= MAX_PHRASE_BARS and min(lengths) >= min(n_bars, GROUP_BARS // 2)
