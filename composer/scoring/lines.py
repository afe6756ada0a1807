"""The notes of all lines as one table: how each is reached and how it is left. Knows no rule.

A line is that of `Texture`, on the grid of sixteenths: what is shorter is not seen.

Shapes: M notes, P parts, T sixteenths, K pairs of lines.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from composer.scoring.texture import (
    PHRASE_REST_BEATS,
    SILENT,
    STEPS_PER_QUARTER,
    BoolArray,
    IntArray,
    Texture,
)

# An interval that is none: the line begins, ends, or rests for a beat.
NO_INTERVAL = 99
STEP = 2
_BREATH_STEPS = int(PHRASE_REST_BEATS * STEPS_PER_QUARTER)


@dataclass(frozen=True)
class LineNotes:
    """The notes of all lines, and the rests between them as notes of the pitch `SILENT`.

    Args:
        parts: Index of the part [M], ascending.
        starts, ends: In sixteenths [M], ascending within a part.
        pitches: [M].
        before, after: Index of the note before and after in the same line, over a breath [M]; of
            the note itself if there is none.
        approach, leave: Semitones from the note before and to the note after, `NO_INTERVAL` if
            there is none [M].
        first, last: The first and the last of the repeated notes that a note belongs to [M].
        index: Which note is heard on every sixteenth [P, T].
    """

    parts: IntArray
    starts: IntArray
    ends: IntArray
    pitches: IntArray
    before: IntArray
    after: IntArray
    approach: IntArray
    leave: IntArray
    first: IntArray
    last: IntArray
    index: IntArray

    @property
    def sounds(self) -> BoolArray:
        """Whether an entry is a note and no rest [M]."""
        return np.asarray(self.pitches != SILENT)


def find_line_notes(texture: Texture) -> LineNotes:
    """Cut the lines into notes: a new one begins with a new pitch, or where one is struck again."""
    lines, n_steps = texture.lines, texture.n_steps
    begins = np.ones(lines.shape, dtype=np.bool_)
    np.not_equal(lines[:, 1:], lines[:, :-1], out=begins[:, 1:])
    struck = texture.note_steps
    is_line = lines[texture.parts, struck] == texture.pitches
    begins[texture.parts[is_line], struck[is_line]] = True
    flat = np.flatnonzero(begins)
    ends = np.append(flat[1:], lines.size)
    parts, pitches = flat // n_steps, lines.reshape(-1)[flat]
    lengths = ends - flat
    before = _neighbour(parts, pitches, lengths, -1)
    after = _neighbour(parts, pitches, lengths, 1)
    own = np.arange(len(flat))
    approach = np.where(before == own, NO_INTERVAL, pitches - pitches[before])
    first, last = _repeats(approach, pitches != SILENT)
    return LineNotes(
        parts=parts,
        starts=flat - parts * n_steps,
        ends=ends - parts * n_steps,
        pitches=pitches,
        before=before,
        after=after,
        approach=approach,
        leave=np.where(after == own, NO_INTERVAL, pitches[after] - pitches),
        first=first,
        last=last,
        index=np.cumsum(begins.reshape(-1)).reshape(lines.shape) - 1,
    )


def _neighbour(parts: IntArray, pitches: IntArray, lengths: IntArray, way: int) -> IntArray:
    """Return the next note of the same line one way, a breath left out [M]; itself if none."""
    own = np.arange(len(parts))
    last = len(parts) - 1
    near = np.clip(own + way, 0, last)
    is_breath = (pitches[near] == SILENT) & (lengths[near] < _BREATH_STEPS)
    far = np.clip(np.where(is_breath, near + way, near), 0, last)
    is_note = (parts[far] == parts) & (pitches[far] != SILENT) & (pitches != SILENT)
    return np.asarray(np.where(is_note, far, own))


def _repeats(approach: IntArray, sounds: BoolArray) -> tuple[IntArray, IntArray]:
    """Return the first and the last of the repeated notes around every note [M]; rests alone."""
    first, last = np.arange(len(approach)), np.arange(len(approach))
    notes = np.flatnonzero(sounds)
    heads = np.flatnonzero(approach[notes] != 0)
    lengths = np.diff(np.append(heads, len(notes)))
    first[notes] = np.repeat(notes[heads], lengths)
    last[notes] = np.repeat(notes[heads + lengths - 1], lengths)
    return first, last


@dataclass(frozen=True)
class Pairs:
    """All pairs of lines, the higher part first.

    Args:
        upper, lower: Indices of the parts [K].
        intervals: Size modulo the octave of the interval on every sixteenth, -1 in rests [K, T].
        is_similar: Whether both move in the same direction to the next sixteenth [K, T - 1].
    """

    upper: IntArray
    lower: IntArray
    intervals: NDArray[np.int8]
    is_similar: BoolArray


def find_pairs(texture: Texture) -> Pairs:
    """Lay every line beside every lower one."""
    upper, lower = np.triu_indices(texture.n_parts, 1)
    lines = texture.lines.astype(np.int16)  # pairs are many
    high, low = lines[upper], lines[lower]
    both = (high != SILENT) & (low != SILENT)
    return Pairs(
        upper=upper,
        lower=lower,
        intervals=np.where(both, np.abs(high - low) % 12, -1).astype(np.int8),
        is_similar=texture.directions[upper] * texture.directions[lower] == 1,
    )
