"""Bars one after the other sound as the whole piece does."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given

from composer.errors import RequestError
from composer.live.decoder import Decoder, Stroke, channel_of
from composer.live.score import count_loop, split
from composer.piece import Piece
from composer.rendering.unisons import cut_unisons
from tests.strategies import loose_pieces, pieces


def strokes_of(piece: Piece) -> list[Stroke]:
    """Return what a decoder that is fed bar by bar says."""
    decoder = Decoder()
    found: list[Stroke] = []
    for bar, music in zip(piece.bars, split(piece, piece.n_bars), strict=True):
        found += decoder.decode(music, bar.onset_beats, bar.end_beats)
    return found + decoder.close()


def assert_sounds_as_a_whole(piece: Piece) -> None:
    strokes = strokes_of(piece)
    wanted = [
        stroke
        for index, part in enumerate(piece.parts)
        for note in cut_unisons(part.notes)
        for stroke in (
            (note.onset_beats, "on", index, note.pitch, note.velocity),
            (note.end_beats, "off", index, note.pitch, 0),
        )
    ]
    found = [(one.beats, one.kind, one.part, one.pitch, one.velocity) for one in strokes]
    assert sorted(found) == sorted(wanted)
    assert [one.order for one in strokes] == sorted(one.order for one in strokes)


def assert_on_and_off_take_turns(strokes: list[Stroke]) -> None:
    held: set[tuple[int, int]] = set()
    for stroke in strokes:
        key = stroke.part, stroke.pitch
        assert (stroke.kind == "on") == (key not in held)
        held ^= {key}
    assert not held


@given(pieces())
def test_bar_by_bar_equals_the_whole_piece(piece: Piece) -> None:
    assert_sounds_as_a_whole(piece)
    assert_on_and_off_take_turns(strokes_of(piece))


@given(loose_pieces())
def test_so_it_does_beside_the_grid(piece: Piece) -> None:
    assert_sounds_as_a_whole(piece)
    assert_on_and_off_take_turns(strokes_of(piece))


def test_silence_ends_all_that_sounds_and_nothing_twice(chorale: Piece) -> None:
    decoder = Decoder()
    bar = split(chorale, 1)[0]
    strokes = decoder.decode(bar, Fraction(0), Fraction(4))
    assert_on_and_off_take_turns([*strokes, *decoder.silence(Fraction(4))])
    assert decoder.silence(Fraction(4)) == []


def test_parts_have_channels_of_their_own_beside_the_drums() -> None:
    assert [channel_of(part) for part in range(15)] == [*range(9), *range(10, 16)]
    with pytest.raises(RequestError, match="15 parts"):
        channel_of(15)


@pytest.mark.parametrize(
    ("text", "times"), [("a", 1), ("ab", 1), ("abb", 2), ("abab", 2), ("xabcabcabc", 3), ("aba", 1)]
)
def test_figures_are_counted_in_a_row(text: str, times: int) -> None:
    assert count_loop([(((Fraction(0), ord(letter), Fraction(1)),),) for letter in text]) == times
