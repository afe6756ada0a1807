"""Chords that are played spread are written as chords, and come back as they sound."""

from __future__ import annotations

from fractions import Fraction
from xml.etree import ElementTree

import pytest

from composer.corpus.musicxml import read_musicxml_bytes
from composer.piece import Marks, MeterChange, Note, Part, Piece, Written
from composer.rendering.lengths import write_lengths
from composer.rendering.midi import midi_bytes
from composer.rendering.musicxml import musicxml_bytes
from composer.rendering.sounding import sounding
from composer.theory import INSTRUMENTS, Key, Meter

Row = tuple[str, int, str]  # onset, pitch, end


def piece_of(*parts: list[Row]) -> Piece:
    lines = tuple(
        Part(
            INSTRUMENTS["piano"],
            tuple(Note(Fraction(a), pitch, Fraction(b) - Fraction(a)) for a, pitch, b in rows),
        )
        for rows in parts
    )
    return Piece(lines, (MeterChange(Fraction(0), Meter(3, 4)),), Key("C", "major"))


def written(piece: Piece) -> list[list[Row]]:
    return [
        [(str(note.onset_beats), note.pitch, str(note.end_beats)) for note in part.notes]
        for part in write_lengths(piece).piece.parts
    ]


ROLLED = piece_of(
    [("0", 60, "1"), ("1/24", 64, "1"), ("1/8", 67, "1"), ("1", 59, "3"), ("25/24", 62, "3")],
    [("0", 48, "3")],
)


def test_a_rolled_chord_is_one_chord_with_a_wavy_line() -> None:
    """Each of its notes was a value of its own, tied over 96ths and their rests."""
    assert written(ROLLED)[0] == [
        ("0", 60, "1"), ("0", 64, "1"), ("0", 67, "1"), ("1", 59, "3"), ("1", 62, "3"),
    ]  # fmt: skip
    notes = ElementTree.fromstring(musicxml_bytes(ROLLED)).findall("part[1]/measure/note")
    upper = [note for note in notes if note.findtext("staff") == "1" and note.find("rest") is None]
    assert [note.findtext("type") for note in upper] == ["quarter"] * 3 + ["half"] * 2
    assert all(note.find("notations/arpeggiate") is not None for note in upper)


def test_a_chord_struck_after_the_other_hand_is_written_with_it() -> None:
    piece = piece_of([("1/24", 72, "1"), ("1", 74, "2")], [("0", 48, "1"), ("1", 50, "2")])
    assert written(piece)[0] == [("0", 72, "1"), ("1", 74, "2")]


@pytest.mark.parametrize(
    "rows",
    [
        [("0", 60, "1/24"), ("1/24", 62, "1/12"), ("1/12", 64, "1/8"), ("1/8", 65, "1")],  # a run
        [("0", 60, "1"), ("1/8", 64, "1"), ("1/4", 67, "1")],  # steps that are written
        [("0", 60, "1/12"), ("1/12", 60, "1")],  # the same key again
    ],
)
def test_quick_notes_that_are_not_held_together_stay_one_after_the_other(rows: list[Row]) -> None:
    onsets = [onset for onset, _, _ in written(piece_of(rows))[0]]
    assert onsets == [onset for onset, _, _ in rows]


def test_values_that_are_given_and_say_what_sounds_stay() -> None:
    marks = Marks(written=(Written("64th", 0, 3, 2), Written("quarter")))
    notes = (
        Note(Fraction(0), 60, Fraction(2)),
        Note(Fraction(1, 24), 64, Fraction(25, 24), marks=marks),
    )
    piece = piece_of([("0", 60, "2")])
    given = Piece((Part(INSTRUMENTS["piano"], notes),), piece.meters, piece.key)
    assert [onset for onset, _, _ in written(given)[0]] == ["0", "1/24"]


def test_what_was_written_plainly_sounds_as_before() -> None:
    """A staccato dot shortened notes a second time that the file already says sound short."""
    short = piece_of([(f"{i}/2", 60 + i, f"{5 * i + 1}/10") for i in range(6)])
    for piece in (ROLLED, short):
        back = read_musicxml_bytes(musicxml_bytes(piece))
        own, there = (
            [[(n.onset_beats, n.pitch, n.end_beats) for n in part.notes] for part in one.parts]
            for one in (piece, sounding(back))
        )
        assert there == own
        assert midi_bytes(back) != b""
