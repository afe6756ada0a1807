"""Prompts on the command line: what is read, what is composed, and a conversation."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from composer.cli import main
from composer.corpus import read_midi

PROMPT = "four-part chorale in G minor by Bach, 4 bars, not too dense"


def test_explain_prints_settings_and_words_and_composes_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["generate", PROMPT, "--explain", "--json"]) == 0
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert told["settings"] == {
        "form": "chorale", "parts": 4, "composer": "Bach", "key": "G minor", "bars": 4,
        "density": "not high",
    }  # fmt: skip
    states = {one["word"]: (one["state"], one["setting"]) for one in told["words"]}
    assert states["dense"] == ("understood", "density") == states["not"]
    assert not list(tmp_path.iterdir())


def test_a_prompt_becomes_a_file_with_what_was_asked_for(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "chorale.mid"
    assert main(["generate", PROMPT, "--output", str(path), "--candidates", "2"]) == 0
    piece = read_midi(path)
    assert (piece.n_bars, len(piece.parts)) == (4, 4)
    assert "not too dense: understood (density not high)" in capsys.readouterr().out


def test_an_ending_that_is_no_format_is_told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    few = ["--output", str(tmp_path / "x.exe"), "--candidates", "1"]
    assert main(["generate", "2 bars, chorale", *few]) == 2
    assert "`output` must end in" in capsys.readouterr().err


def test_a_conversation_goes_on_from_the_last_piece(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    said = "longer\nBach chorale, 2 bars\nagain\nlonger\nsave mine\nhistory\nquit\n"
    monkeypatch.setattr("sys.stdin", io.StringIO(said))
    assert main(["interactive", "--candidates", "1"]) == 0
    told = capsys.readouterr()
    assert "nothing was composed yet" in told.err
    assert read_midi(tmp_path / "mine.mid").n_bars == 4
    assert "3. Bach chorale, 2 bars: " in told.out and "seed 1" in told.out
