from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from composer.cells import read_area
from composer.cli import main
from composer.cli.filling import read_bars
from composer.cli.masks import read_mask
from composer.composition import replay
from composer.corpus import read_midi
from composer.engines import open_shelf
from composer.errors import OptionError
from composer.piece import MeterChange, Part, Piece
from composer.rendering import write_midi
from composer.theory import INSTRUMENTS, Key, Meter, pitch_name
from tests.rolls import save_tiny_fractal


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
        ("paint", ["--area", "2-3:C3-C6", "--area", "5:C4-G5"]),
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


def test_free_masks_come_from_pictures_and_arrays(score: Path, tmp_path: Path) -> None:
    from PIL import Image

    mask = np.zeros((128, 64), bool)
    mask[48:80, 16:48] = True
    Image.fromarray((mask[::-1] * 255).astype(np.uint8)).save(tmp_path / "mask.png")
    np.save(tmp_path / "mask.npy", mask)
    assert (read_mask(tmp_path / "mask.png") == mask).all()
    assert (read_mask(tmp_path / "mask.npy") == mask).all()
    pieces = []
    for name in ("mask.png", "mask.npy"):
        out = tmp_path / name[-3:]
        assert run("paint", score, "--mask", tmp_path / name, "--seed", 1, "--out", out) == 0
        pieces.append(replay((out / "composition.json").read_text()))
    assert pieces[0] == pieces[1]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "say where to write"),
        (["--area", "5-8-9"], "an area must be bars and pitches such as 5-8:C4-C6"),
        (["--area", "1-2:H4"], "pitches must be such as C4-C6"),
        (["--area", "90"], "the piece has bars 1 to 8"),
        (["--area", "1:C4-C6:9"], "some of the parts 1 to 4"),
        (["--mask", "no.png"], "no.png cannot be read as a mask"),
        (["--area", "1", "--velocities-only"], "this engine writes no velocities"),
    ],
)
def test_an_area_that_is_none_is_refused_in_a_sentence(
    score: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    words: str,
) -> None:
    assert run("paint", score, *options, "--out", tmp_path / "out") == 2
    assert words in capsys.readouterr().err


def test_a_mask_of_another_height_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "low.npy", np.ones((88, 16)))
    with pytest.raises(OptionError, match="must have 128 rows of pitches, low.npy has 88 x 16"):
        read_mask(tmp_path / "low.npy")


def test_a_roll_engine_paints_and_strikes_anew_and_is_as_wide_as_asked(
    score: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = save_tiny_fractal(tmp_path / "rolls")
    monkeypatch.setenv("COMPOSER_CHECKPOINT", str(folder))
    open_shelf.cache_clear()
    out = tmp_path / "wide"
    wide = ["--width", "72", "--meter", "4/4", "--engine-options", "passes=3"]
    assert run("compose", *wide, "--out", out) == 0
    assert replay((out / "composition.json").read_text()).n_bars == 5
    out = tmp_path / "struck"
    assert run("paint", score, "--area", "1-8", "--velocities-only", "--out", out) == 0
    struck = replay((out / "composition.json").read_text())
    assert len({note.velocity for part in struck.parts for note in part.notes}) > 4


@given(st.integers(0, 127), st.integers(0, 127))
def test_pitches_of_areas_are_read_as_they_are_named(one: int, other: int) -> None:
    piece = Piece(
        (Part(INSTRUMENTS["piano"], ()),),
        (MeterChange(Fraction(0), Meter(4, 4)),),
        Key("C", "major"),
        n_bars=4,
    )
    area = read_area(f"2-3:{pitch_name(one)}-{pitch_name(other)}:1", piece)
    assert (area.low, area.high) == (min(one, other), max(one, other))
    assert (area.begin_beats, area.end_beats, area.parts) == (4, 12, (0,))
