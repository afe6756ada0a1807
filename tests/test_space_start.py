"""The files of `make space`, started as a Space starts them.

User 1000, no HOME, a folder that cannot be written, two cores, no network but the loopback: as much
of it as whoever runs the tests may arrange. Root can do it all.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from scripts.space import files_of_space
from tests.serving import ROOT, free_port

pytestmark = pytest.mark.slow

USER = 1000
START_S = 120
END_S = 10
# What a Space finds in its environment.
# https://huggingface.co/docs/hub/spaces-overview#helper-environment-variables
ENVIRONMENT = {
    "SYSTEM": "spaces",
    "SPACE_ID": "someone/composer",
    "SPACE_HOST": "someone-composer.hf.space",
    "GRADIO_SERVER_NAME": "0.0.0.0",
    "CPU_CORES": "2",
    "MEMORY": "16Gi",
}
# Runs a command in a network of its own, of which only the loopback is up.
LOOPBACK_UP = """
import fcntl, os, socket, struct, sys
SIOCSIFFLAGS, IFF_UP, IFF_RUNNING = 0x8914, 0x1, 0x40
with socket.socket() as any_socket:
    wish = struct.pack("16sh22x", b"lo", IFF_UP | IFF_RUNNING)
    fcntl.ioctl(any_socket, SIOCSIFFLAGS, wish)
os.execvp(sys.argv[1], sys.argv[1:])
"""
OWN_NETWORK = ["unshare", "--net", sys.executable, "-c", LOOPBACK_UP]
AS_USER = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"]
# For an interpreter that lies where only root may look: read anything, write nothing more.
MAY_READ = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
TWO_CORES = ["taskset", "--cpu-list", ",".join(map(str, sorted(os.sched_getaffinity(0))[:2]))]
# Where libraries like to write, had they a home.
HOMELY = (
    *(".cache/matplotlib", ".config/matplotlib", ".cache/huggingface", ".cache/Microsoft"),
    *(".gradio", ".music21rc"),
)
VISIT = """
import json, sys, urllib.request
from pathlib import Path
from gradio_client import Client
address, folder, wishes = sys.argv[1:]
status = urllib.request.urlopen(address, timeout=60).status
client = Client(address, verbose=False, download_files=folder)
midi, record = client.predict(**json.loads(wishes), api_name="/compose")
found = {"status": status, "midi": Path(midi).read_bytes().hex()}
print(json.dumps(found | {"record": json.loads(Path(record).read_text())}))
"""


@dataclass(frozen=True)
class Space:
    """A Space that is running.

    Args:
        process: It.
        folder: Holds `app`, which cannot be written, `tmp` and `log`.
        port: Where it listens.
        has_own_network: Whether it is in a network of its own.
    """

    process: subprocess.Popen[bytes]
    folder: Path
    port: int
    has_own_network: bool

    @contextmanager
    def visit(self, **wishes: object) -> Iterator[subprocess.Popen[str]]:
        """Open the page and compose through its API; what came is printed as JSON."""
        enter = ["nsenter", f"--target={self.process.pid}", "--net"] if self.has_own_network else []
        address = f"http://127.0.0.1:{self.port}"
        with TemporaryDirectory() as folder:
            command = [*enter, sys.executable, "-c", VISIT, address, folder, json.dumps(wishes)]
            pipe = subprocess.PIPE
            with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as visitor:
                yield visitor
                visitor.kill()

    def compose(self, **wishes: object) -> dict[str, Any]:
        """Return what a visitor got."""
        with self.visit(**wishes) as visitor:
            printed, complaints = visitor.communicate(timeout=120)
        assert visitor.returncode == 0, complaints + self.log()
        found: dict[str, Any] = json.loads(printed)
        return found

    def log(self) -> str:
        return (self.folder / "log").read_text()


@pytest.fixture(scope="module")
def space() -> Iterator[Space]:
    with TemporaryDirectory() as name, writable_at_last(Path(name)) as folder:
        folder.chmod(0o755)
        copy_app(folder / "app")
        (folder / "tmp").mkdir()
        (folder / "tmp").chmod(0o777)
        with start(folder) as space:
            wait_until_it_listens(space)
            yield space


@contextmanager
def writable_at_last(folder: Path) -> Iterator[Path]:
    """Make a folder's folders writable again, so that they can be removed."""
    try:
        yield folder
    finally:
        for path in [path for path in folder.rglob("*") if path.is_dir() and not path.is_symlink()]:
            path.chmod(0o755)


def copy_app(target: Path) -> None:
    """Copy what a Space holds, for everyone to read and no one to write."""
    for name in files_of_space(ROOT):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, target / name)
        (target / name).chmod(0o444)
    for path in [target, *target.rglob("*")]:
        if path.is_dir():
            path.chmod(0o555)


