"""From the values of the page or the API to a `Request`: every check that gradio leaves out."""

from __future__ import annotations

import math
import secrets
from dataclasses import Field, fields
from typing import Any

from composer.errors import OptionError
from composer.request import Request, default_of
from composer.ui.shared.choices import OPEN

# In the order in which the page and the API send them.
WISHES = [
    "composer",
    "form",
    "key",
    "meter",
    "bars",
    "tempo_bpm",
    "temperature",
    "candidates",
    "seed",
    "ensemble",
    "parts",
    "top_k",
    "top_p",
    "min_p",
    "guidance",
    "part_writing",
    "prune",
]
MAX_CHARACTERS = 100
_TEXTS = frozenset(("composer", "form", "key", "meter", "ensemble"))
_WHOLE = frozenset(option.name for option in fields(Request) if "int" in str(option.type))


def read_wishes(values: tuple[Any, ...]) -> Request:
    """Build a request from values in the order of `WISHES`.

    Raises:
        OptionError: If a value is out of its range or of a wrong type.
    """
    named = dict(zip(WISHES, values, strict=True))
    return Request(**{name: read_wish(name, value) for name, value in named.items()})


def read_wish(name: str, value: Any) -> Any:
    """Read the value of one wish, as far as its kind goes; its range is for the request.

    Raises:
        OptionError: If it is of a wrong type.
    """
    if name in _TEXTS:
        return _read_text(name, value)
    if isinstance(value, str):
        value = _read_number(value.strip())
    if value is None and default_of(name) is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or _is_endless(value):
        low, high = limits(name)
        kind = "a whole number" if name in _WHOLE else "a number"
        span = f"from {low:.10g} to {high:.10g}"
        raise OptionError(f"`{name}` must be {kind} {span}, got {_shown(value)}")
    # A browser knows no whole numbers: it may send 16.0 for 16.
    is_whole = isinstance(value, float) and value.is_integer()
    return int(value) if name in _WHOLE and is_whole else value


def read_whole(name: str, value: Any) -> int | None:
    """Read a whole number that is no wish; None if the field is empty.

    Raises:
        OptionError: If it is something else.
    """
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
        raise OptionError(f"{name} must be a whole number, got {_shown(value)}")
    return int(value)


def _is_endless(value: float) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def _shown(value: Any) -> str:
    """Say in words what came in place of a number."""
    if value is None:
        return "nothing"
    if isinstance(value, str):
        return repr(value[:20]) if value.isprintable() else "a text that cannot be shown"
    if isinstance(value, float):
        if math.isfinite(value):
            return f"{value:g}"
        return "no number" if math.isnan(value) else "a number without end"
    return {bool: "yes or no", list: "a list", dict: "several values"}.get(type(value), "no number")


def _read_number(text: str) -> Any:
    """Read a number; an empty text is an open wish, any other is left for the request to refuse."""
    if text in ("", OPEN):
        return None
    try:
        return float(text)
    except ValueError:
        return text


def _read_text(name: str, value: Any) -> str | None:
    if value is None or value in ("", OPEN):
        return None
    if not isinstance(value, str) or len(value) > MAX_CHARACTERS or not value.isprintable():
        raise OptionError(
            f"`{name}` must be a text of at most {MAX_CHARACTERS} characters that can be shown; "
            "leave it out to keep it open"
        )
    return value


def limits(name: str) -> tuple[float, float]:
    """Return the range of a numeric wish, both ends included."""
    option = _option(name)
    return option.metadata["low"], option.metadata["high"]


def help_text(name: str) -> str:
    """Return the help text of a wish."""
    return str(_option(name).metadata["help"])


def new_seed() -> int:
    """Throw the dice."""
    return secrets.randbelow(int(limits("seed")[1]) + 1)


def _option(name: str) -> Field[Any]:
    return next(option for option in fields(Request) if option.name == name)
