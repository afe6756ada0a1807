"""Processes that compose beside the one that started them, with its settings, and end with it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import connection

from composer.settings import as_environment


@contextmanager
def processes(count: int, **changed: str) -> Iterator[ProcessPoolExecutor]:
    """Yield a pool of new processes; work that is begun is finished, the rest is dropped.

    Args:
        count: How many, at least 1.
        changed: Environment variables that are other than in this process.
    """
    pool = ProcessPoolExecutor(
        count,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_begin,
        initargs=(as_environment() | changed,),
    )
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _begin(environment: dict[str, str]) -> None:
    """Take settings over, leave interruptions to who started this process, and end with it."""
    os.environ.update(environment)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
