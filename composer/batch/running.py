"""Compose rows side by side, a process a core, each with the model of its own.

A row is composed into a folder of its own and moved, whole, to where it belongs: whoever is killed
leaves a row that is there or one that is not. Rows that are there are never composed again.
"""

from __future__ import annotations

import fcntl
import json
import shutil
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from composer.batch.processes import processes
from composer.batch.rows import Row
from composer.errors import ComposerError, OptionError
from composer.pipeline import compose
from composer.rendering import interpret, write_midi
from composer.request import Request

ROWS, SCRATCH, LOCK = "rows", ".unfinished", ".lock"
RECORD = "row.json"
# A row in whose process something died so often is given up; others may have been at work there.
MOST_DEATHS = 3
DIED = "its process died again and again"
# Handed out ahead of need, so that no process waits.
AHEAD = 2


@dataclass(frozen=True)
class Batch:
    """What is run.

    Args:
        rows: All of them, done or not.
        folder: Where they go.
        workers: Processes.
        retry: Whether rows that ended in an error are composed again.
        on: Cluster that composes, as `cluster.compose_on` takes it; empty for this machine.
    """

    rows: Sequence[Row]
    folder: Path
    workers: int = 1
    retry: bool = False
    on: str = ""


@dataclass(frozen=True)
class BatchProgress:
    """How far it is.

    Args:
        done: Rows that are there, errors among them, those of earlier runs too.
        errors: How many of them.
        wanted: Rows in all.
        began_with: Rows that were there at the start.
    """

    done: int
    errors: int
    wanted: int
    began_with: int


def run_batch(batch: Batch) -> Iterator[BatchProgress]:
    """Compose what is not there yet; yield after every row, and once at the start.

    Raises:
        OptionError: If another run works in the same folder, or the cluster cannot be reached.
    """
    with _alone(batch.folder):
        shutil.rmtree(batch.folder / SCRATCH, ignore_errors=True)
        (batch.folder / SCRATCH).mkdir()
        (batch.folder / ROWS).mkdir(exist_ok=True)
        there = {
            row.name: is_error(batch.folder, row)
            for row in batch.rows
            if is_there(batch.folder, row)
        }
        if batch.retry:
            for name in [name for name, failed in there.items() if failed]:
                shutil.rmtree(batch.folder / ROWS / name)
                del there[name]
        left = [row for row in batch.rows if row.name not in there]
        done, errors = len(there), sum(there.values())
        yield BatchProgress(done, errors, len(batch.rows), len(there))
        for failed in _composed(batch, left):
            done, errors = done + 1, errors + failed
            yield BatchProgress(done, errors, len(batch.rows), len(there))


def is_there(folder: Path, row: Row) -> bool:
    """Whether a row is composed, or ended in an error."""
    return (folder / ROWS / row.name / RECORD).is_file()


def is_error(folder: Path, row: Row) -> bool:
    """Whether a row that is there is an error."""
    return bool(read_record(folder, row)["error"])


def read_record(folder: Path, row: Row) -> dict[str, Any]:
    """Return what is kept of a row that is there."""
    record: dict[str, Any] = json.loads((folder / ROWS / row.name / RECORD).read_text("utf-8"))
    return record


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other runs out; the system lets go of the lock when this process ends, however."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise OptionError(f"another batch is running in {folder}") from error
        yield


def _composed(batch: Batch, rows: Sequence[Row]) -> Iterator[bool]:
    """Compose rows where the batch says; yield for each whether it ended in an error."""
    if not batch.on:
        return _compose_all(batch, rows)
    from composer.batch.cluster import compose_on

    return compose_on(batch.on, rows, batch.folder, batch.workers)


def _compose_all(batch: Batch, rows: Sequence[Row]) -> Iterator[bool]:
    """Compose rows; yield for each whether it ended in an error."""
    waiting, deaths = list(reversed(rows)), Counter[str]()
    while waiting:
        pending: dict[Future[bool], Row] = {}
        with processes(batch.workers, COMPOSER_WORKERS="1") as pool:
            try:
                while waiting or pending:
                    while waiting and len(pending) < AHEAD * batch.workers:
                        row = waiting.pop()
                        pending[pool.submit(compose_row, row, batch.folder)] = row
                    for future in wait(pending, return_when=FIRST_COMPLETED).done:
                        failed = future.result()  # before it is forgotten: the pool may be broken
                        del pending[future]
                        yield failed
            except BrokenProcessPool:
                # Nobody says whose process it was: those that are there are done, others go again.
                for row in pending.values():
                    deaths[row.name] += 1
                    if is_there(batch.folder, row):
                        yield is_error(batch.folder, row)
                    elif deaths[row.name] >= MOST_DEATHS:
                        keep_error(row, batch.folder, DIED)
                        yield True
                    else:
                        waiting.append(row)


def compose_row(row: Row, folder: Path) -> bool:
    """Compose a row into its folder; return whether it ended in an error, which is kept."""
    began_s = time.perf_counter()
    try:
        request = Request.from_dict(dict(row.values))
        composition = compose(request)
    except ComposerError as error:
        keep_error(row, folder, str(error))
        return True
    except Exception as error:  # noqa: BLE001  a fault of ours costs a row, not all that follow
        keep_error(row, folder, f"{type(error).__name__}: {error}", traceback.format_exc())
        return True
    record = {
        "name": row.name,
        "number": row.number,
        "error": "",
        "request": request.to_dict(),
        "seed": request.seed,
        "total": composition.scorecard.total,
        "scores": {one.name: one.value for one in composition.scorecard.scores},
        "record": dict(composition.ranked[0].record),
        "notes": composition.piece.n_notes,
        "candidates_ranked": len(composition.ranked),
        "candidates_rejected": len(composition.rejected),
        "elapsed_s": round(time.perf_counter() - began_s, 3),
        "midi": f"{ROWS}/{row.name}/piece.mid",
        "composition": f"{ROWS}/{row.name}/composition.json",
        "versions": dict(composition.versions),
    }
    with _row_folder(row, folder) as place:
        write_midi(interpret(composition.piece), place / "piece.mid")
        (place / "composition.json").write_text(composition.to_json(), encoding="utf-8")
        (place / RECORD).write_text(json.dumps(record), encoding="utf-8")
    return False


def keep_error(row: Row, folder: Path, sentence: str, fault: str = "") -> None:
    """Keep why there is no piece; of a fault of ours also where it happened."""
    record = {
        "name": row.name,
        "number": row.number,
        "error": sentence,
        "request": dict(row.values),
        "seed": row.values.get("seed"),
        "fault": fault,
    }
    with _row_folder(row, folder) as place:
        (place / RECORD).write_text(json.dumps(record, default=str), encoding="utf-8")


@contextmanager
def _row_folder(row: Row, folder: Path) -> Iterator[Path]:
    """Give a folder to write a row into; move it, whole, to where rows are.

    Where the row is there by now, written by a process that should have ended, that one stays.
    """
    place = Path(tempfile.mkdtemp(prefix=f"{row.name}-", dir=folder / SCRATCH))
    place.chmod(0o755)
    yield place
    try:
        place.rename(folder / ROWS / row.name)
    except OSError:
        if not (folder / ROWS / row.name / RECORD).is_file():
            raise
        shutil.rmtree(place, ignore_errors=True)
