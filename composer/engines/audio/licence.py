"""Under which licence weights are. Knows no model, so that it can be told before one is loaded."""

from __future__ import annotations

import re
from pathlib import Path

NON_COMMERCIAL = "CC BY-NC 4.0, which allows no commercial use"
_LINE = re.compile(r"^license:\s*(\S+)\s*$", re.MULTILINE)


def licence_of(where: str | Path) -> str:
    """Return the licence that the model card of a folder names.

    Args:
        where: A folder, or a name on the hub, whose weights are those that were published.
    """
    folder = Path(where).expanduser()
    if not folder.is_dir():
        return NON_COMMERCIAL
    card = folder / "README.md"
    found = _LINE.search(card.read_text("utf-8", "replace")) if card.is_file() else None
    if found is None:
        return f"not named in the folder; the published ones are under {NON_COMMERCIAL}"
    return NON_COMMERCIAL if found[1].lower() == "cc-by-nc-4.0" else found[1]
