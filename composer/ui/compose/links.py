"""A link that makes the same piece again: the settings as the query of an address, and back.

Knows no component. What is not in the query stays as the page has it at first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from composer.request import MAX_NAME, Request
from composer.ui.shared.settings import OPEN, read_request, settings


def to_query(request: Request) -> str:
    """Return the settings that differ from the usual ones, and the seed: `composer=Bach&seed=7`."""
    values = request.to_dict()
    told = {
        name: values[name]
        for name, found in settings().items()
        if name == "seed" or values[name] not in (None, found.default)
    }
    return urlencode(told)


def read_query(query: Mapping[str, str]) -> dict[str, Any] | None:
    """Return the values of a link by name, as components take them; None if it makes no piece.

    Args:
        query: As it came with the address: anything.

    Raises:
        OptionError: If a setting will not do.
    """
    if "seed" not in query:
        return None
    values: dict[str, Any] = {}
    for name, found in settings().items():
        text = query.get(name)
        if text is None:
            usual = OPEN if found.is_text or name == "parts" else ""
            values[name] = usual if found.default is None else found.default
        else:
            values[name] = text[: (found.most or MAX_NAME) + 1]
    request = read_request(values).to_dict()
    # Fields of numbers take numbers; lists and fields that may be empty take text.
    numeric = {n for n, found in settings().items() if found.default is not None}
    return {n: request[n] if n in numeric else value for n, value in values.items()}
