from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from xml.etree import ElementTree

import pytest

from composer.corpus.midi import read_midi_bytes
from composer.corpus.musicxml import read_musicxml_bytes
from composer.piece import Marks, MeterChange, Note, Part, Piece, Written
from composer.rendering.lengths import Written as WrittenPiece
from composer.rendering.lengths import write_lengths
from composer.rendering.midi import midi_bytes
from composer.rendering.musicxml import musicxml_bytes
from composer.theory import INSTRUMENTS, Key, Meter
from tests.conftest import part_of

SIGNS = ("rest", "dot", "notations/tuplet", "tie")


def piece_of(*notes: tuple[str, int, str], meter: str = "4/4") -> Piece:
    part = Part(
        INSTRUMENTS["piano"],
        tuple(Note(Fraction(onset), pitch, Fraction(length)) for onset, pitch, length in notes),
    )
    meters = (MeterChange(Fraction(0), Meter(*map(int, meter.split("/")))),)
    return Piece((part,), meters, Key("C", "major"))


def played(piece: Piece, gate: str) -> Piece:
    """Return a piece as an instrument plays it that sounds a share of every note."""
    parts = (
        replace(
            part,
            notes=tuple(
                replace(note, duration_beats=note.duration_beats * Fraction(gate))
                for note in part.notes
            ),
        )
        for part in piece.parts
    )
    return replace(piece, parts=tuple(parts))


def lengths_of(written: WrittenPiece) -> list[list[tuple[Fraction, int, Fraction]]]:
    return [
        [(note.onset_beats, note.pitch, note.duration_beats) for note in part.notes]
        for part in written.piece.parts
    ]


def plain(piece: Piece) -> list[list[tuple[Fraction, int, Fraction]]]:
    return lengths_of(WrittenPiece(piece, ()))


@pytest.mark.parametrize(
    "gate", ["455/480", "0.9", "0.875", "0.8", "0.7", "21/24", "11/12", "1.04"]
)
@pytest.mark.parametrize("name", ["chorale", "keyboard_piece"])
def test_a_piece_at_a_gate_is_written_as_without(name: str, gate: str, request) -> None:
    """Every short note was a triplet tied to a 32nd, with a 128th rest."""
    piece = request.getfixturevalue(name)
    assert lengths_of(write_lengths(played(piece, gate))) == plain(piece)


@pytest.mark.parametrize("gate", ["455/480", "0.9", "0.8", "25/24"])
def test_a_file_at_a_gate_becomes_quarters_in_one_voice_and_no_further_bar(gate: str) -> None:
    piece = piece_of(*((str(i), 60 + i, "1") for i in range(8)))
    data = musicxml_bytes(read_midi_bytes(midi_bytes(played(piece, gate))))
    measures = ElementTree.fromstring(data).findall("part/measure")
    kinds = [[kind.text for kind in measure.iterfind("note/type")] for measure in measures]
    assert kinds == [["quarter"] * 4] * 2
    assert not any(ElementTree.fromstring(data).iterfind("part/measure/note/voice"))


@pytest.mark.parametrize("name", ["chorale", "keyboard_piece"])
def test_what_is_written_plainly_stays(name: str, request) -> None:
    piece = request.getfixturevalue(name)
    written = write_lengths(piece)
    assert written.piece == piece
    assert not any(touch.release_beats for part in written.touches for touch in part)


def test_true_rests_stay_rests() -> None:
    piece = piece_of(("0", 60, "3/4"), ("1", 62, "1/2"), ("2", 64, "1/4"), ("5/2", 65, "1/4"))
    assert lengths_of(write_lengths(piece)) == plain(piece)


def test_short_notes_get_a_dot_and_their_plain_value() -> None:
    piece = piece_of(*((f"{i}/2", 60 + i, "1/5") for i in range(8)))
    written = write_lengths(piece)
    assert [note.duration_beats for note in written.piece.parts[0].notes] == [Fraction(1, 2)] * 8
    assert all(touch.is_staccato for touch in written.touches[0])
    root = ElementTree.fromstring(musicxml_bytes(piece))
    assert len(root.findall("part/measure/note/notations/articulations/staccato")) == 8


def test_notes_whose_written_values_are_given_keep_them() -> None:
    marks = Marks(written=(Written("eighth", 2),))
    piece = piece_of(("0", 60, "7/8"), ("1", 62, "1"), ("2", 62, "2"))
    given = replace(piece.parts[0].notes[0], marks=marks)
    notes = (given, *piece.parts[0].notes[1:])
    piece = replace(piece, parts=(replace(piece.parts[0], notes=notes),))
    assert write_lengths(piece).piece == piece


@pytest.mark.parametrize(("sounds", "is_written"), [("1/4", "1"), ("1", "1"), ("3", "3")])
def test_a_given_value_counts_as_long_as_it_fits_the_note(sounds: str, is_written: str) -> None:
    marks = Marks(written=(Written("quarter"),) if sounds != "3" else (Written("breve"),))
    notes = (
        Note(Fraction(0), 60, Fraction(sounds), marks=marks),
        Note(Fraction(3), 62, Fraction(1)),
    )
    piece = piece_of(("0", 60, "1"))
    written = write_lengths(replace(piece, parts=(replace(piece.parts[0], notes=notes),)))
    assert written.piece.parts[0].notes[0].duration_beats == Fraction(is_written)
    assert written.touches[0][0].release_beats == Fraction(sounds) - Fraction(is_written)


def test_triplets_at_a_gate_stay_triplets() -> None:
    line = "C5:1/3 D5:1/3 E5:1/3 F5 E5:1/3 D5:1/3 C5:1/3 D5"
    piece = replace(piece_of(("0", 60, "1")), parts=(part_of(INSTRUMENTS["violin"], line),))
    assert lengths_of(write_lengths(played(piece, "0.9"))) == plain(piece)


def test_a_short_rest_beside_faster_notes_of_the_other_hand_is_filled() -> None:
    fast = part_of(INSTRUMENTS["piano"], " ".join(["C6:1/8 D6:1/8"] * 16))
    slow = part_of(INSTRUMENTS["piano"], "C3 E3 G3 C4")
    piece = replace(piece_of(("0", 60, "1")), parts=(fast, slow))
    assert lengths_of(write_lengths(played(piece, "7/8")))[1] == plain(piece)[1]


def test_how_long_notes_sound_is_kept_in_the_file(chorale: Piece) -> None:
    detached = played(chorale, "11/12")
    data = musicxml_bytes(detached)
    assert b'release="-840"' in data  # of a quarter of 10,080 divisions
    back = read_musicxml_bytes(data)
    assert plain(back) == plain(detached)