@contextmanager
def start(folder: Path) -> Iterator[Space]:
    """Start `python app.py` as a Space does, as far as that can be arranged here."""
    network = OWN_NETWORK if can_run(OWN_NETWORK) else []
    user = next((found for found in (AS_USER, [*AS_USER, *MAY_READ]) if can_run(found)), [])
    cores = TWO_CORES if can_run(TWO_CORES) else []
    port = free_port()
    environment = ENVIRONMENT | {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
    environment |= {"PORT": str(port), "TMPDIR": str(folder / "tmp")}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*network, *user, *cores, sys.executable, "app.py"],
            cwd=folder / "app",
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Space(process, folder, port, bool(network))
    finally:
        process.kill()
        process.wait()


def can_run(prefix: list[str]) -> bool:
    """Whether Python runs behind a prefix such as `setpriv ...`."""
    if shutil.which(prefix[0]) is None:
        return False
    # By way of a shell, because `setpriv` itself may still start what its user may not.
    command = [*prefix, "sh", "-c", 'exec "$0" -c "import tqdm"', sys.executable]
    return subprocess.run(command, cwd="/", capture_output=True, check=False).returncode == 0


def wait_until_it_listens(space: Space) -> None:
    deadline_s = time.monotonic() + START_S
    while time.monotonic() < deadline_s:
        assert space.process.poll() is None, space.log()
        if is_listening(space):
            return
        time.sleep(0.2)
    raise AssertionError(f"no answer within {START_S} s: {space.log()}")


def is_listening(space: Space) -> bool:
    """Whether the port is open in the network of the Space, wherever that is."""
    rows = Path(f"/proc/{space.process.pid}/net/tcp").read_text().splitlines()[1:]
    return any(row.split()[1:4:2] == [f"00000000:{space.port:04X}", "0A"] for row in rows)


def status_of(process: subprocess.Popen[bytes], name: str) -> str:
    """Return an entry of what the kernel says about a process."""
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return next(line.partition(":")[2].strip() for line in lines if line.startswith(name))


def cpu_s(process: subprocess.Popen[bytes]) -> float:
    """Return how long a process has computed."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def listing(folder: Path) -> list[tuple[str, int]]:
    """Return all that lies in a folder, with the time of its last change."""
    return sorted((str(path), path.lstat().st_mtime_ns) for path in folder.rglob("*"))


def homely_caches(user: int) -> set[str]:
    """Return which caches lie in the home that the system knows for a user, if it knows one."""
    try:
        home = Path(pwd.getpwuid(user).pw_dir)
    except KeyError:
        return set()
    return {name for name in HOMELY if (home / name).exists()}


def test_it_composes_with_the_bundled_checkpoint_and_writes_into_its_scratch_folder_only(
    space: Space,
) -> None:
    before = (listing(space.folder / "app"), homely_caches(USER))
    found = space.compose(composer="Bach", form="chorale", bars=4, candidates=2, seed=7)
    assert found["status"] == 200
    assert bytes.fromhex(found["midi"]).startswith(b"MThd")
    assert found["record"]["request"]["bars"] == 4
    assert found["record"]["versions"]["checkpoint"]
    assert (listing(space.folder / "app"), homely_caches(USER)) == before
    # Nothing beside it: a library that counts its users leaves a file there before it calls home.
    assert {path.name[:9] for path in (space.folder / "tmp").iterdir()} == {"composer-"}
    assert "Matplotlib" not in space.log()  # it complains if its cache cannot be kept


def test_it_needs_two_cores_at_most(space: Space) -> None:
    assert len(os.sched_getaffinity(space.process.pid)) <= 2


def test_it_runs_as_user_1000(space: Space) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can start a process as another user")
    users = status_of(space.process, "Uid").split()
    if users[0] == "0":
        pytest.skip("this interpreter lies where only root may look")
    assert users == [str(USER)] * 4
    assert int(status_of(space.process, "CapEff"), 16) in (0, 1 << 2)  # none, or to read only


def test_it_ends_at_once_when_the_space_is_stopped_while_it_composes(space: Space) -> None:
    idle_s = cpu_s(space.process)
    with space.visit(composer="Bach", form="chorale", bars=32, candidates=32) as visitor:
        while cpu_s(space.process) < idle_s + 1.0:
            assert visitor.poll() is None, space.log()
            time.sleep(0.1)
        began_s = time.monotonic()
        space.process.send_signal(signal.SIGTERM)
        assert space.process.wait(timeout=END_S) == 0, space.log()
    while found := list((space.folder / "tmp").iterdir()):  # a worker may clean up a moment later
        assert time.monotonic() - began_s < END_S, found
        time.sleep(0.1)
