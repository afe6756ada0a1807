"""What stands beside the notes of a piece is written to MusicXML, and read back from it."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings

from composer.corpus import read_midi, read_musicxml, read_musicxml_bytes
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
from composer.piece.marks import parse_written
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


def sounding_alike(piece: Piece) -> Piece:
    """A piece without its voices and values.

    Notes of a chord that differ in length need more voices in a file than they came with, and ties
    over a gap say nothing of what fills it.
    """
    parts = [
        replace(
            part,
            notes=tuple(
                replace(n, marks=replace(n.marks, voice=0, written=()) if n.marks else None)
                for n in part.notes
            ),
        )
        for part in piece.parts
    ]
    return replace(piece, parts=tuple(parts))


@pytest.mark.parametrize("path", sorted(CASES.glob("*.musicxml")), ids=lambda path: path.stem)
def test_a_case_is_written_again_as_it_was(path: Path) -> None:
    piece = read_musicxml(path)
    found = read_musicxml_bytes(musicxml_bytes(piece), title=piece.title)
    if path.stem in ("chord_mixed_lengths", "tie_arpeggio"):
        piece, found = sounding_alike(piece), sounding_alike(found)
    assert found == piece


@pytest.mark.parametrize("path", sorted(CASES.glob("*.mid")), ids=lambda path: path.stem)
def test_the_notes_of_a_midi_file_come_back_from_musicxml_to_the_tick(path: Path) -> None:
    piece = read_midi(path)
    found = again(piece)
    for part, read in zip(piece.parts, found.parts, strict=True):
        assert [(n.onset_beats, n.pitch, n.duration_beats) for n in part.notes] == [
            (n.onset_beats, n.pitch, n.duration_beats) for n in read.notes
        ]
    assert (found.meters, found.keys, found.tempos) == (piece.meters, piece.keys, piece.tempos)


def test_times_between_all_divisions_come_back_exactly() -> None:
    notes = tuple(
        Note(Fraction(5 * i, 7 * 64) + i, 60, Fraction(n, 1024)) for i, n in enumerate((333, 1001))
    )
    found = again(piece_of(Part(INSTRUMENTS["flute"], notes))).parts[0].notes
    assert [(n.onset_beats, n.duration_beats) for n in found] == [
        (n.onset_beats, n.duration_beats) for n in notes
    ]


def test_hairpins_are_read_back_where_no_note_begins() -> None:
    hairpin = Marking(Fraction(1), "crescendo", "", Fraction(5, 2))
    piece = piece_of(line(None, None, markings=(hairpin,)))
    assert hairpin in again(piece).parts[0].markings


def test_clefs_and_keys_are_read_back_within_a_bar_too() -> None:
    clefs = (
        Marking(Fraction(0), "clef", "C3"),
        Marking(Fraction(2), "clef", "G2-1"),
        Marking(Fraction(5), "clef", "F4"),
    )
    keys = (KeyChange(Fraction(3), Key("D", "minor")), KeyChange(Fraction(4), Key("E", "major")))
    found = again(piece_of(line(None, None, None, None, markings=clefs), keys=keys))
    assert (found.parts[0].markings, found.keys) == (clefs, keys)


@pytest.mark.parametrize("semitones", [-14, -12, -9, -2, 3, 12, 15])
def test_a_transposing_part_is_written_as_its_player_reads_it(semitones: int) -> None:
    chord = Marking(Fraction(0), "chord", "Bbm7/F")
    marks = (Marks("C"), Marks("Db", graces=(Grace(63, "Eb"),)), None, None)
    part = replace(line(*marks, markings=(chord,)), transposition=semitones)
    piece = replace(piece_of(part), key=Key("Eb", "major"))
    first = ElementTree.fromstring(musicxml_bytes(piece)).find("part/measure/note/pitch")
    found = again(piece)
    assert first is not None
    letters = {-14: "D", -12: "C", -9: "A", -2: "D", 3: "A", 12: "C", 15: "A"}
    assert first.findtext("step") == letters[semitones]
    assert (found.key, found.parts[0].transposition) == (piece.key, semitones)
    assert [n.pitch for n in found.parts[0].notes] == [60, 61, 62, 63]
    assert [n.marks.spelling for n in found.parts[0].notes[:2] if n.marks] == ["C", "Db"]
    assert chord in found.parts[0].markings


def written_in(*values: str) -> Part:
    """A line of given values, tied with `+`; a rest is in brackets."""
    notes, onset = [], Fraction(0)
    for index, text in enumerate(values):
        written = tuple(parse_written(one) for one in text.strip("()").split("+"))
        length = sum((one.beats for one in written), Fraction(0))
        if "(" not in text:
            marks = Marks("C", written=written)
            notes.append(Note(onset, 60 + 12 * (index % 2), length, marks=marks))
        onset += length
    return Part(INSTRUMENTS["flute"], tuple(notes))


@pytest.mark.parametrize(
    "values",
    [
        ("quarter..", "16th", "eighth..", "32nd", "quarter"),
        ("eighth+eighth", "quarter+half"),
        ("quarter 3:2", "eighth 3:2", "eighth 3:2", "quarter 3:2", "half"),
        ("(eighth 3:2)", "eighth 3:2", "eighth 3:2", "half."),
        ("16th 3:2", "(16th 3:2)", "16th 3:2", "eighth", "half."),
        ("16th 6:4", "16th 6:4", "(eighth 6:4)", "16th 6:4", "16th 6:4", "half."),
        ("eighth 5:6",) * 5 + ("eighth", "eighth"),
        ("half 3:2", "half 3:2", "half 3:2"),
        ("16th 11:8",) * 11 + ("half",),
        ("eighth 13:8",) * 13,
    ],
    ids=" ".join,
)
def test_given_values_are_written_as_they_came(values: tuple[str, ...]) -> None:
    part = written_in(*values)
    found = again(piece_of(part)).parts[0]
    assert [(n.onset_beats, n.duration_beats) for n in found.notes] == [
        (n.onset_beats, n.duration_beats) for n in part.notes
    ]
    assert [n.marks.written for n in found.notes if n.marks] == [
        n.marks.written for n in part.notes if n.marks
    ]


def test_a_tuplet_has_one_bracket_where_its_values_differ() -> None:
    part = written_in("quarter 3:2", "eighth 3:2", "eighth 3:2", "quarter 3:2", "half")
    root = ElementTree.fromstring(musicxml_bytes(piece_of(part)))
    edges = [one.get("type") for one in root.iter("tuplet")]
    assert edges == ["start", "stop", "start", "stop"]


def test_given_voices_stay_apart_where_one_would_do() -> None:
    high, low = (Marks("C", voice=voice) for voice in (1, 2))
    notes = (
        Note(Fraction(0), 72, Fraction(2), marks=high),
        Note(Fraction(2), 48, Fraction(2), marks=low),
        Note(Fraction(4), 60, Fraction(4), marks=low),
    )
    slur = Marking(Fraction(2), "slur", "", Fraction(4), voice=2)
    part = Part(INSTRUMENTS["piano"], notes, markings=(slur,))
    found = again(piece_of(part)).parts[0]
    assert [n.marks.voice for n in found.notes if n.marks] == [1, 2, 2]
    assert slur in found.markings


def test_slurs_that_overlap_are_told_apart() -> None:
    slurs = tuple(
        Marking(Fraction(begin), "slur", "", Fraction(end))
        for begin, end in ((0, 4), (2, 6), (4, 8))
    )
    found = again(piece_of(line(*[None] * 5, markings=slurs))).parts[0]
    assert [one for one in found.markings if one.kind == "slur"] == list(slurs)


def test_a_slur_from_a_grace_note_to_its_note_is_kept() -> None:
    slur = Marking(Fraction(2), "slur", "", Fraction(2))
    part = line(None, Marks("C#", graces=(Grace(62, "D"),)), markings=(slur,))
    assert slur in again(piece_of(part)).parts[0].markings


def test_pianos_of_two_players_are_no_two_hands() -> None:
    players = tuple(
        replace(line(None, None), instrument=INSTRUMENTS["piano"], name=name)
        for name in ("Celesta", "Clavichord")
    )
    piece = replace(piece_of(players[0]), parts=players)
    assert [part.name for part in again(piece).parts] == ["Celesta", "Clavichord"]
