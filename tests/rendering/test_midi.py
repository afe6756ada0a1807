from __future__ import annotations

import io
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import mido
import pretty_midi
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from symusic import Score

from composer.corpus import read_midi, read_midi_bytes
from composer.errors import OptionError
from composer.piece import MeterChange, Note, Part, Piece, TempoChange
from composer.rendering import midi_bytes, write_midi
from composer.rendering.midi import MAX_TEXT_CHARACTERS
from composer.rendering.sounding import sounding
from composer.rendering.unisons import cut_unisons
from composer.theory import INSTRUMENTS, KEYS, Key, Meter, key_from_signature
from tests.strategies import marked_pieces

CHOIR = INSTRUMENTS["alto"]
METERS = [Meter(n, d) for n in (2, 3, 4, 6, 12) for d in (1, 2, 4, 8, 16)]
NOTES = st.lists(
    st.builds(
        Note,
        onset_beats=st.integers(0, 240).map(lambda position: Fraction(position, 24)),
        pitch=st.integers(0, 127),
        duration_beats=st.integers(1, 96).map(lambda positions: Fraction(positions, 24)),
        velocity=st.integers(1, 127),
    ),
    min_size=1,
    max_size=30,
)


def piece_of(*lines: list[Note], meter: Meter = Meter(4, 4), key: Key = KEYS[0]) -> Piece:  # noqa: B008
    parts = tuple(Part(CHOIR, tuple(sorted(line))) for line in lines)
    return Piece(parts, (MeterChange(Fraction(0), meter),), key)


@given(st.lists(NOTES, min_size=1, max_size=16))
def test_notes_on_the_grid_are_read_back_equal(lines: list[list[Note]]) -> None:
    back = read_midi_bytes(midi_bytes(piece_of(*lines)))
    assert [part.notes for part in back.parts] == [cut_unisons(line) for line in lines]


@given(NOTES)
def test_writing_what_was_read_gives_the_same_bytes(line: list[Note]) -> None:
    data = midi_bytes(piece_of(line))
    assert midi_bytes(read_midi_bytes(data)) == data


def test_a_whole_score_is_read_back(chorale: Piece, tmp_path: Path) -> None:
    back = read_midi(write_midi(chorale, tmp_path / "chorale.mid"))
    assert (back.meters, back.n_bars, back.key) == (chorale.meters, chorale.n_bars, chorale.key)
    assert [part.notes for part in back.parts] == [part.notes for part in chorale.parts]
    assert [part.instrument for part in back.parts] == [p.instrument for p in chorale.parts]
    assert [part.name for part in back.parts] == [""] * 4  # their tracks repeat the instrument


def test_the_name_of_a_part_comes_back_unless_it_is_its_instrument(chorale: Piece) -> None:
    names = ("Sopran", "ALTO", "Tenor ", "")
    parts = (replace(p, name=name) for p, name in zip(chorale.parts, names, strict=True))
    back = read_midi_bytes(midi_bytes(replace(chorale, parts=tuple(parts))))
    assert [part.name for part in back.parts] == ["Sopran", "", "", ""]
    assert back.tempo_bpm == pytest.approx(chorale.tempo_bpm, abs=1e-3)


@pytest.mark.parametrize("n_parts", [1, 4, 9, 10, 16, 20])
def test_parts_of_one_program_stay_apart_in_every_reader(n_parts: int) -> None:
    lines = [[Note(Fraction(0), 60 + index, Fraction(1))] for index in range(n_parts)]
    data = midi_bytes(piece_of(*lines))
    tracks = mido.MidiFile(file=io.BytesIO(data)).tracks
    with_mido = [t for t in tracks if any(message.type == "note_on" for message in t)]
    players = pretty_midi.PrettyMIDI(io.BytesIO(data)).instruments
    assert len(Score.from_midi(data).tracks) == len(with_mido) == len(players) == n_parts
    assert not any(player.is_drum for player in players)


@pytest.mark.parametrize("mode", ["major", "minor"])
@pytest.mark.parametrize("fifths", range(-7, 8))
def test_every_key_signature_is_written_as_it_is(fifths: int, mode: str) -> None:
    key = key_from_signature(fifths, mode)
    data = midi_bytes(piece_of([Note(Fraction(0), 60, Fraction(1))], key=key))
    written = [
        m.key for m in mido.MidiFile(file=io.BytesIO(data)).tracks[0] if m.type == "key_signature"
    ]
    assert written == [key.tonic + ("m" if mode == "minor" else "")]
    assert read_midi_bytes(data).key == key


@pytest.mark.parametrize("meter", METERS, ids=str)
def test_every_meter_is_written_as_it_is(meter: Meter) -> None:
    line = [Note(Fraction(0), 60, meter.length_beats), Note(meter.length_beats, 62, Fraction(1, 8))]
    back = read_midi_bytes(midi_bytes(piece_of(line, meter=meter)))
    assert (back.meters, back.n_bars) == ((MeterChange(Fraction(0), meter),), 2)


