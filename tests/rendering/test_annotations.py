"""What stands beside the notes of a piece is written to MusicXML, and read back from it."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings

from composer.corpus import read_musicxml, read_musicxml_bytes
from composer.piece import (
    Grace,
    KeyChange,
    Lyric,
    Marking,
    Marks,
    MeterChange,
    Note,
    Part,
    Piece,
    Repeat,
    TempoChange,
)
from composer.rendering.musicxml import musicxml_bytes
from composer.theory import INSTRUMENTS, Key, Meter
from tests.corpus.test_cases import CASES
from tests.strategies import marked_pieces


def line(*marks: Marks | None, markings: tuple[Marking, ...] = ()) -> Part:
    """A part of half notes, one each mark."""
    notes = tuple(
        Note(Fraction(2 * index), 60 + index, Fraction(2), marks=one)
        for index, one in enumerate(marks)
    )
    return Part(INSTRUMENTS["flute"], notes, markings=markings)


def piece_of(part: Part, **facts: object) -> Piece:
    values: dict[str, object] = {"n_bars": 0, **facts}
    return Piece((part,), (MeterChange(Fraction(0), Meter(4, 4)),), Key("C", "major"), **values)  # type: ignore[arg-type]


def again(piece: Piece) -> Piece:
    return read_musicxml_bytes(musicxml_bytes(piece))


def signs_of(part: Part) -> list[tuple[str, ...]]:
    return [tuple(sorted(note.marks.signs)) if note.marks else () for note in part.notes]


@pytest.mark.parametrize(
    "marking",
    [
        Marking(Fraction(2), "chord", "Bbm7/F"),
        Marking(Fraction(3), "chord", "F#dim7"),  # between two notes
        Marking(Fraction(0), "rehearsal", "A"),
        Marking(Fraction(0), "octave", "8va", Fraction(4)),
        Marking(Fraction(2), "octave", "15mb", Fraction(4)),
        Marking(Fraction(0), "pedal", "", Fraction(4)),
        Marking(Fraction(0), "trill", "", Fraction(4)),
        Marking(Fraction(0), "glissando", "", Fraction(2)),
        Marking(Fraction(0), "slur", "", Fraction(4)),
        Marking(Fraction(0), "dynamic", "mf"),
        Marking(Fraction(4), "words", "dolce"),
    ],
    ids=lambda marking: f"{marking.kind} {marking.text}",
)
def test_a_marking_is_read_back(marking: Marking) -> None:
    piece = piece_of(line(None, None, None, None, markings=(marking,)))
    found = [one for one in again(piece).parts[0].markings if one.kind != "clef"]
    assert found == [marking]


def test_grace_notes_syllables_and_signs_are_read_back() -> None:
    before = (Grace(62, "D", is_slashed=True), Grace(64, "E", "16th"))
    marks = (
        Marks("C", signs=("fingering-2", "staccato"), graces=before, lyrics=(Lyric("la"),)),
        Marks("Db", graces=(Grace(63, "D#", is_after=True),)),
        Marks("D", signs=("tremolo-3",), lyrics=(Lyric("Ö", 1, "begin"), Lyric("x", 2))),
        Marks("D#", signs=("fermata", "shake")),
    )
    part = again(piece_of(line(*marks))).parts[0]
    read = [note.marks for note in part.notes if note.marks]
    assert [one.spelling for one in read] == ["C", "Db", "D", "D#"]
    assert [one.graces for one in read] == [one.graces for one in marks]
    assert [one.lyrics for one in read] == [one.lyrics for one in marks]
    assert [set(one.signs) for one in read] == [set(one.signs) for one in marks]


def test_tempos_keys_and_repeats_are_read_back() -> None:
    piece = piece_of(
        line(*[None] * 8),
        tempo_bpm=90.0,
        tempos=(
            TempoChange(Fraction(4), 60.0, unit_beats=Fraction(3, 2)),
            TempoChange(Fraction(9), 72.5),
        ),
        keys=(KeyChange(Fraction(8), Key("Ab", "major")),),
        repeats=(
            Repeat(Fraction(4), "forward"),
            Repeat(Fraction(8), "ending", Fraction(12), (1, 2)),
            Repeat(Fraction(8), "segno"),
            Repeat(Fraction(12), "backward", times=3),
            Repeat(Fraction(12), "ending", Fraction(16), (3,)),
            Repeat(Fraction(16), "dal segno", text="D.S. al Fine"),
        ),
        first_bar_number=17,
    )
    found = again(piece)
    assert (found.tempo_bpm, found.tempos) == (90.0, piece.tempos)
    assert found.keys == piece.keys
    assert sorted(map(str, found.repeats)) == sorted(map(str, piece.repeats))
    assert found.bar_numbers == range(17, 21)


def test_percussion_is_read_back() -> None:
    drums = Part(
        INSTRUMENTS["piano"],
        tuple(Note(Fraction(i), 36 + 2 * (i % 2), Fraction(1)) for i in range(4)),
        "Drums",
    )
    (found,) = again(piece_of(line(None, None), percussion=(drums,))).percussion
    assert [(n.onset_beats, n.pitch) for n in found.notes] == [(0, 36), (1, 38), (2, 36), (3, 38)]


@settings(max_examples=12)
@given(marked_pieces())
def test_random_pieces_keep_spelling_syllables_graces_and_keys(piece: Piece) -> None:
    found = again(piece)
    assert found.n_notes == piece.n_notes
    for part, read in zip(piece.parts, found.parts, strict=True):
        own, there = facts_by_onset(part), facts_by_onset(read)
        assert {onset: there[onset] for onset in own} == own
    assert [len(part.notes) for part in found.percussion] == [
        len(part.notes) for part in piece.percussion if part.notes
    ]


def facts_by_onset(part: Part) -> dict[Fraction, object]:
    """Return what stands at the notes of a part; notes of a chord share their grace notes.

    A file does not tell unisons of a part from one another, so they are left out.
    """
    count = Counter((note.onset_beats, note.pitch) for note in part.notes)
    unisons = {onset for (onset, _), n in count.items() if n > 1}
    graces: dict[Fraction, set[Grace]] = defaultdict(set)
    lyrics: dict[Fraction, set[Lyric]] = defaultdict(set)
    for note in part.notes:
        for grace in note.marks.graces if note.marks else ():
            graces[note.onset_beats].add(replace(grace, spelling=""))
        lyrics[note.onset_beats] |= set(note.marks.lyrics if note.marks else ())
    return {onset: (graces[onset], lyrics[onset]) for onset in lyrics if onset not in unisons}


@pytest.mark.parametrize(
    "name",
    ["credit_title", "eight_flats", "excerpt_from_17", "mark_then_late_sound", "markings",
     "measure_repeat",
     "metronome_ca", "repeat3_endings", "septuplet_backup", "shift_jis", "sixtyfourths",
     "spelling"],
)  # fmt: skip
def test_a_case_is_written_again_as_it_was(name: str) -> None:
    piece = read_musicxml(CASES / f"{name}.musicxml")
    assert read_musicxml_bytes(musicxml_bytes(piece), title=piece.title) == piece


def test_hairpins_are_read_back_where_notes_hold_them() -> None:
    hairpin = Marking(Fraction(0), "crescendo", "", Fraction(4))
    part = replace(line(None, None, None, None), markings=(hairpin,))
    kinds = [one.kind for one in again(piece_of(part)).parts[0].markings]
    assert "crescendo" in kinds
