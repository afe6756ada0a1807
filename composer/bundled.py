"""What comes with the package: within it where it is installed, beside it in a checkout."""

from __future__ import annotations

from importlib import resources
from pathlib import Path


def _find(name: str) -> Path:
    package = Path(str(resources.files("composer")))
    within = package / name
    return within if within.exists() else package.parent / name


ASSETS = _find("assets")
ATTRIBUTION = _find("ATTRIBUTION.md")
CONFIGS = _find("configs")
SOUNDFONTS = _find("soundfonts")
