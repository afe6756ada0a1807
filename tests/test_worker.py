"""The worker: whatever a job does, its caller gets an answer or one sentence, in time."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from composer import worker
from composer.errors import ScoreFileError, TokenError, WorkerError
from composer.worker import client

ROOT = Path(__file__).parents[1]
PRELOAD = ("tests.jobs",)
MEMORY = 1_000_000_000


def call(job: str, payload: bytes = b"", wall_s: float = 10.0, memory_bytes: int = MEMORY) -> bytes:
    return worker.call(
        f"tests.jobs:{job}", payload, wall_s=wall_s, memory_bytes=memory_bytes, preload=PRELOAD
    )


def is_running(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def wait_until(condition: Callable[[], bool], timeout_s: float = 10.0) -> bool:
    deadline_s = time.monotonic() + timeout_s
    while not condition() and time.monotonic() < deadline_s:
        time.sleep(0.02)
    return condition()


@pytest.fixture(scope="module", autouse=True)
def nurseries_end() -> Iterator[None]:
    yield
    client.stop_all()


@pytest.fixture(params=["forked", "fresh"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_CAN_FORK", request.param == "forked")


@pytest.mark.usefixtures("way")
def test_a_job_answers() -> None:
    assert call("reverse", b"abc") == b"cba"
    assert call("reverse", b"") == b""


def test_megabytes_go_there_and_back() -> None:
    payload = os.urandom(5_000_000)
    assert call("reverse", payload) == payload[::-1]


@pytest.mark.parametrize(
    ("job", "payload", "cause"),
    [
        ("spin", b"", "time"),
        ("nap", b"60", "time"),
        ("hold_the_lock", b"", "time"),
        ("take_memory", b"", "memory"),
        ("take_memory_slowly", b"", "memory"),
        ("leave", b"0", "crash"),
        ("leave", b"7", "crash"),
        ("crash", b"", "crash"),
        ("kill_self", str(int(signal.SIGABRT)).encode(), "crash"),
        ("kill_self", str(int(signal.SIGKILL)).encode(), "memory"),
        ("recurse", b"", "crash"),
        ("exit_loudly", b"", "crash"),
        ("answer_much", b"", "size"),
        ("break_down", b"", "crash"),
        ("missing", b"", "crash"),
        ("write_much", b"", "crash"),
    ],
)
def test_a_job_that_goes_wrong_ends_in_a_sentence_and_the_next_one_is_done(
    job: str, payload: bytes, cause: str
) -> None:
    wall_s = 1.0 if cause == "time" else 20.0
    began_s = time.monotonic()
    with pytest.raises(WorkerError) as refusal:
        call(job, payload, wall_s=wall_s)
    assert time.monotonic() - began_s < wall_s + 3
    assert refusal.value.cause == cause
    assert str(refusal.value).startswith("the work ") and "/" not in str(refusal.value)
    assert call("reverse", b"abc") == b"cba"


@pytest.mark.usefixtures("way")
def test_the_errors_of_a_job_come_through() -> None:
    with pytest.raises(ScoreFileError, match=r"^the file is no music: it is a letter$"):
        call("refuse")
    with pytest.raises(TokenError, match=r"^a bar ends twice \(event 7\)$") as refusal:
        call("refuse_at")
    assert refusal.value.position == 7


def test_an_error_of_a_class_of_its_own_comes_as_its_ancestor() -> None:
    with pytest.raises(ScoreFileError, match="not that one") as refusal:
        call("refuse_in_own_words")
    assert type(refusal.value) is ScoreFileError


@pytest.mark.usefixtures("way")
def test_a_fresh_process_keeps_the_limits_too() -> None:
    for job, cause in (("spin", "time"), ("take_memory", "memory"), ("leave", "crash")):
        with pytest.raises(WorkerError) as refusal:
            call(job, b"7", wall_s=1.0)
        assert refusal.value.cause == cause


@pytest.mark.usefixtures("way")
def test_a_job_has_a_folder_of_its_own_that_vanishes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "abc")
    folder, temporary, home, _, secret, loaded = call("tell").decode().split("\n")
    assert folder == temporary == home and folder != str(Path.home())
    assert (secret, loaded) == ("", "")
    assert wait_until(lambda: not Path(folder).exists())


def test_jobs_share_what_the_nursery_imported() -> None:
    call("reverse")
    began_s = time.monotonic()
    for _ in range(10):
        call("reverse", b"abc")
    assert time.monotonic() - began_s < 2


def test_what_a_job_prints_spoils_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    assert call("print_much") == b"done"
    assert capfd.readouterr() == ("", "")


def test_a_job_has_no_network() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with pytest.raises(WorkerError):
            call("connect", str(listener.getsockname()[1]).encode())
        listener.settimeout(0.1)
        with pytest.raises(TimeoutError):
            listener.accept()


def test_nothing_that_a_job_started_outlives_it() -> None:
    pid = int(call("leave_a_child"))
    assert wait_until(lambda: not is_running(pid))


def test_many_callers_get_their_own_answers() -> None:
    payloads = [str(number).encode() * 1000 for number in range(24)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda payload: call("reverse", payload), payloads))
    assert answers == [payload[::-1] for payload in payloads]


def test_a_slow_job_delays_no_other() -> None:
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(call, "nap", b"1.5")
        time.sleep(0.2)
        began_s = time.monotonic()
        assert call("reverse", b"abc") == b"cba"
        assert time.monotonic() - began_s < 1
        assert slow.result() == b"1.5"


def test_who_finds_no_place_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "MAX_WAIT_S", 0.2)
    with ThreadPoolExecutor(client.MAX_AT_ONCE) as pool:
        busy = [pool.submit(call, "nap", b"1.5") for _ in range(client.MAX_AT_ONCE)]
        time.sleep(0.2)
        with pytest.raises(WorkerError, match="no free place"):
            call("reverse", b"abc")
        assert [job.result() for job in busy] == [b"1.5"] * client.MAX_AT_ONCE


def test_a_nursery_that_was_killed_is_started_again() -> None:
    nursery = client._nursery(PRELOAD)
    call("reverse", b"abc")
    assert nursery._process
    nursery._process.kill()
    nursery._process.wait()
    assert call("reverse", b"abc") == b"cba"


def test_a_job_whose_nursery_is_killed_ends_in_a_sentence() -> None:
    nursery = client._nursery(PRELOAD)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(call, "nap", b"5")
        time.sleep(0.3)
        assert nursery._process
        nursery._process.kill()
        with pytest.raises(WorkerError, match="broke"):
            slow.result()


def test_modules_that_cannot_be_imported_are_one_sentence() -> None:
    with pytest.raises(WorkerError, match="does not start"):
        worker.warm(("tests.no_such_module",))


PARENT = """
import sys, threading, time
from pathlib import Path
from composer import worker
from composer.worker import client
jobs = dict(wall_s=50.0, memory_bytes=10**9, preload=("tests.jobs",))
client.warm(("tests.jobs",))
told = worker.call("tests.jobs:tell", b"", **jobs).decode().split("\\n")
nap = lambda: worker.call("tests.jobs:nap", b"50", **jobs)
threading.Thread(target=nap, daemon=True).start()
time.sleep(0.5)
process = client._nursery(("tests.jobs",))._process
children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
print(process.pid, *children, client._nursery(("tests.jobs",))._folder, flush=True)
time.sleep(float(sys.argv[1]))
"""


@pytest.mark.parametrize("end", ["killed", "by itself"])
def test_the_death_of_the_parent_leaves_no_orphan(end: str) -> None:
    command = [sys.executable, "-c", PARENT, "60" if end == "killed" else "0"]
    parent = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    with parent:
        assert parent.stdout
        *pids, folder = parent.stdout.readline().split()
        assert len(pids) == 2 and (end != "killed" or all(is_running(int(pid)) for pid in pids))
        if end == "killed":
            parent.kill()
    assert wait_until(lambda: not any(is_running(int(pid)) for pid in pids))
    assert wait_until(lambda: not Path(folder).exists())
