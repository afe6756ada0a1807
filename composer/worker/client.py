"""Our side of the workers: `call` gives a job to a nursery and waits for its answer, within limits.

Safe for many threads at once; a nursery is started when it is first needed, and again if it died.
"""

from __future__ import annotations

import atexit
import json
import logging
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from composer import settings
from composer.errors import WorkerError
from composer.worker import job as jobs
from composer.worker import nursery
from composer.worker.job import Job

# How many jobs of one nursery run at once: each may take its whole memory limit.
MAX_AT_ONCE = max(2, min(4, os.cpu_count() or 2))
MAX_WAIT_S = 30.0
START_S = 60.0
# Past a job's own time: how long the nursery has to kill it and to say so.
_GRACE_S = 3.0
# As exit codes: SIGALRM, SIGXCPU and the nursery's own word; SIGKILL is left to the system when
# its memory runs out.
_OUT_OF_TIME = (-14, -24, nursery.OVERTIME)
_KILLED = -9
_DIED = -1  # the nursery died before it could tell
_CAN_FORK = sys.platform == "linux"
_ROOT = Path(__file__).resolve().parents[2]
# What a worker sees of our environment: no token, no address of anything.
_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "SYSTEMROOT")
# Threads take address space each, and a forked child has but one.
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

_log = logging.getLogger(__name__)


def call(
    function: str,
    payload: bytes,
    *,
    wall_s: float,
    memory_bytes: int,
    preload: tuple[str, ...] = (),
    what: str = "the work",
) -> bytes:
    """Run a function from bytes to bytes in a process of its own, and return its answer.

    The process has a private temporary folder (its working folder and HOME too), no network, and
    writes files of at most `job.MAX_FILE_BYTES`. Nothing of it is left when this returns.

    Args:
        function: `module:name`, such as `composer.corpus.uploads:parse`.
        payload: Its argument.
        wall_s: It is killed after this time; imports of `preload` do not count.
        memory_bytes: The address space that it may take, libraries included.
        preload: Modules that the nursery has imported before.
        what: Begins the sentence of an error: `reading the file`.

    Raises:
        WorkerError: If it takes too long, too much memory, or breaks.
        ComposerError: If the function raised it; of the same class, with the same message.
    """
    job = Job(function, wall_s, memory_bytes)
    if _CAN_FORK:
        answer, code = _nursery(preload).run(job, payload, what)
    else:
        answer, code = _run_alone(job, payload)
    return _open(answer, code, job, what)


def warm(preload: tuple[str, ...]) -> None:
    """Start the nursery of some modules, so that the first job need not wait for it.

    Raises:
        WorkerError: If it does not start.
    """
    if _CAN_FORK:
        _nursery(preload).start()


def _open(answer: bytes, code: int, job: Job, what: str) -> bytes:
    """Return what a function answered, or raise what its answer and its end stand for."""
    kind, content = answer[:1], answer[1:]
    if code == 0 and kind == jobs.ANSWER:
        return content
    if code == 0 and kind == jobs.REFUSAL:
        raise jobs.error_from_dict(json.loads(content))
    if code == 0 and kind == jobs.SIZE:
        raise WorkerError(f"{what} gave a longer answer than can be taken", "size")
    if code in _OUT_OF_TIME:
        raise WorkerError(f"{what} took longer than {job.wall_s:g} s and was stopped", "time")
    if (code == 0 and kind == jobs.MEMORY) or code == _KILLED:
        raise WorkerError(f"{what} needed too much memory and was stopped", "memory")
    fault = content.decode(errors="replace") if kind == jobs.FAULT else ""
    _log.warning("%s broke in a worker, exit code %d\n%s", job.function, code, fault)
    raise WorkerError(f"{what} broke and was given up", "crash")


