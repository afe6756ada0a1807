"""A page in a process of its own, for tests that visit it as a browser or a client does."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
BUNDLED_CHECKPOINT = ROOT / "assets" / "checkpoints" / "small"
REAL_APP = ("app.py",)
FAKE_APP = ("-m", "tests.browser.fake_app")
START_S = 120.0


class Address(str):
    """Where a page is served: `http://127.0.0.1:7860`, with the number of its process."""

    process_id: int = 0


@contextmanager
def serve(*command: str, **environment: str) -> Iterator[Address]:
    """Run a page on a free port; yield its address.

    Args:
        command: Arguments of Python, such as `app.py`.
        environment: Set for the process, besides ours.
    """
    settings = {**os.environ, **environment}
    with answering([sys.executable, *command], cwd=ROOT, environment=settings) as address:
        yield address


@contextmanager
def answering(
    command: list[str | Path], *, cwd: Path, environment: dict[str, str]
) -> Iterator[Address]:
    """Run a command that serves at HOST and PORT until it is no longer needed.

    Args:
        command: What serves.
        cwd: Where it runs.
        environment: All that it finds, but for HOST and PORT.
    """
    port = free_port()
    settings = environment | {"HOST": "127.0.0.1", "PORT": str(port)}
    process = subprocess.Popen(command, cwd=cwd, env=settings)
    try:
        _wait_until_it_answers(process, port)
        address = Address(f"http://127.0.0.1:{port}")
        address.process_id = process.pid
        yield address
    finally:
        process.terminate()
        process.wait(timeout=30)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_it_answers(process: subprocess.Popen[bytes], port: int) -> None:
    deadline_s = time.monotonic() + START_S
    while time.monotonic() < deadline_s:
        assert process.poll() is None, "the page ended before it answered"
        with closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise AssertionError(f"the page did not answer within {START_S} s")
