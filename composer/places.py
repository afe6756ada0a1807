"""Where things are and run: the bundled assets, and what the environment names instead.

The environment is read at use, not at import.
"""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path

from composer.errors import OptionError


def _bundled(name: str) -> Path:
    """Return what comes with the package: within it where it is installed, else beside it."""
    package = Path(str(resources.files("composer")))
    within = package / name
    return within if within.exists() else package.parent / name


ASSETS = _bundled("assets")
SOUNDFONTS = _bundled("soundfonts")
ATTRIBUTION = _bundled("ATTRIBUTION.md")


def checkpoint_folder() -> Path:
    """Return the checkpoint to compose with: COMPOSER_CHECKPOINT, or the bundled SMALL."""
    named = os.environ.get("COMPOSER_CHECKPOINT", "")
    return Path(named) if named else ASSETS / "checkpoints" / "small"


def device() -> str:
    """Return the device to run on: COMPOSER_DEVICE, else the GPU a Space lends, else the CPU."""
    usual = "cuda" if os.environ.get("SPACES_ZERO_GPU") else "cpu"
    return os.environ.get("COMPOSER_DEVICE", "") or usual


def runtime() -> str:
    """Return the runtime to compose with: COMPOSER_RUNTIME, or what suits the device."""
    return os.environ.get("COMPOSER_RUNTIME", "") or "auto"


def workers() -> int:
    """Return how many groups of candidates are drawn side by side: COMPOSER_WORKERS, or the cores.

    Raises:
        OptionError: If it is no whole number from 1 to 64.
    """
    text = os.environ.get("COMPOSER_WORKERS", "") or str(min(64, _usable_cores()))
    if not text.isdecimal() or not 1 <= int(text) <= 64:
        raise OptionError(
            f"COMPOSER_WORKERS must be a whole number from 1 to 64, got {text[:20]!r}"
        )
    return int(text)


def _usable_cores() -> int:
    """Return the cores that this process may use, where the system tells; else all."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cache_folder() -> Path:
    """Return where what can be made again is kept: `composer` in the user's cache folder."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(named) if named else Path("~/.cache").expanduser()) / "composer"
