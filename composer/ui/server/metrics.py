"""What was counted, as Prometheus reads it. Needs the extra `watch`; knows no page."""

from __future__ import annotations

import shutil
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


def metrics_text(tally: Tally, gauges: Mapping[str, float], folder: Path) -> bytes:
    """Return the metrics as text, with processor time and memory of this process.

    Args:
        tally: What was counted.
        gauges: What is so at this moment.
        folder: Where files are written; the room on its disk is told.
    """
    registry = CollectorRegistry()
    disk = {"disk_free_bytes": float(shutil.disk_usage(folder).free)}
    registry.register(_Counted(tally, {**gauges, **disk}))
    ProcessCollector(registry=registry)
    return generate_latest(registry)
