"""The Dockerfile, as far as it can be checked without an engine that builds it."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from huggingface_hub import metadata_load

from scripts import space
from tests.serving import free_port

ROOT = Path(__file__).parent.parent
KNOWN = {
    *("FROM", "ARG", "ENV", "WORKDIR", "COPY", "RUN"),
    *("USER", "EXPOSE", "HEALTHCHECK", "CMD"),
}


def instructions() -> list[tuple[str, str]]:
    """Return the instructions with what follows them, in order, continued lines joined."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    joined = re.sub(r"\s*\\\n\s*", " ", lines)
    return [(line.split()[0], line.partition(" ")[2]) for line in joined.splitlines() if line]


def all_of(name: str) -> list[str]:
    return [rest for found, rest in instructions() if found == name]


def copied() -> list[str]:
    """Return what is copied into the image, as paths of this repository."""
    return [source for rest in all_of("COPY") for source in shlex.split(rest)[:-1]]


def allowed() -> set[str]:
    """Return what .dockerignore lets through."""
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line and line[0] != "#"][0] == "*"
    return {line[1:] for line in lines if line.startswith("!")}


def environment() -> dict[str, str]:
    return dict(word.split("=", 1) for rest in all_of("ENV") for word in shlex.split(rest))


def health_command() -> list[str]:
    (rest,) = all_of("HEALTHCHECK")
    command: list[str] = json.loads(rest.partition("CMD ")[2])
    return command


def test_every_instruction_is_known() -> None:
    assert {name for name, _ in instructions()} <= KNOWN
    assert instructions()[0][0] == "FROM"


def test_the_base_is_a_slim_debian_with_the_python_of_the_space() -> None:
    said = metadata_load(ROOT / "README.md")
    assert said is not None
    (base,) = all_of("FROM")
    assert re.fullmatch(rf"python:{re.escape(said['python_version'])}-slim-[a-z]+", base)


def test_everything_that_is_copied_is_there_and_nothing_else_is_sent_to_the_builder() -> None:
    assert [source for source in copied() if not (ROOT / source).exists()] == []
    assert set(copied()) == allowed()


def test_the_container_runs_what_the_space_runs() -> None:
    documents = {"README.md", "CHANGELOG.md"}
    assert set(copied()) == space.PARTS - documents


@pytest.mark.parametrize("command", all_of("RUN"))
def test_a_command_is_shell(command: str) -> None:
    checked = subprocess.run(["sh", "-n", "-c", command], capture_output=True, text=True)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_packages_come_from_the_lists_that_the_space_reads() -> None:
    debian, python, *_ = all_of("RUN")
    assert "apt-get install --yes --no-install-recommends <packages.txt" in debian
    assert debian.endswith("rm -rf /var/lib/apt/lists/*")
    assert "pip install --no-cache-dir" in python
    assert python.endswith("--requirement requirements.txt")


def test_torch_comes_without_cuda() -> None:
    assert all_of("ARG") == ["TORCH_INDEX=https://download.pytorch.org/whl/cpu"]
    assert '--extra-index-url "$TORCH_INDEX"' in all_of("RUN")[1]


def test_nothing_runs_as_root_in_the_end() -> None:
    names = [name for name, _ in instructions()]
    assert all_of("USER") == ["1000"]
    assert names.index("USER") > max(i for i, name in enumerate(names) if name in ("RUN", "COPY"))
    assert "--uid 1000" in all_of("RUN")[-1]


def test_it_starts_the_page_without_a_shell_in_between() -> None:
    """A shell as process 1 would swallow the signal that ends a container."""
    (command,) = all_of("CMD")
    program, file = json.loads(command)
    assert program == "python"
    assert file in copied()


def test_the_port_that_is_exposed_is_the_one_that_is_served_to_everyone() -> None:
    assert environment()["HOST"] == "0.0.0.0"
    assert all_of("EXPOSE") == [environment()["PORT"]] == ["7860"]


@pytest.mark.parametrize(("status", "expected"), [(200, 0), (500, 1)])
def test_it_is_healthy_when_the_page_answers(status: int, expected: int) -> None:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Page) as server:
        Thread(target=server.handle_request, daemon=True).start()
        assert is_healthy(server.server_port) == expected


def test_it_is_not_healthy_when_no_one_listens() -> None:
    assert is_healthy(free_port()) == 1


def is_healthy(port: int) -> int:
    """Run the check of the Dockerfile against a port; return its exit status."""
    program, *rest = health_command()
    assert program == "python"
    command = [sys.executable, *rest]
    settings = {"PORT": str(port)}
    return subprocess.run(command, env=settings, stderr=subprocess.DEVNULL).returncode
