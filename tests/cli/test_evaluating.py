"""A sweep from the command line: one form or several, and what it keeps beside the weights."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from composer import pipeline
from composer.cli import main
from composer.engines import open_shelf
from composer.evaluation import two_sample
from tests.evaluation.corpora import write_corpus

SETTING = ("--temperatures", "0.5", "--min-ps", "0.02", "--guidances", "1", "--pieces", "8")


@pytest.fixture(autouse=True)
def folder(tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Measure a copy of the small model, by few trees."""
    folder = tmp_path / "tiny"
    shutil.copytree(tiny_folder, folder)
    monkeypatch.setattr(two_sample, "N_TREES", 5)
    monkeypatch.setenv("COMPOSER_CHECKPOINT", str(folder))
    open_shelf.cache_clear()
    yield folder
    open_shelf.cache_clear()


@pytest.fixture
def scores(tmp_path: Path) -> str:
    (tmp_path / "scores").mkdir()
    return str(write_corpus(tmp_path / "scores", held_out=2, training=6))


def test_one_form_prints_its_best_setting_and_keeps_nothing(
    scores: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sweep", scores, "--form", "chorale", *SETTING, "--json"]) == 0
    printed = capsys.readouterr()
    found = json.loads(printed.out)
    assert sorted(row["temperature"] for row in found["rows"]) == [0.5, 1.0]  # with the default
    progress = [line.split(":")[0] for line in printed.err.splitlines()]
    assert progress == ["chorale, 1 of 2", "chorale, 2 of 2"]
    assert not (folder / "sampling.json").exists()


def test_several_forms_are_kept_one_after_the_other(
    scores: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "found.json"
    forms = ("--form", "chorale", "--form", "minuet")
    assert main(["sweep", scores, *forms, *SETTING, "--keep", "--out", str(out)]) == 0
    printed = capsys.readouterr()
    assert [line.split(":")[0] for line in printed.out.splitlines()] == ["chorale", "minuet"]
    assert [one["form"] for one in json.loads(out.read_text())] == ["chorale", "minuet"]
    kept = json.loads((folder / "sampling.json").read_text())
    assert {form: one["tried"] for form, one in kept.items()} == {"chorale": 2, "minuet": 2}
    open_shelf.cache_clear()
    assert list(pipeline.suggestions()) == ["chorale", "minuet"]


def test_a_form_that_cannot_be_swept_is_refused_before_another_is(
    scores: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sweep", scores, "--form", "chorale", "--form", "rag", *SETTING]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: a sweep of 'rag' needs 5 real pieces") and "got 0" in line
