"""Whose turn it is to use the model: one line for the page, its HTTP API and REST.

Each of these keeps a waiting room of its own and sends as many runs here as may be at work at once.
Turns are given in the order of arrival, so that neither can starve the other. Knows runs and time,
no page.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from composer.errors import RequestError
from composer.pipeline import Progress
from composer.ui.server.tally import Tally

LOOK_EVERY_S = 0.1
CLOSING = "the server is about to end; try again in a minute"
STOPPED = "stopped before its turn came; ask again to begin again"
# What a run yields while it waits for its turn.
WAITING = Progress(0, 0, 0.0, None, 0.0)
Steps = Callable[..., Iterator[Any]]


class Turns:
    """The line of runs.

    Args:
        at_once: Runs that use the model at once.
        tally: Counts what becomes of them.
    """

    def __init__(self, at_once: int, tally: Tally | None = None) -> None:
        self.at_once = at_once
        self.tally = tally or Tally()
        self._changed = threading.Condition()
        self._line: deque[object] = deque()
        self._n_running = 0
        self.is_closed = False

    @property
    def n_running(self) -> int:
        """Runs that use the model now."""
        return self._n_running

    @property
    def n_waiting(self) -> int:
        """Runs that wait for their turn here; waiting rooms are not counted."""
        return len(self._line)

    def queued(self, kind: str, steps: Steps) -> Steps:
        """Return steps that wait for their turn, and are counted.

        Args:
            kind: What is asked for, such as `compose`.
            steps: Takes `should_stop`; yields progress, then the result.
        """

        def run(
            *arguments: Any, should_stop: Callable[[], bool] = lambda: False, **options: Any
        ) -> Iterator[Any]:
            def ends() -> bool:
                return self.is_closed or should_stop()

            with self.tally.request(kind) as outcome, self._ticket() as ticket:
                began_s = time.monotonic()
                while not self._has_turn(ticket, LOOK_EVERY_S):
                    yield WAITING
                    self._check_open()
                    if should_stop():
                        outcome.word = "stopped"
                        raise RequestError(STOPPED)
                self.tally.took(kind, "waiting", time.monotonic() - began_s)
                with self.tally.phase(kind, "composing"):
                    for step in self._counted(steps(*arguments, should_stop=ends, **options)):
                        if not isinstance(step, Progress):
                            outcome.word = "stopped" if step.stopped else "done"
                        yield step

        return run

    def _counted(self, steps: Iterator[Any]) -> Iterator[Any]:
        """Count candidates as they are drawn."""
        drawn = 0
        for step in steps:
            if isinstance(step, Progress) and step.drawn != drawn:
                self.tally.add_candidates(max(0, step.drawn - drawn))
                drawn = step.drawn
            yield step

    def _check_open(self) -> None:
        if self.is_closed:
            raise RequestError(CLOSING)

    @contextmanager
    def _ticket(self) -> Iterator[object]:
        """Stand in line; leave the line, or hand the turn on, at the end."""
        self._check_open()
        ticket = object()
        with self._changed:
            self._line.append(ticket)
        try:
            yield ticket
        finally:
            with self._changed:
                if ticket in self._line:
                    self._line.remove(ticket)
                else:
                    self._n_running -= 1
                self._changed.notify_all()

    def _has_turn(self, ticket: object, timeout_s: float) -> bool:
        """Wait a little for the turn; say whether it has come."""

        def can_begin() -> bool:
            return self._n_running < self.at_once and self._line[0] is ticket

        with self._changed:
            if not self._changed.wait_for(can_begin, timeout_s):
                return False
            self._line.popleft()
            self._n_running += 1
            self._changed.notify_all()
            return True

    def drain(self, grace_s: float) -> bool:
        """Let nobody begin any more, ask all runs to rank what they have, and wait for them.

        Returns:
            Whether all ended in time.
        """
        self.is_closed = True
        with self._changed:
            return self._changed.wait_for(lambda: self._n_running == 0, grace_s)
