"""What all benchmarks share: facts of the machine, shares with intervals, tables, saved results.

Knows no music: what was measured reaches it as numbers.
"""

from __future__ import annotations

import json
import math
import os
import platform
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from composer import places

ROOT = Path(__file__).resolve().parent.parent
LIBRARIES = ("numpy", "torch", "miditok", "symusic")
Z_95 = 1.959964  # two-sided 95 % of a normal distribution


@dataclass(frozen=True)
class Share:
    """Hits among trials.

    Args:
        hits: Not more than `n`.
        n: Trials.
    """

    hits: int
    n: int

    @classmethod
    def of(cls, outcomes: Iterable[bool]) -> Share:
        """Count outcomes."""
        counted = list(outcomes)
        return cls(sum(counted), len(counted))

    @property
    def value(self) -> float:
        """Hits a trial; NaN without trials."""
        return self.hits / self.n if self.n else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper end at 95 %.

        Source:
            E. B. Wilson, Probable Inference, the Law of Succession, and Statistical Inference,
            JASA 22 (1927), pp. 209-212.
        """
        if not self.n:
            return 0.0, 1.0
        weight = Z_95**2 / self.n
        middle = (self.value + weight / 2) / (1 + weight)
        variance = self.value * (1 - self.value) / self.n + weight / (4 * self.n)
        width = Z_95 * math.sqrt(variance) / (1 + weight)
        return max(0.0, middle - width), min(1.0, middle + width)

    def __str__(self) -> str:
        if not self.n:
            return "-"
        low, high = (100 * end for end in self.interval)
        return f"{self.hits}/{self.n} = {100 * self.value:.1f} % ({low:.1f}-{high:.1f})"

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        interval = [round(end, 4) for end in self.interval]
        share = round(self.value, 4) if self.n else None
        return {"hits": self.hits, "n": self.n, "share": share, "wilson_95": interval}


def machine_facts(versions: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return what a number depends on besides the code.

    Args:
        versions: Of an engine: checkpoint, vocabulary, runtime.
    """
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": _commit(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "usable_cores": len(os.sched_getaffinity(0)),
        "load_average": round(os.getloadavg()[0], 2),
        "omp_num_threads": os.environ.get("OMP_NUM_THREADS"),
        "device": places.device(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in LIBRARIES},
        "engine": dict(versions or {}),
    }


def save(path: Path, result: Mapping[str, Any]) -> None:
    """Write a result as JSON: an entry a line, and in lists of rows a row a line."""
    entries = (f"{json.dumps(name)}: {_text(value)}" for name, value in result.items())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{\n" + ",\n".join(entries) + "\n}\n", encoding="utf-8")


def print_table(heading: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print aligned columns."""
    cells = [list(heading), *([str(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        line = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(line).rstrip())


def rounded(value: float, digits: int = 3) -> float | None:
    """Return a number for JSON; None for NaN and infinities."""
    return round(float(value), digits) if math.isfinite(value) else None


def _text(value: Any) -> str:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "[\n" + ",\n".join(map(_text, value)) + "\n]"
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _commit() -> str | None:
    """Return the commit, marked if files differ from it; None outside a repository."""
    command = ["git", "--no-optional-locks", "describe", "--always", "--dirty", "--exclude=*"]
    try:
        found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return found.stdout.strip() or None


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())
