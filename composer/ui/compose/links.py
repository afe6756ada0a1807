"""A link that makes the same piece again: the wishes as the query of an address, and back.

Knows no component. What is not in the query stays as the page has it at first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from composer.request import Request, default_of
from composer.ui.shared.choices import OPEN
from composer.ui.shared.settings import WISHES, read_wishes

_MAX_CHARACTERS = 100


def to_query(request: Request) -> str:
    """Return the wishes that differ from the usual ones, and the seed: `composer=Bach&seed=7`."""
    wishes = request.to_dict()
    told = {
        name: wishes[name]
        for name in WISHES
        if name == "seed" or wishes[name] not in (None, default_of(name))
    }
    return urlencode(told)


def read_query(query: Mapping[str, str]) -> tuple[Any, ...] | None:
    """Return the values of a link in the order of `WISHES`; None if it makes no piece.

    Args:
        query: As it came with the address: anything.

    Raises:
        OptionError: If a wish will not do.
    """
    if "seed" not in query:
        return None
    values = tuple(_value(name, query.get(name)) for name in WISHES)
    read_wishes(values)
    return values


def as_number(name: str, value: Any) -> Any:
    """Return what a component of a wish takes: numbers for numbers, text for lists and names."""
    is_text = name in ("composer", "form", "key", "meter", "ensemble", "parts", "tempo_bpm")
    return value if is_text or not isinstance(value, str) else float(value)


def _value(name: str, text: str | None) -> Any:
    if text is not None:
        return text[: _MAX_CHARACTERS + 1]
    default = default_of(name)
    return OPEN if default is None and name != "tempo_bpm" else default
