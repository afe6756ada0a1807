"""Composing with what sweeps suggest, from the command line, over nonsense of a small model."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from composer.cli import main
from composer.engines import open_shelf
from composer.models import load_checkpoint, save_sampling


@pytest.fixture(autouse=True)
def folder(tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Suggest something for chorales, beside the weights of the small model."""
    folder = tmp_path / "tiny"
    shutil.copytree(tiny_folder, folder)
    entry = {"temperature": 0.5, "min_p": 0.02, "guidance": 1.5, "default_is_as_good": False}
    entry |= {"tried": 8, "pieces": 40, "checkpoint": load_checkpoint(folder).fingerprint}
    save_sampling(folder, {"chorale": entry})
    monkeypatch.setenv("COMPOSER_CHECKPOINT", str(folder))
    open_shelf.cache_clear()
    yield folder
    open_shelf.cache_clear()


def sampled(out: Path, *arguments: str) -> tuple[float, float, float]:
    """Compose; return temperature, min-p and guidance of the request that was served."""
    settings = ("--bars", "2", "--candidates", "2", "--no-audio", "--out", str(out))
    assert main(["compose", *settings, *arguments]) == 0
    request = json.loads((out / "composition.json").read_text())["request"]
    return request["temperature"], request["min_p"], request["guidance"]


def test_suggested_values_are_used_where_they_are_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sampled(tmp_path, "--form", "chorale", "--suggested") == (0.5, 0.02, 1.5)
    assert "suggested" not in capsys.readouterr().err
    assert sampled(tmp_path, "--form", "chorale") == (1.0, 0.02, 1.0)


def test_what_is_given_wins_even_if_it_is_the_default(tmp_path: Path) -> None:
    settings = ("--form", "chorale", "--suggested", "--temperature", "1", "--min-p", "0.1")
    assert sampled(tmp_path, *settings) == (1.0, 0.1, 1.5)


@pytest.mark.parametrize(
    ("settings", "words"), [(("--form", "minuet"), "for 'minuet'"), ((), "without `--form`")]
)
def test_without_a_measured_form_one_line_says_so(
    settings: tuple[str, ...], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sampled(tmp_path, *settings, "--suggested") == (1.0, 0.02, 1.0)
    (line,) = capsys.readouterr().err.splitlines()
    assert line == f"nothing is suggested {words}; the defaults are used"


def test_the_menu_says_what_is_suggested(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["menu", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert rows[0]["form"] == "chorale" and rows[0]["suggested"]["guidance"] == 1.5
    assert [row["suggested"] for row in rows[1:]] == [None, None]


def test_a_folder_that_cannot_be_made_gets_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "file"
    file.touch()
    settings = ("--bars", "2", "--candidates", "2", "--no-audio", "--out", str(file))
    assert main(["compose", *settings]) == 2
    assert capsys.readouterr().err.splitlines()[-1] == f"error: {file}: file exists"
