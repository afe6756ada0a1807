"""The fuzzer starts, runs a little and finds nothing; longer runs are made by hand."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

FUZZER = Path(__file__).with_name("fuzz_uploads.py")


@pytest.mark.slow
@pytest.mark.skipif(find_spec("atheris") is None, reason="atheris is not installed")
def test_a_short_fuzz_of_the_scans_finds_nothing(tmp_path: Path) -> None:
    command = [sys.executable, str(FUZZER), "-runs=1500", "-seed=7", "-max_total_time=20"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr[-2_000:]
    assert "Done" in run.stderr