def test_a_change_of_meter_stands_at_its_bar_line() -> None:
    changes = (MeterChange(Fraction(0), Meter(3, 4)), MeterChange(Fraction(6), Meter(6, 8)))
    piece = replace(piece_of([Note(Fraction(0), 60, Fraction(9))]), meters=changes, n_bars=3)
    assert read_midi_bytes(midi_bytes(piece)).meters == changes


def test_a_pickup_stays_pushed_right_in_bar_1() -> None:
    piece = piece_of([Note(Fraction(3), 60, Fraction(1)), Note(Fraction(4), 64, Fraction(4))])
    assert read_midi_bytes(midi_bytes(piece)).pickup_beats == piece.pickup_beats == 1


def test_times_between_the_ticks_are_rounded_to_the_nearest() -> None:
    line = [Note(Fraction(1, 7), 60, Fraction(1, 7)), Note(Fraction(1), 60, Fraction(1, 10_000))]
    first, shortest = read_midi_bytes(midi_bytes(piece_of(line))).parts[0].notes
    assert abs(first.onset_beats - Fraction(1, 7)) <= Fraction(1, 960)
    assert shortest.duration_beats == Fraction(1, 480)


def test_names_from_elsewhere_become_one_short_readable_line(chorale: Piece) -> None:
    odd = "a\x00b\r\n\u202e../c\ud800 Żeleński " + "x" * 500
    part = replace(chorale.parts[0], name=odd)
    data = midi_bytes(replace(chorale, title=odd, parts=(part,)))
    for track in mido.MidiFile(file=io.BytesIO(data), charset="utf-8").tracks:
        text = track.name
        assert text.startswith("a b ../c Żeleński x") and text.isprintable()
        assert len(text) <= MAX_TEXT_CHARACTERS


def test_parts_beyond_the_channels_of_a_port_have_another_port() -> None:
    parts = [
        Part(INSTRUMENTS["flute" if index % 2 else "oboe"], (Note(Fraction(0), 60, Fraction(1)),))
        for index in range(17)
    ]
    piece = replace(piece_of([Note(Fraction(0), 60, Fraction(1))]), parts=tuple(parts))
    players: dict[tuple[int, int], int] = {}
    for track in mido.MidiFile(file=io.BytesIO(midi_bytes(piece))).tracks[1:]:
        port = next((m.port for m in track if m.type == "midi_port"), 0)
        (program,) = [m for m in track if m.type == "program_change"]
        assert players.setdefault((port, program.channel), program.program) == program.program
    assert len(players) == 17 and not any(channel == 9 for _, channel in players)


def test_a_ramp_of_the_tempo_becomes_steps() -> None:
    tempos = (TempoChange(Fraction(0), 120.0, is_ramp=True), TempoChange(Fraction(4), 60.0))
    piece = replace(piece_of([Note(Fraction(0), 60, Fraction(8))]), tempo_bpm=120.0, tempos=tempos)
    written = read_midi_bytes(midi_bytes(piece))
    steps = [written.tempo_bpm, *(change.tempo_bpm for change in written.tempos)]
    assert steps == sorted(steps, reverse=True) and len(steps) == 17 and steps[-1] == 60
    assert abs(written.tempo_at(Fraction(2)) - 90) < 2.5


def test_times_finer_than_480_ticks_are_exact() -> None:
    line = [Note(Fraction(1, 7), 60, Fraction(1, 11)), Note(Fraction(1), 62, Fraction(1, 32))]
    assert read_midi_bytes(midi_bytes(piece_of(line))).parts[0].notes == tuple(line)


@settings(max_examples=15)
@given(marked_pieces())
def test_controls_percussion_and_syllables_are_read_back(piece: Piece) -> None:
    piece = replace(piece, meters=piece.meters[:1], n_bars=0)  # a short first one is a pickup
    back = read_midi_bytes(midi_bytes(piece))
    own = [part for part in sounding(piece).parts if part.notes]
    assert [part.controls for part in back.parts] == [part.controls for part in own]
    assert [part.notes for part in back.percussion] == [
        cut_unisons(part.bare().notes) for part in piece.percussion if part.notes
    ]


def test_a_piece_without_notes_is_still_a_file(empty_piece: Piece) -> None:
    tracks = mido.MidiFile(file=io.BytesIO(midi_bytes(empty_piece))).tracks
    assert len(tracks) == 1 and all(message.type != "note_on" for message in tracks[0])


def test_a_tempo_that_midi_cannot_hold_is_refused(chorale: Piece) -> None:
    with pytest.raises(OptionError, match="tempo_bpm"):
        midi_bytes(replace(chorale, tempo_bpm=0.0))
