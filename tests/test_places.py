"""What the environment names is read at use."""

from __future__ import annotations

from pathlib import Path

import pytest

from composer import places


def test_without_an_environment_the_bundled_things_serve(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CHECKPOINT", "DEVICE", "RUNTIME", "WORKERS"):
        monkeypatch.delenv(f"COMPOSER_{name}", raising=False)
    monkeypatch.delenv("SPACES_ZERO_GPU", raising=False)
    assert places.checkpoint_folder() == places.ASSETS / "checkpoints" / "small"
    assert (places.device(), places.runtime()) == ("cpu", "auto")
    assert places.workers() >= 1


def test_the_environment_names_others(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {"CHECKPOINT": "else/where", "DEVICE": "cuda:1", "RUNTIME": "torch", "WORKERS": "3"}
    for name, value in values.items():
        monkeypatch.setenv(f"COMPOSER_{name}", value)
    assert places.checkpoint_folder() == Path("else/where")
    assert (places.device(), places.runtime(), places.workers()) == ("cuda:1", "torch", 3)
