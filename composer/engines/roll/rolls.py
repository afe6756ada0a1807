"""Piece <-> roll: 128 pitches by steps of time, with silence, onset and hold told apart.

A roll says less than a piece. What does not fit is counted, never hidden: onsets off the grid, and
notes that begin in a cell in which another begins. A piece whose notes all fit comes back exactly.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from composer.errors import OptionError
from composer.models.fractal.config import HOLD, N_ROWS, ONSET, PATCH, SILENCE
from composer.piece import Note, Piece

Bools = npt.NDArray[np.bool_]
GRIDS = (4, 12, 24)  # steps a quarter: sixteenths, with triplets, with 32nds and their triplets
STEPS = 4  # of the grid on which models paint
LOWEST_KEY, N_KEYS = 21, 88  # of a piano
FOLDED = (256, 256)  # 128 by 512 as a square


@dataclass(frozen=True)
class Losses:
    """What a roll does not say of its piece.

    Args:
        notes: Of the piece.
        moved: Onsets or ends off the grid, each drawn to the next step.
        joined: Notes that begin in a cell in which another one begins.
        cut: Notes that end early, because the same pitch begins anew.
    """

    notes: int = 0
    moved: int = 0
    joined: int = 0
    cut: int = 0

    def __str__(self) -> str:
        """Say it in a sentence."""
        if not (self.moved or self.joined or self.cut):
            return f"all {self.notes} notes fit the grid"
        return (
            f"of {self.notes} notes {self.moved} were moved to the grid, {self.joined} are one "
            f"with another and {self.cut} were cut off by the next of their pitch"
        )


@dataclass(frozen=True, eq=False)
class Roll:
    """A piece as a picture.

    Args:
        states: `SILENCE`, `ONSET` or `HOLD` of every cell, [128, W].
        velocities: 1-127 of onsets, else 0, [128, W].
        parts: Index of the part that sounds, -1 in silence, [128, W].
        steps_per_quarter: One of `GRIDS`.
        losses: What it does not say.
    """

    states: npt.NDArray[np.uint8]
    velocities: npt.NDArray[np.uint8]
    parts: npt.NDArray[np.int8]
    steps_per_quarter: int
    losses: Losses = Losses()

    @property
    def width(self) -> int:
        """Steps."""
        return int(self.states.shape[1])

    def levels(self, unmade: Bools | None = None) -> npt.NDArray[np.float32]:
        """Return what every cell shows, [128, W]: -1 unmade, 0 silent, else a velocity in (0, 1].

        Args:
            unmade: Cells that are to be made, [128, W].
        """
        shown = np.zeros(self.states.shape, np.float32)
        loud = np.zeros(N_ROWS, np.float32)
        for column in range(self.width):
            state = self.states[:, column]
            loud = np.where(state == ONSET, self.velocities[:, column] / np.float32(127), loud)
            shown[:, column] = np.where(state == SILENCE, 0.0, loud)
        return shown if unmade is None else np.where(unmade, np.float32(-1), shown)


def roll_of(piece: Piece, steps_per_quarter: int = STEPS) -> Roll:
    """Draw a piece; percussion is left out.

    An onset goes to the step in which it lies, an end to the nearest. A note that begins where its
    pitch sounds cuts that off; of several that begin together the longest stays, and the loudest
    velocity.

    Args:
        piece: Any.
        steps_per_quarter: One of `GRIDS`.

    Raises:
        OptionError: If there is no such grid.
    """
    if steps_per_quarter not in GRIDS:
        raise OptionError(
            f"a grid must have {', '.join(map(str, GRIDS))} steps a quarter, "
            f"got {str(steps_per_quarter)[:40]}"
        )
    ends = piece.end_of_notes_beats, piece.length_beats
    width = math.ceil(max(ends) * steps_per_quarter)
    shape = N_ROWS, width
    states, velocities = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
    owners = np.full(shape, -1, np.int8)
    moved = joined = cut = 0
    notes = [(note, index) for index, part in enumerate(piece.parts) for note in part.notes]
    # Longer ones first, so that of two that begin together the shorter finds itself joined.
    for note, index in sorted(notes, key=lambda one: (one[0].onset_beats, -one[0].end_beats)):
        begin, end, fits = steps_of(note, steps_per_quarter)
        moved += not fits
        line = states[note.pitch]
        if line[begin] == ONSET:
            joined += 1
            velocities[note.pitch, begin] = max(velocities[note.pitch, begin], note.velocity)
            continue
        if line[begin] == HOLD:
            cut += 1
            stop = begin + int(np.argmax(np.append(line[begin:] != HOLD, True)))
            line[begin:stop] = SILENCE
            owners[note.pitch, begin:stop] = -1
        line[begin:end] = HOLD
        line[begin] = ONSET
        owners[note.pitch, begin:end] = index
        velocities[note.pitch, begin] = note.velocity
    losses = Losses(len(notes), moved, joined, cut)
    return Roll(states, velocities, owners, steps_per_quarter, losses)


def steps_of(note: Note, steps_per_quarter: int) -> tuple[int, int, bool]:
    """Return the first step of a note, the one after its last, and whether both are exact."""
    onset, end = note.onset_beats * steps_per_quarter, note.end_beats * steps_per_quarter
    begin = math.floor(onset)
    exact = onset.denominator == end.denominator == 1
    return begin, max(begin + 1, math.floor(end + Fraction(1, 2))), exact


def notes_of(
    states: npt.NDArray[np.uint8], velocities: npt.NDArray[np.uint8], steps_per_quarter: int
) -> Iterator[Note]:
    """Yield the notes of a roll by onset, then pitch.

    Args:
        states: [128, W].
        velocities: 1-127 of onsets, [128, W].
        steps_per_quarter: Of the grid.
    """
    columns, pitches = np.nonzero(states.T == ONSET)
    width = states.shape[1]
    # Where the holds behind every cell stop: the next column that is no hold.
    stops = np.full((N_ROWS, width + 1), width)
    for column in reversed(range(width)):
        stops[:, column] = np.where(states[:, column] == HOLD, stops[:, column + 1], column)
    for column, pitch in zip(columns.tolist(), pitches.tolist(), strict=True):
        length = int(stops[pitch, column + 1]) - column
        yield Note(
            Fraction(column, steps_per_quarter),
            pitch,
            Fraction(length, steps_per_quarter),
            int(velocities[pitch, column]),
        )


def piece_of(roll: Roll, like: Piece) -> Piece:
    """Return a roll as a piece, its notes in the parts that the roll names.

    Args:
        roll: As from `roll_of`.
        like: Says who plays, under which meters and in which key.
    """
    found: list[list[Note]] = [[] for _ in like.parts]
    for note in notes_of(roll.states, roll.velocities, roll.steps_per_quarter):
        found[roll.parts[note.pitch, int(note.onset_beats * roll.steps_per_quarter)]].append(note)
    rows = zip(like.parts, found, strict=True)
    return replace(like, parts=tuple(replace(part, notes=tuple(new)) for part, new in rows))


def padded(x: npt.NDArray[np.generic], multiple: int = PATCH) -> npt.NDArray[np.generic]:
    """Return a roll with silent columns behind it, up to a multiple of some width, [128, W]."""
    missing = -x.shape[1] % multiple
    return np.pad(x, ((0, 0), (0, missing)))


def keys_of(x: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    """Return the 88 rows of the keys of a piano, [128, W] -> [88, W]."""
    return x[LOWEST_KEY : LOWEST_KEY + N_KEYS]


def pitches_of(x: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    """Undo `keys_of`, silent above and below, [88, W] -> [128, W]."""
    return np.pad(x, ((LOWEST_KEY, N_ROWS - LOWEST_KEY - N_KEYS), (0, 0)))


def fold(x: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    """Return 128 by 512 as a square: its first half above its second, [256, 256]."""
    half = x.shape[1] // 2
    return np.concatenate([x[:, :half], x[:, half:]])


def unfold(x: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    """Undo `fold`, [256, 256] -> [128, 512]."""
    return np.concatenate([x[:N_ROWS], x[N_ROWS:]], 1)