class _Nursery:
    """A resident process, seen from here.

    Args:
        preload: Modules that it imports.
    """

    def __init__(self, preload: tuple[str, ...]) -> None:
        self._preload = preload
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(MAX_AT_ONCE)
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._folder: str | None = None

    def run(self, job: Job, payload: bytes, what: str) -> tuple[bytes, int]:
        """Return the answer of a job and the exit code of its process."""
        with self._place(what):
            data, status = self._give(job)
            with data, status:
                return self._listen(data, status, job, payload)

    @contextmanager
    def _place(self, what: str) -> Iterator[None]:
        """Wait until one job more may run."""
        if not self._places.acquire(timeout=MAX_WAIT_S):
            raise WorkerError(f"{what} found no free place; try again in a moment", "busy")
        try:
            yield
        finally:
            self._places.release()

    def _give(self, job: Job) -> tuple[socket.socket, socket.socket]:
        """Send a job; return the socket of its data and the one that will tell its end."""
        data, theirs = socket.socketpair()
        status, their_status = socket.socketpair()
        try:
            for attempt in (1, 2):  # a nursery that died is found out by sending
                control = self.start()
                try:
                    socket.send_fds(
                        control, [job.to_json()], [theirs.fileno(), their_status.fileno()]
                    )
                    break
                except OSError:
                    self.stop()
                    if attempt == 2:
                        raise
        except (OSError, WorkerError) as error:
            data.close()
            status.close()
            raise WorkerError("the worker does not start", "start") from error
        finally:
            theirs.close()
            their_status.close()
        return data, status

    def _listen(
        self, data: socket.socket, status: socket.socket, job: Job, payload: bytes
    ) -> tuple[bytes, int]:
        deadline_s = time.monotonic() + job.wall_s + _GRACE_S
        chunks: list[bytes] = []
        try:
            _send(data, payload, deadline_s)
            n_bytes = 0
            while n_bytes <= job.answer_bytes and (chunk := _receive(data, deadline_s)):
                chunks.append(chunk)
                n_bytes += len(chunk)
            data.close()
            word = _receive(status, deadline_s)
            code = int.from_bytes(word, "big", signed=True) if word else _DIED
        except TimeoutError:  # the nursery itself hangs: it goes, with all its children
            self.stop()
            code = nursery.OVERTIME
        return b"".join(chunks), code

    def start(self) -> socket.socket:
        """Return the socket to the running process; start it if there is none."""
        with self._lock:
            if self._control and self._process and self._process.poll() is None:
                return self._control
            self._clear()
            self._launch()
            assert self._control
            return self._control

    def _launch(self) -> None:
        control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control = control
        self._folder = tempfile.mkdtemp(prefix="composer-")
        with theirs:
            arguments = [str(theirs.fileno()), self._folder, *self._preload]
            self._process = subprocess.Popen(
                _command("nursery", *arguments),
                cwd=self._folder,
                env=_environment(self._folder),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,  # an interrupt at the terminal is ours to pass on
            )
        control.settimeout(START_S)
        try:
            word = control.recv(nursery.MAX_JOB_LINE_BYTES)
        except OSError as error:
            word = str(error).encode()
        if word != nursery.READY:
            self._clear()
            _log.error("the worker does not start: %s", word.decode(errors="replace"))
            raise WorkerError("the worker does not start", "start")

    def stop(self) -> None:
        """End the process and all that it runs."""
        with self._lock:
            self._clear()

    def _clear(self) -> None:
        if self._control:
            self._control.close()
        if self._process:
            self._process.kill()  # its children die with it
            self._process.wait()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._control = self._process = self._folder = None


def _send(data: socket.socket, payload: bytes, deadline_s: float) -> None:
    data.settimeout(max(0.001, deadline_s - time.monotonic()))
    try:
        data.sendall(payload)
        data.shutdown(socket.SHUT_WR)
    except (BrokenPipeError, ConnectionResetError):
        pass  # the child is gone already; its end tells why


def _receive(data: socket.socket, deadline_s: float) -> bytes:
    data.settimeout(max(0.001, deadline_s - time.monotonic()))
    try:
        return data.recv(1 << 20)
    except ConnectionResetError:
        return b""


_nurseries: dict[tuple[str, ...], _Nursery] = {}
_nurseries_lock = threading.Lock()


def _nursery(preload: tuple[str, ...]) -> _Nursery:
    with _nurseries_lock:
        return _nurseries.setdefault(preload, _Nursery(preload))


@atexit.register
def stop_all() -> None:
    """End all nurseries; the next job starts one again."""
    with _nurseries_lock:
        for found in _nurseries.values():
            found.stop()


def _run_alone(job: Job, payload: bytes) -> tuple[bytes, int]:
    """Run a job in a fresh process that imports all it needs itself."""
    with tempfile.TemporaryDirectory(prefix="composer-") as folder:
        process = subprocess.Popen(
            _command("job"),
            cwd=folder,
            env=_environment(folder),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        with process:
            try:
                answer, _ = process.communicate(
                    job.to_json() + payload, timeout=job.wall_s + START_S
                )
            except subprocess.TimeoutExpired:
                process.kill()
                return b"", nursery.OVERTIME
        return answer, process.returncode


def _command(module: str, *arguments: str) -> list[str]:
    """Return how to start `main` of a module beside this one; our own main module stays unread."""
    code = f"from composer.worker import {module}; {module}.main()"
    return [sys.executable, "-P", "-c", code, *arguments]


def _environment(folder: str, given: Mapping[str, str] = os.environ) -> dict[str, str]:
    kept = {name: given[name] for name in _ENVIRONMENT if name in given}
    kept |= {name: value for name, value in given.items() if name.startswith("COMPOSER_")}
    kept |= settings.as_environment()  # it finds no composer.toml, and knows no command line
    kept |= dict.fromkeys(_ONE_THREAD, "1")
    kept |= dict.fromkeys(("HOME", "TMPDIR", "TMP", "TEMP"), folder)
    kept["PYTHONPATH"] = os.pathsep.join([str(_ROOT), *filter(None, sys.path)])
    kept["PYTHONDONTWRITEBYTECODE"] = "1"
    return kept
