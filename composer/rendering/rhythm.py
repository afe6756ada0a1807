"""How a bar writes time: note values, ties and tuplets for any times. Knows no pitch.

Spans of time that follow one another in a bar become note values. A span that no single value has,
or that would hide a beat, becomes several, to be tied. Times between the binary ones are written in
tuplets, as few and as large as they read easily.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import ceil, floor, lcm

from composer.theory import Meter
from composer.units import POSITIONS_PER_QUARTER

Span = tuple[Fraction, Fraction]  # onset and end, in quarters from a bar line

_KINDS = (
    "breve", "whole", "half", "quarter", "eighth", "16th", "32nd", "64th", "128th", "256th",
    "512th", "1024th",
)  # fmt: skip
# Length in quarters -> name and dots, the longest first.
VALUES = {
    length * (2 - Fraction(1, 2**dots)): (kind, dots)
    for length, kind in ((Fraction(8, 2**i), kind) for i, kind in enumerate(_KINDS))
    for dots in (1, 0)
}
SHORTEST_BEATS = min(VALUES)
# What can be written exactly: parts of a quarter that divide these, so tuplets of 3, 5, 7 and 9.
# All of them divide 10,080, the time unit that music21 writes.
_WRITABLE_DENOMINATORS = (48, 32, 40, 56, 36)
_LARGE_TUPLETS = (3, 5, 7)  # over more than a quarter only these, in even steps
_MAX_TUPLET = 63
_SMALLEST_CELL_BEATS = Fraction(1, 16)
# A step of the tick grid that most files have: rounded tuplets are found again.
_TICK_BEATS = Fraction(1, 480)


@dataclass(frozen=True, slots=True)
class Tuplet:
    """So many notes in place of so many.

    Args:
        n_actual: Such as 3 for a triplet.
        n_normal: Such as 2 for a triplet.
        kind: Name of the value that is counted.
    """

    n_actual: int
    n_normal: int
    kind: str


@dataclass(frozen=True, slots=True)
class WrittenValue:
    """A note value as it stands in a bar.

    Args:
        onset_beats: Quarters from the bar line.
        duration_beats: What it lasts, in quarters.
        kind: `quarter`, `eighth` ...; the nearest one where no value lasts exactly so long.
        dots: 0 or 1; up to 4 where a file gave them.
        tuplet: That it belongs to.
        edge: `start`, `stop` or `startStop` where a tuplet's bracket begins or ends, else empty.
    """

    onset_beats: Fraction
    duration_beats: Fraction
    kind: str
    dots: int = 0
    tuplet: Tuplet | None = None
    edge: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """A stretch of a bar that one tuplet fills.

    Args:
        onset_beats: Quarters from the bar line.
        length_beats: As it lasts.
        tuplet: That fills it.
        unit_beats: Length of the counted value as written.
    """

    onset_beats: Fraction
    length_beats: Fraction
    tuplet: Tuplet
    unit_beats: Fraction

    @property
    def end_beats(self) -> Fraction:
        """Where it ends, in quarters from the bar line."""
        return self.onset_beats + self.length_beats

    @property
    def stretch(self) -> Fraction:
        """How much longer a note looks than it lasts."""
        return Fraction(self.tuplet.n_actual, self.tuplet.n_normal)


def snap(beats: Fraction) -> Fraction:
    """Return the nearest time that can be written legibly.

    Times of 32 or 48 parts of a quarter, and those of tuplets of 5, 7 and 9, stay exactly where
    they are; others go to the simplest such time within a tick (1/480 of a quarter), or else to the
    grid of 24 positions a quarter.
    """
    if any(d % beats.denominator == 0 for d in _WRITABLE_DENOMINATORS):
        return beats
    return _snap_odd(beats)


def snap_span(onset_beats: Fraction, end_beats: Fraction) -> Span:
    """Return the nearest times that can be written; a note keeps at least a short length."""
    onset, end = snap(onset_beats), snap(end_beats)
    if onset < end:
        return onset, end
    grid = next(d for d in _WRITABLE_DENOMINATORS if d % onset.denominator == 0)
    return onset, onset + Fraction(2, grid)


@lru_cache(maxsize=4096)
def _snap_odd(beats: Fraction) -> Fraction:
    near = (Fraction(round(beats * d), d) for d in _WRITABLE_DENOMINATORS)
    close = [time for time in near if abs(time - beats) <= _TICK_BEATS]
    if close:
        return min(close, key=lambda time: (time.denominator, abs(time - beats)))
    return Fraction(round(beats * POSITIONS_PER_QUARTER), POSITIONS_PER_QUARTER)


@lru_cache(maxsize=256)
def beat_grids(meter: Meter) -> tuple[Fraction, ...]:
    """Return the lengths that a meter counts in, from the longest to the shortest, in quarters."""
    unit = Fraction(4, meter.denominator)
    if meter.numerator > 3 and meter.numerator % 3 == 0:
        longest = [3 * unit]
    else:
        longest = [2 * unit] if meter.numerator % 2 == 0 else []
    return (*longest, *_halves(unit))


def tuplet_tile(meter: Meter) -> Fraction:
    """Return how long a stretch of a bar is that no tuplet crosses, in quarters."""
    grids = beat_grids(meter)
    return grids[0] if grids[1] * 2 == grids[0] else grids[1]


def write_spans(
    spans: Sequence[Span], meter: Meter, rests: Sequence[bool] = ()
) -> list[list[WrittenValue]]:
    """Write spans that follow one another in a bar.

    Args:
        spans: Ascending, none without length, each beginning where the one before ends.
        meter: Of the bar.
        rests: Which spans are rests, which never hide a beat; none if left out.

    Returns:
        The values of every span.
    """
    cells = _cells(spans, meter)
    silent = rests or [False] * len(spans)
    written = [
        list(write_span(span, cells, meter, is_rest=is_rest))
        for span, is_rest in zip(spans, silent, strict=True)
    ]
    return written if not cells else _with_edges(written, cells)


def write_span(
    span: Span, cells: Sequence[Cell], meter: Meter, *, is_rest: bool
) -> Iterator[WrittenValue]:
    """Cut a span at the edges of tuplets, and write what lies between them.

    Args:
        span: Within a bar.
        cells: The tuplets of the bar, ascending.
        meter: Of the bar.
        is_rest: Whether it never hides a beat.
    """
    time, end = span
    grids = beat_grids(meter)
    for cell in (cell for cell in cells if cell.end_beats > time and cell.onset_beats < end):
        if time < cell.onset_beats:
            yield from _write_plain(time, cell.onset_beats, grids, is_rest)
        time, stop = max(time, cell.onset_beats), min(end, cell.end_beats)
        yield from _write_in_cell(time, stop, cell, is_rest)
        time = stop
    if time < end:
        yield from _write_plain(time, end, grids, is_rest)


def _write_plain(
    start: Fraction, end: Fraction, grids: tuple[Fraction, ...], is_rest: bool
) -> Iterator[WrittenValue]:
    for onset, stop in _split(start, end, grids, is_rest):
        kind, dots = VALUES.get(stop - onset) or _nearest(stop - onset)
        yield WrittenValue(onset, stop - onset, kind, dots)


def _write_in_cell(
    start: Fraction, end: Fraction, cell: Cell, is_rest: bool
) -> Iterator[WrittenValue]:
    """Write a span inside a tuplet: as if it were longer, then squeezed."""
    onset, stop = ((time - cell.onset_beats) * cell.stretch for time in (start, end))
    for value in _write_plain(onset, stop, _halves(cell.unit_beats), is_rest):
        yield WrittenValue(
            cell.onset_beats + value.onset_beats / cell.stretch,
            value.duration_beats / cell.stretch,
            value.kind,
            value.dots,
            cell.tuplet,
        )


def _with_edges(
    written: list[list[WrittenValue]], cells: Sequence[Cell]
) -> list[list[WrittenValue]]:
    """Mark where the brackets of tuplets begin and end."""
    starts = {cell.onset_beats for cell in cells}
    ends = {cell.end_beats for cell in cells}

    def marked(value: WrittenValue) -> WrittenValue:
        if value.tuplet is None:
            return value
        stop = value.onset_beats + value.duration_beats
        edge = "start" if value.onset_beats in starts else "stop" if stop in ends else ""
        return WrittenValue(
            value.onset_beats, value.duration_beats, value.kind, value.dots, value.tuplet, edge
        )

    return [[marked(value) for value in values] for values in written]


# --- Beats --------------------------------------------------------------------------------------


def _split(
    start: Fraction, end: Fraction, grids: tuple[Fraction, ...], is_rest: bool
) -> Iterator[Span]:
    """Cut a span at beats so that each piece has a value and the beats can be seen."""
    if not grids:
        yield start, end  # finer than any value
        return
    grid, finer = grids[0], grids[1:]
    if not is_rest and _keeps_beat(start, end, grids):
        yield start, end
        return
    first, last = ceil(start / grid) * grid, floor(end / grid) * grid
    if first > last:
        yield from _split(start, end, finer, is_rest)
        return
    if start < first:
        yield from _split(start, first, finer, is_rest)
    yield from _whole_beats(first, last, grid)
    if last < end:
        yield from _split(last, end, finer, is_rest)


def _keeps_beat(start: Fraction, end: Fraction, grids: tuple[Fraction, ...]) -> bool:
    """Whether a span across a beat reads easily: dotted, or a syncopation of one beat."""
    grid, length = grids[0], end - start
    if grids[1:] and grids[1] * 2 != grid:  # beats of three read otherwise
        return False
    if length * 2 == grid * 3:
        return start % grid == 0 or end % grid == 0
    return length == grid and start % (grid / 2) == 0


def _whole_beats(start: Fraction, end: Fraction, grid: Fraction) -> Iterator[Span]:
    """Cut whole beats into values, the longest first."""
    while start < end:
        length = next(v for v in VALUES if v <= end - start and v % grid == 0)
        yield start, start + length
        start += length


@lru_cache(maxsize=256)
def _halves(length: Fraction) -> tuple[Fraction, ...]:
    """Return a length and its halves, down to the shortest value."""
    lengths = [length]
    while lengths[-1] / 2 >= SHORTEST_BEATS:
        lengths.append(lengths[-1] / 2)
    return tuple(lengths)


def _nearest(length: Fraction) -> tuple[str, int]:
    return VALUES[min(VALUES, key=lambda value: abs(value - length))]


# --- Tuplets ------------------------------------------------------------------------------------


def _cells(spans: Sequence[Span], meter: Meter) -> list[Cell]:
    """Find the tuplets that write all times between binary ones."""
    times = sorted({time for span in spans for time in span})
    if all(_is_binary(time) for time in times):
        return []
    tile = tuplet_tile(meter)
    n_tiles = ceil(meter.length_beats / tile)
    return [cell for i in range(n_tiles) for cell in _best_cells(times, i * tile, tile)[0]]


def _best_cells(
    times: Sequence[Fraction], start: Fraction, length: Fraction
) -> tuple[list[Cell], int]:
    """Return the tuplets of a stretch, and how many notes and brackets it then has, about."""
    inner = [time for time in times if start < time < start + length]
    if all(_is_binary(time) for time in inner):
        return [], len(inner) + 1
    # A pickup may begin within a stretch, which is then no place for a tuplet.
    whole = _whole_cell(inner, start, length) if start >= times[0] else None
    half = length / 2
    if length <= _SMALLEST_CELL_BEATS:
        return [whole] if whole else [], len(inner) + 2
    left, left_cost = _best_cells(times, start, half)
    right, right_cost = _best_cells(times, start + half, half)
    cost = left_cost + right_cost + (start + half not in inner)
    if whole is None:
        return left + right, cost
    steps = Fraction(whole.tuplet.n_actual)
    uneven = sum(((t - start) / length * steps).denominator > 2 for t in inner)
    whole_cost = len(inner) + 2 + uneven
    return ([whole], whole_cost) if whole_cost < cost else (left + right, cost)


def _whole_cell(inner: Sequence[Fraction], start: Fraction, length: Fraction) -> Cell | None:
    """Return the tuplet that fills a stretch alone; None if it could not be read."""
    places = [(time - start) / length for time in inner]
    n_actual = lcm(*(_odd_part(place.denominator) for place in places))
    finest = max(place.denominator // _odd_part(place.denominator) for place in places)
    if length > 1 and (finest > 1 or n_actual not in _LARGE_TUPLETS):
        return None
    n_normal = 1 << (n_actual.bit_length() - 1)
    if n_actual == 3 and len(inner) == 5 and finest == 2:  # a full sextuplet
        n_actual, n_normal, finest = 6, 4, 1
    unit = length / n_normal
    if n_actual > _MAX_TUPLET or unit / finest < SHORTEST_BEATS or unit not in VALUES:
        return None
    return Cell(start, length, Tuplet(n_actual, n_normal, VALUES[unit][0]), unit)


def _odd_part(number: int) -> int:
    return number // (number & -number)


def _is_binary(time: Fraction) -> bool:
    return _odd_part(time.denominator) == 1
