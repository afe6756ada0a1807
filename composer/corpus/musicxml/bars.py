"""Measures as a file has them -> bars of a `Piece`. Knows lengths and meters, and no note.

A `Piece` has bars of their full length. A first measure that is short is a pickup and is pushed
right in bar 1; two short ones that make a whole bar (around a repeat) become one; any other measure
that is shorter or longer than its meter gets a meter of its own, except the last, which is filled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from composer.corpus.meters import cut_bar_meter
from composer.errors import OptionError, ScoreFileError
from composer.piece import MeterChange
from composer.theory import Meter

_FIRST_METER = Meter(4, 4)
# Lengths of tuplets, rounded to whole divisions, add up to a little more or less than their bar.
_SLIP_BEATS = Fraction(1, 96)
_ROUNDINGS_BEATS = (Fraction(1, 8), Fraction(1, 2), Fraction(1))


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure of a file.

    Args:
        length_beats: How far its notes and rests reach, in quarters.
        meter: Time signature that begins here, if any.
        is_implicit: Not counted, as a pickup is.
    """

    length_beats: Fraction
    meter: Meter | None = None
    is_implicit: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """Where measures lie.

    Args:
        onsets_beats: Of every measure's beginning, in quarters from bar 1.
        meters: Of the piece.
        n_bars: Not less than 1.
        end_beats: The closing bar line.
    """

    onsets_beats: tuple[Fraction, ...]
    meters: tuple[MeterChange, ...]
    n_bars: int
    end_beats: Fraction = Fraction(0)


def lay_measures(measures: Sequence[Measure]) -> Layout:
    """Lay measures on bar lines.

    Raises:
        ScoreFileError: If a measure is so long that no time signature can state it.
    """
    onsets: list[Fraction] = []
    changes: list[MeterChange] = []
    meter, bar_line, n_bars, filled = _FIRST_METER, Fraction(0), 0, Fraction(0)
    for index, measure in enumerate(measures):
        meter = measure.meter or meter
        if filled:  # the second half of a bar that a repeat cuts
            onsets.append(bar_line + filled)
            bar_line, n_bars, filled = bar_line + meter.length_beats, n_bars + 1, Fraction(0)
            continue
        offset = _pickup_offset(measures, meter) if index == 0 else Fraction(0)
        onsets.append(bar_line + offset)
        if _is_first_half(measures, index, meter):
            _change(changes, bar_line, meter)
            filled = measure.length_beats
            continue
        is_last = index == len(measures) - 1
        actual = meter if offset else _actual_meter(measure, meter, is_last=is_last)
        _change(changes, bar_line, actual)
        bar_line, n_bars = bar_line + actual.length_beats, n_bars + 1
    return Layout(tuple(onsets), tuple(changes), max(1, n_bars), bar_line)


def _change(changes: list[MeterChange], onset: Fraction, meter: Meter) -> None:
    if not changes or changes[-1].meter != meter:
        changes.append(MeterChange(onset, meter))


def _pickup_offset(measures: Sequence[Measure], meter: Meter) -> Fraction:
    """Return by how much the first measure is pushed right."""
    first = measures[0]
    is_pickup = first.is_implicit or len(measures) > 1
    missing = meter.length_beats - first.length_beats
    return missing if is_pickup and first.length_beats and missing > _SLIP_BEATS else Fraction(0)


def _is_first_half(measures: Sequence[Measure], index: int, meter: Meter) -> bool:
    """Whether a measure and the next make one bar of the meter."""
    if index == 0 or index + 1 >= len(measures):
        return False
    this, following = measures[index], measures[index + 1]
    has_same_meter = following.meter in (None, meter)
    is_whole = this.length_beats + following.length_beats == meter.length_beats
    return bool(has_same_meter and is_whole and this.length_beats and following.length_beats)


def _actual_meter(measure: Measure, meter: Meter, *, is_last: bool) -> Meter:
    """Return the meter of a measure by its length."""
    length = measure.length_beats
    is_whole = abs(length - meter.length_beats) <= _SLIP_BEATS
    if is_whole or not length or (is_last and length < meter.length_beats):
        return meter
    for rounding in (length, *(ceil(length / step) * step for step in _ROUNDINGS_BEATS)):
        try:
            return cut_bar_meter(Fraction(rounding), meter.denominator)
        except OptionError:
            continue
    raise ScoreFileError("the file has a bar so long that no time signature can state it")
