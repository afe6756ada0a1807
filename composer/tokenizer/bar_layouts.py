"""What every bar is to the bars before it, read off the notes. Knows numpy and the tables.

A *layout* is an array [bars, 4] of a piece: the bar that each one takes up (-1: it is new), the
relation to it, by how many semitones it is transposed, and whether it closes with a cadence.

Two bars are compared at their *onsets*, pairs of position and part; the *line* is the highest pitch
at each. A share is Jaccard's: what both have among what either has. A bar of three onsets or more

    repeats    an earlier bar if it shares .85 of the notes (position, part, pitch) with it;
    line       takes up its line if it shares .85 of the onsets and .85 of the line's steps go
               the same way (up, down, same), three steps at least; it is transposed by the
               commonest distance if that is one of `TRANSPOSITIONS` and .85 of the line lie within
               a semitone of it, so that sequences within the key count;
    notes      shares .45 of the notes;
    rhythm     shares .85 of the onsets, four at least, which are not evenly spaced;
    contour    shares half of the onsets, and .85 of five or more steps go the same way.

The first that holds for any earlier bar (of the last 16 for the last two) is what it is, and of
several such bars the one that follows the bar which the bar before took up, or else the latest.
Jaccard's share for likeness and its thresholds of .85 and .45 are those of `sections`; steps as
up, down and same are D. Parsons' code (The Directory of Tunes and Musical Themes, 1975).

A bar closes with a *cadence* where it comes to rest in two or more notes: none of them is shorter
than a quarter, and the next onset is a quarter away or more, and at least twice as far as onsets
usually are in this bar and the one before (in the last bar of a piece the last onset always rests);
and where the lowest of these notes falls a fifth or rises a fourth from what its part played
before, or is the tonic or the dominant reached from another note. A harmonic close needs more than
that; this is what can be read off any texture.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from composer.tokenizer.sections import (
    RETURN_LIKENESS,
    VARIED_LIKENESS,
    bar_numbers,
    bar_similarity,
)
from composer.tokenizer.vocab import (
    BAR,
    BAR_POSITIONS,
    DURATION,
    MAX_PARTS,
    METER,
    PART,
    PITCH,
    POSITION,
    RELATIONS,
    TIME,
    TRANSPOSITIONS,
    Events,
    is_note,
)

Layout = npt.NDArray[np.int16]  # [bars, 4]
SOURCE, RELATION, STEPS, CADENCE = range(4)
NEW = (-1, -1, 0, 0)
KEPT = RETURN_LIKENESS  # share of onsets or steps
HALF = 0.5
MIN_ONSETS, MIN_STEPS = 3, 3
MIN_RHYTHM_ONSETS, MIN_CONTOUR_STEPS = 4, 5
NEAR_BARS = 16
QUARTER = 24  # positions
_REPEAT, _LINE, _NOTES, _RHYTHM, _CONTOUR = range(len(RELATIONS))
# Nearest first, so that of equally common distances the smallest counts.
_DISTANCES = np.array(sorted((0, *TRANSPOSITIONS), key=abs))
_FIFTH_DOWN, _TONIC, _DOMINANT = 5, 0, 7  # semitones up, modulo the octave; pitch classes


def read_layout(events: Events) -> Layout:
    """Return what every bar of a canonical encoding is, [bars, 4]."""
    likeness = bar_similarity(events)
    bars = _bars(events)
    lines = _lines(bars)
    found = np.tile(np.array(NEW, np.int16), (len(bars), 1))
    for index, bar in enumerate(bars):
        found[index, CADENCE] = _closes(bars, index)
        if index and len(bar.onsets) >= MIN_ONSETS:
            earlier = _compared(bar, lines[:index], likeness[index, :index])
            found[index, :CADENCE] = _taken_up(earlier, int(found[index - 1, SOURCE]))
    return found


@dataclass(frozen=True)
class _Bar:
    """The notes of a bar, by their order in time.

    Args:
        notes: Rows, [N, 4].
        length: In positions.
        onsets: Part and position as one number, ascending, [n].
        line: Highest pitch at each, [n].
        columns: Their places among all onsets of the piece, [n].
    """

    notes: Events
    length: int
    onsets: npt.NDArray[np.int64]
    line: npt.NDArray[np.int64]
    columns: npt.NDArray[np.int64]

    @cached_property
    def positions(self) -> npt.NDArray[np.int64]:
        """Different positions of onsets, ascending."""
        return np.unique(self.notes[:, TIME].astype(np.int64) - POSITION)


_MAX_POSITIONS = 1 << 10


def _bars(events: Events) -> list[_Bar]:
    numbers, notes = bar_numbers(events), is_note(events)
    meters = events[events[:, TIME] == BAR, DURATION].tolist()
    rows = events[notes]
    cuts = np.searchsorted(numbers[notes], np.arange(1, len(meters)))
    return [
        _bar(part, int(BAR_POSITIONS[meter - METER]))
        for part, meter in zip(np.split(rows, cuts), meters, strict=True)
    ]


def _bar(notes: Events, length: int) -> _Bar:
    ids = notes.astype(np.int64)
    keys = ids[:, PART] % MAX_PARTS * _MAX_POSITIONS + ids[:, TIME] - POSITION
    order = np.lexsort((-ids[:, PITCH], keys))
    onsets, first = np.unique(keys[order], return_index=True)
    return _Bar(notes, length, onsets, ids[order, PITCH][first], np.zeros_like(onsets))


@dataclass(frozen=True)
class _Compared:
    """One bar beside all earlier ones, [earlier] each.

    Args:
        notes: Share of the notes.
        onsets: Share of the onsets.
        steps: Share of the line's steps that go the same way.
        n_steps: How many steps could be compared.
        distance: The commonest distance of the lines, in semitones.
        along: Share of the line that lies within a semitone of it.
        is_uneven: Whether this bar's onsets are unevenly spaced, four at least.
    """

    notes: npt.NDArray[np.float32]
    onsets: npt.NDArray[np.float64]
    steps: npt.NDArray[np.float64]
    n_steps: npt.NDArray[np.int64]
    distance: npt.NDArray[np.int64]
    along: npt.NDArray[np.float64]
    is_uneven: bool


def _lines(bars: list[_Bar]) -> npt.NDArray[np.int16]:
    """Return every bar's line at every onset that any bar has, -1 where it has none, [bars, n]."""
    known = np.unique(np.concatenate([bar.onsets for bar in bars]))
    found = np.full((len(bars), len(known)), -1, np.int16)
    for index, bar in enumerate(bars):
        bar.columns[:] = np.searchsorted(known, bar.onsets)
        found[index, bar.columns] = bar.line
    return found


