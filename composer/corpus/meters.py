"""Written time signatures -> meters that begin at bar lines. Knows bars, and no file format."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from math import ceil

from composer.errors import OptionError
from composer.piece import MeterChange
from composer.theory import Meter

# A bar that is cut short is written over its own denominator if that divides it, else over these.
_CUT_BAR_DENOMINATORS = (8, 16, 32)


def lay_meters(written: Sequence[MeterChange]) -> tuple[MeterChange, ...]:
    """Give every bar that a new meter cuts short a time signature of its actual length.

    Args:
        written: Sorted, the first at 0; the others may begin anywhere.

    Returns:
        Changes at bar lines, each of them to another meter than before.

    Raises:
        OptionError: If a cut bar has a length that no time signature can state.
    """
    laid = []
    for change, following in pairwise(written):
        laid.append(change)
        length = following.onset_beats - change.onset_beats
        rest_beats = length % change.meter.length_beats
        if rest_beats:
            cut = cut_bar_meter(rest_beats, change.meter.denominator)
            laid.append(MeterChange(following.onset_beats - rest_beats, cut))
    laid.append(written[-1])
    return _without_repeats(laid)


def cut_bar_meter(length_beats: Fraction, denominator: int) -> Meter:
    """Return the time signature of a bar that is shorter than its meter.

    Args:
        length_beats: Quarters, above 0.
        denominator: Kept if it divides the bar.

    Raises:
        OptionError: If the length is no whole number of 32nds, or too many.
    """
    for candidate in (denominator, *_CUT_BAR_DENOMINATORS):
        units = length_beats * candidate / 4
        if units.denominator == 1 and units <= 64:
            return Meter(int(units), candidate)
    raise OptionError(
        "the file changes its meter within a bar, at a place that no time signature can state"
    )


def _without_repeats(changes: Sequence[MeterChange]) -> tuple[MeterChange, ...]:
    """Drop changes to the meter in force, and those that another replaces at the same bar line."""
    at_onset = {change.onset_beats: change.meter for change in changes}
    kept: list[MeterChange] = []
    for onset, meter in at_onset.items():
        if not kept or kept[-1].meter != meter:
            kept.append(MeterChange(onset, meter))
    return tuple(kept)


def count_bars(meters: Sequence[MeterChange], end_beats: Fraction) -> int:
    """Count the bars up to an end without walking them, so that a far end costs nothing.

    Args:
        meters: As `lay_meters` returns them.
        end_beats: When the last note stops, in quarters; after the last change.
    """
    edges = [change.onset_beats for change in meters[1:]] + [end_beats]
    spans = zip(meters, edges, strict=True)
    return max(1, sum(ceil((edge - m.onset_beats) / m.meter.length_beats) for m, edge in spans))
