"""How fast this machine composes: steps of every runtime and of transformers' `generate`, requests.

    python benchmarks/speed/bench.py --out benchmarks/speed/bench.json
    python benchmarks/speed/bench.py --short

`onnx` takes steps by the compiled kernel where there is one, `onnx-graph` never does.

What is compared is timed in one run, by turns, because machines are shared and change their speed.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.record import save
from benchmarks.speed.stopwatch import (
    Case,
    Timing,
    copy_bytes_per_s,
    open_random,
    time_generate,
    time_runtime,
    weight_bytes,
    why_too_large,
)
from composer.decoding import Runtime
from composer.engines import Engine
from composer.errors import ComposerError, MissingTool
from composer.models.transformer import EventTransformer
from composer.pipeline import Composition, compose_steps, default_engine
from composer.request import Request

RUNTIMES = ("torch", "onnx-graph", "onnx")
PEER = "generate"
BATCHES, CONTEXTS = (1, 8, 32, 100), (0, 500, 1000)
# Of the short table: what the ratios are made of.
SHORT_BATCHES, SHORT_CONTEXTS = (8, 32), (0, 500)
SIZES = ("small", "base")
REQUEST: dict[str, Any] = {
    "composer": "Bach",
    "form": "chorale",
    "key": "G minor",
    "meter": "4/4",
    "bars": 16,
}
HUNDRED = 100
N_TURNS = 3
# Steps that are timed: fewer of many candidates, which take longer and vary less.
CANDIDATE_STEPS = 512
MOST_STEPS, FEWEST_STEPS = 32, 8
# A turn that took longer is the last one of its case; what is foreseen to take longer than this
# many of them is not begun.
LONG_TURN_S = 20.0
MOST_LONG_TURNS = 3.0


def bench(
    engine: Engine,
    *,
    sizes: Sequence[str] = SIZES,
    batches: Sequence[int] = BATCHES,
    contexts: Sequence[int] = CONTEXTS,
    runtimes: Sequence[str] = RUNTIMES,
    candidates: int = HUNDRED,
    report: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Time steps of every runtime and of transformers' `generate`, then whole requests.

    Args:
        engine: Composes the whole requests.
        sizes: Names in `models.PRESETS`; random weights, because speed does not depend on them.
        batches: Candidates drawn together.
        contexts: Rows read before.
        runtimes: Names that `decoding.open_runtime` knows.
        candidates: Of the whole requests.
        report: Hears a line for every row of the table.

    Raises:
        OptionError: If a size or a runtime is unknown.

    Returns:
        `steps`, a row a case and runtime, with `skipped` and the reason where it was not timed; the
        ratios of the middle case of `sizes[0]` at the top (`onnx_over_generate_b8`,
        `onnx_over_generate_b32`, `notes_over_generate_b8`; None where the peer is not installed),
        of all cases in `over_generate`; `best_of_100_s`, `first_shown_s`; and what they depend on.
    """
    bandwidth = copy_bytes_per_s()
    rows: list[dict[str, Any]] = []
    for row in _step_rows(sizes, batches, contexts, runtimes, bandwidth):
        rows.append(row)
        report(" ".join(f"{key} {value}" for key, value in row.items()))
    whole = time_request(engine, candidates)
    return {
        **_ratios(rows, sizes[0], contexts),
        "over_generate": over_generate(rows),
        f"best_of_{candidates}_s": whole["seconds"],
        "first_shown_s": whole["first_shown_s"],
        "copy_gb_per_s": round(bandwidth / 1e9, 2),
        "cores": os.cpu_count(),
        "load_average": round(os.getloadavg()[0], 2),
        "versions": engine.versions,
        "steps": rows,
    }


Timers = dict[str, Callable[[Case], Timing]]


def _step_rows(
    sizes: Sequence[str],
    batches: Sequence[int],
    contexts: Sequence[int],
    runtimes: Sequence[str],
    bandwidth: float,
) -> Iterator[dict[str, Any]]:
    for size in sizes:
        model, opened = open_random(size, runtimes)
        timers: Timers = {PEER: partial(time_generate, model)}
        for name, runtime in opened.items():
            timers[name] = partial(_time_runtime, runtime, model, weight_bytes(model, name))
        clock = _Clock(timers)
        for batch in batches:
            for context in contexts:
                case = Case(batch=batch, context=context, steps=steps_of(batch))
                too_large = why_too_large(model.config, case)
                for name, found in clock.by_turns(case, too_large).items():
                    yield _row(size, case, name, found, bandwidth)


def _time_runtime(runtime: Runtime, model: EventTransformer, n_bytes: int, case: Case) -> Timing:
    return time_runtime(runtime, model.config, case, n_bytes)


