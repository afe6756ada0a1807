"""One job in a process of its own: set its limits, call its function, write its answer.

Knows nothing of who asked. `main` does one job from standard input, for systems on which no
process is forked.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from composer import errors
from composer.errors import ComposerError

# The first byte of an answer says what follows.
ANSWER = b"="
REFUSAL = b"!"  # JSON of a ComposerError
MEMORY = b"m"
SIZE = b"s"
FAULT = b"x"  # a traceback, for the log

MAX_FAULT_CHARACTERS = 4_000
# A sound library maps a shared file of this order when it starts: less kills it at once.
MAX_FILE_BYTES = 300_000_000
_MAX_OPEN_FILES = 256
_NETWORK_EVENTS = (
    "socket.connect",
    "socket.bind",
    "socket.sendto",
    "socket.getaddrinfo",
    "socket.gethostbyname",
    "urllib.Request",
    "ftplib.connect",
)


@dataclass(frozen=True)
class Job:
    """What a worker is asked to do.

    Args:
        function: `module:name` of a function from bytes to bytes.
        wall_s: After this time it is killed.
        memory_bytes: Of address space, libraries included.
        answer_bytes: The longest answer that is sent back.
        file_bytes: The longest file that it may write.
    """

    function: str
    wall_s: float
    memory_bytes: int
    answer_bytes: int = 64_000_000
    file_bytes: int = MAX_FILE_BYTES

    def to_json(self) -> bytes:
        """Return one line."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def from_json(cls, line: bytes) -> Job:
        """Read what `to_json` wrote."""
        return cls(**json.loads(line))


def find_function(name: str) -> Callable[[bytes], bytes]:
    """Import the function of a job."""
    module, _, attribute = name.partition(":")
    function: Callable[[bytes], bytes] = getattr(import_module(module), attribute)
    return function


def run(job: Job, payload: bytes) -> bytes:
    """Call the function of a job; return its answer as it is sent, never raise."""
    try:
        answer = find_function(job.function)(payload)
        return ANSWER + answer if len(answer) <= job.answer_bytes else SIZE
    except ComposerError as error:
        return REFUSAL + json.dumps(_error_to_dict(error)).encode()
    except MemoryError:
        return MEMORY
    except BaseException:  # noqa: BLE001  whatever a parser raises, only words leave
        return FAULT + traceback.format_exc()[-MAX_FAULT_CHARACTERS:].encode(errors="replace")


def _error_to_dict(error: ComposerError) -> dict[str, Any]:
    """Return class, message and plain attributes; a class of elsewhere becomes its ancestor."""
    known = next(kind for kind in type(error).__mro__ if kind.__module__ == errors.__name__)
    facts = {k: v for k, v in vars(error).items() if isinstance(v, (str, int, float))}
    return {"class": known.__name__, "message": str(error), "facts": facts}


def error_from_dict(values: dict[str, Any]) -> ComposerError:
    """Rebuild the error that a function raised, its message unchanged."""
    kind = getattr(errors, values["class"])
    assert issubclass(kind, ComposerError)
    error: ComposerError = kind.__new__(kind)
    error.args = (values["message"],)
    vars(error).update(values["facts"])
    return error


def confine(job: Job, folder: Path) -> None:
    """Give this process a folder of its own and limits that it cannot lift, and no network."""
    os.chdir(folder)
    for name in ("HOME", "TMPDIR", "TMP", "TEMP"):
        os.environ[name] = str(folder)
    tempfile.tempdir = None
    _set_limits(job)
    sys.addaudithook(_refuse_network)
    if hasattr(signal, "setitimer"):
        # By its default the alarm ends the process, whatever code holds it up.
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, job.wall_s)


def _set_limits(job: Job) -> None:
    try:
        import resource
    except ImportError:  # not on Windows: there the time limit must do
        return
    limits = (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, int(job.wall_s) + 1),
        (resource.RLIMIT_FSIZE, job.file_bytes),
        (resource.RLIMIT_NOFILE, _MAX_OPEN_FILES),
        (resource.RLIMIT_AS, job.memory_bytes),
    )
    for kind, wanted in limits:
        highest = resource.getrlimit(kind)[1]
        limit = wanted if highest == resource.RLIM_INFINITY else min(wanted, highest)
        resource.setrlimit(kind, (limit, limit))


def _refuse_network(event: str, _: tuple[Any, ...]) -> None:
    if event in _NETWORK_EVENTS:
        raise PermissionError(f"a worker may not use the network ({event})")


def main() -> None:
    """Do the one job that standard input brings: a line about it, then its payload."""
    stream = os.dup(1)
    null = os.open(os.devnull, os.O_WRONLY)
    for closed in (1, 2):  # whatever a library prints would spoil the answer
        os.dup2(null, closed)
    job = Job.from_json(sys.stdin.buffer.readline())
    payload = sys.stdin.buffer.read()
    with tempfile.TemporaryDirectory(prefix="composer-") as folder:
        confine(job, Path(folder))
        answer = run(job, payload)
        os.chdir(Path(folder).parent)
    with os.fdopen(stream, "wb") as out:
        out.write(answer)
