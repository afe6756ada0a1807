"""The same ballots in a real PostgreSQL that these tests start, where Debian's is installed."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from composer.listening.ballots import Ballots
from tests.listening.test_ballots import enrol, vote
from tests.serving import free_port

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PROGRAMS, reason="needs Debian's package postgresql"),
]


def run(*command: object) -> None:
    """Run a program of PostgreSQL; never as root, which it refuses to be."""
    as_other = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    subprocess.run([*as_other, *map(str, command)], check=True, stdout=subprocess.DEVNULL, cwd="/")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    folder, port = PROGRAMS[-1].parent, free_port()
    with TemporaryDirectory() as home:
        if os.geteuid() == 0:
            subprocess.run(["chown", "postgres", home], check=True)
        data = Path(home) / "data"
        run(folder / "initdb", "-D", data, "-A", "trust", "-U", "study")
        options = f"-p {port} -k {home} -c listen_addresses=127.0.0.1"
        run(folder / "pg_ctl", "-D", data, "-w", "-l", f"{home}/log", "-o", options, "start")
        try:
            yield f"postgresql://study@127.0.0.1:{port}/postgres"
        finally:
            run(folder / "pg_ctl", "-D", data, "-m", "immediate", "stop")


def test_votes_are_kept_once_by_many_listeners_at_once(address: str) -> None:
    def listen() -> None:
        ballots = Ballots(address)  # a host of its own
        name = enrol(ballots)
        for position in range(3):
            assert vote(ballots, name, position)
            assert not vote(ballots, name, position, "b")
        ballots.finish(name, {"remarks": "=1+1"})
        ballots.storage.close()

    threads = [threading.Thread(target=listen) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = Ballots(address)
    listeners = found.listeners()
    found.storage.close()
    assert [one.number for one in listeners] == list(range(6))
    assert all([v.answer["choice"] for v in one.votes] == ["a"] * 3 for one in listeners)
    assert all(one.finished_at and one.answers for one in listeners)