def steps_of(batch: int) -> int:
    """Return how many steps of a group are timed."""
    return min(MOST_STEPS, max(FEWEST_STEPS, CANDIDATE_STEPS // batch))


class _Clock:
    """Times cases of one model on all runtimes, and remembers how long they took.

    Args:
        timers: Runtime -> what times a case on it.
    """

    def __init__(self, timers: Timers) -> None:
        self._timers = timers
        # Seconds of the last turn on a runtime, by what it had to do.
        self._pace_s = dict.fromkeys(timers, 0.0)

    def by_turns(self, case: Case, too_large: str | None) -> dict[str, Timing | str]:
        """Return the best turn of every one, or the reason why there is none.

        The best one, because a shared machine can only slow it. A missing peer is left out.
        """
        found: dict[str, Timing | str] = {}
        open_ = list(self._timers)
        for _ in range(N_TURNS):
            for name in list(open_):
                reason = too_large or self._too_long(name, case)
                if reason and name not in found:
                    found[name] = reason
                if reason or not self._time(name, case, found):
                    open_.remove(name)
        return found

    def _too_long(self, name: str, case: Case) -> str | None:
        seconds = self._pace_s[name] * _effort(case)
        if seconds <= MOST_LONG_TURNS * LONG_TURN_S:
            return None
        return f"would take about {seconds:.0f} s, by the case before"

    def _time(self, name: str, case: Case, found: dict[str, Timing | str]) -> bool:
        """Time one turn; return whether another one is worth it."""
        began_s = time.perf_counter()
        try:
            timing = self._timers[name](case)
        except MissingTool:
            return False
        seconds = time.perf_counter() - began_s
        self._pace_s[name] = seconds / _effort(case)
        best = found.get(name)
        if not isinstance(best, Timing) or timing.step_ms < best.step_ms:
            found[name] = timing
        return seconds <= LONG_TURN_S


def _effort(case: Case) -> int:
    """Return roughly by what the time of a case grows; a step costs some hundred rows by itself."""
    return case.batch * (case.context + 500) * case.steps


def _row(
    size: str, case: Case, name: str, timing: Timing | str, bandwidth: float
) -> dict[str, Any]:
    row = {"size": size, "batch": case.batch, "context": case.context, "runtime": name}
    if isinstance(timing, str):
        return {**row, "skipped": timing}
    least_ms = 1e3 * timing.bytes_a_step / bandwidth
    return {
        **row,
        **asdict(timing),
        # 1 would be as fast as memory can be read.
        "times_the_bandwidth_limit": round(timing.step_ms / least_ms, 2),
    }


def over_generate(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return how many times faster `onnx` is than the peer, a row a case that both were timed in.

    Args:
        rows: Of the table of steps.
    """
    names = ("size", "batch", "context")
    timed = {
        (*(row[name] for name in names), row["runtime"]): row
        for row in rows
        if "skipped" not in row
    }
    return [
        {
            **dict(zip(names, case, strict=True)),
            "steps": round(timed[*case, "onnx"]["steps_per_s"] / theirs["steps_per_s"], 2),
            "notes": round(timed[*case, "onnx"]["notes_per_s"] / theirs["notes_per_s"], 2),
        }
        for (*case, runtime), theirs in timed.items()
        if runtime == PEER and (*case, "onnx") in timed
    ]


def _ratios(rows: list[dict[str, Any]], size: str, contexts: Sequence[int]) -> dict[str, Any]:
    context = 500 if 500 in contexts else contexts[0]
    found = {
        row["batch"]: row
        for row in over_generate(rows)
        if (row["size"], row["context"]) == (size, context)
    }
    return {
        "onnx_over_generate_b8": found.get(8, {}).get("steps"),
        "onnx_over_generate_b32": found.get(32, {}).get("steps"),
        "notes_over_generate_b8": found.get(8, {}).get("notes"),
    }


def time_request(engine: Engine, candidates: int, *, repeats: int = 3, **settings: Any) -> Any:
    """Return seconds from request to ranked table, and to the first finished candidate.

    Args:
        engine: What composes.
        candidates: How many.
        repeats: The median counts; a short request comes before them and does not.
        settings: Instead of those of `REQUEST`.
    """
    list(compose_steps(Request(**{**REQUEST, "bars": 2, "candidates": 8}), engine=engine))
    request = Request(**{**REQUEST, **settings, "candidates": candidates})
    times = [time_once(engine, request)[:2] for _ in range(repeats)]
    seconds, first = (round(median(column), 3) for column in zip(*times, strict=True))
    return {
        "candidates": candidates,
        "bars": request.bars,
        "seconds": seconds,
        "first_shown_s": first,
    }


def time_once(engine: Engine, request: Request) -> tuple[float, float, Composition]:
    """Return seconds to the ranked table and to the first candidate, and what came."""
    began_s, first_s = time.perf_counter(), None
    for step in compose_steps(request, engine=engine):
        if first_s is None and (isinstance(step, Composition) or step.drawn):
            first_s = time.perf_counter() - began_s
    assert isinstance(step, Composition) and first_s is not None
    return time.perf_counter() - began_s, first_s, step


def main() -> None:
    """Run the benchmark."""
    options = read_options()
    try:
        found = bench(
            default_engine(),
            sizes=options.sizes,
            batches=options.batches or (SHORT_BATCHES if options.short else BATCHES),
            contexts=options.contexts or (SHORT_CONTEXTS if options.short else CONTEXTS),
            runtimes=options.runtimes,
            candidates=options.candidates,
            report=lambda line: print(line, file=sys.stderr),
        )
    except ComposerError as error:
        sys.exit(f"error: {error}")
    for name, value in found.items():
        if name not in ("steps", "over_generate"):
            print(f"{name}: {value}")
    if options.out:
        save(options.out, found)


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="How fast this machine composes")
    parser.add_argument("--sizes", nargs="+", default=SIZES, help="of models")
    parser.add_argument("--batches", nargs="+", type=int, help="candidates drawn together")
    parser.add_argument("--contexts", nargs="+", type=int, help="rows read before")
    parser.add_argument("--runtimes", nargs="+", default=RUNTIMES, help="beside generate")
    parser.add_argument("--short", action="store_true", help="fewer cases: some minutes")
    parser.add_argument("--candidates", type=int, default=HUNDRED, help="of the whole request")
    parser.add_argument("--out", type=Path, help="JSON file for the result")
    return parser.parse_args()


if __name__ == "__main__":
    main()
