"""How figures speak of what is usual among real pieces."""

from __future__ import annotations

from composer.scoring.bands import MANY_PARTS
from composer.scoring.reasons import plural_of_group
from composer.scoring.texture import FloatArray

MIDDLE = "the middle of them"


def band_words(group: str) -> str:
    """Name the band of a group in a legend: from a tenth to nine tenths of its pieces."""
    _, _, n_parts = group.partition("/")
    more = " or more" if n_parts == str(MANY_PARTS) else ""
    parts = {"": "", "1": " in one part"}.get(n_parts, f" in {n_parts} parts{more}")
    return f"usual in real {plural_of_group(group)}{parts}"


def usual_range(row: FloatArray, how: str = ".2g") -> str:
    """Write the ends of a row of percentiles: `12.0% to 20.1%`."""
    return f"{row[0]:{how}} to {row[-1]:{how}}"
