"""All rows of a batch as one Parquet table, made from their folders at any time."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

from composer.batch.rows import Row
from composer.batch.running import ROWS, Batch, read_record
from composer.request import Request

TABLE = "table.parquet"
ROW_GROUP = 1_000


def write_table(batch: Batch) -> Path:
    """Write the rows that are there, in the order of the file; return the table's path.

    Columns: `name`, `number`, `error` (empty where there is a piece), a column a field of the
    request, `total`, `scores` and `versions` (JSON), `record` (JSON: what the engine keeps of the
    piece, such as its events), `notes`, `candidates_ranked`, `candidates_rejected`, `elapsed_s`,
    `midi` and `composition` (paths below the folder), `checkpoint`.

    Raises:
        MissingTool: If pyarrow is not installed.
    """
    import pyarrow as arrow
    from pyarrow import parquet

    schema = _schema(arrow)
    path, unfinished = batch.folder / TABLE, batch.folder / f".{TABLE}"
    with parquet.ParquetWriter(unfinished, schema, compression="zstd") as writer:
        group: list[dict[str, Any]] = []
        for row in _there(batch):
            group.append(_columns(read_record(batch.folder, row)) | {"number": row.number})
            if len(group) == ROW_GROUP:
                writer.write_table(arrow.Table.from_pylist(group, schema))
                group = []
        writer.write_table(arrow.Table.from_pylist(group, schema))
    return unfinished.replace(path)


def _there(batch: Batch) -> Iterator[Row]:
    there = {path.name for path in (batch.folder / ROWS).iterdir()}
    return (row for row in batch.rows if row.name in there)


def _schema(arrow: Any) -> Any:
    kinds = {"int": arrow.int64(), "float": arrow.float64()}
    asked = [
        (option.name, next((k for n, k in kinds.items() if n in str(option.type)), arrow.string()))
        for option in fields(Request)
    ]
    text, number, real = arrow.string(), arrow.int64(), arrow.float64()
    return arrow.schema(
        [
            ("name", text), ("number", number), ("error", text), *asked, ("total", real),
            ("scores", text), ("record", text), ("notes", number), ("candidates_ranked", number),
            ("candidates_rejected", number), ("elapsed_s", real), ("midi", text),
            ("composition", text), ("checkpoint", text), ("versions", text),
        ]
    )  # fmt: skip


def _columns(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record by columns; what was asked in a wrong type is left to the error."""
    kinds = {option.name: str(option.type) for option in fields(Request)}
    asked = {k: v for k, v in record["request"].items() if k in kinds and _fits(v, kinds[k])}
    versions = record.get("versions", {})
    scores = {k: v for k, v in record.get("scores", {}).items() if math.isfinite(v)}
    return {
        **record,
        **asked,
        "scores": json.dumps(scores),
        "record": json.dumps(record.get("record")),
        "versions": json.dumps(versions),
        "checkpoint": versions.get("checkpoint"),
    }


def _fits(value: Any, kind: str) -> bool:
    if "int" in kind or "float" in kind:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, str)
