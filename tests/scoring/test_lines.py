"""The table of all notes of the lines, and the pairs of lines."""

from __future__ import annotations

from hypothesis import given

from composer.piece import Piece
from composer.scoring.lines import NO_INTERVAL, find_line_notes, find_pairs
from composer.scoring.texture import SILENT, build_texture
from tests.scoring.lines import piece_of
from tests.strategies import pieces


def test_a_note_knows_how_it_is_reached_and_left() -> None:
    notes = find_line_notes(build_texture(piece_of("C4 D4 D4 A4")))
    assert notes.approach.tolist() == [NO_INTERVAL, 2, 0, 7]
    assert notes.leave.tolist() == [2, 0, 7, NO_INTERVAL]


def test_a_breath_joins_and_a_rest_of_a_beat_divides() -> None:
    notes = find_line_notes(build_texture(piece_of("C4:1/2 -:1/2 D4 - E4")))
    assert notes.approach[notes.sounds].tolist() == [NO_INTERVAL, 2, NO_INTERVAL]


def test_repeated_notes_know_the_first_and_the_last_of_them() -> None:
    notes = find_line_notes(build_texture(piece_of("C4 D4 D4 D4", "C3 C3 D3 C3")))
    assert notes.first.tolist() == [0, 1, 1, 1, 4, 4, 6, 7]
    assert notes.last.tolist() == [0, 3, 3, 3, 5, 5, 6, 7]


@given(pieces())
def test_the_notes_of_a_line_are_the_line(piece: Piece) -> None:
    texture = build_texture(piece)
    notes = find_line_notes(texture)
    assert (notes.pitches[notes.index] == texture.lines).all()
    assert (notes.starts < notes.ends).all()
    assert (notes.pitches[notes.first] == notes.pitches).all()
    assert (notes.pitches[notes.last] == notes.pitches).all()


@given(pieces())
def test_every_pair_of_parts_stands_once_and_rests_have_no_interval(piece: Piece) -> None:
    texture = build_texture(piece)
    pairs = find_pairs(texture)
    n_parts = texture.n_parts
    assert len(pairs.upper) == n_parts * (n_parts - 1) // 2
    assert (pairs.upper < pairs.lower).all()
    rests = (texture.lines[pairs.upper] == SILENT) | (texture.lines[pairs.lower] == SILENT)
    assert ((pairs.intervals == -1) == rests).all()
