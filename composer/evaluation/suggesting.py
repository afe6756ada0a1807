"""What a sweep suggests for a form: another setting only where it is clearly better than the usual.

What is suggested is kept beside the weights, in `sampling.json`, where the page, the API and the
command line find it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from composer.engines.suggestions import SAMPLING, Suggestion
from composer.evaluation.intervals import Interval
from composer.evaluation.sweeps import FAMILY, ranked
from composer.models import load_sampling, save_sampling
from composer.request import default_of

Row = dict[str, Any]
MEASURES = ("auc", "total", FAMILY, "composer")


def choose(rows: Sequence[Row]) -> tuple[Row, Row] | None:
    """Choose a setting; return its row and that of the default, twice the same if that is as good.

    A setting is clearly better if the interval of its AUC lies below the default's value; or, with
    an AUC whose interval holds the default's value, if the interval of its total lies above the
    default's. Among several the order of `ranked` decides.

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


def _is_default(row: Row) -> bool:
    return all(row[name] == default_of(name) for name in SAMPLING)


def _is_clearly_better(row: Row, default: Row) -> bool:
    auc, usual = (Interval.from_dict(one["auc"]) for one in (row, default))
    if auc.high < usual.value:
        return True
    total, usual_total = (Interval.from_dict(one["total"]) for one in (row, default))
    return auc.low <= usual.value and total.low > usual_total.value


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
