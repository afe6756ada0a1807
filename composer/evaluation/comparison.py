"""Two reports side by side: every value of both, the difference, and its interval.

Whatever a report holds as an interval is found by walking through it, so that a new section needs
no line here. Likelihoods of the same pieces are compared piece by piece, which is far sharper than
two intervals beside each other; all else is taken as independent.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from composer.errors import OptionError
from composer.evaluation.intervals import Interval, bootstrap, difference, ratio_of_sums
from composer.evaluation.page import figure, html_page, section, table

INTERVAL = {"value", "low", "high", "n"}
REPORT_NAME, KEPT_NAME = "report.json", "evaluation.json"
# What counts or says the same for every checkpoint is no difference between two.
SKIPPED = {"counts", "options", "versions"}


@dataclass(frozen=True)
class Difference:
    """One value of two reports.

    Args:
        name: Path through the report, its steps joined by " / ".
        before, after: Of the first and the second report.
        change: After less before.
    """

    name: str
    before: Interval
    after: Interval
    change: Interval

    @property
    def is_clear(self) -> bool:
        """Whether the interval of the difference leaves out 0."""
        return self.change.low > 0 or self.change.high < 0

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        sides = {"before": self.before, "after": self.after, "change": self.change}
        return {"name": self.name} | {side: one.to_dict() for side, one in sides.items()}


def load_report(place: Path) -> dict[str, Any]:
    """Read a report: its file, its folder, or a checkpoint folder with a kept evaluation.

    Raises:
        OptionError: If there is none.
    """
    for path in (place, place / REPORT_NAME, place / KEPT_NAME):
        if path.is_file():
            return _read(path)
    raise OptionError(
        f"{place.name[:80]!r} holds no report; give a report.json, the folder of one, or a "
        "checkpoint that `evaluate --keep` has measured"
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise OptionError(f"{path.name[:80]!r} cannot be read as a report") from error
    if isinstance(values, dict) and "likelihood" in values:
        return values
    if isinstance(values, dict) and "by_form" in values:  # a checkpoint's own evaluation
        return {
            "versions": {"checkpoint": str(values.get("checkpoint", ""))},
            "likelihood": values,
        }
    raise OptionError(f"{path.name[:80]!r} is no report of `evaluate`")


def compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """Return all values that both reports have, in the order of the first.

    Raises:
        OptionError: If there is none.
    """
    paired = paired_likelihoods(before["likelihood"], after["likelihood"])
    others = dict(walk(after))
    found = []
    for name, one in walk(before):
        if name in others:
            change = paired.get(name) or difference(one, others[name])
            found.append(Difference(name, one, others[name], change))
    if not found:
        raise OptionError("the two have no interval in common; measure both with `evaluate` again")
    return found


def walk(values: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Interval]]:
    """Yield (name, interval) of all intervals that have a value."""
    if isinstance(values, dict) and values.keys() == INTERVAL:
        if None not in values.values():
            yield " / ".join(path), Interval.from_dict(values)
    elif isinstance(values, dict):
        for name, inner in values.items():
            if path or name not in SKIPPED:
                yield from walk(inner, path if name == "interval" else (*path, str(name)))
    elif isinstance(values, list):
        for row in values:
            if isinstance(row, dict) and "name" in row:
                yield from walk(row, (*path, row["name"]))


def paired_likelihoods(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Interval]:
    """Return differences of nats a note over the pieces that both have measured, whole and by form.

    Returns:
        Name as `walk` gives it -> the difference, resampled by pieces; nothing where reports do not
        list their pieces.
    """
    ours, theirs = before.get("pieces", {}), after.get("pieces", {})
    rows: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for path in ours.keys() & theirs.keys():
        form, notes, nats = ours[path]
        for name in ("overall", f"by_form / {form}"):
            rows[f"likelihood / {name}"].append((theirs[path][2] - nats, notes))
    return {name: bootstrap(found, ratio_of_sums) for name, found in rows.items()}


def comparison_text(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Return the differences as aligned columns; `*` marks those whose interval leaves out 0."""
    rows = [("", *_heading(before, after)), *(_row(one) for one in compare(before, after))]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def comparison_page(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Return the differences as an HTML page, a table a section of the report."""
    sections: dict[str, list[Difference]] = defaultdict(list)
    for one in compare(before, after):
        sections[one.name.partition(" / ")[0]].append(one)
    heading = ("", *_heading(before, after))
    return html_page(
        f"Checkpoints {heading[1]} and {heading[2]}",
        [
            section(
                name.replace("_", " "),
                f"{sum(one.is_clear for one in found)} of {len(found)} intervals leave out 0 (*).",
                table(
                    heading, [(row[0].partition(" / ")[2], *row[1:]) for row in map(_row, found)]
                ),
            )
            for name, found in sections.items()
        ],
    )


def _heading(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, str, str]:
    first, second = (str(one["versions"]["checkpoint"])[:12] for one in (before, after))
    return first, second, "difference (95 %)"


def _row(one: Difference) -> tuple[str, str, str, str]:
    change = f"{one.change.value:+.3f} ({one.change.low:+.3f} to {one.change.high:+.3f})"
    mark = " *" if one.is_clear else ""
    return one.name, figure(one.before.value), figure(one.after.value), change + mark
