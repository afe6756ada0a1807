"""A run under way: whether a stop is wished, and what the status line says meanwhile."""

from __future__ import annotations

STATUS_EVERY_S = 0.2
WAITING = "waiting for a free place"
BEGINNING = "reading the wishes"
FULL = "too many people are composing; try again in a moment"
STOPPING = "stopping; what is finished will be kept"


class Run:
    """One run of one visitor: whether it is under way, and whether a stop is wished."""

    def __init__(self, *, is_under_way: bool = False) -> None:
        self.is_under_way = is_under_way
        self._is_stopped = False

    def stop(self) -> None:
        """Wish that the run stops."""
        self._is_stopped = True

    def is_stopped(self) -> bool:
        """Whether a stop is wished."""
        return self._is_stopped

    def end(self) -> None:
        """Note that nothing is under way any more."""
        self.is_under_way = False
