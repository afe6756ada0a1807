"""What a program is told when something will not do: problem details after RFC 9457.

The sentence is the one that the page and the commands show; the rest is for programs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

MEDIA_TYPE = "application/problem+json"


def problem(status: int, sentence: str, **more: Any) -> dict[str, Any]:
    """Return a problem as JSON values.

    Args:
        status: Of HTTP.
        sentence: For a person.
        more: Further members, such as `errors`.
    """
    title = HTTPStatus(status).phrase
    return {"type": "about:blank", "title": title, "status": status, "detail": sentence, **more}


def problem_body(values: Mapping[str, Any]) -> bytes:
    """Write a problem; whatever a caller sent stays within ASCII."""
    return json.dumps(values).encode("ascii")
