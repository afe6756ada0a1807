"""`Texture`: a piece as arrays, computed once and read by every rule. Knows no rule and no band.

Two views lie beside each other: the notes as a table sorted by onset, and what sounds on every
sixteenth. A *line* is one melodic line a part: the part itself where it sings one note at a time;
of a part that sounds several (a hand at a keyboard), its highest note, because that is what is
heard as the tune, and of the lowest part the lowest note, because that is the bass. Inner notes of
a hand are no voices: doublings in octaves there are colour, not part-writing.

Shapes: N notes, P parts, T sixteenths, B bars.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from composer.piece import Piece
from composer.scorecard import Place
from composer.theory import pitch_name
from composer.units import MIDI_TICKS_PER_QUARTER

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Found = TypeVar("Found")

STEPS_PER_QUARTER = 4
SILENT = -1
# What depends on length (entropy, repetition) is averaged over windows of about this many bars,
# so that a piece of 16 bars can stand beside a sonata.
WINDOW_BARS = 16
# A rest of a beat ends a phrase: what follows is no melodic interval.
PHRASE_REST_BEATS = 1.0
# How heavy a moment is: a bar line, a felt pulse, anything else.
BAR_LINE, PULSE, OFF_PULSE = 2, 1, 0
_TINY = 1e-6
_POSITIONS = 48
_spell = lru_cache(maxsize=4096)(pitch_name)


@dataclass(frozen=True)
class Melody:
    """The line of one part, note by note.

    Args:
        part: Index of the part.
        onsets: Quarters, ascending.
        pitches: The line's pitch at each onset.
        is_joined: For every note but the last, whether no rest of a beat follows it.
        indices: Of its notes in the table of all notes.
    """

    part: int
    onsets: FloatArray
    pitches: IntArray
    is_joined: BoolArray
    indices: IntArray


@dataclass(frozen=True)
class Texture:
    """A piece as arrays.

    Args:
        piece: What was read.
        onsets, durations: Of every note, quarters [N], sorted by onset, then part, then pitch.
        pitches, parts: Of every note [N].
        highest, lowest: Extreme pitches of every part on every sixteenth [P, T], `SILENT` in rests.
        sounding: Whether a pitch class sounds on a sixteenth [12, T].
    """

    piece: Piece
    onsets: FloatArray
    durations: FloatArray
    pitches: IntArray
    parts: IntArray
    highest: IntArray
    lowest: IntArray
    sounding: BoolArray
    _found: dict[Callable[[Texture], Any], Any] = field(
        default_factory=dict, repr=False, compare=False
    )

    def once(self, find: Callable[[Texture], Found]) -> Found:
        """Return what a function finds here; it is asked once, however many rules need it."""
        if find not in self._found:
            self._found[find] = find(self)
        found: Found = self._found[find]
        return found

    @property
    def n_notes(self) -> int:
        """Notes of all parts."""
        return len(self.pitches)

    @property
    def n_parts(self) -> int:
        """Parts, silent ones included."""
        return len(self.highest)

    @property
    def n_steps(self) -> int:
        """Sixteenths from the first bar line to the last."""
        return len(self.sounding[0])

    @cached_property
    def lines(self) -> IntArray:
        """The line of every part on every sixteenth [P, T]."""
        return np.concatenate([self.highest[:-1], self.lowest[-1:]])

    @cached_property
    def bass(self) -> IntArray:
        """The lowest pitch of all on every sixteenth [T], `SILENT` in rests."""
        lowest = np.where(self.lowest == SILENT, 128, self.lowest).min(axis=0)
        return np.where(lowest == 128, SILENT, lowest)

    @cached_property
    def melodies(self) -> tuple[Melody, ...]:
        """The lines that have notes."""
        found = (self._melody(part) for part in range(self.n_parts))
        return tuple(melody for melody in found if len(melody.pitches))

    def _melody(self, part: int) -> Melody:
        own = np.flatnonzero(self.parts == part)
        onsets, pitches = self.onsets[own], self.pitches[own]
        ends = onsets + self.durations[own]
        is_first = np.append(True, onsets[1:] > onsets[:-1])[: len(onsets)]
        is_last = np.append(is_first[1:], True)[: len(onsets)]
        chosen = is_first if part == self.n_parts - 1 else is_last
        onsets, pitches, ends = onsets[chosen], pitches[chosen], ends[chosen]
        is_joined = onsets[1:] - ends[:-1] < PHRASE_REST_BEATS
        return Melody(part, onsets, pitches, is_joined, own[chosen])

    @cached_property
    def bar_onsets(self) -> FloatArray:
        """Bar lines, the closing one included, quarters [B + 1]."""
        bars = self.piece.bars
        return np.array([_beats(b.onset_beats) for b in bars] + [_beats(bars[-1].end_beats)])

    @cached_property
    def note_bars(self) -> IntArray:
        """Index of the bar where every note begins [N]."""
        found = np.searchsorted(self.bar_onsets[:-1], self.onsets + _TINY, side="right") - 1
        return np.asarray(found, dtype=np.int64)

    @cached_property
    def bar_contents(self) -> tuple[frozenset[int], ...]:
        """What begins in every bar, as codes of (part, place in the bar, pitch, length)."""
        within = np.rint((self.onsets - self.bar_onsets[self.note_bars]) * _POSITIONS)
        lengths = np.minimum(np.rint(self.durations * _POSITIONS), 0xFFFF)
        codes = (self.parts << 16) + np.minimum(within, 0xFFFF).astype(np.int64)
        codes = (((codes << 7) + self.pitches) << 16) + lengths.astype(np.int64)
        edges = np.searchsorted(self.note_bars, np.arange(self.piece.n_bars + 1))
        values: list[int] = codes.tolist()
        pairs = zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)
        return tuple(frozenset(values[low:high]) for low, high in pairs)

    @cached_property
    def note_steps(self) -> IntArray:
        """The first sixteenth of every note [N]."""
        return self.steps_of(self.onsets)

    @cached_property
    def pulses(self) -> FloatArray:
        """The times of all felt pulses, in quarters."""
        lengths = [_beats(bar.meter.pulse_beats) for bar in self.piece.bars]
        counts = np.ceil(np.diff(self.bar_onsets) / lengths - _TINY).astype(np.int64)
        before = np.repeat(np.cumsum(counts) - counts, counts)
        within = (np.arange(len(before)) - before) * np.repeat(lengths, counts)
        return np.asarray(np.repeat(self.bar_onsets[:-1], counts) + within)

    @cached_property
    def pulse_steps(self) -> IntArray:
        """The sixteenths that pulses begin on, each once, ascending; never empty."""
        return np.unique(self.steps_of(self.pulses))

    @cached_property
    def weights(self) -> IntArray:
        """How heavy every sixteenth is: `BAR_LINE`, `PULSE` or `OFF_PULSE` [T]."""
        weights = np.full(self.n_steps, OFF_PULSE, dtype=np.int64)
        weights[self.pulse_steps] = PULSE
        weights[self.steps_of(self.bar_onsets[:-1])] = BAR_LINE
        return weights

    @cached_property
    def pitch_class_sets(self) -> IntArray:
        """What sounds on every sixteenth, pitch class by pitch class as bits [T]."""
        return np.asarray((1 << np.arange(12)) @ self.sounding)

    @cached_property
    def directions(self) -> NDArray[np.int8]:
        """Where every line goes from a sixteenth to the next: 1, -1, or 0 [P, T - 1]."""
        before, after = self.lines[:, :-1], self.lines[:, 1:]
        sings = (before != SILENT) & (after != SILENT)
        return np.asarray(np.where(sings, np.sign(after - before), 0), dtype=np.int8)

    def parts_at(self, step: int) -> tuple[int, ...]:
        """Return the parts that sound on a sixteenth."""
        return tuple(np.flatnonzero(self.lines[:, step] != SILENT).tolist())

    def bar_windows(self) -> Iterator[tuple[int, int]]:
        """Yield the bars [first, end) of equal windows of about `WINDOW_BARS` bars."""
        n_windows = max(1, round(self.piece.n_bars / WINDOW_BARS))
        edges = [round(i * self.piece.n_bars / n_windows) for i in range(n_windows + 1)]
        yield from zip(edges, edges[1:], strict=False)

    def note_windows(self) -> Iterator[slice]:
        """Yield the notes of every window that has some."""
        for first, end in self.bar_windows():
            low, high = np.searchsorted(self.note_bars, (first, end)).tolist()
            if high > low:
                yield slice(low, high)

    def steps_of(self, beats: FloatArray) -> IntArray:
        """Return the first sixteenth at or after each time, inside the piece."""
        steps = np.ceil(beats * STEPS_PER_QUARTER - _TINY).astype(np.int64)
        return np.clip(steps, 0, self.n_steps - 1)

    def place(self, onset_beats: float, parts: Sequence[int], note: str) -> Place:
        """Build a place at a time in quarters."""
        ticks = round(onset_beats * MIDI_TICKS_PER_QUARTER)
        index = np.searchsorted(self.bar_onsets[:-1], onset_beats + _TINY, side="right") - 1
        number = self.piece.bar_numbers[max(0, int(index))]
        return Place(number, Fraction(ticks, MIDI_TICKS_PER_QUARTER), tuple(parts), note)

    def names(self, *pitches: int) -> str:
        """Spell pitches in the key of the piece: `G4/C3`."""
        return "/".join(_spell(int(pitch), self.piece.key) for pitch in pitches)

    def place_of_step(self, step: int, parts: Sequence[int], note: str) -> Place:
        """Build a place on a sixteenth."""
        return self.place(step / STEPS_PER_QUARTER, parts, note)


def _beats(value: Fraction) -> float:
    return value.numerator / value.denominator


def build_texture(piece: Piece) -> Texture:
    """Read a piece into arrays."""
    rows = [
        (_beats(note.onset_beats), index, note.pitch, _beats(note.duration_beats))
        for index, part in enumerate(piece.parts)
        for note in part.notes
    ]
    table = np.array(sorted(rows), dtype=np.float64).reshape(-1, 4)  # [N, 4]
    onsets, durations = table[:, 0], table[:, 3]
    parts, pitches = table[:, 1].astype(np.int64), table[:, 2].astype(np.int64)
    length_beats = max(_beats(piece.length_beats), float((onsets + durations).max(initial=0.0)))
    n_steps = max(1, int(np.ceil(length_beats * STEPS_PER_QUARTER - _TINY)))
    starts = np.ceil(onsets * STEPS_PER_QUARTER - _TINY).astype(np.int64)
    ends = np.ceil((onsets + durations) * STEPS_PER_QUARTER - _TINY).astype(np.int64)
    highest = np.full((len(piece.parts), n_steps), SILENT, dtype=np.int64)
    lowest = highest.copy()
    sounding = np.zeros((12, n_steps), dtype=np.bool_)
    # From low to high, later notes overwrite: what stays is the highest; and the other way round.
    by_pitch = np.argsort(pitches, kind="stable")
    notes = np.stack([parts, starts, ends, pitches])[:, by_pitch].T.tolist()
    for part, start, end, pitch in notes:
        highest[part, start:end] = pitch
        sounding[pitch % 12, start:end] = True
    for part, start, end, pitch in reversed(notes):
        lowest[part, start:end] = pitch
    return Texture(piece, onsets, durations, pitches, parts, highest, lowest, sounding)
