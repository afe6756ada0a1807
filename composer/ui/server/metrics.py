"""What was counted, as Prometheus reads it. Needs the extra `watch`; knows no page."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from itertools import accumulate
from pathlib import Path

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from composer.ui.server.tally import BOUNDS_S, Tally

__all__ = ["CONTENT_TYPE_LATEST", "metrics_text"]


class _Counted(Collector):
    """What a tally holds, with how full the lines are.

    Args:
        tally: What was counted.
        gauges: What is so at this moment, by name; names say their unit.
    """

    def __init__(self, tally: Tally, gauges: Mapping[str, float]) -> None:
        self._tally = tally
        self._gauges = gauges

    def collect(self) -> Iterator[Metric]:
        """Yield all of it."""
        requests = CounterMetricFamily(
            "composer_requests", "requests that are over", labels=["kind", "outcome"]
        )
        for labels, number in sorted(self._tally.requests.items()):
            requests.add_metric(labels, number)
        yield requests
        seconds = HistogramMetricFamily(
            "composer_phase_seconds", "seconds of a phase of a request", labels=["kind", "phase"]
        )
        names = [*map(str, BOUNDS_S), "+Inf"]
        for labels, found in sorted(self._tally.durations.items()):
            buckets = list(zip(names, accumulate(found.counts), strict=True))
            seconds.add_metric(labels, buckets, found.total_s)
        yield seconds
        yield CounterMetricFamily(
            "composer_candidates", "candidates that were composed", self._tally.candidates
        )
        for name, value in self._gauges.items():
            yield GaugeMetricFamily(f"composer_{name}", name.replace("_", " "), value)


class _Machine(Collector):
    """Network and GPUs of the machine, where it tells."""

    def collect(self) -> Iterator[Metric]:
        """Yield what there is."""
        for name, total in _network_bytes().items():
            yield CounterMetricFamily(f"composer_network_{name}_bytes", f"bytes {name}", total)
        for name, values in _gpu_memory_bytes().items():
            family = GaugeMetricFamily(
                f"composer_gpu_memory_{name}_bytes", f"memory of a GPU, {name}", labels=["gpu"]
            )
            for number, value in enumerate(values):
                family.add_metric([str(number)], value)
            yield family


def _network_bytes() -> dict[str, float]:
    """Return bytes by direction over all devices but the loopback; empty where Linux is not."""
    try:
        lines = Path("/proc/net/dev").read_text("ascii").splitlines()[2:]
    except OSError:
        return {}
    rows = [line.split(":") for line in lines]
    counts = [row[1].split() for row in rows if row[0].strip() != "lo"]
    return {
        "received": float(sum(int(row[0]) for row in counts)),
        "sent": float(sum(int(row[8]) for row in counts)),
    }


def _gpu_memory_bytes() -> dict[str, list[float]]:
    """Return used and whole memory of every NVIDIA GPU; empty where there is none."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return {}
    query = [program, "--query-gpu=memory.used,memory.total", "--format=csv,noheader,nounits"]
    try:
        found = subprocess.run(query, capture_output=True, text=True, timeout=5, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return {}
    rows = [[2**20 * float(cell) for cell in line.split(",")] for line in found.splitlines()]
    return {"used": [row[0] for row in rows], "total": [row[1] for row in rows]}


def metrics_text(tally: Tally, gauges: Mapping[str, float], folder: Path) -> bytes:
    """Return the metrics as text, with what this process takes and what the machine tells.

    Args:
        tally: What was counted.
        gauges: What is so at this moment.
        folder: Where files are written; the room on its disk is told.
    """
    registry = CollectorRegistry()
    disk = {"disk_free_bytes": float(shutil.disk_usage(folder).free)}
    registry.register(_Counted(tally, {**gauges, **disk}))
    registry.register(_Machine())
    ProcessCollector(registry=registry)
    return generate_latest(registry)
