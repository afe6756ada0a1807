"""Exact units of score time, and their way to seconds.

Score time is a `Fraction` of a quarter note (a *beat* in this package); performance time is a float
in seconds. The *grid* is the finest time that the model writes: 24 positions a quarter.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

# 24 is the least grid that holds 32nds and eighth-, sixteenth- and quarter-note triplets together.
POSITIONS_PER_QUARTER = 24
MIDI_TICKS_PER_QUARTER = 480
DEFAULT_TEMPO_BPM = 90.0
TEMPO_RANGE_BPM = (20.0, 300.0)
DEFAULT_VELOCITY = 80

assert MIDI_TICKS_PER_QUARTER % POSITIONS_PER_QUARTER == 0


def beats_to_positions(beats: Fraction) -> int:
    """Round score time to the nearest grid position, halves up.

    Args:
        beats: Quarters, not negative.
    """
    return int((beats * POSITIONS_PER_QUARTER * 2 + 1) // 2)


@lru_cache(maxsize=1 << 16)
def positions_to_beats(positions: int) -> Fraction:
    """Return the exact score time of a grid position, in quarters."""
    return Fraction(positions, POSITIONS_PER_QUARTER)


def is_on_grid(*beats: Fraction) -> bool:
    """Whether quantising leaves times where they are, in quarters."""
    return all((time * POSITIONS_PER_QUARTER).denominator == 1 for time in beats)


def beats_to_seconds(beats: Fraction | float, tempo_bpm: float) -> float:
    """Return the length of a stretch of score time at a constant tempo.

    Args:
        beats: Quarters.
        tempo_bpm: Quarters a minute, above 0.
    """
    return float(beats) * 60.0 / tempo_bpm
