"""Names out of foreign files -> names that may be shown. Knows characters only."""

from __future__ import annotations

MAX_NAME_LENGTH = 60


def own_name(text: str, instrument: str) -> str:
    """Return the name of a part; empty if it only repeats its instrument's."""
    name = clean_text(text)
    return "" if name.lower() == instrument.lower() else name


def clean_text(text: str, max_length: int = MAX_NAME_LENGTH) -> str:
    """Return one line of printable characters: no control codes, no changes of direction.

    What is longer than `max_length` characters is cut.
    """
    printable = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(printable.split())[:max_length]
