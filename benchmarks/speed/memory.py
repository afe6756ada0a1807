"""Milliseconds a step and bytes a candidate by what was read before: transformer and xLSTM.

Eight candidates, each with a beginning of its own, random weights of the size SMALL, one thread.
All runtimes take their steps by turns in one run, because machines are shared and change their
speed; a figure is the least of the turns' medians. `--steps N` goes on with one group of the xLSTM
for N rows and measures it, and the memory of the process, on the way.

    python benchmarks/speed/memory.py --out benchmarks/speed/memory.json
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.record import machine_facts, print_table, save
from benchmarks.speed.stopwatch import forget_peak, peak_bytes
from composer.decoding import open_runtime
from composer.decoding.runtimes import Session
from composer.models import PRESETS_OF
from composer.models.kinds import new_model
from composer.tokenizer import Events, vocab

CONTEXTS = (100, 500, 1_000, 4_000)
MARKS = (100, 200, 2_000, 20_000)
RUNTIMES = (
    ("transformer", "onnx"),
    ("transformer", "onnx-graph"),
    ("transformer", "torch"),
    ("xlstm", "onnx"),
    ("xlstm", "torch"),
)
CANDIDATES, TURNS, TURN_STEPS = 8, 3, 48


def random_rows(rng: np.random.Generator, *shape: int) -> Events:
    """Return rows of ids that may be written."""
    return rng.integers(0, vocab.WRITTEN_SIZES, (*shape, 4), np.int16)


def step_ms(session: Session, rows: Events) -> float:
    """Return the median of some steps: logits of all fields, and a row read."""
    seconds = []
    for _ in range(TURN_STEPS):
        began_s = time.perf_counter()
        for field in range(rows.shape[1]):
            session.field_logits(field, rows[:, :field])
        session.append(rows)
        seconds.append(time.perf_counter() - began_s)
    return 1e3 * median(seconds)


def measure_contexts(runtimes: dict[tuple[str, str], Any]) -> list[dict[str, Any]]:
    """Return a row a context and runtime."""
    rng, found = np.random.default_rng(0), []
    rows = random_rows(rng, CANDIDATES)
    for context in CONTEXTS:
        beginnings = list(random_rows(rng, CANDIDATES, context))
        room = context + TURNS * TURN_STEPS
        sessions = {key: runtime.begin(beginnings, room) for key, runtime in runtimes.items()}
        turns = [{key: step_ms(one, rows) for key, one in sessions.items()} for _ in range(TURNS)]
        found += [
            {
                "model": model,
                "runtime": name,
                "context": context,
                "step_ms": round(min(turn[model, name] for turn in turns), 3),
                "kb_a_candidate": session.n_bytes // CANDIDATES // 1_000,
            }
            for (model, name), session in sessions.items()
        ]
    return found


def measure_length(session: Session, steps: int) -> list[dict[str, Any]]:
    """Return a row a mark: how long a step takes there, and what is remembered."""
    rng, found = np.random.default_rng(1), []
    for n_rows in range(steps + 1):
        if n_rows in MARKS:
            forget_peak()
            found.append(
                {
                    "rows": n_rows,
                    "step_ms": round(step_ms(session, random_rows(rng, CANDIDATES)), 3),
                    "bytes": session.n_bytes,
                    "resident_mb": peak_bytes() // 1_000_000,
                }
            )
        session.append(random_rows(rng, CANDIDATES))
    return found


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=MARKS[-1], help="rows of the long group")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    torch.manual_seed(0)
    sizes = vocab.TABLE_SIZES, vocab.WRITTEN_SIZES
    models = {kind: new_model(presets["small"], *sizes) for kind, presets in PRESETS_OF.items()}
    runtimes = {key: open_runtime(models[key[0]].eval().weights, key[1]) for key in RUNTIMES}
    contexts = measure_contexts(runtimes)
    print_table(list(contexts[0]), [list(row.values()) for row in contexts])
    begun = runtimes["xlstm", "onnx"].begin([random_rows(np.random.default_rng(2), 8)], 0)
    length = measure_length(begun.fork(np.zeros(CANDIDATES, np.int64)), options.steps)
    print_table(list(length[0]), [list(row.values()) for row in length])
    save(options.out, {"contexts": contexts, "length": length, **machine_facts()})


if __name__ == "__main__":
    main()
