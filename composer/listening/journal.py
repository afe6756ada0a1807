"""Ballots as JSON lines, a file a listener: for hosts without a disk, and for the analysis.

Each file is written whole after a listener has finished, withdrawn or been exported, and all of
them are read back when a server starts with an empty database. Knows files and ballots only.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from composer.errors import RequestError
from composer.listening.ballots import Ballots, Listener
from composer.listening.stimuli import write_whole
from composer.listening.storage import insert, run

BALLOTS = "ballots.sqlite"  # in the folder of a study, unless somewhere else is named
TABLES = ("participants", "trials", "votes")
_KEYS = {"participants": "id", "trials": "participant", "votes": "participant"}


def rows_of(ballots: Ballots, name: str) -> Iterator[dict[str, Any]]:
    """Yield every row about a listener, the table's name in it."""
    with ballots.storage.read() as connection:
        for table in TABLES:
            query = f"SELECT * FROM {table} WHERE {_KEYS[table]} = :name"
            for row in run(connection, query, name=name).mappings():
                yield {"table": table, **row}


def export_listener(ballots: Ballots, name: str, folder: Path) -> Path:
    """Write all about a listener as JSON lines; return the path.

    Raises:
        OSError: If the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.jsonl"
    rows = (json.dumps(row, ensure_ascii=False) for row in rows_of(ballots, name))
    write_whole(path, "\n".join(rows) + "\n")
    return path


def export_all(ballots: Ballots, folder: Path) -> int:
    """Write all listeners as JSON lines; return how many."""
    names = ballots.names()
    for name in names:
        export_listener(ballots, name, folder)
    return len(names)


def restore(ballots: Ballots, folder: Path) -> int:
    """Read back listeners that the database does not know; return how many.

    Raises:
        RequestError: If a file is no export of ballots.
    """
    known = set(ballots.names())
    paths = [path for path in sorted(folder.glob("*.jsonl")) if path.stem not in known]
    for path in paths:
        rows = _read_rows(path)
        with ballots.storage.write() as connection:
            for table in TABLES:
                for row in (row for row in rows if row["table"] == table):
                    insert(connection, table, {k: v for k, v in row.items() if k != "table"})
    return len(paths)


def read_listeners(
    folder: Path, ballots: Path | str | None = None, exports: Path | None = None
) -> tuple[Listener, ...]:
    """Return all that came to a study, for the analysis; nothing is changed.

    Args:
        folder: Of the study.
        ballots: SQLite file or URL of PostgreSQL; in the folder if left out.
        exports: Folder of exported files, to be read instead.

    Raises:
        RequestError: If there are no ballots.
    """
    if exports is None:
        place = ballots or folder / BALLOTS
        if isinstance(place, Path) and not place.is_file():
            raise RequestError(f"'{folder.name}' has no ballots yet; run the study first")
        return Ballots(place).listeners()
    if not any(exports.glob("*.jsonl")):
        raise RequestError(f"'{exports.name}' holds no exported ballots")
    with TemporaryDirectory() as scratch:
        found = Ballots(Path(scratch) / BALLOTS)
        restore(found, exports)
        return found.listeners()


def _read_rows(path: Path) -> list[dict[str, Any]]:
    try:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        tables = {row["table"] for row in rows}
        are_names = all(name.isidentifier() for row in rows for name in row)
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise RequestError(f"'{path.name}' is no export of ballots; move it away") from error
    if not are_names or not tables <= set(TABLES) or "participants" not in tables:
        raise RequestError(f"'{path.name}' is no export of ballots; move it away")
    return rows
