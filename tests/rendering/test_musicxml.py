from __future__ import annotations

import os
import subprocess
import sys
import warnings
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryFile
from xml.etree import ElementTree

import pytest
import verovio
from hypothesis import given, settings
from hypothesis import strategies as st
from music21 import converter

from composer.corpus import read_musicxml, read_musicxml_bytes
from composer.errors import OptionError
from composer.piece import MeterChange, Note, Part, Piece
from composer.rendering.musicxml import musicxml_bytes, write_musicxml
from composer.theory import INSTRUMENTS, Key, Meter, ensemble_instruments, name_parts
from tests.conftest import part_of
from tests.strategies import legal_pieces, loose_pieces, pieces

COMMON = (MeterChange(Fraction(0), Meter(4, 4)),)


def piece_of(*lines: str, instrument: str = "violin", meter: str = "4/4", **facts) -> Piece:
    parts = tuple(part_of(INSTRUMENTS[instrument], line) for line in lines)
    meters = (MeterChange(Fraction(0), Meter(*map(int, meter.split("/")))),)
    return Piece(parts, meters, facts.pop("key", Key("C", "major")), **facts)


def notes_of(piece: Piece) -> list[list[tuple[Fraction, int, Fraction]]]:
    return [
        [(n.onset_beats, n.pitch, n.duration_beats) for n in part.notes] for part in piece.parts
    ]


def facts_of(piece: Piece) -> tuple[object, ...]:
    players = [(part.name.lower(), part.instrument) for part in piece.parts]
    names = [name.lower() for name in name_parts(players)]
    players = [part.instrument for part in piece.parts]
    form = (piece.meters, piece.key, piece.n_bars, piece.pickup_beats, piece.tempo_bpm)
    return (*form, piece.title, piece.composer, names, players)


def written(piece: Piece) -> ElementTree.Element:
    return ElementTree.fromstring(musicxml_bytes(piece))


def texts(element: ElementTree.Element, path: str) -> list[str]:
    return [(found.text or "").strip() for found in element.iterfind(path)]


def verovio_log(data: bytes) -> str:
    """Return what verovio writes to the error stream, which in Python is its only log."""
    verovio.enableLog(verovio.LOG_WARNING)
    stream = os.dup(2)
    try:
        with TemporaryFile() as file:
            os.dup2(file.fileno(), 2)
            toolkit = verovio.toolkit()
            assert toolkit.loadData(data.decode())
            file.seek(0)
            return file.read().decode() + toolkit.getLog()
    finally:
        os.dup2(stream, 2)
        os.close(stream)
        verovio.enableLog(verovio.LOG_OFF)


# --- Back again ---------------------------------------------------------------------------------


@given(pieces())
@settings(max_examples=25)
def test_a_piece_on_the_grid_comes_back_as_it_was(piece: Piece) -> None:
    back = read_musicxml_bytes(musicxml_bytes(piece))
    assert notes_of(back) == notes_of(piece)
    assert facts_of(back) == facts_of(piece)


@given(legal_pieces())
@settings(max_examples=8)
def test_a_legal_piece_comes_back_as_it_was(piece: Piece) -> None:
    back = read_musicxml_bytes(musicxml_bytes(piece))
    assert notes_of(back) == notes_of(piece)
    assert facts_of(back) == facts_of(piece)


@given(loose_pieces())
@settings(max_examples=10)
def test_odd_times_move_by_half_a_position_and_then_stay(piece: Piece) -> None:
    first = read_musicxml_bytes(musicxml_bytes(piece))
    assert notes_of(read_musicxml_bytes(musicxml_bytes(first))) == notes_of(first)
    before = sorted((n.pitch, n.onset_beats) for n in piece.parts[0].notes)
    after = sorted((n.pitch, n.onset_beats) for n in first.parts[0].notes)
    for (pitch, onset), (back_pitch, back_onset) in zip(before, after, strict=True):
        assert pitch == back_pitch and abs(onset - back_onset) <= Fraction(1, 48)


