"""What is measured of a set: a row a piece, means with intervals, differences of matched pieces.

Pieces are the unit. A difference of two sides is taken piece by piece, since both have the same
prompt, temperature and seed, and then averaged; its interval is that of the mean.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from composer.corpus import read_midi
from composer.evaluation.intervals import Interval, mean
from composer.listening.stimuli import write_whole
from composer.matched.measures import MEASURES, measure_piece
from composer.matched.plan import MatchedPlan
from composer.matched.sampling import read_records

ALL = "all"
_FACTS = ("name", "side", "prompt", "temperature", "sample", "seed", "bars", "notes", "midi")
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Results:
    """What was measured.

    Args:
        plan: Of the set.
        pieces: A row a piece: facts and measures.
        means: Side, prompt and temperature (or all of them), measure, and its mean with interval.
        differences: Of every two sides, likewise: the second less the first.
        errors: Names of pieces that could not be made, each with its reason.
    """

    plan: MatchedPlan
    pieces: tuple[Row, ...]
    means: tuple[Row, ...]
    differences: tuple[Row, ...]
    errors: tuple[tuple[str, str], ...]

    def interval(self, side: str, measure: str, temperature: Any = ALL) -> Interval:
        """Return the mean of a measure over all prompts."""
        found: Interval = next(
            row["interval"]
            for row in self.means
            if (row["side"], row["prompt"], row["measure"]) == (side, ALL, measure)
            and row["temperature"] == temperature
        )
        return found


def measure_set(
    plan: MatchedPlan, folder: Path, report: Callable[[int], None] = lambda done: None
) -> Results:
    """Measure all pieces that are there.

    Args:
        plan: Of the set.
        folder: That `sampling.make_set` filled.
        report: Told how many pieces are done.
    """
    pieces: list[Row] = []
    errors = []
    for record in read_records(plan, folder):
        if record["error"]:
            errors.append((record["name"], record["error"]))
            continue
        facts = {name: record.get(name) for name in _FACTS}
        pieces.append(facts | measure_piece(read_midi(folder / record["midi"]), record))
        report(len(pieces))
    means = tuple(_means(plan, pieces))
    return Results(plan, tuple(pieces), means, tuple(_differences(plan, pieces)), tuple(errors))


def _groups(plan: MatchedPlan) -> Iterator[tuple[Any, Any]]:
    """Yield prompts and temperatures by which means are taken: all of them, then each."""
    prompts = [ALL, *(one.name for one in plan.prompts)]
    for prompt in prompts:
        for temperature in (ALL, *plan.temperatures):
            yield prompt, temperature


def _in_group(row: Row, prompt: Any, temperature: Any) -> bool:
    return prompt in (ALL, row["prompt"]) and temperature in (ALL, row["temperature"])


def _means(plan: MatchedPlan, pieces: Sequence[Row]) -> Iterator[Row]:
    for side in plan.sides:
        ours = [row for row in pieces if row["side"] == side.name]
        for prompt, temperature in _groups(plan):
            inside = [row for row in ours if _in_group(row, prompt, temperature)]
            for one in MEASURES:
                yield {
                    "side": side.name,
                    "prompt": prompt,
                    "temperature": temperature,
                    "measure": one.name,
                    "interval": mean([row[one.name] for row in inside]),
                }


def _differences(plan: MatchedPlan, pieces: Sequence[Row]) -> Iterator[Row]:
    by_place = {
        (row["side"], row["prompt"], row["temperature"], row["sample"]): row for row in pieces
    }
    for first, second in combinations([side.name for side in plan.sides], 2):
        pairs = [
            (row, by_place[second, *place[1:]])
            for place, row in by_place.items()
            if place[0] == first and (second, *place[1:]) in by_place
        ]
        for prompt, temperature in _groups(plan):
            inside = [pair for pair in pairs if _in_group(pair[0], prompt, temperature)]
            for one in MEASURES:
                yield {
                    "first": first,
                    "second": second,
                    "prompt": prompt,
                    "temperature": temperature,
                    "measure": one.name,
                    "interval": mean([b[one.name] - a[one.name] for a, b in inside]),
                }


def write_tables(results: Results, folder: Path) -> list[Path]:
    """Write pieces, means and differences as CSV and Parquet; return the paths.

    Raises:
        MissingTool: If pyarrow is not installed; the CSV files are there then.
    """
    tables: dict[str, Sequence[Row]] = {
        "measures": results.pieces,
        "means": [_flat(row) for row in results.means],
        "differences": [_flat(row) for row in results.differences],
    }
    paths = []
    for name, rows in tables.items():
        write_whole(folder / f"{name}.csv", _csv(rows))
        paths.append(folder / f"{name}.csv")
    import pyarrow as arrow
    from pyarrow import parquet

    for name, rows in tables.items():
        draft = folder / f".{name}.parquet"
        plain = [{key: _parquet_value(value) for key, value in row.items()} for row in rows]
        parquet.write_table(arrow.Table.from_pylist(plain), draft, compression="zstd")
        paths.append(draft.replace(folder / f"{name}.parquet"))
    return paths


def _flat(row: Row) -> dict[str, Any]:
    """Return a row with its interval in columns; a temperature is text, as it may be all."""
    values = {key: value for key, value in row.items() if key != "interval"}
    interval: dict[str, Any] = row["interval"].to_dict(digits=6)
    return values | {"temperature": str(row["temperature"])} | interval


def _parquet_value(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value


def _csv(rows: Sequence[Row]) -> str:
    """Return rows as CSV; what is no number is empty."""
    if not rows:
        return ""
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0].keys(), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({key: _parquet_value(value) for key, value in row.items()})
    return text.getvalue()
