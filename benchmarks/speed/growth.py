"""How the price of composing grows: with candidates (1 to 256) and with bars (16, 64, 256).

    python benchmarks/speed/growth.py --out benchmarks/speed/growth.json

Timed around `pipeline.compose_steps` as in compose.py, a Bach chorale, the median of the repeats;
the picture beside the JSON has both curves with the straight line through the first point.
`over_linear` is the price of a candidate (of a bar) beside that of the smallest request that fills
all workers: 16 candidates, 16 bars. Memory is the process's largest resident size so far, so the
rows are in the order of their size.
"""

from __future__ import annotations

import argparse
import resource
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

# The root in place of this folder.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from matplotlib.figure import Figure

from benchmarks.record import machine_facts, print_table, save
from benchmarks.speed.bench import time_once
from composer.engines import Engine
from composer.pipeline import default_engine
from composer.request import Request

CANDIDATES = (1, 4, 16, 64, 100, 256)
BARS = (16, 64, 256)
BASE_BARS, BASE_CANDIDATES = 16, 16
SETTINGS: dict[str, Any] = {"composer": "Bach", "form": "chorale", "key": "G minor", "meter": "4/4"}


def time_request(engine: Engine, *, bars: int, candidates: int, repeats: int) -> dict[str, Any]:
    """Compose; return seconds to the ranked table and to the first candidate, and what came."""
    request = Request(**SETTINGS, bars=bars, candidates=candidates, seed=7)
    runs = [time_once(engine, request) for _ in range(repeats)]
    return {
        "bars": bars,
        "candidates": candidates,
        "seconds": round(median(seconds for seconds, _, _ in runs), 3),
        "first_shown_s": round(median(first_s for _, first_s, _ in runs), 3),
        "notes": sum(one.piece.n_notes for one in runs[-1][2].ranked),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3, 1),
    }


def over_linear(rows: Sequence[dict[str, Any]], what: str, base: int) -> None:
    """Add what one candidate (bar) costs beside one of the base request."""
    price = next(row["seconds"] / row[what] for row in rows if row[what] == base)
    for row in rows:
        row["over_linear"] = round(row["seconds"] / row[what] / price, 2)


def plot(by_candidates: list[dict[str, Any]], by_bars: list[dict[str, Any]], path: Path) -> None:
    """Draw both curves beside the straight lines through their bases."""
    figure = Figure(figsize=(9, 3.5), layout="constrained")
    for axes, rows, what, base in zip(
        figure.subplots(1, 2),
        (by_candidates, by_bars),
        ("candidates", "bars"),
        (BASE_CANDIDATES, BASE_BARS),
        strict=True,
    ):
        sizes = [row[what] for row in rows]
        price = next(row["seconds"] / row[what] for row in rows if row[what] == base)
        axes.plot(sizes, [row["seconds"] for row in rows], "o-", label="measured")
        axes.plot(sizes, [price * size for size in sizes], ":", label=f"linear from {base}")
        axes.set_xlabel(what)
        axes.set_ylabel("seconds to the ranked table")
        axes.set_xscale("log", base=2)
        axes.set_yscale("log", base=2)
        axes.legend()
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description="Growth of the price of composing")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--out", type=Path, help="JSON file; the picture stands beside it")
    options = parser.parse_args()
    engine = default_engine()
    time_request(engine, bars=2, candidates=8, repeats=1)
    by_candidates = [
        time_request(engine, bars=BASE_BARS, candidates=n, repeats=options.repeats)
        for n in CANDIDATES
    ]
    over_linear(by_candidates, "candidates", BASE_CANDIDATES)
    by_bars = [
        time_request(engine, bars=n, candidates=BASE_CANDIDATES, repeats=options.repeats)
        for n in BARS
    ]
    over_linear(by_bars, "bars", BASE_BARS)
    for rows in (by_candidates, by_bars):
        print_table(list(rows[0]), [list(row.values()) for row in rows])
    if options.out:
        facts = machine_facts(engine.versions)
        save(options.out, {"machine": facts, "candidates": by_candidates, "bars": by_bars})
        plot(by_candidates, by_bars, options.out.with_suffix(".svg"))


if __name__ == "__main__":
    main()