@given(st.lists(st.fractions(0, 9, max_denominator=2_000), min_size=1, max_size=6))
@settings(max_examples=12)
def test_any_fraction_can_be_written(onsets: list[Fraction]) -> None:
    notes = tuple(sorted(Note(onset, 60, Fraction(1, 977)) for onset in onsets))
    piece = Piece((Part(INSTRUMENTS["piano"], notes),), COMMON, Key("C", "major"))
    assert read_musicxml_bytes(musicxml_bytes(piece)).n_notes == len(notes)


@pytest.mark.parametrize("name", ["chorale", "keyboard_piece"])
def test_a_whole_score_comes_back(name: str, request, tmp_path: Path) -> None:
    piece = request.getfixturevalue(name)
    back = read_musicxml(write_musicxml(piece, tmp_path / "score.musicxml"))
    assert notes_of(back) == notes_of(piece)
    assert facts_of(back) == facts_of(piece)


@pytest.mark.parametrize("meter", ["3/4", "4/4", "6/8", "2/2", "3/8", "5/4", "12/8"])
@pytest.mark.parametrize("pickup", ["1/2", "1", "1/3", "5/24", "1/8"])
def test_a_pickup_is_a_short_bar_zero_and_comes_back(meter: str, pickup: str) -> None:
    length = Meter(*map(int, meter.split("/"))).length_beats - Fraction(pickup)
    piece = piece_of(f"-:{length} C5:{pickup} D5 E5", meter=meter)
    first = written(piece).find("part/measure")
    assert first is not None
    assert (first.get("number"), first.get("implicit")) == ("0", "yes")
    back = read_musicxml_bytes(musicxml_bytes(piece))
    assert (notes_of(back), back.n_bars) == (notes_of(piece), piece.n_bars)


@given(piece=st.one_of(pieces(), loose_pieces()))
@settings(max_examples=40)
def test_the_printed_numbers_are_those_that_the_piece_tells(piece: Piece) -> None:
    measures = written(piece).findall("part")[0].findall("measure")
    numbers = [measure.get("number") for measure in measures]
    assert numbers[: piece.n_bars] == list(map(str, piece.bar_numbers))
    is_hidden = [measure.get("implicit") == "yes" for measure in measures]
    assert is_hidden == [number == "0" for number in numbers]


def test_a_rest_on_the_first_beat_is_no_upbeat() -> None:
    piece = piece_of("-:1/2 C5:1/2 D5 E5 F5 | G5:4")
    first = written(piece).find("part/measure")
    assert first is not None and first.get("number") == "1"
    assert len(first.findall("note/rest")) == 1
    assert notes_of(read_musicxml_bytes(musicxml_bytes(piece))) == notes_of(piece)


@pytest.mark.parametrize("tempo_bpm", [5.0, 53.7, 90.0, 107.123456789, 500.0])
@pytest.mark.parametrize("meter", ["4/4", "6/8", "2/1", "3/16"])
def test_the_tempo_comes_back_exactly(tempo_bpm: float, meter: str) -> None:
    piece = piece_of("C5 D5", meter=meter, tempo_bpm=tempo_bpm)
    assert read_musicxml_bytes(musicxml_bytes(piece)).tempo_bpm == pytest.approx(tempo_bpm)


def test_a_tempo_that_nobody_can_play_is_refused() -> None:
    with pytest.raises(OptionError, match="tempo"):
        musicxml_bytes(piece_of("C5", tempo_bpm=float("nan")))


def test_a_note_sounding_twice_comes_back_twice() -> None:
    note = Note(Fraction(0), 60, Fraction(2))
    piece = Piece((Part(INSTRUMENTS["piano"], (note, note)),), COMMON, Key("C", "major"))
    assert notes_of(read_musicxml_bytes(musicxml_bytes(piece))) == notes_of(piece)


def test_sixteen_parts_come_back() -> None:
    parts = tuple(
        part_of(instrument, "C4 D4") for instrument in ensemble_instruments("string quartet", 16)
    )
    piece = Piece(parts, COMMON, Key("C", "major"))
    assert len(read_musicxml_bytes(musicxml_bytes(piece)).parts) == 16


