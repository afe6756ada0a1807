"""Requests in a file -> rows, each with a name that only what it asks for decides.

    .jsonl   an object a line, with the fields of a `Request`
    .csv     a heading with those fields; what is empty is left out
    .toml    `[all]` for every request, `[grid]` with a list of values a field for all combinations,
             `[[request]]` for single ones

What is asked for twice is composed twice, with another seed each, unless it names its seed.
"""

from __future__ import annotations

import csv
import hashlib
import io
import itertools
import json
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from composer.errors import OptionError
from composer.request import Request

MAX_ROWS = 1_000_000
_MAX_SEED = 2**31 - 1


@dataclass(frozen=True)
class Row:
    """One request of a batch.

    Args:
        name: Of its folder; the same for the same settings, wherever they stand in the file.
        number: Its place in the file, from 1.
        values: As asked for, with a seed; not checked yet.
    """

    name: str
    number: int
    values: Mapping[str, Any]


def read_rows(path: Path, *, repeat: int = 1, seed: int = 0) -> list[Row]:
    """Read the requests of a file.

    Args:
        path: JSONL, CSV or TOML, told by its ending.
        repeat: How often each is composed, at least once.
        seed: Another one gives other seeds to requests that name none.

    Raises:
        OptionError: If the file cannot be read as what its ending says, or has no request.
    """
    readers = {".jsonl": _read_jsonl, ".csv": _read_csv, ".toml": _read_toml}
    read = readers.get(path.suffix.lower())
    if read is None:
        raise OptionError(f"`{path.name}` must end in {', '.join(readers)}")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise OptionError(f"`{path.name}` cannot be read as text") from error
    asked = list(itertools.islice(read(text, path.name), MAX_ROWS // repeat + 1))
    if not 1 <= len(asked) * repeat <= MAX_ROWS:
        raise OptionError(f"`{path.name}` must have 1 to {MAX_ROWS} requests")
    return rows_of([one for one in asked for _ in range(repeat)], seed=seed)


def rows_of(asked: Sequence[Mapping[str, Any]], *, seed: int = 0) -> list[Row]:
    """Return requests as rows.

    Args:
        asked: Values of requests by name.
        seed: Another one gives other seeds to requests that name none.
    """
    return list(_named(asked, seed))


def _named(asked: Sequence[Mapping[str, Any]], seed: int) -> Iterator[Row]:
    seen: Counter[str] = Counter()
    for number, values in enumerate(asked, start=1):
        text = json.dumps(values, sort_keys=True, default=str)
        seen[text] += 1
        mark = hashlib.sha256(f"{seed} {seen[text]} {text}".encode()).hexdigest()
        chosen = int(mark[16:24], 16) % _MAX_SEED
        yield Row(mark[:16], number, {"seed": chosen} | dict(values))


def _read_jsonl(text: str, name: str) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            values = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise OptionError(f"line {number} of `{name}` is no JSON: {error}") from error
        if not isinstance(values, dict):
            raise OptionError(f"line {number} of `{name}` must be an object such as {{'bars': 8}}")
        yield values


def _read_csv(text: str, name: str) -> Iterator[dict[str, Any]]:
    kinds = {option.name: str(option.type) for option in fields(Request)}
    reader = csv.DictReader(io.StringIO(text), strict=True, restkey="")
    try:
        for row in reader:
            if "" in row:
                raise OptionError(
                    f"line {reader.line_num} of `{name}` has more cells than headings"
                )
            yield {k: _typed(v, kinds.get(k, "")) for k, v in row.items() if v and v.strip()}
    except csv.Error as error:
        raise OptionError(f"line {reader.line_num} of `{name}` is no CSV: {error}") from error


def _typed(text: str, kind: str) -> Any:
    """Return a cell as the field has it; as text where it is no number, to be refused later."""
    for wanted, convert in (("int", int), ("float", float)):
        if wanted in kind:
            try:
                return convert(text)
            except ValueError:
                return text
    return text.strip()


def _read_toml(text: str, name: str) -> Iterator[dict[str, Any]]:
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise OptionError(f"`{name}` is no TOML: {error}") from error
    common, grid, single = tables.pop("all", {}), tables.pop("grid", {}), tables.pop("request", [])
    is_sound = isinstance(common, dict) and isinstance(grid, dict) and isinstance(single, list)
    if tables or not is_sound or not all(isinstance(one, dict) for one in single):
        raise OptionError(f"`{name}` must have [all], [grid] and [[request]], and nothing else")
    lists = [value if isinstance(value, list) else [value] for value in grid.values()]
    if grid:
        for values in itertools.product(*lists):
            yield common | dict(zip(grid, values, strict=True))
    for one in single:
        yield common | one
