"""Where the time of training goes: seconds by phase of a step, and by operation of torch."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from torch.profiler import ProfilerActivity, profile

from composer.training.batches import PackedEvents
from composer.training.loop import Run
from composer.training.options import TrainOptions

WARM_UP_STEPS = 2
_ROWS = 15


class Phases:
    """Seconds by phase, summed."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        """Count the block under a name."""
        began_s = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] += time.perf_counter() - began_s


def profile_training(events: Path, options: TrainOptions, steps: int) -> dict[str, Any]:
    """Take some steps and return where their time went.

    Args:
        events: A packed file.
        options: Of a run; its length does not matter.
        steps: How many are measured, after two that are not.

    Returns:
        `seconds` by phase (`data`, `forward`, `backward`, `optimiser`), `events_per_second`, and
        `operations`: name, calls and seconds of torch's operations, the longest first.
    """
    with TemporaryDirectory(prefix="composer-profile-") as folder:
        run = Run(PackedEvents.load(events), Path(folder), options, ())
        batches = run.batches()
        for _ in range(WARM_UP_STEPS):
            run.step(batches)
        before, phases = run.progress.events, Phases()
        run.phase = phases.of
        began_s = time.perf_counter()
        with profile(activities=[ProfilerActivity.CPU]) as seen:
            for _ in range(steps):
                run.step(batches)
        elapsed_s = time.perf_counter() - began_s
    found = sorted(seen.key_averages(), key=lambda one: -one.self_cpu_time_total)[:_ROWS]
    return {
        "steps": steps,
        "elapsed_s": elapsed_s,
        "events_per_second": (run.progress.events - before) / elapsed_s,
        "seconds": dict(phases.seconds),
        "operations": [
            {"name": one.key, "calls": one.count, "seconds": one.self_cpu_time_total / 1e6}
            for one in found
        ],
    }
