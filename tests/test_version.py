"""One version, in two places that cannot read each other."""

from __future__ import annotations

import tomllib
from pathlib import Path

from composer.version import VERSION

ROOT = Path(__file__).parent.parent


def test_the_version_is_that_of_pyproject() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == VERSION
