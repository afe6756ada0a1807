"""Bars whose notes say in which values they are written: these values, and rests that fit them.

A file may write a note otherwise than we would: double dotted, in a tuplet of eleven, as two tied
eighths. Where all notes of a voice's bar say how, they stay so. What a file does not say is found
here: where tuplets begin and end, and how rests are written between. Knows no pitch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import ceil

from composer.piece import Written
from composer.piece.marks import VALUE_BEATS
from composer.rendering.rhythm import Cell, Span, Tuplet, WrittenValue, write_span
from composer.theory import Meter


def given_in_span(
    written: Sequence[Written], onset_beats: Fraction, span: Span
) -> tuple[Written, ...]:
    """Return those of a note's values that fill a stretch exactly; nothing if none do.

    Args:
        written: The values of a note, tied to one another.
        onset_beats: When it begins.
        span: The stretch, as a bar line cuts it; in quarters, as the onset.
    """
    found = []
    time = onset_beats
    for value in written:
        if span[0] <= time < span[1]:
            found.append(value)
        time += value.beats
    is_whole = sum((one.beats for one in found), Fraction(0)) == span[1] - span[0]
    return tuple(found) if is_whole else ()


def write_given(
    spans: Sequence[Span], given: Sequence[Sequence[Written] | None], meter: Meter
) -> list[list[WrittenValue]] | None:
    """Write spans that follow one another in a bar in the values that are given.

    Args:
        spans: Ascending, each beginning where the one before ends.
        given: The values of every note, which fill its span; None for a rest.
        meter: Of the bar.

    Returns:
        The values of every span; None where a note does not say how it is written, or none sounds.
    """
    if any(values is not None and not values for values in given) or not any(given):
        return None
    cells = _cells(spans, given)
    rows = [
        list(write_span(span, cells, meter, is_rest=True))
        if values is None
        else _values(span[0], values)
        for span, values in zip(spans, given, strict=True)
    ]
    return [[_marked(value, cells) for value in row] for row in rows]


def _values(time: Fraction, written: Sequence[Written]) -> list[WrittenValue]:
    found = []
    for one in written:
        tuplet = Tuplet(one.n_actual, one.n_normal, one.kind) if _is_tuplet(one) else None
        found.append(WrittenValue(time, one.beats, one.kind, one.dots, tuplet))
        time += one.beats
    return found


def _is_tuplet(written: Written) -> bool:
    return (written.n_actual, written.n_normal) != (1, 1)


def _marked(value: WrittenValue, cells: Sequence[Cell]) -> WrittenValue:
    """Mark where the bracket of a tuplet begins and ends."""
    if value.tuplet is None:
        return value
    end = value.onset_beats + value.duration_beats
    begins = any(cell.onset_beats == value.onset_beats for cell in cells)
    stops = any(cell.end_beats == end for cell in cells)
    edge = "startStop" if begins and stops else "start" if begins else "stop" if stops else ""
    return replace(value, edge=edge)


# --- Tuplets ------------------------------------------------------------------------------------
@dataclass
class _Run:
    """A tuplet while its values are gathered.

    Args:
        begin: Where its bracket begins, in quarters from the bar line.
        first: Its first value, whose ratio all share.
        kinds: Lengths of the values so far, without dots and not squeezed.
    """

    begin: Fraction
    first: Written
    kinds: set[Fraction] = field(default_factory=set)

    def has(self, value: Written) -> bool:
        """Whether a value may belong to it."""
        ratio = value.n_actual, value.n_normal
        return ratio == (self.first.n_actual, self.first.n_normal)

    def is_full(self, time: Fraction) -> bool:
        """Whether the tuplet may end here: on a beat, or with as many values as it counts."""
        n_normal, length = self.first.n_normal, time - self.begin
        if (length / (n_normal * min(self.kinds))).denominator != 1:
            return False
        return time.denominator == 1 or length >= n_normal * max(self.kinds)

    def end_within(self, time: Fraction) -> Fraction:
        """Return where it ends if nothing but a rest follows, up to a time."""
        unit = self.first.n_normal * max(self.kinds)
        return min(time, self.begin + ceil((time - self.begin) / unit) * unit)

    def cell(self, end: Fraction) -> Cell:
        """Return it as a stretch of the bar."""
        kind = self.first.kind
        tuplet = Tuplet(self.first.n_actual, self.first.n_normal, kind)
        return Cell(self.begin, end - self.begin, tuplet, VALUE_BEATS[kind])


def _cells(spans: Sequence[Span], given: Sequence[Sequence[Written] | None]) -> list[Cell]:
    """Return the tuplets of a bar."""
    found: list[Cell] = []
    run: _Run | None = None
    free = Fraction(0)  # from where on a tuplet may begin
    for span, values in zip(spans, given, strict=True):
        time = span[0]
        if values is None:
            if run is not None:
                unit = run.first.n_normal * max(run.kinds)
                whole = run.begin + ceil((time - run.begin) / unit) * unit
                if whole <= span[1]:
                    found.append(run.cell(max(whole, time)))
                    run, free = None, max(whole, time)
            continue
        for value in values:
            if run is not None and not run.has(value):
                found.append(run.cell(time))
                run = None
            if run is None and _is_tuplet(value):
                run = _Run(_begin(value, time, max(free, _rest_before(spans, given, span))), value)
            time += value.beats
            if run is not None:
                run.kinds.add(VALUE_BEATS[value.kind])
                if run.is_full(time):
                    found.append(run.cell(time))
                    run = None
            if run is None:
                free = time
    if run is not None:
        found.append(run.cell(run.end_within(spans[-1][1])))
    return found


def _rest_before(
    spans: Sequence[Span], given: Sequence[Sequence[Written] | None], span: Span
) -> Fraction:
    """Return where the rest before a note begins; the note's own beginning if there is none."""
    place = spans.index(span)
    return spans[place - 1][0] if place and given[place - 1] is None else span[0]


def _begin(value: Written, time: Fraction, earliest: Fraction) -> Fraction:
    """Return where the tuplet begins whose first note is a value: it may begin with a rest."""
    unit = value.n_normal * VALUE_BEATS[value.kind]
    is_binary = time.denominator & (time.denominator - 1) == 0
    return time if is_binary else max(earliest, time // unit * unit)
