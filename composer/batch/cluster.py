"""Rows of a batch on many machines, by Ray: who holds the model, who gets the next row, who died.

An actor holds the model and has two rows at most, so that none waits and none piles up. The rows of
an actor that died go to the others, and another one comes where the cluster has room. The folder of
the batch must be one that all machines share.
"""

from __future__ import annotations

import logging
import socket
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import RayActorError

from composer.batch.rows import Row
from composer.batch.running import (
    AHEAD,
    DIED,
    MOST_DEATHS,
    compose_row,
    is_error,
    is_there,
    keep_error,
)
from composer.errors import OptionError
from composer.settings import as_environment

LOCAL = "local-ray"
REACH_S = 10.0


class _Composer:
    """Composes rows one after the other, in a process of its own, on one core."""

    def greet(self) -> bool:
        """Say that it is there."""
        return True

    def compose(self, row: Row, folder: Path) -> bool:
        """Compose a row into its folder; return whether it ended in an error."""
        return compose_row(row, folder)


_ACTOR: Any = ray.remote(num_cpus=1)(_Composer)


def compose_on(where: str, rows: Sequence[Row], folder: Path, workers: int) -> Iterator[bool]:
    """Compose rows on a cluster; yield for each whether it ended in an error.

    Args:
        where: `local-ray` for one of this machine, else the address of one: `ray://host:10001`, or
            `host:6379` from a machine of the cluster.
        rows: None of which is there yet.
        folder: Of the batch, the same on all machines.
        workers: Actors, a core each.

    Raises:
        OptionError: If the cluster cannot be reached.
    """
    with _connected(where, workers):
        yield from _Crew(list(reversed(rows)), folder.resolve()).compose(workers)


class _Crew:
    """Actors and what each has to do.

    Args:
        waiting: Rows, the next one last.
        folder: Of the batch.
    """

    def __init__(self, waiting: list[Row], folder: Path) -> None:
        self._waiting = waiting
        self._folder = folder
        self._coming: dict[Any, Any] = {}  # greeting -> actor that is not there yet
        self._pending: dict[Any, tuple[Row, Any]] = {}
        self._load: Counter[Any] = Counter()  # rows by actor that is there
        self._deaths: Counter[str] = Counter()

    def compose(self, workers: int) -> Iterator[bool]:
        """Compose all rows; yield for each whether it ended in an error."""
        for _ in range(workers):
            self._engage()
        while self._waiting or self._pending:
            self._hand_out()
            (done, *_), _ = ray.wait([*self._pending, *self._coming], num_returns=1)
            actor = self._coming.pop(done, None)
            try:
                found = ray.get(done)
            except RayActorError:
                yield from self._mourn(done, actor)
                continue
            if actor is not None:
                self._load[actor] = 0
            else:
                _, actor = self._pending.pop(done)
                if actor in self._load:
                    self._load[actor] -= 1
                yield found

    def _engage(self) -> None:
        """Ask for an actor; it gets rows when it is there, for which the cluster needs room."""
        actor = _ACTOR.remote()
        self._coming[actor.greet.remote()] = actor

    def _hand_out(self) -> None:
        """Give every actor what it may have, one row each in turn."""
        for n_most in range(1, AHEAD + 1):
            for actor in self._load:
                if self._waiting and self._load[actor] < n_most:
                    row = self._waiting.pop()
                    self._pending[actor.compose.remote(row, self._folder)] = row, actor
                    self._load[actor] += 1

    def _mourn(self, done: Any, actor: Any) -> Iterator[bool]:
        """Give the row of an actor that died to others, and ask for another actor."""
        if actor is not None:  # before it was there
            self._engage()
            return
        row, actor = self._pending.pop(done)
        if self._load.pop(actor, None) is not None:
            self._engage()
        self._deaths[row.name] += 1
        if is_there(self._folder, row):
            yield is_error(self._folder, row)
        elif self._deaths[row.name] >= MOST_DEATHS:
            keep_error(row, self._folder, DIED)
            yield True
        else:
            self._waiting.append(row)


@contextmanager
def _connected(where: str, workers: int) -> Iterator[None]:
    """Connect to a cluster, or start one of this machine; let go of it at the end."""
    environment = {"env_vars": as_environment() | {"COMPOSER_WORKERS": "1", "OMP_NUM_THREADS": "1"}}
    options: dict[str, Any] = {"runtime_env": environment, "log_to_driver": False}
    options["logging_level"] = logging.WARNING
    if where == LOCAL:
        options |= {"num_cpus": workers, "include_dashboard": False}
    else:
        _check_reachable(where)
    try:
        ray.init(None if where == LOCAL else where, **options)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise OptionError(f"there is no Ray cluster at {where[:80]!r}; start one there") from error
    try:
        yield
    finally:
        ray.shutdown()


def _check_reachable(where: str) -> None:
    """Check that somebody listens at an address: Ray itself tries for minutes.

    Raises:
        OptionError: If nobody does.
    """
    host, _, port = where.removeprefix("ray://").rpartition(":")
    try:
        socket.create_connection((host, int(port)), REACH_S).close()
    except (OSError, ValueError, OverflowError) as error:
        raise OptionError(f"there is no Ray cluster at {where[:80]!r}; start one there") from error