def test_names_that_xml_cannot_hold_are_cleaned() -> None:
    piece = piece_of("C5", title="A\x00 <b>&\ud800\u202e title", composer="\x1b[1mBach")
    back = read_musicxml_bytes(musicxml_bytes(piece))
    assert (back.title, back.composer) == ("A <b>& title", "[1mBach")


def test_without_a_name_no_name_is_made_up() -> None:
    text = musicxml_bytes(piece_of("C5")).decode()
    assert not any(word in text for word in ("title>", "<creator", "encoding-date", "<!--"))


def test_the_same_piece_gives_the_same_bytes(chorale: Piece) -> None:
    assert musicxml_bytes(chorale) == musicxml_bytes(chorale)


# --- What others read ---------------------------------------------------------------------------


@given(piece=st.one_of(pieces(), loose_pieces()))
@settings(max_examples=12)
def test_verovio_has_nothing_to_say(piece: Piece) -> None:
    assert verovio_log(musicxml_bytes(piece)) == ""


def test_verovio_would_speak_up(chorale: Piece) -> None:
    """The test above proves something only if the log works."""
    broken = musicxml_bytes(chorale).replace(b"<type>half</type>", b"<type>nothing</type>")
    assert "nothing" in verovio_log(broken)


@pytest.mark.parametrize("name", ["chorale", "keyboard_piece"])
def test_music21_reads_it_without_a_warning(name: str, request, tmp_path: Path) -> None:
    path = write_musicxml(request.getfixturevalue(name), tmp_path / "score.musicxml")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        score = converter.parse(path, format="musicxml", forceSource=True, storePickle=False)
    n_notes = sum(len(element.pitches) for element in score.stripTies().recurse().notes)
    assert n_notes == request.getfixturevalue(name).n_notes


def test_nothing_is_written_to_a_home_or_a_scratch_folder(chorale: Piece, tmp_path: Path) -> None:
    (tmp_path / "in.musicxml").write_bytes(musicxml_bytes(chorale))
    (tmp_path / "home").mkdir(mode=0o500)
    (tmp_path / "tmp").mkdir()
    command = (
        "import sys, pathlib; from composer.corpus import read_musicxml;"
        " from composer.rendering.musicxml import musicxml_bytes;"
        " sys.stdout.buffer.write(musicxml_bytes(read_musicxml(pathlib.Path(sys.argv[1]))))"
    )
    places = {"HOME": str(tmp_path / "home"), "TMPDIR": str(tmp_path / "tmp")}
    run = subprocess.run(
        [sys.executable, "-c", command, str(tmp_path / "in.musicxml")],
        env=os.environ | places,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        check=True,
    )
    assert run.stdout == musicxml_bytes(chorale)
    assert not list((tmp_path / "tmp").iterdir()) and not list((tmp_path / "home").iterdir())


# --- Signs --------------------------------------------------------------------------------------


def test_a_note_across_a_bar_line_is_tied() -> None:
    first, second = written(piece_of("C5:3 D5:2 E5:3")).findall("part/measure")
    assert texts(first, "note/type") == ["half", "quarter"]
    ties = [[tie.get("type") for tie in m.iterfind("note/tie")] for m in (first, second)]
    assert ties == [["start"], ["stop"]]


def test_a_triplet_is_a_tuplet_with_its_bracket() -> None:
    measure = written(piece_of("C5:1/3 D5:1/3 E5:1/3 F5:3")).find("part/measure")
    assert texts(measure, "note/time-modification/actual-notes") == ["3"] * 3
    brackets = [sign.get("type") for sign in measure.iterfind("note/notations/tuplet")]
    assert brackets == ["start", "stop"]


def test_notes_of_unequal_length_at_once_are_voices_and_equal_ones_a_chord() -> None:
    held = Note(Fraction(0), 72, Fraction(4))
    moving = [Note(Fraction(i), pitch, Fraction(1)) for i in range(4) for pitch in (60, 64)]
    part = Part(INSTRUMENTS["violin"], tuple(sorted([held, *moving])))
    measure = written(Piece((part,), COMMON, Key("C", "major"))).find("part/measure")
    assert texts(measure, "note/voice") == ["1"] + ["2"] * 8
    assert len(measure.findall("note/chord")) == 4


