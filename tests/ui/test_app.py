"""`python app.py`, as a person starts it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.serving import ROOT, free_port

pytestmark = pytest.mark.slow


def test_the_entry_point_stays_small() -> None:
    assert len((ROOT / "app.py").read_text(encoding="utf-8").splitlines()) <= 20


def test_a_bad_checkpoint_ends_with_one_line(tmp_path: Path) -> None:
    settings = {"COMPOSER_CHECKPOINT": str(tmp_path), "PORT": str(free_port())}
    ended = subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith("error: the checkpoint")
    assert ended.stderr.count("\n") == 1
