"""Where the phrases of the tune begin, and how strong a place in the bar is. Knows no rule.

The *tune* is the highest line. Metrical levels: 4 a bar line, 3 a half-bar of pulses in twos, 2 a
pulse, 1 a half or a third of it, 0 what lies between (F. Lerdahl and R. Jackendoff, A Generative
Theory of Tonal Music (1983), pp. 68-104).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from composer.scoring.texture import FloatArray, IntArray, Texture
from composer.theory import Meter

BAR_LEVEL = 4
# A note that is this many times as long as is usual in its line may end a phrase.
PHRASE_END_LENGTHS = 2.0
_TINY = 1e-6


def phrase_starts(texture: Texture) -> IntArray:
    """Return the notes of the tune that begin a phrase, the first one included, as indices.

    A phrase ends with a rest of a beat, or with a note that is longer than both its neighbours and
    than twice the line's median (F. Lerdahl and R. Jackendoff, A Generative Theory of Tonal Music
    (1983), pp. 36-67, grouping by proximity).
    """
    if not texture.melodies:
        return np.empty(0, np.int64)
    tune = texture.melodies[0]
    gaps, is_end = np.diff(tune.onsets), ~tune.is_joined
    if len(gaps) > 2:
        inner = gaps[1:-1]
        is_peak = (inner > gaps[:-2] + _TINY) & (inner > gaps[2:] + _TINY)
        is_end[1:-1] |= is_peak & (inner >= PHRASE_END_LENGTHS * np.median(gaps) - _TINY)
    return np.append(0, np.flatnonzero(is_end) + 1)


def level_units(texture: Texture) -> FloatArray:
    """Return how far apart the points of levels 1 to 4 lie in every bar, quarters [4, B]."""
    return np.array([_meter_units(bar.meter) for bar in texture.piece.bars]).T


@lru_cache(maxsize=256)
def _meter_units(meter: Meter) -> tuple[float, float, float, float]:
    pulse, length = float(meter.pulse_beats), float(meter.length_beats)
    n_pulses = round(length / pulse)
    is_compound = meter.pulse_beats * meter.denominator == 12
    half_bar = 2 * pulse if n_pulses > 2 and n_pulses % 2 == 0 else length
    return pulse / (3 if is_compound else 2), pulse, half_bar, length


def note_levels(texture: Texture) -> IntArray:
    """Return the level of the place where every note begins, 0..4 [N]."""
    units = texture.once(level_units)[:, texture.note_bars]
    points = (texture.onsets - texture.bar_onsets[texture.note_bars]) / units
    is_on_point = np.abs(points - np.rint(points)) * units < _TINY
    return np.asarray(is_on_point.sum(axis=0), dtype=np.int64)


def next_stronger(texture: Texture, notes: IntArray) -> FloatArray:
    """Return when the next place comes that is stronger than where a note begins, quarters.

    Args:
        texture: The piece.
        notes: Rows of its table of notes; infinity stands for those on a bar line.
    """
    levels, bars = texture.once(note_levels)[notes], texture.note_bars[notes]
    units = texture.once(level_units)[np.minimum(levels, BAR_LEVEL - 1), bars]
    starts, ends = texture.bar_onsets[bars], texture.bar_onsets[bars + 1]
    within = texture.onsets[notes] - starts
    points = starts + (np.floor(within / units + _TINY) + 1) * units
    return np.where(levels == BAR_LEVEL, np.inf, np.minimum(points, ends))
