from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from composer.cli import studies
from composer.errors import RequestError
from composer.listening import stimuli
from composer.listening.ballots import Ballots
from composer.listening.plan import EXAMPLE
from composer.listening.reception import Reception
from composer.listening.sources import Sources
from tests.listening.studies import chirp, compose, knowing, listen, make_study, plan_values


def study(*arguments: object) -> None:
    """Run a step as the command line does."""
    parser = argparse.ArgumentParser()
    studies.add_commands(parser.add_subparsers())
    options = parser.parse_args(["study", *map(str, arguments)])
    options.run(options)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A study to which three listeners came."""
    found = make_study(tmp_path / "made")
    ballots = Ballots(found.path / "ballots.sqlite")
    reception = Reception(found, ballots)
    for _ in range(3):
        listen(reception, knowing(ballots, lambda trial: {"choice": "a"}))
    return found.path


def test_an_example_is_printed_and_checked(capsys: pytest.CaptureFixture[str]) -> None:
    study("plan", "--example")
    assert capsys.readouterr().out == EXAMPLE.read_text(encoding="utf-8")
    study("plan", EXAMPLE, "--json")
    assert json.loads(capsys.readouterr().out)["n_trials"] == 27
    with pytest.raises(RequestError, match="name the file"):
        study("plan")


def test_clips_are_made_and_the_server_takes_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = tmp_path / "three.json"
    plan.write_text(json.dumps(plan_values()))
    ran: list[Any] = []
    monkeypatch.setattr("os.execv", lambda *command: ran.append(command))
    monkeypatch.setattr(
        "composer.listening.sources.default_sources", lambda base: Sources(base, compose)
    )
    monkeypatch.setitem(stimuli.prepare.__kwdefaults__, "render", chirp)
    study("run", plan, "--port", 7999, "--exports", tmp_path / "exports")
    assert (tmp_path / "three" / "clips.json").is_file()
    assert ran[0][0] == sys.executable
    assert ran[0][1][1:4] == ["-m", "composer.ui.studies", str(tmp_path / "three")]
    assert ran[0][1][-4:] == ["--port", "7999", "--exports", str(tmp_path / "exports")]


def test_answers_become_a_report_and_tables(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study("analyse", folder)
    assert "3 listeners took part" in capsys.readouterr().out
    assert (folder / "report.html").read_text().startswith("<!doctype html>")
    study("export", folder, "--out", tmp_path / "out")
    assert len((tmp_path / "out" / "votes.csv").read_text().splitlines()) == 1 + 3 * 8
    assert len(json.loads((tmp_path / "out" / "votes.json").read_text())) == 24


def test_calibration_needs_votes(folder: Path) -> None:
    with pytest.raises(RequestError, match="fewer than 50 votes"):
        study("calibrate", folder)


def test_without_ballots_there_is_nothing_to_analyse(tmp_path: Path) -> None:
    make_study(tmp_path / "new")
    with pytest.raises(RequestError, match="no ballots yet"):
        study("analyse", tmp_path / "new")
