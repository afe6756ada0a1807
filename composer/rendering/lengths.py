"""How long every note is written: plain values for what is played detached or held over.

Players let go of a note before the next one, and programs write that into their files: a quarter
lasts 455 ticks of 480, or 0.8 of itself. A score shows the quarter. Notes begin where `onsets` puts
them; each end that no note or beat explains, or that leaves a rest too short to read, moves to the
place that needs the fewest signs and changes the note's length the least, measured by how detached
the part is as a whole. What is much shorter than it is written gets a staccato dot. Notes whose
written values are given keep them. Knows no pitch.

Sources:
    E. Cambouropoulos, From MIDI to traditional musical notation, AAAI Workshop on Artificial
    Intelligence and Music (2000), pp. 19-23: onsets decide the notation, and offsets are drawn to
    the onsets that follow.
    E. Gould, Behind Bars (2011), pp. 118-119: a staccato dot in place of shorter values and rests,
    which are harder to read. The amounts below are ours.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from itertools import groupby
from math import ceil, floor, log2
from statistics import median

from composer.piece import Bar, Note, Piece, walk_bars
from composer.rendering.onsets import Roll, says_its_length, write_onsets
from composer.rendering.rhythm import snap_span, write_spans
from composer.theory import Meter

SHORTEST_PLAIN_REST = Fraction(1, 4)  # a sixteenth
MAX_FILLED_SHARE = Fraction(1, 2)  # of the time to the next onset: shorter rests are filled
STACCATO_SHARE = Fraction(3, 5)  # of what is written, at most
STACCATO_MAX_BEATS = Fraction(2)
# Parts with a smaller share of odd ends mean what they say.
DETACHED_SHARE = 0.04
GATES = (0.4, 1.25)  # of sounding to written length that a way of playing has
MIN_GATES = 3
CHORD_RATIO = Fraction(3, 5)  # notes struck together of more equal length are written alike
# Costs, in signs: of an octave (doubling or halving) of length, a dot, a tuplet, a tiny rest.
OCTAVE_COST, DOT_COST, TUPLET_COST, TINY_REST_COST = 3.0, 0.25, 0.5, 2.0


@dataclass(frozen=True, slots=True)
class Touch:
    """How a note sounds beside how it is written.

    Args:
        release_beats: Quarters by which it ends later than written; below 0 if earlier.
        is_staccato: Whether a dot says so.
        attack_beats: Quarters by which it begins later than written; below 0 if earlier.
        is_spread: Whether a wavy line says that its chord is rolled.
    """

    release_beats: Fraction = Fraction(0)
    is_staccato: bool = False
    attack_beats: Fraction = Fraction(0)
    is_spread: bool = False


@dataclass(frozen=True, slots=True)
class Written:
    """A piece with the lengths that a score shows.

    Args:
        piece: Its notes last as long as they are written.
        touches: Of every note of every part, in the order of the notes.
    """

    piece: Piece
    touches: tuple[tuple[Touch, ...], ...]


def write_lengths(piece: Piece) -> Written:
    """Return a piece with plain onsets and lengths, and what that changed.

    Times are drawn to where they can be written (`rhythm.snap`), but for those of notes whose
    written values are given.
    """
    pairs_by_part = [sorted(map(_snapped, part.notes), key=_first) for part in piece.parts]
    parts = tuple(
        replace(part, notes=tuple(note for note, _ in found))
        for part, found in zip(piece.parts, pairs_by_part, strict=True)
    )
    piece = replace(piece, parts=parts)
    rolls = write_onsets(piece)
    moved = [_at_onsets(*both) for both in zip(pairs_by_part, rolls, strict=True)]
    begun = tuple(
        replace(part, notes=tuple(one.note for one in notes))
        for part, notes in zip(piece.parts, moved, strict=True)
    )
    grid = _Grid(replace(piece, parts=begun))
    pairs = [_write_part(notes, grid) for notes in moved]
    parts = tuple(
        replace(part, notes=tuple(note for note, _ in found))
        for part, found in zip(piece.parts, pairs, strict=True)
    )
    touches = tuple(tuple(touch for _, touch in found) for found in pairs)
    # Notes may be written beyond the last bar line, and then need more bars.
    counted = replace(piece, parts=parts, n_bars=0).n_bars
    return Written(replace(piece, parts=parts, n_bars=max(piece.n_bars, counted)), touches)


@dataclass(frozen=True, slots=True)
class _Begun:
    """A note where it is written to begin, and as it sounds.

    Args:
        note: Ends where its sound is written to end.
        sounds: The same as it is played.
        is_spread: As in `Touch`.
    """

    note: Note
    sounds: Note
    is_spread: bool


def _snapped(note: Note) -> tuple[Note, Note]:
    """Return a note with times that can be written, and as it sounds."""
    if says_its_length(note):
        return note, note
    onset, end = snap_span(note.onset_beats, note.end_beats)
    if (onset, end) == (note.onset_beats, note.end_beats):
        return note, note
    return Note(onset, note.pitch, end - onset, note.velocity, note.marks), note


def _first(pair: tuple[Note, Note]) -> Note:
    return pair[0]


def _at_onsets(notes: Sequence[tuple[Note, Note]], rolls: Sequence[Roll]) -> list[_Begun]:
    """Return the notes of a part where they are written to begin, sorted."""
    found = []
    for roll in rolls:
        for note, sounds in (notes[index] for index in roll.indices):
            begin = roll.onset_beats
            if begin != note.onset_beats:
                note = Note(
                    begin, note.pitch, note.end_beats - begin, note.velocity, marks=note.marks
                )
            found.append(_Begun(note, sounds, roll.is_spread))
    return sorted(found, key=lambda one: one.note)


def _write_part(begun: Sequence[_Begun], grid: _Grid) -> list[tuple[Note, Touch]]:
    """Return the notes of a part as written, sorted, each with how it sounds."""
    line = _Line([one.note for one in begun], grid)
    found = []
    for _, group in groupby(begun, key=lambda one: one.note.onset_beats):
        chord = list(group)
        for one, end in zip(chord, line.ends_of([one.note for one in chord]), strict=True):
            written = replace(one.note, duration_beats=end - one.note.onset_beats)
            found.append((written, _touch(one, written)))
    return sorted(found, key=lambda pair: pair[0])


def _touch(begun: _Begun, written: Note) -> Touch:
    release = begun.sounds.end_beats - written.end_beats
    is_short = begun.note.duration_beats <= STACCATO_SHARE * written.duration_beats
    return Touch(
        release,
        is_short and written.duration_beats <= STACCATO_MAX_BEATS,
        begun.sounds.onset_beats - written.onset_beats,
        begun.is_spread,
    )


class _Grid:
    """The times at which a note may end, by what begins in the same beat of all parts."""

    def __init__(self, piece: Piece) -> None:
        self._onsets = {note.onset_beats for part in piece.parts for note in part.notes}
        self._finest: dict[int, int] = defaultdict(lambda: 4)
        self._has_thirds: dict[int, int] = defaultdict(int)
        for onset in self._onsets:
            binary = onset.denominator & -onset.denominator
            beat = floor(onset)
            if onset.denominator == binary:
                self._finest[beat] = max(self._finest[beat], binary)
            elif onset.denominator == 3 * binary:
                self._has_thirds[beat] = max(self._has_thirds[beat], max(6, onset.denominator))
        end = max(piece.length_beats, piece.end_of_notes_beats)
        self.bars: list[Bar] = []
        for bar in walk_bars(piece.meters):
            self.bars.append(bar)
            if bar.end_beats >= end:
                break
        self.bar_lines = [bar.onset_beats for bar in self.bars]

    def has(self, time: Fraction) -> bool:
        """Whether something begins at a time, or the beat is counted so finely."""
        if time in self._onsets:
            return True
        beat = floor(time)
        parts = self._finest.get(beat, 4), self._has_thirds.get(beat, 4)
        return any(n % time.denominator == 0 for n in parts)

    def near(self, time: Fraction) -> Iterator[Fraction]:
        """Yield times around a time at which a note may end."""
        beat = floor(time)
        steps = {1, 2, 4, self._finest.get(beat, 4), self._has_thirds.get(beat, 4)}
        for step in steps:
            yield Fraction(floor(time * step), step)
            yield Fraction(ceil(time * step), step)

    def bar_line_after(self, time: Fraction) -> Fraction:
        """Return the end of the bar in which a note ends, the bar line itself included."""
        place = bisect_left(self.bar_lines, time)
        return self.bar_lines[place] if place < len(self.bar_lines) else self.bars[-1].end_beats

    def signs(
        self, start: Fraction, end: Fraction, is_rest: bool = False, tiny_cost: float = 0.0
    ) -> float:
        """Return about how many signs write a stretch."""
        total = 0.0
        place = bisect_right(self.bar_lines, start) - 1
        while start < end:
            bar = self.bars[place]
            stop = min(end, bar.end_beats)
            span = (start - bar.onset_beats, stop - bar.onset_beats)
            total += _signs(span, bar.meter, is_rest, tiny_cost)
            start, place = stop, min(place + 1, len(self.bars) - 1)
            if start >= self.bars[-1].end_beats:
                break
        return total


@lru_cache(maxsize=1 << 14)
def _signs(span: tuple[Fraction, Fraction], meter: Meter, is_rest: bool, tiny_cost: float) -> float:
    (values,) = write_spans([span], meter, [is_rest])
    cost = 0.0
    for value in values:
        cost += 1 + DOT_COST * value.dots + TUPLET_COST * (value.tuplet is not None)
        if is_rest and value.duration_beats < SHORTEST_PLAIN_REST:
            cost += tiny_cost
    return cost


def _is_given(note: Note) -> bool:
    """Whether the piece says in which values a note is written."""
    return note.marks is not None and bool(note.marks.written)


class _Line:
    """The notes of one part, and how detached they are as a whole."""

    def __init__(self, notes: Sequence[Note], grid: _Grid) -> None:
        self._grid = grid
        self._onsets = sorted({note.onset_beats for note in notes})
        odd = [note for note in notes if self._is_odd(note) and not _is_given(note)]
        is_detached = self._is_detached = len(odd) > DETACHED_SHARE * len(notes)
        self._tiny_cost = TINY_REST_COST if is_detached else 0.0
        gates = [gate for note in odd if GATES[0] <= (gate := self._gate_of(note)) <= GATES[1]]
        self._gate = float(median(gates)) if is_detached and len(gates) >= MIN_GATES else 1.0

    def ends_of(self, chord: Sequence[Note]) -> list[Fraction]:
        """Return where notes struck together end as written."""
        longest = max(chord, key=lambda note: note.duration_beats)
        common = self._end_of(longest)
        return [common if self._belongs(note, longest) else self._end_of(note) for note in chord]

    def _belongs(self, note: Note, longest: Note) -> bool:
        """Whether a note is written as long as the longest that is struck with it."""
        if note.duration_beats == longest.duration_beats:
            return True
        if _is_given(note) or _is_given(longest):
            return False
        is_near = note.duration_beats >= CHORD_RATIO * longest.duration_beats
        return is_near and (self._is_detached or self._is_odd(note))

    def _end_of(self, note: Note) -> Fraction:
        if _is_given(note):
            return self._given_end(note)
        if not (self._is_detached or self._is_odd(note)):
            return note.end_beats
        ends = sorted(self._possible_ends(note))
        return min(ends, key=lambda end: (self._cost(note, end), -end))

    def _given_end(self, note: Note) -> Fraction:
        """Return where the given values end, unless the note was cut or moved under them."""
        assert note.marks is not None
        end = note.onset_beats + sum((one.beats for one in note.marks.written), Fraction(0))
        is_possible = end <= max(note.end_beats, self._end_of_rest(note.end_beats))
        return end if is_possible else note.end_beats

    def _possible_ends(self, note: Note) -> set[Fraction]:
        end = note.end_beats
        latest = self._end_of_rest(end)
        possible = {end, latest, self._last_onset_before(end), *self._grid.near(end)}
        return {time for time in possible if note.onset_beats < time <= latest}

    def _cost(self, note: Note, end: Fraction) -> float:
        """Return how many signs an end needs, and how far it takes the note from its length."""
        written = end - note.onset_beats
        octaves = abs(log2(self._gate * float(written / note.duration_beats)))
        signs = self._grid.signs(note.onset_beats, end)
        rests = self._grid.signs(end, self._end_of_rest(end), True, self._tiny_cost)
        return signs + rests + OCTAVE_COST * octaves

    def _is_odd(self, note: Note) -> bool:
        """Whether no beat and no other note explains the end, or the rest behind it is tiny."""
        if not self._grid.has(note.end_beats):
            return True
        rest = self._end_of_rest(note.end_beats) - note.end_beats
        whole = rest + note.duration_beats
        return 0 < rest < min(SHORTEST_PLAIN_REST, MAX_FILLED_SHARE * whole)

    def _gate_of(self, note: Note) -> float:
        """Return the share of the time to the nearest onset that a note sounds."""
        end = note.end_beats
        near = (self._last_onset_before(end), self._next_onset(end) or end)
        target = min(
            (time for time in near if time > note.onset_beats),
            key=lambda time: abs(time - end),
            default=end,
        )
        return float(note.duration_beats / (target - note.onset_beats))

    def _end_of_rest(self, time: Fraction) -> Fraction:
        """Return where a rest ends at the latest: at the next onset or bar line."""
        after, bar_line = self._next_onset(time), self._grid.bar_line_after(time)
        return bar_line if after is None else min(after, bar_line)

    def _next_onset(self, time: Fraction) -> Fraction | None:
        """Return the first onset at a time or after it."""
        found = bisect_left(self._onsets, time)
        return self._onsets[found] if found < len(self._onsets) else None

    def _last_onset_before(self, time: Fraction) -> Fraction:
        return self._onsets[max(0, bisect_left(self._onsets, time) - 1)]
