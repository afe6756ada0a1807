"""Where things are and run: the bundled assets, and what settings name instead."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from composer.bundled import ASSETS as ASSETS
from composer.bundled import ATTRIBUTION as ATTRIBUTION
from composer.bundled import SOUNDFONTS as SOUNDFONTS

if TYPE_CHECKING:
    from composer.settings.sections import Engine


def checkpoint_folder() -> Path:
    """Return the checkpoint to compose with: COMPOSER_CHECKPOINT, or the bundled SMALL."""
    return _engine().checkpoint or ASSETS / "checkpoints" / "small"


def device() -> str:
    """Return the device to run on: COMPOSER_DEVICE, else the GPU a Space lends, else the CPU."""
    return _engine().device


def runtime() -> str:
    """Return the runtime to compose with: COMPOSER_RUNTIME, or what suits the device."""
    return _engine().runtime


def workers() -> int:
    """Return how many groups of candidates are drawn side by side: COMPOSER_WORKERS, or the cores.

    Raises:
        OptionError: If it is no whole number from 1 to 64.
    """
    return _engine().workers


def _engine() -> Engine:
    from composer.settings import read

    return read().engine


def cache_folder() -> Path:
    """Return where what can be made again is kept: `composer` in the user's cache folder."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(named) if named else Path("~/.cache").expanduser()) / "composer"
