"""Small files after public bug reports: what each must come out as. All are of our own making."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from composer.corpus import read_midi, read_midi_bytes
from composer.piece import BEND, Control, KeyChange, Piece, TempoChange
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
