"""Jobs for the worker's tests: good ones, slow ones, greedy ones, and ones that break."""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from composer.errors import ScoreFileError, TokenError


def reverse(payload: bytes) -> bytes:
    return payload[::-1]


def nap(payload: bytes) -> bytes:
    time.sleep(float(payload))
    return payload


def spin(payload: bytes) -> bytes:
    while True:
        pass


def hold_the_lock(payload: bytes) -> bytes:
    """Stay in compiled code that lets no Python run: a regular expression that never ends."""
    import re

    re.fullmatch(r"(a+)+b", "a" * 60)
    return b""


def take_memory(payload: bytes) -> bytes:
    return bytes(bytearray(4_000_000_000))


def take_memory_slowly(payload: bytes) -> bytes:
    return b"".join([b"x" * (index + 1_000_000) for index in range(4_000)])


def leave(payload: bytes) -> bytes:
    os._exit(int(payload))


def crash(payload: bytes) -> bytes:
    ctypes.string_at(0)
    return b""


def kill_self(payload: bytes) -> bytes:
    os.kill(os.getpid(), int(payload))
    return b""


def recurse(payload: bytes) -> bytes:
    return recurse(payload)


def exit_loudly(payload: bytes) -> bytes:
    raise SystemExit("/etc/passwd")


def answer_much(payload: bytes) -> bytes:
    return bytes(100_000_000)


def refuse(payload: bytes) -> bytes:
    raise ScoreFileError("the file is no music: it is a letter")


def refuse_at(payload: bytes) -> bytes:
    raise TokenError("a bar ends twice", 7)


class _OwnError(ScoreFileError):
    pass


def refuse_in_own_words(payload: bytes) -> bytes:
    raise _OwnError("not that one")


def break_down(payload: bytes) -> bytes:
    return bytes(1 // 0)


def tell(payload: bytes) -> bytes:
    """Tell where the job runs and what it sees."""
    here = [str(Path.cwd()), tempfile.gettempdir(), str(Path.home()), str(os.getpid())]
    Path("left behind").write_text("x")
    loaded = [name for name in ("torch", "gradio", "__mp_main__") if name in sys.modules]
    return "\n".join([*here, os.environ.get("SECRET_TOKEN", ""), " ".join(loaded)]).encode()


def write_much(payload: bytes) -> bytes:
    with Path("large").open("wb") as file:
        for _ in range(400):
            file.write(bytes(1_000_000))
    return b""


def connect(payload: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", int(payload))):
        return b"connected"


def leave_a_child(payload: bytes) -> bytes:
    """Start a process that outlives the job, and say its number."""
    return str(subprocess.Popen(["sleep", "60"]).pid).encode()


def print_much(payload: bytes) -> bytes:
    for stream in (sys.stdout, sys.stderr):
        stream.write("x" * 100_000)
        stream.flush()
    return b"done"
