"""`composer api` as a process: it answers without the page, and ends with what it has."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from tests.serving import free_port

ROOT = Path(__file__).parents[3]
LONG = {"composer": "Bach", "form": "chorale", "bars": 512, "candidates": 256, "seed": 1}


class Server:
    """A process that serves REST."""

    def __init__(self) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}/api/v1"
        command = [sys.executable, "-m", "composer", "api", "--port", str(port), "--workers", "2"]
        environment = os.environ | {"COMPOSER_GRACE_S": "60"}
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True
        )

    def get(self, path: str) -> Any:
        return json.load(urlopen(self.url + path, timeout=120))

    def post(self, path: str, values: dict[str, Any], **headers: str) -> Any:
        kind = {"content-type": "application/json"}
        body = json.dumps(values).encode()
        return json.load(urlopen(Request(self.url + path, body, kind | headers), timeout=120))


@pytest.fixture
def server() -> Iterator[Server]:
    found = Server()
    for _ in range(600):
        try:
            found.get("/ready")
            break
        except OSError:
            assert found.process.poll() is None
            time.sleep(0.2)
    yield found
    found.process.kill()
    found.process.communicate()


@pytest.mark.slow
def test_a_server_that_is_told_to_end_hands_back_what_runs_and_logs_request_ids(
    server: Server,
) -> None:
    named = {"x-request-id": "my-own-id"}
    short = server.post("/compose?wait_s=60", LONG | {"bars": 4, "candidates": 1}, **named)
    assert short["state"] == "done"
    job = server.post("/compose", LONG)
    while not (server.get(f"/jobs/{job['id']}")["progress"] or {}).get("wanted"):
        time.sleep(0.1)
    server.process.send_signal(signal.SIGTERM)
    _, log = server.process.communicate(timeout=120)
    assert server.process.returncode == 0
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    assert "my-own-id" in {line.get("request") for line in lines}
    assert [line["outcome"] for line in lines if line.get("job") == "compose"][0] == "done"
    assert len([line for line in lines if line.get("job") == "compose"]) == 2
