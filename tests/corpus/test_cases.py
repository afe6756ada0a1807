"""Small files after public bug reports: what each must come out as. All are of our own making."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from composer.corpus import read_midi, read_midi_bytes, read_musicxml
from composer.piece import (
    BEND,
    Control,
    Grace,
    KeyChange,
    Lyric,
    Marks,
    Piece,
    Repeat,
    TempoChange,
)
from composer.rendering.midi import midi_bytes
from composer.theory import Key

CASES = Path(__file__).parent / "cases"
QUARTERS = [Fraction(1)] * 4


def midi(name: str) -> Piece:
    return read_midi(CASES / f"{name}.mid")


def lengths(piece: Piece, part: int = 0) -> list[Fraction]:
    return [note.duration_beats for note in piece.parts[part].notes]


# --- MIDI ---------------------------------------------------------------------------------------
def test_two_tempos_are_both_kept() -> None:
    piece = midi("two_tempos")
    assert piece.tempo_bpm == 120
    assert piece.tempos == (TempoChange(Fraction(4), 60.0),)


def test_a_bend_and_a_pedal_are_kept_where_they_are() -> None:
    assert midi("bend").parts[0].controls == (
        Control(Fraction(2), BEND, 4096),
        Control(Fraction(4), BEND, 0),
    )
    pedal = midi("pedal_velocity").parts[0]
    assert pedal.controls == (Control(Fraction(0), 64, 127), Control(Fraction(2), 64, 0))
    assert [note.velocity for note in pedal.notes] == [100, 30, 80, 80]


def test_drums_stand_beside_the_piano() -> None:
    piece = midi("piano_and_drums")
    assert [(part.name, len(part.notes)) for part in piece.parts] == [("", 8)]
    assert [(part.name, len(part.notes)) for part in piece.percussion] == [("Drums", 8)]
    assert {note.pitch for note in piece.percussion[0].notes} == {36, 38}


def test_notes_without_an_end_are_held_and_named() -> None:
    piece = midi("hanging_note")
    held = [(n.pitch, n.onset_beats, n.end_beats) for n in piece.parts[0].notes if n.pitch <= 60]
    assert held == [(60, 0, 8), (48, 4, 8)]
    assert piece.remarks == ("read: 2 notes without an end, held to the end of their track",)


def test_a_change_of_key_is_kept() -> None:
    piece = midi("key_change")
    assert (piece.key, piece.keys) == (
        Key("C", "major"),
        (KeyChange(Fraction(4), Key("Ab", "major")),),
    )


def test_a_short_first_meter_is_a_pickup() -> None:
    piece = midi("pickup_by_meter")
    assert (piece.pickup_beats, [str(change.meter) for change in piece.meters]) == (0.5, ["4/4"])
    assert (piece.bar_numbers[0], piece.n_bars) == (0, 4)


def test_the_meter_in_force_stated_again_beside_the_bar_line_changes_nothing() -> None:
    piece = midi("same_meter_off_grid")
    assert ([str(change.meter) for change in piece.meters], piece.n_bars) == (["4/4"], 4)


def test_a_note_held_over_the_last_bar_line_adds_no_bar() -> None:
    assert midi("gate_legato_over").n_bars == 2
    assert [midi(name).n_bars for name in ("gate_80", "exported_gate")] == [2, 3]


def test_names_in_shift_jis_are_read() -> None:
    assert midi("sjis_name").parts[0].name == "ピアノ"


def test_smpte_time_is_read_as_seconds() -> None:
    piece = midi("smpte_25_40")
    assert (lengths(piece), piece.tempo_bpm) == (QUARTERS, 120)


@pytest.mark.parametrize(("name", "n_parts"), [("sixteen_parts", 16), ("thirty_tracks", 30)])
def test_many_parts_are_read(name: str, n_parts: int) -> None:
    assert len(midi(name).parts) == n_parts


@pytest.mark.parametrize("path", sorted(CASES.glob("*.mid")), ids=lambda path: path.stem)
def test_a_midi_file_is_written_again_as_it_was(path: Path) -> None:
    piece = read_midi(path)
    assert read_midi_bytes(midi_bytes(piece), title=piece.title) == piece


# --- MusicXML -----------------------------------------------------------------------------------
def musicxml(name: str) -> Piece:
    return read_musicxml(CASES / f"{name}.musicxml")


def marks_of(piece: Piece) -> list[Marks]:
    return [note.marks for note in piece.parts[0].notes if note.marks is not None]


def kinds_of(piece: Piece) -> list[tuple[str, str]]:
    return [(one.kind, one.text) for one in piece.parts[0].markings if one.kind != "clef"]


def test_all_that_is_marked_is_kept() -> None:
    piece = musicxml("markings")
    assert piece.tempo_bpm == 66
    assert kinds_of(piece) == [("dynamic", "p"), ("slur", ""), ("words", "Andante"), ("chord", "C")]
    slur = next(one for one in piece.parts[0].markings if one.kind == "slur")
    assert (slur.onset_beats, slur.end_beats) == (0, 1)
    first, second, third, *_ = marks_of(piece)
    assert (first.signs, first.lyrics) == (("staccato",), (Lyric("la"),))
    assert (second.signs, third.signs) == (("fermata",), ("trill-mark",))
    assert piece.repeats == (Repeat(Fraction(4), "forward"), Repeat(Fraction(8), "backward"))


def test_repeats_keep_their_times_and_endings() -> None:
    assert musicxml("repeat3_endings").repeats == (
        Repeat(Fraction(0), "forward"),
        Repeat(Fraction(4), "ending", Fraction(8), (1, 2)),
        Repeat(Fraction(8), "backward", times=3),
        Repeat(Fraction(8), "ending", Fraction(12), (3,)),
    )


def test_a_sign_for_the_bar_before_sounds_as_that_bar() -> None:
    piece = musicxml("measure_repeat")
    assert [n.pitch for n in piece.parts[0].notes] == [60] * 8 + [64] * 4
    assert ("measure-repeat", "1") in kinds_of(piece)


def test_spelling_is_kept() -> None:
    spelled = [marks.spelling for marks in marks_of(musicxml("spelling"))]
    assert spelled == ["A#", "B", "Bb", "A", "E#", "F#", "Cb", "Bb", "D#", "E", "Fb", "Eb"]


def test_grace_notes_stand_at_their_notes() -> None:
    graces = [marks.graces for marks in marks_of(musicxml("grace_at_zero")) if marks.graces]
    assert graces == [(Grace(59, "B", is_slashed=True),), (Grace(62, "D", kind="16th"),)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sixtyfourths", [Fraction(1, 16)] * 16 + [Fraction(1, 32)] * 32),
        ("septuplet_backup", [Fraction(1, 7)] * 7 + [Fraction(1)] * 3),
        ("tuplet_11", [Fraction(1, 11)] * 11 + [Fraction(1)] * 3),
        ("double_dotted", [Fraction(7, 4), Fraction(1, 4), Fraction(7, 8), Fraction(1, 8)]),
        ("chord_mixed_lengths", [Fraction(4), Fraction(2), Fraction(1), Fraction(4)]),
        ("tie_arpeggio", [Fraction(8), Fraction(7), Fraction(6), Fraction(5)]),
    ],
)
def test_lengths_are_exact(name: str, expected: list[Fraction]) -> None:
    piece = musicxml(name)
    found = lengths(piece)[: len(expected)]
    assert found == expected
    for note in piece.parts[0].notes:
        assert note.marks is not None
        written = sum((one.beats for one in note.marks.written), Fraction(0))
        assert written in (note.duration_beats, 0)


def test_eight_flats_are_read_as_four_sharps_and_spelled_as_they_stand() -> None:
    piece = musicxml("eight_flats")
    assert (piece.key, piece.remarks) == (
        Key("E", "major"),
        ("read: a key signature of 8 flats as its enharmonic twin",),
    )
    assert [marks.spelling for marks in marks_of(piece)] == ["Fb", "Gb", "Ab", "Bbb"]


def test_bars_have_the_numbers_that_are_printed() -> None:
    piece = musicxml("excerpt_from_17")
    assert piece.bar_numbers == range(17, 23)
    assert piece.index_of_bars(17, 18) == (0, 1)


@pytest.mark.parametrize(
    ("name", "players"),
    [
        ("finale_grand_piano", ["flute", "cello", "horn"]),
        ("instrument_sound", ["horn", "flute"]),
        ("timewise", ["flute", "cello"]),
        ("transpose_octave", ["piccolo"]),
    ],
)
def test_names_and_sounds_say_who_plays(name: str, players: list[str]) -> None:
    assert [part.instrument.name for part in musicxml(name).parts] == players


def test_a_piccolo_sounds_an_octave_higher_than_it_is_written() -> None:
    part = musicxml("transpose_octave").parts[0]
    assert ([note.pitch for note in part.notes], part.transposition) == ([72] * 4, 12)


def test_marks_and_sounds_give_tempos_in_the_order_of_the_score() -> None:
    piece = musicxml("mark_then_late_sound")
    assert (piece.tempo_bpm, piece.tempos) == (100, (TempoChange(Fraction(8), 50.0),))
    assert musicxml("metronome_ca").tempo_bpm == 72


def test_titles_stand_in_credits_too_and_in_other_encodings() -> None:
    credited, encoded = musicxml("credit_title"), musicxml("shift_jis")
    assert (credited.title, credited.composer) == ("Abendlied", "A. Muster")
    assert (encoded.title, encoded.parts[0].name) == ("月の光", "ピアノ")
