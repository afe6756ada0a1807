"""What commands share: how they are declared, and how they read and print."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from composer.errors import OptionError


def add_command(commands: Any, name: str, run: Callable[..., None], text: str) -> Any:
    """Declare a command; return its parser."""
    parser = commands.add_parser(name, help=text, description=text)
    parser.set_defaults(run=run)
    return parser


def print_json(value: Any) -> None:
    """Print a value as JSON."""
    print(json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False))


def read_text(path: Path) -> str:
    """Read a file as text.

    Raises:
        OptionError: If that cannot be.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise OptionError(f"`{path.name}` cannot be read as text") from error


def read_counts(name: str, text: str, *, low: int) -> list[int]:
    """Read numbers such as `1,8,32`.

    Raises:
        OptionError: If one is no whole number from `low` to 4096.
    """
    counts = [int(part) if part.strip().isdecimal() else -1 for part in text.split(",")]
    if any(not low <= count <= 4096 for count in counts):
        raise OptionError(f"`{name}` must be whole numbers from {low} to 4096, got {text[:40]!r}")
    return counts
