"""Places on disk: the bundled assets, and what the environment puts elsewhere.

The environment is read at use, not at import.
"""

from __future__ import annotations

import os
from pathlib import Path

ASSETS = Path(__file__).resolve().parent.parent / "assets"


def checkpoint_folder() -> Path:
    """Return the checkpoint to compose with: COMPOSER_CHECKPOINT, or the bundled SMALL."""
    named = os.environ.get("COMPOSER_CHECKPOINT", "")
    return Path(named) if named else ASSETS / "checkpoints" / "small"


def device() -> str:
    """Return the device to run on: COMPOSER_DEVICE, or the CPU."""
    return os.environ.get("COMPOSER_DEVICE", "") or "cpu"


def runtime() -> str:
    """Return the runtime to compose with: COMPOSER_RUNTIME, or what suits the device."""
    return os.environ.get("COMPOSER_RUNTIME", "") or "auto"
