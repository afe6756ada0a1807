from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from composer.cli import main
from composer.composition import replay
from composer.corpus import read_midi
from composer.engines import open_shelf
from composer.piece import Piece
from composer.plans import Plan, PlannedSection
from composer.rendering import write_midi


@pytest.fixture(autouse=True)
def small_model(tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Compose nonsense, quickly."""
    monkeypatch.setenv("COMPOSER_CHECKPOINT", str(tiny_folder))
    monkeypatch.setattr("composer.pipeline.chunks.ATTEMPTS", 1)
    open_shelf.cache_clear()
    yield
    open_shelf.cache_clear()


@pytest.fixture
def score(chorale: Piece, tmp_path: Path) -> Path:
    return write_midi(chorale, tmp_path / "chorale.mid")


def extend(*arguments: object) -> int:
    return main(["extend", *map(str, arguments), "--candidates", "2", "--no-audio"])


def test_a_midi_file_is_gone_on_with_and_replayed(
    score: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert extend(score, "--bars", 3, "--chunk-bars", 2, "--overlap-bars", 1, "--out", out) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines[:2]] == ["bars 9 to 9", "bars 10 to 11"]
    assert lines[-1].startswith("11 bars in ")
    piece = replay((out / "composition.json").read_text())
    assert read_midi(out / "piece.mid").n_notes == piece.n_notes
    assert main(["replay", str(out / "composition.json"), "--out", str(tmp_path / "again")]) == 0
    assert (tmp_path / "again" / "piece.mid").read_bytes() == (out / "piece.mid").read_bytes()


def test_what_was_made_can_be_cut_and_extended_again(score: Path, tmp_path: Path) -> None:
    first = tmp_path / "first"
    extend(score, "--bars", 1, "--out", first)
    again = (first / "composition.json", "--last-bar", 4, "--bars", 1, "--key", "E minor")
    assert extend(*again, "--out", tmp_path / "again") == 0
    piece = replay((tmp_path / "again" / "composition.json").read_text())
    assert (piece.n_bars, str(piece.key)) == (5, "E minor")


def test_a_plan_begins_with_the_file(
    score: Path, tmp_path: Path, chorale: Piece, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = (
        PlannedSection(label="A", bars=8, key=chorale.key),
        PlannedSection(label="B", bars=1, key=chorale.key),
        PlannedSection(label="A2", bars=8, key=chorale.key, material="repeat", of="A"),
    )
    (tmp_path / "mine.json").write_text(Plan("mine", rows).to_json())
    assert extend(score, "--plan", tmp_path / "mine.json", "--json", "--out", tmp_path) == 0
    values = json.loads(capsys.readouterr().out)
    assert [row["label"] for row in values["plan"]["rows"]] == ["A", "B", "A2"]
    assert read_midi(tmp_path / "piece.mid").n_bars == 17


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "give either `--bars`"),
        (("--bars", "4", "--plan", "rondo"), "give either `--bars`"),
        (("--bars", "9999"), "`bars` must be from 1 to 512"),
        (("--plan", "tango"), "`plan` must be one of"),
        (("--bars", "4", "--first-bar", "9"), "the piece has bars 1 to 8"),
        (("--bars", "4", "--chunk-bars", "0"), "`chunk_bars` must be"),
    ],
)
def test_what_will_not_do_is_one_line(
    arguments: tuple[str, ...],
    words: str,
    score: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert extend(score, *arguments, "--out", tmp_path / "out") == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert words in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()
