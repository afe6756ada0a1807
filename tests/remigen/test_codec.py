"""MIDI to REMIGEN and back: equal to the words of MidiProcessor, and nothing lost on the grid."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from mido import MetaMessage, MidiFile, MidiTrack

from composer.errors import OptionError, ScoreFileError
from composer.piece import Piece
from composer.remigen import (
    VARIANTS,
    Song,
    SongNote,
    TempoMark,
    decode,
    encode,
    midi_to_song,
    normalised,
    read_song,
    song_to_midi,
)
from composer.rendering import write_midi
from tests.remigen.songs import songs

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.mid"))


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
@pytest.mark.parametrize("variant", VARIANTS)
def test_the_words_are_those_of_midi_processor(path: Path, variant: str) -> None:
    expected = json.loads(path.with_suffix(".json").read_text())
    song = read_song(path)
    assert [" ".join(encode(song, variant))] == expected[variant]
    assert [" ".join(encode(normalised(song), variant))] == expected[f"{variant}-normalised"]


def test_there_are_golden_files() -> None:
    assert len(GOLDEN) == 8


@given(songs())
def test_words_keep_all_that_is_on_the_grid(song: Song) -> None:
    for variant in VARIANTS:
        assert decode(encode(song, variant)) == song


@given(songs())
def test_a_midi_file_keeps_all_up_to_the_last_onset(song: Song) -> None:
    if not song.notes:
        return
    last = song.notes[-1].bar + 1
    assert midi_to_song(song_to_midi(song)) == Song(song.signatures[:last], song.notes, song.tempos)


@given(songs())
def test_what_is_transposed_to_c_keeps_its_drums_and_its_shape(song: Song) -> None:
    moved = normalised(song)
    shifts = {b.pitch - a.pitch for a, b in zip(song.notes, moved.notes, strict=True)
              if a.program < 128}  # fmt: skip
    assert len(shifts) <= 1
    assert all(0 <= note.pitch <= 127 for note in moved.notes)
    assert [n for n in moved.notes if n.program == 128] == [
        n for n in song.notes if n.program == 128
    ]


def test_a_chorale_in_g_is_transposed_to_c(chorale: Piece, tmp_path: Path) -> None:
    song = read_song(write_midi(chorale, tmp_path / "g.mid"))
    moved = normalised(song)
    assert {b.pitch - a.pitch for a, b in zip(song.notes, moved.notes, strict=True)} == {-7}


def test_tempos_are_said_where_there_is_a_place_for_them() -> None:
    notes = [SongNote(0, 0, 0, 60, 12, 20), SongNote(0, 24, 0, 60, 12, 20)]
    song = Song.of([(4, 4), (4, 4)], notes, [TempoMark(0, 0, 35), TempoMark(0, 12, 23)])
    assert encode(song)[7:9] == ["o-24", "t-23"]
    assert encode(song, "REMIGEN2")[1] == "t-35"
    assert encode(song, "REMIGEN2")[-2:] == ["t-23", "b-1"]


def test_another_variant_is_refused() -> None:
    with pytest.raises(OptionError, match="REMIGEN2"):
        encode(Song((), ()), "REMI")


def file_of(*messages: MetaMessage) -> bytes:
    """Return three bars of 4/4 as a MIDI file, with further events."""
    song = Song.of([(4, 4)] * 3, [SongNote(bar, 0, 0, 60, 12, 20) for bar in range(3)])
    file = MidiFile(file=io.BytesIO(song_to_midi(song)))
    file.tracks.insert(0, MidiTrack(messages))
    found = io.BytesIO()
    file.save(file=found)
    return found.getvalue()


def test_a_meter_that_changes_within_a_bar_is_refused() -> None:
    change = MetaMessage("time_signature", numerator=3, denominator=4, time=960)
    with pytest.raises(ScoreFileError, match="within bar 1"):
        midi_to_song(file_of(change))


def test_the_same_meter_again_within_a_bar_is_no_change() -> None:
    again = MetaMessage("time_signature", numerator=4, denominator=4, time=960)
    assert midi_to_song(file_of(again)).signatures == ((4, 4),) * 3


@pytest.mark.parametrize("data", [b"", b"no music", b"MThd\0\0\0\6\0\1\0\0\1\xe0"])
def test_a_file_without_music_is_refused_in_a_sentence(data: bytes) -> None:
    with pytest.raises(ScoreFileError):
        midi_to_song(data)
