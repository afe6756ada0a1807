"""REMIGEN words from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from composer.cli import main
from composer.piece import Piece
from composer.remigen import encode, normalised, read_song
from composer.rendering import write_midi


@pytest.fixture()
def midi(chorale: Piece, tmp_path: Path) -> Path:
    return write_midi(chorale, tmp_path / "chorale.mid")


def test_words_are_printed(midi: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["remigen", "encode", str(midi)]) == 0
    assert capsys.readouterr().out.split() == encode(read_song(midi))


def test_words_of_the_other_variant_in_c_go_to_a_file_and_back(midi: Path, tmp_path: Path) -> None:
    text, back = tmp_path / "words.txt", tmp_path / "again" / "back.mid"
    options = ["--variant", "REMIGEN2", "--normalise", "--out", str(text)]
    assert main(["remigen", "encode", str(midi), *options]) == 0
    assert main(["remigen", "decode", str(text), str(back)]) == 0
    song = normalised(read_song(midi))
    assert text.read_text().split() == encode(song, "REMIGEN2")
    assert read_song(back) == song


def test_a_wrong_word_is_refused_in_one_line_or_dropped_with_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, midi = tmp_path / "words.txt", tmp_path / "found.mid"
    text.write_text("s-9 o-0 t-60 i-0 p-60 d-12 v-20 b-1")
    assert main(["remigen", "decode", str(text), str(midi)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: word 3, `t-60`:") and line.endswith("60 bpm is t-23")
    assert not midi.exists()
    assert main(["remigen", "decode", str(text), str(midi), "--drop-invalid"]) == 0
    assert capsys.readouterr().err.startswith("word 3, `t-60`:")
    assert [note.pitch for note in read_song(midi).notes] == [60]


def test_of_many_wrong_words_the_first_are_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = tmp_path / "words.txt"
    text.write_text("\ufeffs-9 o-0 t-35 i-0 p-60 d-12 v-20 b-1" + " ?" * 1030, encoding="utf-8")
    arguments = [str(text), str(tmp_path / "found.mid"), "--drop-invalid"]
    assert main(["remigen", "decode", *arguments]) == 0
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 21 and lines[-1] == "and 1,010 words more"
