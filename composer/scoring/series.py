"""Series: what a piece has as a row of numbers, and where the rows of real pieces lie.

Shares of the pitch classes and of the melodic intervals, a number a bin; density and keys over
time, a number a bar or a stretch of bars. For the bands, what runs over time is taken at tenths of
the piece, so that pieces of any length can stand beside each other. Knows the rules' measures.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np

from composer.errors import ScoreFileError
from composer.piece import Piece
from composer.scoring.bands import BANDS_PATH, MIN_PIECES, groups_of
from composer.scoring.harmony.keys import find_local_keys
from composer.scoring.texture import FloatArray, Texture, build_texture
from composer.scoring.tonality import durations_by_pitch_class

WIDEST_INTERVAL = 12
# How finely the course of a piece is divided for the bands of density and keys.
N_STRETCHES = 10
PERCENTILES = (10, 50, 90)
KINDS: Mapping[str, int] = {
    "pitch_classes": 12,
    "intervals": 2 * WIDEST_INTERVAL + 1,
    "density": N_STRETCHES,
    "keys": N_STRETCHES,
}
# Group -> kind -> 10th, 50th and 90th percentile of every bin [bins, 3].
SeriesBands = Mapping[str, Mapping[str, FloatArray]]


def pitch_class_shares(texture: Texture) -> FloatArray:
    """Return each pitch class's share of the sounding time, the tonic first [12]; zeros of none."""
    durations = durations_by_pitch_class(texture)
    return _shares(np.roll(durations, -texture.piece.key.tonic_pitch_class))


def interval_counts(texture: Texture) -> FloatArray:
    """Count the melodic intervals of all lines, from an octave down to an octave up [25].

    Wider ones count at the ends; a rest of a beat interrupts a line.
    """
    steps = [np.diff(one.pitches)[one.is_joined] for one in texture.melodies]
    joined = np.concatenate([np.zeros(0, np.int64), *steps])
    clipped = np.clip(joined, -WIDEST_INTERVAL, WIDEST_INTERVAL) + WIDEST_INTERVAL
    return np.bincount(clipped, minlength=2 * WIDEST_INTERVAL + 1).astype(np.float64)


def interval_shares(texture: Texture) -> FloatArray:
    """Return each melodic interval's share of all, from an octave down to an octave up [25]."""
    return _shares(interval_counts(texture))


def bar_densities(texture: Texture) -> FloatArray:
    """Return how many notes begin in a quarter, in every bar [B]."""
    n_bars = texture.piece.n_bars
    counts = np.bincount(texture.note_bars, minlength=n_bars)[:n_bars]
    return np.asarray(counts / np.diff(texture.bar_onsets), np.float64)


def course_of_density(texture: Texture) -> FloatArray:
    """Return how many notes begin in a quarter, in every tenth of the piece [10]."""
    length_beats = float(texture.bar_onsets[-1])
    counts, _ = np.histogram(texture.onsets, N_STRETCHES, (0.0, length_beats))
    return np.asarray(counts * N_STRETCHES / length_beats, np.float64)


def course_of_keys(texture: Texture) -> FloatArray:
    """Return the key in the middle of every tenth, in fifths from that of the piece [10].

    Positive has more sharps; NaN where nothing sounds.
    """
    found = texture.once(find_local_keys)
    if not len(found.starts):
        return np.full(N_STRETCHES, np.nan)
    middles = (np.arange(N_STRETCHES) + 0.5) / N_STRETCHES * texture.n_steps
    rows = np.searchsorted(found.starts, middles, side="right") - 1
    return np.asarray(found.fifths[np.maximum(rows, 0)], np.float64)


def _shares(amounts: FloatArray) -> FloatArray:
    total = amounts.sum()
    return np.asarray(amounts / total if total else amounts, np.float64)


_MEASURES = {
    "pitch_classes": pitch_class_shares,
    "intervals": interval_shares,
    "density": course_of_density,
    "keys": course_of_keys,
}


def build_series_bands(pieces: Iterable[Piece]) -> dict[str, dict[str, FloatArray]]:
    """Measure real pieces and return the bands of every group with at least `MIN_PIECES`."""
    rows: dict[str, list[list[FloatArray]]] = defaultdict(list)
    for piece in (piece for piece in pieces if piece.n_notes):
        texture = build_texture(piece)
        values = [measure(texture) for measure in _MEASURES.values()]
        for group in groups_of(piece):
            rows[group].append(values)
    return {
        group: {
            kind: _band(np.array([values[index] for values in measured]))
            for index, kind in enumerate(KINDS)
        }
        for group, measured in sorted(rows.items())
        if len(measured) >= MIN_PIECES
    }


def _band(table: FloatArray) -> FloatArray:
    """Return percentiles of every column [bins, 3]."""
    return np.round(np.nanpercentile(table, PERCENTILES, axis=0).T, 4)


def find_series(bands: SeriesBands, piece: Piece, form: str | None = None) -> str:
    """Return the narrowest group of a piece that has series; empty if there is none.

    Args:
        bands: Where to look.
        piece: Gives ensemble and number of parts.
        form: Instead of the piece's own.
    """
    return next((group for group in groups_of(piece, form) if group in bands), "")


def add_series(bands: SeriesBands, path: Path) -> Path:
    """Write series into a file of bands that is there already, a line a group."""
    whole = path.read_text(encoding="utf-8").rstrip()
    assert whole.endswith("}")
    groups = ",\n".join(
        f"{json.dumps(group)}: {json.dumps(_plain(rows), separators=(',', ':'))}"
        for group, rows in bands.items()
    )
    path.write_text(f'{whole[:-1]},\n"series": {{\n{groups}\n}}}}\n', encoding="utf-8")
    return path


def _plain(rows: Mapping[str, FloatArray]) -> dict[str, list[list[float]]]:
    return {kind: table.tolist() for kind, table in rows.items()}


@lru_cache(maxsize=4)
def load_series_bands(path: Path = BANDS_PATH) -> SeriesBands:
    """Read the series of a file of bands.

    Raises:
        ScoreFileError: If there is no such file or it holds no series.
    """
    try:
        groups = json.loads(path.read_text(encoding="utf-8"))["series"]
        return {
            group: {kind: _read_table(rows[kind], size) for kind, size in KINDS.items()}
            for group, rows in groups.items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ScoreFileError(f"no series can be read from {path.name}; build the bands") from error


def _read_table(rows: object, size: int) -> FloatArray:
    table = np.array(rows, dtype=np.float64)
    if table.shape != (size, len(PERCENTILES)) or not math.isfinite(table.sum()):
        raise ValueError("a series has other bins")
    return table
