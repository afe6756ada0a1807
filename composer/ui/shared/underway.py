"""Runs that outlive the connection of the page that began them: who reloads joins his run again.

Each run is drawn in a thread of its own; whoever holds its key hears what it says. A run that
nobody hears for a while is stopped, and what it has finished is kept. Knows no page.
"""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable, Generator, Iterator
from typing import Any

from composer.ui.shared.running import HasRun

LIFE_S = 3600.0  # of a result that nobody fetched
MAX_KEPT = 300
UNHEARD_S = 600.0  # after so long without anybody who hears it, a run stops
_POLL_S = 0.5
Draw = Callable[[], Iterator[tuple[Any, ...]]]


class Work:
    """One run: drawn once, heard by as many as ask.

    Args:
        state: Of the tab, with the run.
        draw: Yields the state and what is said meanwhile, while it waits for its turn, too; the
            last value is what came of it.
    """

    def __init__(self, state: HasRun, draw: Draw) -> None:
        self.state = state
        self.began_s = time.monotonic()
        self._draw = draw
        self._heard_s = self.began_s
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._last: tuple[Any, ...] | None = None
        self._count = 0
        self._error: Exception | None = None

    @property
    def is_over(self) -> bool:
        """Whether it came to its end."""
        return not self.state.run.is_under_way

    def hear(self) -> Generator[tuple[Any, ...], None, None]:
        """Yield what it says from now on, first what it said last; begin it if nobody has.

        Raises:
            Exception: Whatever drawing raised.
        """
        self._begin()
        seen, is_over = 0, False
        while not is_over:
            with self._changed:
                if self._count == seen and not self.is_over:
                    self._changed.wait(_POLL_S)
                self._heard_s = time.monotonic()
                is_new, is_over = self._count > seen, self.is_over
                seen, last = self._count, self._last
            if is_new and last is not None:
                yield last
        if self._error is not None:
            raise self._error

    def _begin(self) -> None:
        with self._changed:
            if self._thread is not None or not self.state.run.is_under_way:
                return
            # What gradio knows of the visitor (whose GPU time it is) goes along.
            context = contextvars.copy_context()
            self._thread = threading.Thread(
                target=context.run, args=(self._work,), name="run", daemon=True
            )
            self._thread.start()

    def _work(self) -> None:
        try:
            for said in self._draw():
                self._say(said)
                self._stop_if_unheard()
        except Exception as error:  # noqa: BLE001  raised again where it is heard
            self._error = error
        finally:
            self.state.run.end()
            with self._changed:
                self._changed.notify_all()

    def _say(self, said: tuple[Any, ...]) -> None:
        with self._changed:
            self._last = said
            self._count += 1
            self._changed.notify_all()

    def _stop_if_unheard(self) -> None:
        if time.monotonic() - self._heard_s > UNHEARD_S:
            self.state.run.stop()


class Works:
    """All runs of the server, under way or lately over.

    Args:
        n_at_once: How many the page lets draw side by side.
    """

    def __init__(self, n_at_once: int) -> None:
        self.n_at_once = n_at_once
        self._works: dict[str, Work] = {}
        self._lock = threading.Lock()

    def add(self, state: HasRun, draw: Draw) -> Work:
        """Note a run that is to be drawn; nothing is drawn before somebody hears it."""
        work = Work(state, draw)
        with self._lock:
            self._forget_old()
            self._works[state.run.key] = work
        return work

    def find(self, key: Any) -> Work | None:
        """Return a run by its key; None if it is gone."""
        with self._lock:
            work = self._works.get(key) if isinstance(key, str) else None
        is_old = work is None or time.monotonic() - work.began_s > LIFE_S
        return None if is_old else work

    def drop(self, state: HasRun) -> None:
        """Forget a run that was never drawn."""
        with self._lock:
            self._works.pop(state.run.key, None)

    def _forget_old(self) -> None:
        now_s = time.monotonic()
        over = [key for key, work in self._works.items() if work.is_over]
        n_over = len(over) - MAX_KEPT
        for number, key in enumerate(over):  # in the order in which they came
            if number < n_over or now_s - self._works[key].began_s > LIFE_S:
                del self._works[key]
