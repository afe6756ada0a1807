"""Where things are and run: the bundled assets, and what settings name instead."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from composer.bundled import ASSETS as ASSETS
from composer.bundled import ATTRIBUTION as ATTRIBUTION
from composer.bundled import SOUNDFONTS as SOUNDFONTS

if TYPE_CHECKING:
    from composer.settings.sections import Audio, Engine

BUNDLED = ASSETS / "checkpoints" / "small"  # composes where nothing else is named


def checkpoint_folders() -> dict[str, Path]:
    """Return the checkpoints on offer by the names of their folders, the usual one first.

    COMPOSER_CHECKPOINT names them, several with the system's separator of paths (`:`); otherwise
    those that are bundled.
    """
    named = _engine().checkpoint
    if named:
        folders = [Path(one) for one in str(named).split(os.pathsep) if one]
    else:
        others = (path.parent for path in BUNDLED.parent.glob("*/config.json"))
        folders = [BUNDLED, *sorted(folder for folder in others if folder != BUNDLED)]
    styles = sorted(path.parent for path in styles_folder().glob("[!.]*/config.json"))
    named_folders = {folder.name: folder for folder in folders}
    return named_folders | {one.name: one for one in styles if one.name not in named_folders}


def checkpoint_folder() -> Path:
    """Return the checkpoint that composes where no other engine is asked for."""
    return next(iter(checkpoint_folders().values()))


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


def audio() -> Audio:
    """Return which model makes recordings, and how."""
    from composer.settings import read

    return read().audio


def _engine() -> Engine:
    from composer.settings import read

    return read().engine


def cache_folder() -> Path:
    """Return where what can be made again is kept: `composer` in the user's cache folder."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(named) if named else Path("~/.cache").expanduser()) / "composer"


def styles_folder() -> Path:
    """Return where the styles of this installation are kept, a checkpoint a folder."""
    named = os.environ.get("XDG_DATA_HOME", "")
    return (Path(named) if named else Path("~/.local/share").expanduser()) / "composer" / "styles"