def test_eighths_are_beamed_by_the_beat() -> None:
    line = " ".join(["C5:1/2"] * 6)
    by_meter = {
        meter: texts(written(piece_of(line, meter=meter)), "part/measure/note/beam")
        for meter in ("3/4", "6/8")
    }
    assert by_meter["3/4"] == ["begin", "end"] * 3
    assert by_meter["6/8"] == ["begin", "continue", "end"] * 2


def test_rests_fill_bars_and_whole_bars_have_one_rest() -> None:
    measures = written(piece_of("C5 - - - -:4 D5:4")).findall("part/measure")
    assert [len(measure.findall("note/rest")) for measure in measures] == [2, 1, 0]
    rest = measures[1].find("note/rest")
    assert rest is not None and rest.get("measure") == "yes"


def test_accidentals_stand_where_the_signature_and_the_bar_do_not_say_them() -> None:
    line = "F#5 F5 E5 F#5 | F5 F5 Bb4:2"
    piece = piece_of(line, key=Key("G", "major"))
    signs = [texts(note, "accidental") for note in written(piece).iterfind("part/measure/note")]
    assert signs == [[], ["natural"], [], ["sharp"], ["natural"], [], ["flat"]]


def test_a_tied_note_repeats_no_accidental() -> None:
    notes = written(piece_of("C#5:5 C#5:3")).findall("part/measure/note")
    assert [texts(note, "accidental") for note in notes] == [["sharp"], [], ["sharp"]]


def test_two_hands_share_a_brace_and_other_parts_a_bracket(
    keyboard_piece: Piece, chorale: Piece
) -> None:
    piano, choir = written(keyboard_piece), written(chorale)
    assert texts(piano, "part/measure/attributes/staves") == ["2"]
    assert len(piano.findall("part")) == 1
    assert texts(choir, "part-list/part-group/group-symbol") == ["bracket"]


def test_violins_are_told_apart_and_a_player_of_two_hands_has_one_name(
    keyboard_piece: Piece,
) -> None:
    quartet = [part_of(one, "C4") for one in ensemble_instruments("string quartet", 4)]
    root = written(Piece(tuple(quartet), COMMON, Key("C", "major")))
    names = texts(root, "part-list/score-part/part-name")
    assert names == ["Violin I", "Violin II", "Viola", "Cello"]
    assert texts(written(keyboard_piece), "part-list/score-part/part-name") == ["Piano"]


@pytest.mark.parametrize(
    ("instrument", "line", "clef"),
    [
        ("soprano", "C5 D5", "G2"),
        ("bass", "C3 D3", "F4"),
        ("viola", "C4 D4", "C3"),
        ("viola", "C6 D6", "G2"),
        ("tenor", "C4 D4", "G2-1"),
        ("contrabass", "C2 D2", "F4-1"),
        ("cello", "C3 D3", "F4"),
    ],
)
def test_the_clef_fits_instrument_and_range(instrument: str, line: str, clef: str) -> None:
    found = written(piece_of(line, instrument=instrument)).find("part/measure/attributes/clef")
    assert found is not None
    assert "".join(element.text or "" for element in found) == clef


def test_the_end_has_a_final_bar_line_and_the_head_its_names(chorale: Piece) -> None:
    root = written(chorale)
    styles = [texts(part, "measure/barline/bar-style") for part in root.findall("part")]
    assert styles == [["light-heavy"]] * 4
    assert texts(root, "work/work-title") == ["Chorale in G"]
    assert texts(root, "identification/creator") == ["Bach"]
    assert texts(root, "part-list/score-part/part-name") == ["Soprano", "Alto", "Tenor", "Bass"]


def test_a_new_meter_stands_at_its_bar() -> None:
    meters = (*COMMON, MeterChange(Fraction(4), Meter(3, 8)), MeterChange(Fraction(7), Meter(2, 2)))
    piece = replace(piece_of("C5:11"), meters=meters, n_bars=4)
    times = [texts(measure, "attributes/time/*") for measure in written(piece).iter("measure")]
    assert times == [["4", "4"], ["3", "8"], [], ["2", "2"]]
