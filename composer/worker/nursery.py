"""The resident process: imports modules once, then forks a child for every job.

One thread, one loop: take a job from the socket, fork, watch deadlines, say how each child ended.
When the socket closes, because who started us is gone, all children are killed and it ends too.
`main` is started with a descriptor of the socket, a folder and the modules; it knows no music.
"""

from __future__ import annotations

import ctypes
import gc
import os
import select
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from composer.worker import job as jobs
from composer.worker.job import Job

READY = b"ready"
MAX_JOB_LINE_BYTES = 4_096
# Status of a child that was killed because its time was over.
OVERTIME = 1_000
STATUS_BYTES = 4

_PR_SET_PDEATHSIG = 1
_GRACE_S = 0.5  # the child's own alarm comes first
_LOOK_EVERY_S = 2.0
_HIGHEST_DESCRIPTOR = 4_096


@dataclass
class _Child:
    """A running job.

    Args:
        deadline_s: When it is killed, on the monotonic clock.
        status: Descriptor of a socket, to say how it ended.
        folder: Its own, deleted after it.
        is_overtime: Whether it was killed because its time was over.
    """

    deadline_s: float
    status: int
    folder: Path
    is_overtime: bool = False


def serve(control: socket.socket, folder: Path) -> None:
    """Fork a child for every job that comes, until the socket is closed."""
    parent, children = os.getppid(), dict[int, _Child]()
    try:
        with _woken_by_children() as woken:
            while os.getppid() == parent:
                ready = _wait(control, woken, children)
                if control in ready and not _take_job(control, folder, children):
                    break
                _reap(children)
    finally:
        for pid in children:
            _kill_group(pid)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _woken_by_children() -> Iterator[socket.socket]:
    """Yield a socket that becomes readable when a child ends."""
    woken, bell = socket.socketpair()
    with closing(woken), closing(bell):
        woken.setblocking(False)
        bell.setblocking(False)
        signal.set_wakeup_fd(bell.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        yield woken


def _wait(
    control: socket.socket, woken: socket.socket, children: dict[int, _Child]
) -> list[socket.socket]:
    """Sleep until something is to be done: a job, a child's end, or a deadline."""
    now_s = time.monotonic()
    deadlines = [child.deadline_s for child in children.values() if not child.is_overtime]
    pause_s = min([_LOOK_EVERY_S, *(max(0.0, end_s - now_s) for end_s in deadlines)])
    ready, _, _ = select.select([control, woken], [], [], pause_s)
    if woken in ready:
        with suppress(BlockingIOError):
            woken.recv(1024)
    return ready


def _take_job(control: socket.socket, folder: Path, children: dict[int, _Child]) -> bool:
    """Fork a child for the next job; return whether there was one."""
    line, descriptors, _, _ = socket.recv_fds(control, MAX_JOB_LINE_BYTES, 2)
    if not line:
        return False
    data, status = descriptors
    job = Job.from_json(line)
    own = Path(tempfile.mkdtemp(dir=folder))
    nursery = os.getpid()
    pid = os.fork()
    if pid == 0:
        _be_child(job, data, own, nursery)
    os.close(data)
    children[pid] = _Child(time.monotonic() + job.wall_s + _GRACE_S, status, own)
    return True


def _be_child(job: Job, data: int, folder: Path, nursery: int) -> None:
    """Do the job and end the process: this never returns."""
    try:
        _leave_nursery(data, nursery)
        with socket.socket(fileno=data) as connection:
            payload = b"".join(iter(lambda: connection.recv(1 << 16), b""))
            jobs.confine(job, folder)
            connection.sendall(jobs.run(job, payload))
        os._exit(0)
    finally:
        os._exit(1)


def _leave_nursery(data: int, nursery: int) -> None:
    """Lead a group of our own, die with the nursery, and hold none of its files."""
    os.setsid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != nursery:  # it died before that took hold
        os._exit(1)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.closerange(3, data)
    os.closerange(data + 1, _HIGHEST_DESCRIPTOR)


def _reap(children: dict[int, _Child]) -> None:
    """Kill what is over its time, and say of every child that ended how it ended."""
    now_s = time.monotonic()
    for pid, child in list(children.items()):
        if now_s >= child.deadline_s and not child.is_overtime:
            child.is_overtime = True
            _kill_group(pid)
        # Not yet reaped, so that its group is surely still its own.
        if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            _kill_group(pid)
            _bury(pid, children.pop(pid))


def _bury(pid: int, child: _Child) -> None:
    _, ended = os.waitpid(pid, 0)
    code = OVERTIME if child.is_overtime else os.waitstatus_to_exitcode(ended)
    with suppress(OSError):  # nobody may be listening any more
        os.write(child.status, code.to_bytes(STATUS_BYTES, "big", signed=True))
    os.close(child.status)
    shutil.rmtree(child.folder, ignore_errors=True)


def _kill_group(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    with suppress(ProcessLookupError):  # it may not lead its group yet
        os.kill(pid, signal.SIGKILL)


def main() -> None:
    """Import the modules, say so, and serve."""
    descriptor, folder, *modules = sys.argv[1:]
    with socket.socket(fileno=int(descriptor)) as control:
        try:
            for module in modules:
                import_module(module)
        except Exception as error:  # said to who started us, who can write it into a log
            control.send(f"{type(error).__name__}: {error}"[:1_000].encode(errors="replace"))
            raise
        gc.collect()
        gc.freeze()  # children share these pages as long as nobody writes on them
        control.send(READY)
        serve(control, Path(folder))
