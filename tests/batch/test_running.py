"""A batch composes every row once, whatever is killed when."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet

from composer.batch import Batch, Row, read_rows, running, write_table
from composer.batch.running import MOST_DEATHS, ROWS, SCRATCH, run_batch
from composer.cli import main
from composer.composition import replay
from composer.corpus import read_midi
from composer.errors import OptionError
from tests.batch.deaths import die_of_wide_rows
from tests.serving import ROOT

SETTINGS: list[dict[str, Any]] = [
    *({"composer": "Bach", "form": "chorale", "bars": 2, "candidates": 1} for _ in range(5)),
    {"bars": 0},
]
TIMEOUT_S = 120


def start(folder: Path, *options: str) -> subprocess.Popen[str]:
    (folder / "r.jsonl").write_text("\n".join(map(json.dumps, SETTINGS)))
    command = ["batch", "r.jsonl", "--out", "out", "--workers", "2", "--json", *options]
    return subprocess.Popen(
        [sys.executable, "-m", "composer", *command],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )


def rows_in(folder: Path) -> dict[str, int]:
    """Return the rows that are there, with the time at which each was written."""
    paths = (folder / "out" / ROWS).glob("*/row.json")
    return {path.parent.name: path.stat().st_mtime_ns for path in paths}


def wait_for_rows(folder: Path, process: subprocess.Popen[str], n: int) -> None:
    deadline_s = time.monotonic() + TIMEOUT_S
    while len(rows_in(folder)) < n and time.monotonic() < deadline_s:
        assert process.poll() is None
        time.sleep(0.005)


@pytest.mark.slow
def test_a_batch_that_is_killed_loses_no_row_and_repeats_none(tmp_path: Path) -> None:
    process = start(tmp_path)
    wait_for_rows(tmp_path, process, 2)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    there = rows_in(tmp_path)
    printed, _ = start(tmp_path).communicate(timeout=TIMEOUT_S)
    told = json.loads(printed)
    assert (told["rows"], told["errors"]) == (len(SETTINGS), 1)
    assert there.items() <= rows_in(tmp_path).items()
    assert len(rows_in(tmp_path)) == len(SETTINGS)
    check_table(tmp_path / "out")
    done = Batch(read_rows(tmp_path / "r.jsonl"), tmp_path / "out")
    assert [step.done for step in run_batch(done)] == [len(SETTINGS)]


def check_table(folder: Path) -> None:
    """Hold the table against the folders."""
    rows = parquet.read_table(folder / "table.parquet").to_pylist()
    assert [row["number"] for row in rows] == [1, 2, 3, 4, 5, 6]
    *pieces, failed = rows
    assert failed["error"] == "`bars` must be from 1 to 512, got 0" and failed["midi"] is None
    assert len({row["seed"] for row in rows}) == len(rows)
    for row in pieces:
        piece = read_midi(folder / row["midi"])
        kept = (folder / row["composition"]).read_text()
        assert piece.n_notes == row["notes"] == replay(kept).n_notes
        assert json.loads(row["scores"]) and json.loads(row["record"]) and row["checkpoint"]


@pytest.mark.slow
def test_a_row_has_the_files_that_compose_writes_for_the_same_request(tmp_path: Path) -> None:
    asked = {"composer": "Bach", "form": "chorale", "bars": 4, "candidates": 1, "seed": 7}
    batch = batch_of(tmp_path, asked)
    for name in (ROWS, SCRATCH):
        (tmp_path / name).mkdir()
    assert not running.compose_row(batch.rows[0], tmp_path)
    options = [word for name, value in asked.items() for word in (f"--{name}", str(value))]
    assert main(["compose", *options, "--no-audio", "--out", str(tmp_path / "alone")]) == 0
    row = tmp_path / ROWS / "row-1"
    assert (row / "piece.mid").read_bytes() == (tmp_path / "alone" / "piece.mid").read_bytes()


def batch_of(folder: Path, *settings: dict[str, Any]) -> Batch:
    rows = [Row(f"row-{n}", n, values) for n, values in enumerate(settings, start=1)]
    return Batch(rows, folder)


def test_a_row_that_kills_its_process_again_and_again_is_given_up_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "compose_row", die_of_wide_rows)
    pools: list[int] = []
    usual = running.processes

    def counted(count: int, **changed: str) -> AbstractContextManager[ProcessPoolExecutor]:
        pools.append(count)
        return usual(count, **changed)

    monkeypatch.setattr(running, "processes", counted)
    batch = batch_of(tmp_path, {"parts": 8}, {"parts": 1}, {"parts": 2})
    *_, last = run_batch(batch)
    assert (last.done, last.errors, last.wanted) == (3, 1, 3)
    assert running.read_record(tmp_path, batch.rows[0])["error"].startswith("its process died")
    assert len(pools) in (MOST_DEATHS, MOST_DEATHS + 1)


def test_errors_are_composed_again_only_if_that_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "compose_row", die_of_wide_rows)
    batch = batch_of(tmp_path, {"parts": 1})
    (tmp_path / ROWS).mkdir()
    (tmp_path / SCRATCH).mkdir()
    running.keep_error(batch.rows[0], tmp_path, "out of luck")
    assert [step.errors for step in run_batch(batch)] == [1]
    again = Batch(batch.rows, tmp_path, retry=True)
    assert [(step.done, step.errors) for step in run_batch(again)] == [(0, 0), (1, 0)]


def test_what_an_unfinished_run_left_is_swept_and_counts_for_nothing(tmp_path: Path) -> None:
    left = tmp_path / SCRATCH / "row-1-x"
    left.mkdir(parents=True)
    (left / "piece.mid").write_bytes(b"torn")
    assert next(run_batch(batch_of(tmp_path, {}))).done == 0
    assert not left.exists()


def test_a_row_that_another_process_wrote_meanwhile_stays(tmp_path: Path) -> None:
    (row,) = batch_of(tmp_path, {}).rows
    (tmp_path / ROWS).mkdir()
    (tmp_path / SCRATCH).mkdir()
    for sentence in ("first", "second"):
        running.keep_error(row, tmp_path, sentence)
    assert running.read_record(tmp_path, row)["error"] == "first"
    assert list((tmp_path / SCRATCH).iterdir()) == []


def test_two_runs_in_one_folder_are_refused(tmp_path: Path) -> None:
    with (tmp_path / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(OptionError, match="another batch is running"):
            next(run_batch(batch_of(tmp_path, {})))


def test_the_table_of_a_stopped_batch_has_what_is_there(tmp_path: Path) -> None:
    batch = batch_of(tmp_path, {}, {"composer": 3}, {})
    (tmp_path / ROWS).mkdir()
    (tmp_path / SCRATCH).mkdir()
    running.keep_error(batch.rows[1], tmp_path, "no such composer")
    (row,) = parquet.read_table(write_table(batch)).to_pylist()
    assert (row["number"], row["error"], row["composer"]) == (2, "no such composer", None)
