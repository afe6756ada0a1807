"""Written time signatures -> meters that begin at bar lines. Knows bars, and no file format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from math import ceil

from composer.errors import OptionError
from composer.piece import MeterChange
from composer.theory import Meter

# A time signature so near to a bar line is meant to stand there.
_SLIP_BEATS = Fraction(1, 32)
# A bar that is cut short is written over its own denominator if that divides it, else over these.
_CUT_BAR_DENOMINATORS = (8, 16, 32)


def lay_meters(written: Sequence[MeterChange]) -> tuple[tuple[MeterChange, ...], int]:
    """Lay meters on bar lines.

    A bar that a new meter cuts short gets a time signature of its actual length; where none can
    state it, or the new meter stands a few ticks beside a bar line, it moves to the nearest one. A
    meter that is stated again cuts a bar only on one of its beats; elsewhere it says nothing.

    Args:
        written: Sorted, the first at 0; the others may begin anywhere.

    Returns:
        Changes at bar lines, each of them to another meter than before, and how many meters moved
        further than a slip.
    """
    laid = [written[0]]
    n_moved = 0
    for change in written[1:]:
        current = laid[-1]
        if change.onset_beats <= current.onset_beats:  # the one before moved here, or beyond
            laid[-1] = replace(current, meter=change.meter)
            continue
        bar = current.meter.length_beats
        rest_beats = (change.onset_beats - current.onset_beats) % bar
        unit_beats = Fraction(4, current.meter.denominator)
        if change.meter == current.meter and rest_beats % unit_beats:
            continue
        if rest_beats and min(rest_beats, bar - rest_beats) > _SLIP_BEATS:
            try:
                cut = cut_bar_meter(rest_beats, current.meter.denominator)
                laid.append(MeterChange(change.onset_beats - rest_beats, cut))
                laid.append(change)
                continue
            except OptionError:
                n_moved += 1
        onset = change.onset_beats - rest_beats
        onset += bar if rest_beats > bar / 2 else 0
        laid.append(replace(change, onset_beats=onset))
    return _without_repeats(laid), n_moved


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
