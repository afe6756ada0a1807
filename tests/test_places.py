"""What the environment names is read at use, and checked."""

from __future__ import annotations

from pathlib import Path

import pytest

from composer import places
from composer.errors import OptionError


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


def test_a_space_that_lends_a_gpu_composes_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COMPOSER_DEVICE", raising=False)
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    assert places.device() == "cuda"


@pytest.mark.parametrize("text", ["0", "65", "two", "1.5", "-1"])
def test_an_odd_number_of_workers_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("COMPOSER_WORKERS", text)
    with pytest.raises(OptionError, match="COMPOSER_WORKERS must be"):
        places.workers()
