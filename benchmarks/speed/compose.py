"""How fast 16 candidates of a 16-bar Bach chorale come, from request to ranked table.

    python benchmarks/speed/compose.py --out benchmarks/speed/compose.json

Timed around `pipeline.compose_steps`, drawing, decoding and scoring included, page and sound not:

- seconds to the ranked table, and to the first finished candidates
- notes a second, of all candidates that became pieces
- trunk steps a second: rows of all candidates, each read once by the trunk; rows read again when
  the window is full are not counted
- peak memory of the process (resident), and its size before the first request

The same request comes again in every repeat, after one that is not counted. A yardstick runs before
and after each: single-precision matrix products on one thread. A busy machine shows in it, and in
processor time (cpu_s) that is less than the time on the clock; compare runs of different machines
by notes a second for every GFLOP/s.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

# The root in place of this folder.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
# The yardstick is one thread; libraries read this once, when they are loaded.
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np

from benchmarks.record import machine_facts, print_table, save
from composer import places
from composer.engines import Ask, Step
from composer.engines.events.engine import EventEngine
from composer.engines.events.takes import read_rows
from composer.pipeline import Composition, compose_steps
from composer.request import Request

MATRIX_WIDTH = 512
YARDSTICK_S = 0.5
# Printed and summed up; the first is the one that matters.
FIGURES = (
    "seconds", "first_candidates_s", "notes_per_s", "trunk_steps_per_s", "cpu_s",
    "yardstick_gflops", "notes_per_s_per_gflops",
)  # fmt: skip


class CountingEngine(EventEngine):
    """The engine, with a count of the rows that it drew."""

    rows = 0

    def draw(self, ask: Ask) -> Iterator[Step]:
        """Draw all candidates of an ask."""
        for step in super().draw(ask):
            self.rows += sum(len(read_rows(take.record)) for take in step.takes if take.record)
            yield step


def yardstick_gflops() -> float:
    """Return how many billion operations a second matrix products do now, on one thread."""
    matrix = np.random.default_rng(0).random((MATRIX_WIDTH, MATRIX_WIDTH), np.float32)
    out, n_products, began_s = np.empty_like(matrix), 0, time.perf_counter()
    while (passed_s := time.perf_counter() - began_s) < YARDSTICK_S:
        np.matmul(matrix, matrix, out=out)
        n_products += 1
    return 2 * MATRIX_WIDTH**3 * n_products / passed_s / 1e9


def run_once(request: Request, engine: CountingEngine) -> dict[str, Any]:
    """Compose once; return what was measured."""
    engine.rows, first_s, before_gflops = 0, None, yardstick_gflops()
    began_s, cpu_began_s = time.perf_counter(), time.process_time()
    for step in compose_steps(request, engine=engine):
        if first_s is None and (isinstance(step, Composition) or step.drawn):
            first_s = time.perf_counter() - began_s
    seconds, cpu_s = time.perf_counter() - began_s, time.process_time() - cpu_began_s
    assert isinstance(step, Composition) and first_s is not None
    gflops = (before_gflops + yardstick_gflops()) / 2
    notes = sum(one.piece.n_notes for one in step.ranked)
    return {
        "seconds": round(seconds, 3),
        "first_candidates_s": round(first_s, 3),
        "notes": notes,
        "notes_per_s": round(notes / seconds, 1),
        "trunk_steps": engine.rows,
        "trunk_steps_per_s": round(engine.rows / seconds, 1),
        "cpu_s": round(cpu_s, 3),
        "yardstick_gflops": round(gflops, 1),
        "notes_per_s_per_gflops": round(notes / seconds / gflops, 3),
        "ranked": len(step.ranked),
        "rejected": len(step.rejected),
    }


def peak_memory_mb() -> float:
    """Return the largest resident size of this process so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1e6 if sys.platform == "darwin" else 1e3), 1)


def main() -> None:
    """Run the benchmark."""
    options = read_options()
    began_s = time.perf_counter()
    engine = CountingEngine.load(places.checkpoint_folder(), places.device())
    assert isinstance(engine, CountingEngine)
    load_s, loaded_mb = time.perf_counter() - began_s, peak_memory_mb()
    request = Request.from_dict(
        {
            "composer": options.composer,
            "form": options.form,
            "key": "G minor",
            "meter": "4/4",
            "bars": options.bars,
            "candidates": options.candidates,
            "seed": options.seed,
        }
    )
    facts = machine_facts(engine.versions)
    warm_up = run_once(request, engine)
    repeats = [run_once(request, engine) for _ in range(options.repeats)]
    medians = {name: round(median(one[name] for one in repeats), 3) for name in FIGURES}
    memory = {"loaded_mb": loaded_mb, "peak_mb": peak_memory_mb(), "load_s": round(load_s, 2)}
    columns = ["median", *(f"repeat {i + 1}" for i in range(len(repeats)))]
    print_table(["", *columns], ([f, medians[f], *(r[f] for r in repeats)] for f in FIGURES))
    print(f"{memory}")
    if options.out:
        result = {"machine": facts, "request": request.to_dict(), "median": medians}
        save(options.out, result | memory | {"warm_up": warm_up, "repeats": repeats})


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Speed from request to ranked table")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--composer", default="Bach")
    parser.add_argument("--form", default="chorale")
    parser.add_argument("--bars", type=int, default=16)
    parser.add_argument("--candidates", type=int, default=16)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path, help="JSON file for the result")
    return parser.parse_args()


if __name__ == "__main__":
    main()
