"""How fast this machine composes: `python -m composer bench`. Steps of runtimes, whole requests.

What is compared is timed in one run, by turns, because machines are shared and change their speed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from statistics import median
from typing import Any

from composer.decoding.stopwatch import (
    Case,
    Timing,
    copy_bytes_per_s,
    open_random,
    time_generate,
    time_runtime,
    weight_bytes,
)
from composer.engines import Engine
from composer.errors import MissingTool
from composer.pipeline import Composition, compose_steps
from composer.request import Request

RUNTIMES = ("torch", "onnx-fp32", "onnx")
PEER = "generate"
BATCHES, CONTEXTS = (1, 8, 32, 100), (0, 500, 1000)
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


def bench(
    engine: Engine,
    *,
    sizes: Sequence[str] = SIZES,
    batches: Sequence[int] = BATCHES,
    contexts: Sequence[int] = CONTEXTS,
    candidates: int = HUNDRED,
    report: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Time steps of every runtime and of transformers' `generate`, then whole requests.

    Args:
        engine: Composes the whole requests.
        sizes: Names in `models.PRESETS`; random weights, because speed does not depend on them.
        batches: Candidates drawn together.
        contexts: Rows read before.
        candidates: Of the whole requests.
        report: Hears a line for every row of the table.

    Raises:
        OptionError: If a size is unknown.

    Returns:
        `steps`, a row a case and runtime; the ratios of the middle case of `sizes[0]` at the top
        (`onnx_over_generate_b8`, `onnx_over_generate_b32`, `notes_over_generate_b8`; None where the
        peer is not installed); `best_of_100_s`, `first_shown_s`; and what they depend on.
    """
    bandwidth = copy_bytes_per_s()
    rows: list[dict[str, Any]] = []
    for row in _step_rows(sizes, batches, contexts, bandwidth):
        rows.append(row)
        report(" ".join(f"{key} {value}" for key, value in row.items()))
    whole = time_request(engine, candidates)
    return {
        **_ratios(rows, sizes[0], contexts),
        f"best_of_{candidates}_s": whole["seconds"],
        "first_shown_s": whole["first_shown_s"],
        "copy_gb_per_s": round(bandwidth / 1e9, 2),
        "cores": os.cpu_count(),
        "load_average": round(os.getloadavg()[0], 2),
        "versions": engine.versions,
        "steps": rows,
    }


def _step_rows(
    sizes: Sequence[str], batches: Sequence[int], contexts: Sequence[int], bandwidth: float
) -> Iterator[dict[str, Any]]:
    for size in sizes:
        model, runtimes = open_random(size, RUNTIMES)
        timers: dict[str, Callable[[Case], Timing]] = {
            PEER: lambda case, model=model: time_generate(model, case)  # type: ignore[misc]
        }
        for name, runtime in runtimes.items():
            n_bytes = weight_bytes(model, name)
            timers[name] = lambda case, r=runtime, m=model, n=n_bytes: time_runtime(  # type: ignore[misc]
                r, m.config, case, n
            )
        for batch in batches:
            for context in contexts:
                case = Case(batch=batch, context=context)
                for name, timing in _by_turns(timers, case).items():
                    yield _row(size, case, name, timing, bandwidth)


def _by_turns(timers: dict[str, Callable[[Case], Timing]], case: Case) -> dict[str, Timing]:
    """Time every one in every turn; keep the median turn of each. A missing peer is left out."""
    turns: dict[str, list[Timing]] = {name: [] for name in timers}
    for _ in range(N_TURNS):
        for name, timer in timers.items():
            try:
                turns[name].append(timer(case))
            except MissingTool:
                continue
    return {
        name: sorted(found, key=lambda timing: timing.step_ms)[len(found) // 2]
        for name, found in turns.items()
        if found
    }


def _row(size: str, case: Case, name: str, timing: Timing, bandwidth: float) -> dict[str, Any]:
    least_ms = 1e3 * timing.bytes_a_step / bandwidth
    return {
        "size": size,
        "batch": case.batch,
        "context": case.context,
        "runtime": name,
        **asdict(timing),
        # 1 would be as fast as memory can be read.
        "times_the_bandwidth_limit": round(timing.step_ms / least_ms, 2),
    }


def _ratios(rows: list[dict[str, Any]], size: str, contexts: Sequence[int]) -> dict[str, Any]:
    context = 500 if 500 in contexts else contexts[0]

    def value(batch: int, runtime: str, figure: str) -> float | None:
        wanted = {"size": size, "batch": batch, "context": context, "runtime": runtime}
        found = [row[figure] for row in rows if wanted.items() <= row.items()]
        return found[0] if found else None

    def ratio(batch: int, figure: str) -> float | None:
        ours, theirs = value(batch, "onnx", figure), value(batch, PEER, figure)
        return round(ours / theirs, 2) if ours and theirs else None

    return {
        "onnx_over_generate_b8": ratio(8, "steps_per_s"),
        "onnx_over_generate_b32": ratio(32, "steps_per_s"),
        "notes_over_generate_b8": ratio(8, "notes_per_s"),
    }


def time_request(engine: Engine, candidates: int, *, repeats: int = 3, **wishes: Any) -> Any:
    """Return seconds from request to ranked table, and to the first finished candidate.

    Args:
        engine: What composes.
        candidates: How many.
        repeats: The median counts; a short request comes before them and does not.
        wishes: Instead of those of `REQUEST`.
    """
    list(compose_steps(Request(**{**REQUEST, "bars": 2, "candidates": 8}), engine=engine))
    request = Request(**{**REQUEST, **wishes, "candidates": candidates})
    times = [_time_once(engine, request) for _ in range(repeats)]
    seconds, first = (round(median(column), 3) for column in zip(*times, strict=True))
    return {
        "candidates": candidates,
        "bars": request.bars,
        "seconds": seconds,
        "first_shown_s": first,
    }


def _time_once(engine: Engine, request: Request) -> tuple[float, float]:
    began_s, first_s = time.perf_counter(), None
    for step in compose_steps(request, engine=engine):
        if first_s is None and (isinstance(step, Composition) or step.drawn):
            first_s = time.perf_counter() - began_s
    total_s = time.perf_counter() - began_s
    return total_s, total_s if first_s is None else first_s
