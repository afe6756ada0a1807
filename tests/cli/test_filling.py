from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from composer.cli import main
from composer.cli.filling import read_bars
from composer.composition import replay
from composer.corpus import read_midi
from composer.engines import open_shelf
from composer.errors import OptionError
from composer.piece import Piece
from composer.rendering import write_midi


@pytest.fixture(autouse=True)
def small_model(tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Compose nonsense, quickly."""
    monkeypatch.setenv("COMPOSER_CHECKPOINT", str(tiny_folder))
    open_shelf.cache_clear()
    yield
    open_shelf.cache_clear()


@pytest.fixture
def score(chorale: Piece, tmp_path: Path) -> Path:
    return write_midi(chorale, tmp_path / "chorale.mid")


def run(command: str, *arguments: object) -> int:
    return main([command, *map(str, arguments), "--candidates", "2", "--no-audio"])


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("infill", ["--bars", "3-4", "--parts", "2,3"]),
        ("infill", ["--bars", "3", "--edges", "tie"]),
        ("vary", ["--bars", "1-2", "--freedom", "1"]),
        ("harmonise", ["--form", "chorale", "--composer", "Bach"]),
    ],
)
def test_a_midi_file_is_filled_and_replayed(
    score: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    command: str,
    options: list[str],
) -> None:
    out = tmp_path / "out"
    assert run(command, score, *options, "--out", out) == 0
    assert capsys.readouterr().out.startswith("1. candidate ")
    piece = replay((out / "composition.json").read_text())
    assert piece.n_bars == 8
    assert read_midi(out / "piece.mid").n_notes == piece.n_notes


def test_a_filling_can_be_filled_again(
    score: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("infill", score, "--bars", "2-3", "--out", tmp_path)
    capsys.readouterr()
    source = tmp_path / "composition.json"
    assert run("vary", source, "--rank", 2, "--bars", 5, "--out", tmp_path / "b", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["given"]["n_bars"] == 8


def test_an_upbeat_is_filled_as_bar_0(upbeat_chorale: Piece, tmp_path: Path) -> None:
    source = write_midi(upbeat_chorale, tmp_path / "upbeat.mid")
    assert run("infill", source, "--bars", "0", "--out", tmp_path / "out") == 0
    piece = replay((tmp_path / "out" / "composition.json").read_text())
    for part, given_part in zip(piece.parts, read_midi(source).parts, strict=True):
        assert [n for n in part.notes if n.onset_beats >= 4] == list(given_part.notes[1:])
    assert run("infill", source, "--bars", "8", "--out", tmp_path / "out") == 2


def test_bars_that_are_none_end_in_one_line(
    score: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("infill", score, "--bars", "7-9", "--out", tmp_path) == 2
    assert "the piece has bars 1 to 8" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "bars"), [("5-8", (5, 8)), (" 5 ", (5, 5)), ("12 - 13", (12, 13))]
)
def test_bars_are_read(text: str, bars: tuple[int, int]) -> None:
    assert read_bars(text) == bars


@pytest.mark.parametrize("text", ["", "five", "5-", "-5", "1-2-3", "1,2"])
def test_other_texts_are_no_bars(text: str) -> None:
    with pytest.raises(OptionError, match="such as 5 or 5-8"):
        read_bars(text)
