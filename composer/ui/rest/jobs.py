"""Jobs: what was asked for by REST, waits or runs, and what came of it. Knows no HTTP, no music.

A job belongs to whoever began it. Its id cannot be guessed; where callers have keys, only the same
key finds it. What is over stays an hour.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from composer.errors import RequestError
from composer.pipeline import Progress
from composer.ui.server.turns import CLOSING

State = Literal["waiting", "running", "done", "stopped", "failed"]
OVER: tuple[State, ...] = ("done", "stopped", "failed")
# The lines: what composes, what reads or writes a file, and what learns for minutes.
MODEL, FILES, LEARNING = "model", "files", "learning"
MAX_WAITING = 20
MOST_WAITING = {LEARNING: 2}  # in a line that shall not take all the room
MAX_KEPT = 500
LIFE_S = 3600.0
FULL = "too many jobs are waiting; try again in a moment"
NO_JOB = "there is no such job; a job is kept for an hour, and only who began it can see it"
OTHER_REQUEST = (
    "this idempotency key came with another request before; send the same request, or a new key"
)


class UnknownJob(RequestError):
    """There is no such job for this caller."""


class TooBusy(RequestError):
    """Nothing more is taken on at the moment."""


class KeyUsed(RequestError):
    """An idempotency key came with another request before."""


@dataclass(frozen=True)
class Made:
    """What came of a job.

    Args:
        values: For the caller, as JSON values.
        files: That can be fetched.
        is_partial: Whether it was stopped before all was done.
    """

    values: Mapping[str, Any]
    files: tuple[Path, ...] = ()
    is_partial: bool = False


# The work of a job: progress, then what came of it; it takes whether to stop.
Work = Callable[[Callable[[], bool]], Iterator[Progress | Made]]
# From an error to what a caller is told.
Explain = Callable[[Exception], Mapping[str, Any]]


@dataclass
class Job:
    """One job; written to by the thread that runs it.

    Args:
        kind: What was asked for.
        owner: Name of the caller's key; empty without keys.
        work: Runs it.
        line: Where it waits.
    """

    kind: str
    owner: str
    work: Work = field(repr=False)
    line: str = MODEL
    job_id: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    made_s: float = field(default_factory=time.time)
    state: State = "waiting"
    progress: Progress | None = None
    made: Made | None = None
    problem: Mapping[str, Any] | None = None
    ended_s: float | None = None
    is_stopped: bool = False
    version: int = 0

    @property
    def is_over(self) -> bool:
        """Whether nothing will change any more."""
        return self.state in OVER

    def change(self, **values: Any) -> None:
        """Set several fields; the version says that something is new, last of all."""
        for name, value in values.items():
            setattr(self, name, value)
        self.version += 1


class Jobs:
    """All jobs of a process.

    Args:
        at_once: How many run at once, by line.
        explain: From an error to what a caller is told.
    """

    def __init__(self, at_once: Mapping[str, int], explain: Explain) -> None:
        self._explain = explain
        self._pools = {
            line: ThreadPoolExecutor(number, thread_name_prefix=f"job-{line}")
            for line, number in at_once.items()
        }
        self._lock = threading.Lock()
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._keys: dict[tuple[str, str], tuple[str, str]] = {}
        self._changed = threading.Condition()
        self.is_closed = False

    @property
    def n_waiting(self) -> int:
        """How many have not begun."""
        return sum(job.state == "waiting" for job in self._all())

    @property
    def n_running(self) -> int:
        """How many are at work."""
        return sum(job.state == "running" for job in self._all())

    @property
    def is_full(self) -> bool:
        """Whether no more are taken on."""
        return self.is_closed or self.n_waiting >= MAX_WAITING

    def _all(self) -> list[Job]:
        with self._lock:
            return list(self._jobs.values())

    def begin(self, job: Job, key: str = "", request: str = "") -> tuple[Job, bool]:
        """Take a job on; with an idempotency key that came before, return the job of then.

        Args:
            job: To be run.
            key: Of the caller's choice; empty for none.
            request: What tells the request from others, such as its hash.

        Returns:
            The job, and whether it is one of before.

        Raises:
            KeyUsed: If the key came with another request.
            TooBusy: If too many wait, or the server is about to end.
        """
        self._forget()
        with self._lock:
            known = self._find_key(job.owner, key, request)
            if known:
                return known, True
            if self.is_closed:
                raise TooBusy(CLOSING)
            if not self._has_room(job.line):
                raise TooBusy(FULL)
            self._jobs[job.job_id] = job
            if key:
                self._keys[job.owner, key] = (request, job.job_id)
            self._pools[job.line].submit(self._run, job)
        return job, False

    def _has_room(self, line: str) -> bool:
        lines = [one.line for one in self._jobs.values() if one.state == "waiting"]
        return len(lines) < MAX_WAITING and lines.count(line) < MOST_WAITING.get(line, MAX_WAITING)

    def _find_key(self, owner: str, key: str, request: str) -> Job | None:
        before, job_id = self._keys.get((owner, key), ("", ""))
        if not key or job_id not in self._jobs:
            return None
        if before != request:
            raise KeyUsed(OTHER_REQUEST)
        return self._jobs[job_id]

    def find(self, job_id: str, owner: str) -> Job:
        """Return a job of a caller.

        Raises:
            UnknownJob: If there is none, or it is somebody else's.
        """
        with self._lock:
            job = self._jobs.get(job_id)
        if job is None or job.owner != owner:
            raise UnknownJob(NO_JOB)
        return job

    def of(self, owner: str) -> list[Job]:
        """Return all jobs of a caller, the last one first."""
        return [job for job in reversed(self._all()) if job.owner == owner]

    def position(self, job: Job) -> int | None:
        """Return how many begin before a waiting job; None if it has begun."""
        if job.state != "waiting":
            return None
        waiting = [one for one in self._all() if (one.line, one.state) == (job.line, "waiting")]
        return waiting.index(job) if job in waiting else 0

    def stop(self, job: Job) -> None:
        """Ask a job to end: what it has is kept; one that waits never begins."""
        job.is_stopped = True
        if job.state == "waiting":
            job.change(state="stopped", ended_s=time.time())

    def drain(self, grace_s: float) -> bool:
        """Take nothing on, drop what waits, ask what runs to keep what it has; wait for it.

        Returns:
            Whether all ended in time.
        """
        self.is_closed = True
        for job in self._all():
            if not job.is_over:
                self.stop(job)
        with self._changed:
            return self._changed.wait_for(lambda: self.n_running == 0, grace_s)

    def _run(self, job: Job) -> None:
        if job.is_over or job.is_stopped:
            return
        job.change(state="running")
        try:
            for step in job.work(lambda: job.is_stopped):
                if isinstance(step, Made):
                    state = "stopped" if step.is_partial and job.is_stopped else "done"
                    job.change(made=step, progress=None, ended_s=time.time(), state=state)
                else:
                    job.change(progress=step)
        except Exception as error:  # noqa: BLE001  whatever broke, the caller reads one sentence
            state = "stopped" if job.is_stopped and isinstance(error, RequestError) else "failed"
            told = None if state == "stopped" else self._explain(error)
            job.change(problem=told, ended_s=time.time(), state=state)
        finally:
            with self._changed:
                self._changed.notify_all()

    def _forget(self) -> None:
        """Drop jobs that were over long ago, and the oldest of too many."""
        now_s = time.time()
        with self._lock:
            over = [job for job in self._jobs.values() if job.is_over]
            n_too_many = len(self._jobs) - MAX_KEPT
            for number, job in enumerate(over):
                if number < n_too_many or now_s - (job.ended_s or now_s) > LIFE_S:
                    del self._jobs[job.job_id]
            kept = set(self._jobs)
            self._keys = {k: found for k, found in self._keys.items() if found[1] in kept}