def _compared(
    bar: _Bar, earlier: npt.NDArray[np.int16], likeness: npt.NDArray[np.float32]
) -> _Compared:
    lines = earlier[:, bar.columns].astype(np.int64)
    has = lines >= 0
    shared = has.sum(1)
    sizes = (earlier >= 0).sum(1)
    follows = np.diff(bar.onsets // _MAX_POSITIONS) == 0  # steps within a part
    both = has[:, 1:] & has[:, :-1] & follows
    alike = (np.sign(np.diff(lines, axis=1)) == np.sign(np.diff(bar.line))) & both
    distances = bar.line - lines
    counts = ((distances[:, :, None] == _DISTANCES) & has[:, :, None]).sum(1)
    distance = _DISTANCES[counts.argmax(1)]
    near = (np.abs(distances - distance[:, None]) <= 1) & has
    gaps = np.diff(bar.positions)
    return _Compared(
        notes=likeness,
        onsets=shared / (len(bar.onsets) + sizes - shared),
        steps=alike.sum(1) / np.maximum(1, both.sum(1)),
        n_steps=both.sum(1),
        distance=distance,
        along=near.sum(1) / np.maximum(1, shared),
        is_uneven=len(bar.onsets) >= MIN_RHYTHM_ONSETS and len(np.unique(gaps)) > 1,
    )


def _taken_up(earlier: _Compared, last_source: int) -> tuple[int, int, int]:
    """Return which bar is taken up, how, and by how many semitones transposed."""
    n = len(earlier.notes)
    is_near = np.arange(n) >= n - NEAR_BARS
    goes_alike = earlier.steps >= KEPT
    holds = {
        _REPEAT: earlier.notes >= RETURN_LIKENESS,
        _LINE: (earlier.onsets >= KEPT) & goes_alike & (earlier.n_steps >= MIN_STEPS),
        _NOTES: earlier.notes >= VARIED_LIKENESS,
        _RHYTHM: (earlier.onsets >= KEPT) & is_near & earlier.is_uneven,
        _CONTOUR: (earlier.onsets >= HALF)
        & goes_alike
        & (earlier.n_steps >= MIN_CONTOUR_STEPS)
        & is_near,
    }
    for relation, where in holds.items():
        places = np.flatnonzero(where)
        if len(places):
            goes_on = last_source >= 0 and last_source + 1 in places
            source = last_source + 1 if goes_on else int(places[-1])
            is_moved = relation == _LINE and earlier.along[source] >= KEPT
            return source, relation, int(earlier.distance[source]) if is_moved else 0
    return -1, -1, 0


def _closes(bars: list[_Bar], index: int) -> bool:
    """Whether a bar comes to rest in a cadence; see above."""
    bar = bars[index]
    positions = bar.positions
    before = bars[index - 1].positions - bars[index - 1].length if index else positions[:0]
    if not len(positions):
        return False
    following = [b.positions for b in bars[index + 1 : index + 2]]
    is_last = index == len(bars) - 1
    onward = following[0][:1] + bar.length if following else positions[:0]
    gaps = np.diff(np.concatenate([before, positions]))
    usual = float(np.median(gaps)) if len(gaps) else float(bar.length)
    ends = [*positions[1:].tolist(), *(onward.tolist() or [2 * bar.length])]
    for position, end in zip(positions.tolist(), ends, strict=True):
        rests = end - position >= max(QUARTER, 2 * usual)
        if (rests or (is_last and position == positions[-1])) and _is_close(bars, index, position):
            return True
    return False


def _is_close(bars: list[_Bar], index: int, position: int) -> bool:
    rows = bars[index].notes.astype(np.int64)
    chord = rows[rows[:, TIME] == POSITION + position]
    if len(chord) < 2 or chord[:, DURATION].min() + 1 < QUARTER:
        return False
    bass = chord[chord[:, PITCH].argmin()]
    last = _last_low(rows[rows[:, TIME] < POSITION + position], bass[PART])
    if last is None and index:
        last = _last_low(bars[index - 1].notes.astype(np.int64), bass[PART])
    if last is None:
        return False
    step, degree = (bass[PITCH] - last) % 12, bass[PITCH] % 12
    return bool(step == _FIFTH_DOWN or (step and degree in (_TONIC, _DOMINANT)))


def _last_low(rows: npt.NDArray[np.int64], part: int) -> int | None:
    """Return the lowest pitch at a part's last onset."""
    own = rows[rows[:, PART] % MAX_PARTS == part % MAX_PARTS]
    return int(own[own[:, TIME] == own[-1, TIME], PITCH].min()) if len(own) else None
