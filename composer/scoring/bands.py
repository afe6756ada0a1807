"""Bands: where the values of real pieces lie, group by group. Knows no corpus; takes any pieces.

A group is a form with its number of parts (`chorale/4`: a melody over a figured bass is no
four-part chorale), a form, an ensemble with and without the number of parts, or `all`. A value is
looked up in the narrowest group that has enough pieces. Pieces are measured whole: what depends on
length is averaged over windows of bars by the rules themselves.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from composer.errors import ScoreFileError
from composer.piece import Piece
from composer.places import ASSETS
from composer.scoring.likelihood import NEUTRAL_RANGES
from composer.scoring.rule import Measure, Rule
from composer.scoring.rules import RULES
from composer.scoring.texture import build_texture

BANDS_PATH = ASSETS / "corpus_bands.json"
ALL = "all"
MIN_PIECES = 10
# Five parts and more are one class.
MANY_PARTS = 5
PERCENTILES = (5, 10, 25, 50, 75, 90, 95)


class Band(NamedTuple):
    """Percentiles of one value among real pieces, and how many pieces had it."""

    p05: float
    p10: float
    p25: float
    p50: float
    p75: float
    p90: float
    p95: float
    n: int


# Group -> rule -> band.
Bands = Mapping[str, Mapping[str, Band]]
NO_BAND = Band._make([*[math.nan] * len(PERCENTILES), 0])


def _neutral_band(low: float, high: float) -> Band:
    return Band(low, low, low, (low + high) / 2, high, high, high, n=0)


# For values whose corpus band is not known.
NEUTRAL_BANDS = {name: _neutral_band(low, high) for name, (low, high) in NEUTRAL_RANGES.items()}


def measure(piece: Piece, rules: Iterable[Rule] = RULES) -> dict[str, Measure]:
    """Find the value of every rule that looks at the notes."""
    texture = build_texture(piece)
    return {rule.name: texture.once(rule.measure) for rule in rules if rule.measure}


def groups_of(piece: Piece, form: str | None = None) -> tuple[str, ...]:
    """Return the names of a piece's groups, from the narrowest to `all`.

    Args:
        piece: Gives ensemble and number of parts.
        form: Instead of the piece's own.
    """
    form = piece.form if form is None else form
    n_parts = min(len(piece.parts), MANY_PARTS)
    ensemble = f"ensemble:{piece.ensemble}"
    by_form = (f"{form}/{n_parts}", form) if form else ()
    by_ensemble = (f"{ensemble}/{n_parts}", ensemble) if piece.ensemble else ()
    return (*by_form, *by_ensemble, ALL)


def build_bands(
    pieces: Iterable[Piece], rules: Sequence[Rule] = RULES
) -> dict[str, dict[str, Band]]:
    """Measure real pieces and return the bands of every group with at least `MIN_PIECES`."""
    rows: dict[str, list[dict[str, float]]] = defaultdict(list)
    for piece in pieces:
        values = {name: found.value for name, found in measure(piece, rules).items()}
        for group in groups_of(piece):
            rows[group].append(values)
    return {
        group: _group_bands(measured)
        for group, measured in sorted(rows.items())
        if len(measured) >= MIN_PIECES
    }


def _group_bands(measured: list[dict[str, float]]) -> dict[str, Band]:
    """Return the bands of one group; values that too few pieces have are left out."""
    bands = {}
    for name in measured[0]:
        values = np.array([row[name] for row in measured])
        values = values[np.isfinite(values)]
        if len(values) >= MIN_PIECES:
            levels = (float(f"{level:.4g}") for level in np.percentile(values, PERCENTILES))
            bands[name] = Band._make([*levels, len(values)])
    return bands


def find_band(bands: Bands, groups: Iterable[str], rule: Rule) -> tuple[str, Band]:
    """Return the narrowest group that knows a rule, and its band; `NO_BAND` if none does."""
    for group in groups:
        band = bands.get(group, {}).get(rule.name)
        if band is not None:
            return group, band
    return "", NEUTRAL_BANDS.get(rule.name, NO_BAND)


def rules_without_bands(bands: Bands) -> tuple[Rule, ...]:
    """Return the rules that look at the notes and have no band among all pieces yet."""
    known = bands.get(ALL, {})
    return tuple(rule for rule in RULES if rule.measure and rule.name not in known)


def joined(bands: Bands, more: Bands) -> Bands:
    """Return bands with other rows beside their own."""
    return {group: {**bands.get(group, {}), **more.get(group, {})} for group in {**bands, **more}}


def with_likelihood(bands: Bands, found: Mapping[str, Iterable[float]]) -> Bands:
    """Return bands with the rows of a model's likelihood.

    Args:
        bands: Of the corpus.
        found: Group -> percentiles of nats a note, and the number of pieces.
    """
    return {
        group: {**bands.get(group, {}), "nats_per_note": Band._make(found[group])}
        if group in found
        else bands[group]
        for group in {**bands, **found}
    }


def save_bands(bands: Bands, path: Path) -> Path:
    """Write bands as JSON, a line a group."""
    groups = ",\n".join(
        f"{json.dumps(group)}: {json.dumps(rows, separators=(',', ':'))}"
        for group, rows in bands.items()
    )
    columns = json.dumps(Band._fields)
    path.write_text(f'{{"columns": {columns},\n"groups": {{\n{groups}\n}}}}\n', encoding="utf-8")
    return path


@lru_cache(maxsize=4)
def load_bands(path: Path = BANDS_PATH) -> Bands:
    """Read bands.

    Raises:
        ScoreFileError: If there is no such file or it holds no bands.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if tuple(values["columns"]) != Band._fields:
            raise ScoreFileError(f"the bands in {path.name} have other columns; build them again")
        return {
            group: {name: Band(*row) for name, row in rows.items()}
            for group, rows in values["groups"].items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ScoreFileError(f"no corpus bands can be read from {path.name}; build them") from error
