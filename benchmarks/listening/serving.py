"""A study and its server for the benchmarks of listening: clips of one tone, a port of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from socket import socket
from typing import Any

import httpx

from composer.listening.clips import tone_piece
from composer.listening.plan import StudyPlan
from composer.listening.sources import Sources
from composer.listening.stimuli import StudyFolder, prepare

ROOT = Path(__file__).resolve().parents[2]
START_S = 180.0


def make_study(folder: Path, **changes: Any) -> StudyFolder:
    """Make a study of 3 conditions and 8 prompts, 24 questions, whose clips are all alike."""
    values = {
        "title": "Simulation",
        "items_per_listener": 24,
        "clip_s": 2.0,
        "minimum_listening_s": 0.0,
        "allows_no_preference": False,
        "conditions": [{"name": name} for name in ("alpha", "beta", "gamma")],
        "prompts": [{"name": f"prompt {n}"} for n in range(8)],
    }
    plan = StudyPlan.from_dict(values | changes)
    sources = Sources(folder, compose=lambda request, condition: tone_piece(plan.clip_s))
    return prepare(plan, folder, sources)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with closing(socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_server(folder: Path, port: int) -> subprocess.Popen[bytes]:
    """Serve a study; return the process when it answers."""
    command = [sys.executable, "-m", "composer.ui.studies", str(folder), "--port", str(port)]
    server = subprocess.Popen(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)})
    deadline_s = time.monotonic() + START_S
    while time.monotonic() < deadline_s and server.poll() is None:
        try:
            httpx.get(f"http://127.0.0.1:{port}/api/study").raise_for_status()
            return server
        except httpx.TransportError:
            time.sleep(0.1)
    server.kill()
    raise RuntimeError("the server did not answer")


def ballot(place: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    """Return what the page sends for a trial."""
    return {
        "position": place["position"],
        "answer": answer,
        "plays": dict.fromkeys(place["slots"], 1),
        "listened_s": dict.fromkeys(place["slots"], 0.0),
    }
