"""Themes typed as ABC."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from composer.corpus.abc import read_abc
from composer.errors import ScoreFileError


def notes_of(text: str) -> list[tuple[int, float]]:
    piece = read_abc(text)
    return [(note.pitch, float(note.duration_beats)) for note in piece.parts[0].notes]


def test_a_scale_is_read_with_its_octaves() -> None:
    pitches = [pitch for pitch, _ in notes_of("C, C D E F G A B c c'")]
    assert pitches == [48, 60, 62, 64, 65, 67, 69, 71, 72, 84]


def test_fields_say_meter_unit_and_key() -> None:
    piece = read_abc("X:1\nT:Tune\nM:3/4\nL:1/4\nK:Bb major\nB2 e | f3 |")
    assert (str(piece.meter), str(piece.key), piece.n_bars) == ("3/4", "Bb major", 2)
    assert [note.pitch for note in piece.parts[0].notes] == [70, 75, 77]
    assert piece.parts[0].notes[0].duration_beats == 2


@pytest.mark.parametrize(
    ("length", "beats"),
    [("", "1/2"), ("2", "1"), ("3/2", "3/4"), ("/", "1/4"), ("//", "1/8"), ("/4", "1/8")],
)
def test_lengths_are_read_as_in_abc(length: str, beats: str) -> None:
    (note,) = read_abc(f"G{length}").parts[0].notes
    assert note.duration_beats == Fraction(beats)


def test_an_accidental_holds_to_the_bar_line() -> None:
    assert [pitch for pitch, _ in notes_of("K:G F ^C C =F F | C F")] == [66, 61, 61, 65, 65, 60, 66]


def test_ties_chords_and_rests() -> None:
    assert notes_of("C2-C2 z2 [CEG]4") == [(60, 2.0), (60, 2.0), (64, 2.0), (67, 2.0)]
    assert read_abc("C2- | [CE]2").parts[0].notes[0].duration_beats == 2
    assert read_abc("z4 C4").parts[0].notes[0].onset_beats == 2


def test_short_meters_count_in_sixteenths() -> None:
    assert notes_of("M:2/4 C4") == [(60, 1.0)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no note"),
        ("z4 |", "no note"),
        ("C D H", "cannot be read at 'H'"),
        ("|: C :|", "repeats"),
        ("V:1 C", "field V"),
        ("K:Xyz C", "field K"),
        ("L:1/3 C", "field L"),
        ("C999", "length"),
        ("C/999/", "length"),
        ("C,,,,,,", "outside"),
        ("(3CDE", "cannot be read"),
        ("C" * 30_000, "characters"),
    ],
)
def test_what_cannot_be_read_is_named(text: str, words: str) -> None:
    with pytest.raises(ScoreFileError, match=words):
        read_abc(text)


@given(st.text("ABCdefz^_=,'/|[]-:23 KML\n", max_size=30))
def test_any_text_gives_a_piece_or_one_sentence(text: str) -> None:
    try:
        assert read_abc(text).n_notes
    except ScoreFileError as error:
        assert "\n" not in str(error)
