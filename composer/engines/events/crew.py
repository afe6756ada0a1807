"""Several iterators at work side by side, one thread each, in front of a queue. Knows no music.

Threads are enough: the runtimes leave Python while they multiply. What an iterator yields depends
on nothing but itself; only the order in which different ones arrive is open.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import Empty, Full, Queue
from typing import Generic, TypeVar

T = TypeVar("T")
WAIT_S = 0.2  # how soon a worker notices that nobody listens any more
_MAX_QUEUED = 64


@dataclass(frozen=True)
class _Ended:
    """The last word of a task; with an error if it broke."""

    error: BaseException | None = None


class _Crew(Generic[T]):
    def __init__(self) -> None:
        self.queue: Queue[tuple[int, T | _Ended]] = Queue(_MAX_QUEUED)
        self.stopped = threading.Event()

    def run(self, index: int, task: Callable[[], Iterator[T]]) -> None:
        """Work off one task; its errors travel to the listener."""
        try:
            for item in task() if not self.stopped.is_set() else ():
                if not self._put(index, item):
                    return
            self._put(index, _Ended())
        except BaseException as error:  # noqa: BLE001  # raised again where it is heard
            self._put(index, _Ended(error))

    def _put(self, index: int, item: T | _Ended) -> bool:
        while not self.stopped.is_set():
            try:
                self.queue.put((index, item), timeout=WAIT_S)
            except Full:
                continue
            return True
        return False

    def listen(self, n_tasks: int) -> Iterator[tuple[int, T]]:
        """Yield what the tasks yield until all have ended."""
        while n_tasks:
            index, item = self.queue.get()
            if not isinstance(item, _Ended):
                yield index, item
                continue
            n_tasks -= 1
            if item.error is not None:
                raise item.error

    def stop(self) -> None:
        """Let the workers end after their current item."""
        self.stopped.set()
        while True:
            try:
                self.queue.get_nowait()
            except Empty:
                return


def work_side_by_side(
    tasks: Sequence[Callable[[], Iterator[T]]], n_workers: int
) -> Iterator[tuple[int, T]]:
    """Yield (number of the task, item) as items come; tasks begin in order.

    A listener who stops listening ends all of them after their current item. The first error of a
    task is raised, and ends the others.

    Args:
        tasks: Each makes an iterator, in the thread that works it off.
        n_workers: Tasks at work at once, 1 or more; with one there is no thread.
    """
    if n_workers == 1 or len(tasks) == 1:
        for index, task in enumerate(tasks):
            for item in task():
                yield index, item
        return
    crew: _Crew[T] = _Crew()
    with ThreadPoolExecutor(n_workers, thread_name_prefix="compose") as pool:
        try:
            for index, task in enumerate(tasks):
                pool.submit(crew.run, index, task)
            yield from crew.listen(len(tasks))
        finally:
            crew.stop()
