from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given

from composer.piece import MeterChange, Note, Part, Piece
from composer.rendering.spelling import Spelling, spell
from composer.theory import INSTRUMENTS, KEYS, LINE_OF_FIFTHS, MODES, Key, Meter, key_from_signature
from tests.conftest import part_of
from tests.strategies import pieces

ALL_KEYS = [key_from_signature(fifths, mode) for mode in MODES for fifths in range(-7, 8)]
MAJOR_STEPS = (0, 2, 4, 5, 7, 9, 11, 12)
MINOR_UP, MINOR_DOWN = (0, 2, 3, 5, 7, 9, 11, 12), (12, 10, 8, 7, 5, 3, 2, 0)
# Fifths above the tonic of the steps above.
MAJOR_FIFTHS = (0, 2, 4, -1, 1, 3, 5, 0)
UP_FIFTHS, DOWN_FIFTHS = (0, 2, -3, -1, 1, 3, 5, 0), (0, -2, -4, 1, -1, -3, 2, 0)


def names(key: str, *lines: str) -> list[str]:
    """Spell lines of notes (`C#5 D5`) in a key; return the names of the first, without octaves."""
    tonic, mode = key.split()
    parts = tuple(part_of(INSTRUMENTS["piano"], line) for line in lines)
    piece = Piece(parts, (MeterChange(Fraction(0), Meter(4, 4)),), Key(tonic, mode))
    return [str(name)[:-1] for name in spell(piece)[0]]


def spelled_steps(key: Key, steps: tuple[int, ...]) -> list[str]:
    """Spell a line of semitones above the tonic."""
    notes = tuple(
        Note(Fraction(i), 60 + key.tonic_pitch_class + step, Fraction(1))
        for i, step in enumerate(steps)
    )
    meters = (MeterChange(Fraction(0), Meter(4, 4)),)
    (line,) = spell(Piece((Part(INSTRUMENTS["piano"], notes),), meters, key))
    return [str(name)[:-1] for name in line]


def on_line(key: Key, fifths: tuple[int, ...]) -> list[str]:
    tonic = LINE_OF_FIFTHS.index(key.tonic)
    return [LINE_OF_FIFTHS[tonic + step] for step in fifths]


@pytest.mark.parametrize("key", [key for key in ALL_KEYS if key.mode == "major"], ids=str)
def test_a_major_scale_has_each_letter_once(key: Key) -> None:
    assert spelled_steps(key, MAJOR_STEPS) == on_line(key, MAJOR_FIFTHS)


@pytest.mark.parametrize("key", [key for key in ALL_KEYS if key.mode == "minor"], ids=str)
def test_melodic_minor_rises_and_falls_in_its_own_letters(key: Key) -> None:
    found = spelled_steps(key, MINOR_UP + MINOR_DOWN)
    assert found == on_line(key, UP_FIFTHS + DOWN_FIFTHS)


@pytest.mark.parametrize("key", ALL_KEYS, ids=str)
def test_the_leading_note_stands_a_letter_below_the_tonic(key: Key) -> None:
    for steps in ((12, 11, 12), (7, 11, 12), (2, 11, 12), (8, 11, 12), (5, 11, 7)):
        assert spelled_steps(key, steps)[1] == on_line(key, (5,))[0]


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_the_sixth_degree_of_the_line_is_written_with_two_accidentals_at_most(key: Key) -> None:
    assert all(len(name) <= 3 for name in spelled_steps(key, tuple(range(12))))


@pytest.mark.parametrize(
    ("key", "lines", "spelled"),
    [
        # V of V, of vi, of ii, of iii in C major
        ("C major", ("F#4 G4", "D4 B3", "A3 G3"), "F# G"),
        ("C major", ("G#4 A4", "E4 C4", "B3 A3"), "G# A"),
        ("C major", ("C#5 D5", "G4 F4", "E4 F4", "A3 D3"), "C# D"),
        ("C major", ("D#5 E5", "A4 G4", "F#4 E4", "B3 E3"), "D# E"),
        # V7 of IV in G major; the Neapolitan in E minor
        ("G major", ("F4 E4", "D4 C4", "B3 C4", "G3 C3"), "F E"),
        ("E minor", ("F4 D#4 E4", "C4 B3 B3", "A3 F#3 G3"), "F D# E"),
        # The German sixth in A minor and in C minor, to the dominant
        ("A minor", ("D#5 E5", "C5 B4", "A4 G#4", "F4 E4"), "D# E"),
        ("C minor", ("F#5 G5", "Eb5 D5", "C5 B4", "Ab4 G4"), "F# G"),
        # The fourth degree of the minor subdominant borrowed in C major
        ("C major", ("Ab4 G4", "F4 E4", "C4 C4"), "Ab G"),
        ("A minor", ("A4 G#4 A4", "E4 E4 E4", "C4 B3 C4"), "A G# A"),
        ("D minor", ("D5 C#5 D5", "A4 A4 A4", "F4 E4 F4"), "D C# D"),
    ],
)
def test_chromatic_harmony_is_spelled_as_textbooks_do(
    key: str, lines: tuple[str, ...], spelled: str
) -> None:
    assert " ".join(names(key, *lines)) == spelled


@given(pieces())
def test_a_name_is_that_of_its_pitch(piece: Piece) -> None:
    for part, line in zip(piece.parts, spell(piece), strict=True):
        assert [name.pitch for name in line] == [note.pitch for note in part.notes]
        assert all(-2 <= name.alteration <= 2 for name in line)


@pytest.mark.parametrize(("text", "pitch"), [("C4", 60), ("B#3", 60), ("Cb4", 59), ("F##4", 67)])
def test_a_name_knows_its_pitch(text: str, pitch: int) -> None:
    name = Spelling(text[0], text.count("#") - text.count("b"), int(text[-1]))
    assert (str(name), name.pitch) == (text, pitch)


def test_a_whole_chorale_needs_only_its_scale(chorale: Piece) -> None:
    found = {str(name)[:-1] for line in spell(chorale) for name in line}
    assert found == {"G", "A", "B", "C", "D", "E", "F#"}
