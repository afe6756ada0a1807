"""What a sweep suggests for a form: another setting only where it is clearly better than the usual.

What is suggested is kept beside the weights, in `sampling.json`, where the page, the API and the
command line find it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from composer.engines.suggestions import SAMPLING, Suggestion
from composer.evaluation.intervals import Interval
from composer.evaluation.sweeps import FAMILY, ranked
from composer.models import load_sampling, save_sampling
from composer.request import default_of

Measured = dict[str, Any]
# 2.7 standard errors: of eight settings that do not differ, one stands out in 3 of 100 sweeps.
MARGIN = 1.4
MEASURES = ("auc", "total", FAMILY, "composer")


def choose(rows: Sequence[Measured]) -> tuple[Measured, Measured] | None:
    """Choose a setting; return its row and that of the default, twice the same if that is as good.

    A setting is clearly better if its AUC is lower by more than `MARGIN` times what the two
    intervals together leave open; or, with an AUC that is not clearly higher, if its total is
    higher by as much. Among several the order of `ranked` decides.

    Args:
        rows: As in the result of `sweep`.

    Returns:
        None if the default is not among the rows, or could not be measured.
    """
    default = next((row for row in rows if _is_default(row)), None)
    if default is None or not default["auc"]:
        return None
    better = [row for row in rows if row["auc"] and _is_clearly_better(row, default)]
    return (ranked(better)[0] if better else default), default


def _is_default(row: Measured) -> bool:
    return all(row[name] == default_of(name) for name in SAMPLING)


def _is_clearly_better(row: Measured, default: Measured) -> bool:
    nearer, dearer = _surplus(default, row, "auc"), _surplus(row, default, "total")
    return nearer > MARGIN or (nearer > -1.0 and dearer > MARGIN)


def _surplus(one: Measured, other: Measured, name: str) -> float:
    """Return by how much one value exceeds another, in what their intervals leave open."""
    a, b = (Interval.from_dict(row[name]) for row in (one, other))
    return (a.value - b.value) / max(1e-9, math.hypot(a.high - a.low, b.high - b.low) / 2)


def keep(folder: Path, found: dict[str, Any], checkpoint: str) -> str:
    """Write what a sweep suggests into the folder of the checkpoint; return one line about it.

    What is there of other forms stays; where the default could not be measured nothing is written.

    Args:
        folder: Of the checkpoint.
        found: The result of `sweep`.
        checkpoint: Fingerprint of the weights that were measured.
    """
    chosen = choose(found["rows"])
    if chosen is None:
        return f"{found['form']}: the default could not be measured; nothing kept"
    row, default = chosen
    suggestion = Suggestion(
        **{name: row[name] for name in SAMPLING},
        default_is_as_good=row is default,
        tried=len(found["rows"]),
        pieces=found["pieces"],
        checkpoint=checkpoint,
    )
    entry = {
        **suggestion.to_dict(),
        "measures": {name: row[name] for name in MEASURES},
        "default": {name: default[name] for name in MEASURES},
    }
    path = save_sampling(folder, load_sampling(folder) | {found["form"]: entry})
    return f"{found['form']}: {_words(suggestion)}; kept in {path}"


def _words(suggestion: Suggestion) -> str:
    if suggestion.default_is_as_good:
        return f"the default is as good as any of {suggestion.tried} settings"
    return "suggested " + ", ".join(f"{n} {value:g}" for n, value in suggestion.settings.items())
