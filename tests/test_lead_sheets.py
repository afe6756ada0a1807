"""Chord symbols that stand in a piece, and chords that its notes keep."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from composer.chords import parse_progression
from composer.piece import (
    Marking,
    MeterChange,
    Note,
    Part,
    Piece,
    chords_kept,
    progression_of,
)
from composer.theory import INSTRUMENTS, Key, Meter

PIANO = INSTRUMENTS["piano"]


def piece_of(*notes: tuple[float, int, float], n_bars: int = 2) -> Piece:
    found = tuple(Note(Fraction(on), pitch, Fraction(length)) for on, pitch, length in notes)
    meters = (MeterChange(Fraction(0), Meter(4, 4)),)
    return Piece((Part(PIANO, found),), meters, Key("C", "major"), n_bars=n_bars)


def with_symbols(piece: Piece, *symbols: tuple[float, str]) -> Piece:
    markings = tuple(Marking(Fraction(at), "chord", text) for at, text in symbols)
    return replace(piece, parts=(replace(piece.parts[0], markings=markings),))


def test_symbols_of_a_lead_sheet_become_a_progression() -> None:
    piece = piece_of((0, 60, 8))
    sheet = with_symbols(piece, (0, "C"), (3.5, "G7"), (6, "odd~"))
    assert str(progression_of(sheet)) == "C . . G7 | G7 . N.C. ."
    assert progression_of(piece) is None


def test_an_upbeat_has_no_chord() -> None:
    sheet = with_symbols(piece_of((3, 67, 1), (4, 60, 4)), (4, "C"))
    assert str(progression_of(sheet)) == "C"
    ((number, chord, is_kept),) = chords_kept(parse_progression("C"), sheet)
    assert (number, str(chord), is_kept) == (1, "C", False)  # a single pitch class is no chord


def test_a_chord_is_kept_where_most_of_what_sounds_belongs_to_it() -> None:
    piece = piece_of((0, 48, 4), (0, 64, 3), (3, 65, 1), (4, 50, 4), (4, 64, 4))
    kept = list(chords_kept(parse_progression("C | C G"), piece))
    assert [(number, str(chord), is_kept) for number, chord, is_kept in kept] == [
        (1, "C", True),
        (2, "C", False),
        (2, "G", False),
    ]


def test_silence_keeps_no_chord() -> None:
    assert not any(kept for *_, kept in chords_kept(parse_progression("C"), piece_of(n_bars=3)))
