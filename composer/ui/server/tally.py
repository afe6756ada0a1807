"""What is counted while the server runs: requests by outcome, seconds by phase, candidates.

Counting needs no library; `metrics` writes it down for Prometheus. All of the page, of its HTTP API
and of REST count here. Labels are kinds, outcomes and phases, of which there are few: nothing that
a visitor wrote.
"""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from composer.errors import RequestError

# Upper bounds of the classes of a duration; what is longer is in the last one.
BOUNDS_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
OUTCOMES = ("done", "stopped", "refused", "failed", "left")


@dataclass
class Durations:
    """How long something took, as a histogram.

    Args:
        counts: A number a class of `BOUNDS_S`, and one for what is longer.
        total_s: Of all.
    """

    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS_S) + 1))
    total_s: float = 0.0

    def add(self, elapsed_s: float) -> None:
        """Count one."""
        self.counts[bisect_left(BOUNDS_S, elapsed_s)] += 1
        self.total_s += elapsed_s


@dataclass
class Outcome:
    """How a request ended, of `OUTCOMES`; empty as long as nobody knows."""

    word: str = ""


class Tally:
    """Counts, from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.requests: Counter[tuple[str, str]] = Counter()
        self.durations: dict[tuple[str, str], Durations] = {}
        self.candidates = 0

    def count(self, kind: str, outcome: str) -> None:
        """Count a request that is over.

        Args:
            kind: Such as `compose`.
            outcome: Of `OUTCOMES`.
        """
        with self._lock:
            self.requests[kind, outcome] += 1

    def add_candidates(self, number: int) -> None:
        """Count candidates that were composed."""
        with self._lock:
            self.candidates += number

    def took(self, kind: str, phase: str, elapsed_s: float) -> None:
        """Count the seconds of a phase of a request, such as `waiting`."""
        with self._lock:
            self.durations.setdefault((kind, phase), Durations()).add(elapsed_s)

    @contextmanager
    def phase(self, kind: str, phase: str) -> Iterator[None]:
        """Count how long the block takes."""
        began_s = time.monotonic()
        try:
            yield
        finally:
            self.took(kind, phase, time.monotonic() - began_s)

    @contextmanager
    def request(self, kind: str) -> Iterator[Outcome]:
        """Count a request by how the block ends, or by the word that was found for it."""
        found = Outcome()
        try:
            yield found
            found.word = found.word or "done"
        except RequestError:
            found.word = found.word or "refused"
            raise
        except GeneratorExit:
            found.word = found.word or "left"
            raise
        except BaseException:
            found.word = "failed"
            raise
        finally:
            self.count(kind, found.word)
