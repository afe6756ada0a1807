"""One candidate on its way: an opening is painted window by window, pass by pass."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from composer.decoding.rolls import Canvas, Dice, Manner, paint_structure, paint_velocities
from composer.engines.roll.openings import VELOCITIES_PER_CLASS, Opening
from composer.engines.roll.rolls import STEPS, notes_of
from composer.engines.roll.windows import Window, windows_of
from composer.models.fractal.config import (
    BAR_OPEN,
    BAR_OUTSIDE,
    CONDITIONS,
    N_ROWS,
    ONSET,
    PATCH,
    SILENCE,
    UNKNOWN,
)
from composer.models.fractal.grids import columns_of, density_id
from composer.models.fractal.network import Network
from composer.piece import Note

Value = TypeVar("Value", bound=np.generic)
Bools = npt.NDArray[np.bool_]
USUAL_ROWS = (PATCH, N_ROWS - PATCH)  # what a piano has; rows beyond are read where they are open
STRUCTURE_SHARE = 0.85  # of the work of a window


@dataclass(eq=False)
class Painting:
    """A roll that is painted.

    Args:
        opening: What stands, and what is open.
        network: What says how likely all is.
        manner: How it is painted.
        rng: Draws it.
    """

    opening: Opening
    network: Network
    manner: Manner
    rng: np.random.Generator
    states: npt.NDArray[np.uint8] = field(init=False)
    velocities: npt.NDArray[np.int8] = field(init=False)
    unmade: Bools = field(init=False)

    def __post_init__(self) -> None:
        """Begin with what stands."""
        self.states = self.opening.states.copy()
        self.velocities = self.opening.velocities.copy()
        self.unmade = self.opening.hole.copy()

    def steps(self) -> Iterator[float]:
        """Make everything, and yield the share that is done after every pass."""
        windows = list(windows_of(self.opening.hole))
        for index, window in enumerate(windows):
            for share in self._structure(window):
                yield (index + STRUCTURE_SHARE * share) / len(windows)
            made = self._made(window)
            for share in self._loudness(window, made):
                done = STRUCTURE_SHARE + (1 - STRUCTURE_SHARE) * share
                yield (index + done) / len(windows)
            yield (index + 1) / len(windows)

    def restrike(self) -> Iterator[float]:
        """Give notes that are struck anew their velocities; yield the share that is done."""
        wanted = self.opening.wanted
        windows = list(windows_of(wanted))
        for index, window in enumerate(windows):
            inside = np.zeros_like(wanted)
            inside[:, window.begin : window.end] = wanted[:, window.begin : window.end]
            for share in self._loudness(window, inside):
                yield (index + share) / len(windows)

    def struck(self) -> list[tuple[int, Note]]:
        """Return the notes that were struck anew, each with its part."""
        return [
            (part, replace(note, velocity=self._velocity(note)))
            for part, note in self.opening.struck or ()
        ]

    def _velocity(self, note: Note) -> int:
        loud = int(self.velocities[note.pitch, math.floor(note.onset_beats * STEPS)])
        return min(127, max(loud, 0) * VELOCITIES_PER_CLASS + VELOCITIES_PER_CLASS // 2)

    def notes(self) -> list[Note]:
        """Return the notes that were made so far, by onset, then pitch."""
        hole = self.opening.hole
        open_columns = np.flatnonzero(hole.any(0))
        if not len(open_columns):
            return []
        first, stop = int(open_columns[0]), int(open_columns[-1]) + 1
        made = hole[:, first:stop] & (self.states[:, first:stop] < UNKNOWN)
        states = np.where(made, self.states[:, first:stop], SILENCE)
        loud = np.maximum(self.velocities[:, first:stop].astype(np.int64), 0)
        velocities = np.clip(loud * VELOCITIES_PER_CLASS + VELOCITIES_PER_CLASS // 2, 1, 127)
        found = notes_of(states, velocities.astype(np.uint8), STEPS)
        begin = Fraction(first, STEPS)
        return [
            Note(note.onset_beats + begin, note.pitch, note.duration_beats, note.velocity)
            for note in found
        ]

    def _structure(self, window: Window) -> Iterator[float]:
        view = _View.of(self.opening.hole, window, self.opening.shift)
        now = view.cut(self.opening.hole)
        now[:, : window.begin - window.first] = False
        now[:, window.end - window.first :] = False
        # What is open but not made in this window is not known to it, nor to be said.
        hidden = view.cut(self.unmade)
        states = np.where(hidden, np.uint8(UNKNOWN), view.cut(self.states))
        states[:, max(0, self.opening.n_known - window.first) :] = UNKNOWN
        canvas = Canvas.of(
            states=states,
            velocities=np.full(states.shape, -1, np.int8),
            hole=now,
            columns=columns_of(self.opening.places, window.first, window.width),
            conditions=self.opening.conditions,
            low=view.low,
            n=1,
        )
        dice = Dice(1, self.rng)
        for share in paint_structure(self.network, canvas, self.manner, dice, self.rng):
            view.paste(self.states, canvas.states[0], now)
            view.paste(self.unmade, canvas.states[0] == UNKNOWN, now)
            yield share

    def _made(self, window: Window) -> Bools:
        """Return the onsets that a window made, [128, W]."""
        found = np.zeros_like(self.opening.hole)
        columns = slice(window.begin, window.end)
        is_onset = self.states[:, columns] == ONSET
        found[:, columns] = self.opening.hole[:, columns] & is_onset
        return found

    def _loudness(self, window: Window, wanted: Bools) -> Iterator[float]:
        """Strike onsets as a performance would, in which bars and settings are not known."""
        if not wanted.any():
            return
        view = _View.of(wanted, window, shift=0)
        states, now = view.cut(self.states), view.cut(wanted)
        velocities = view.cut(self.velocities, fill=-1)
        columns = columns_of(self.opening.places, window.first, window.width)
        columns[columns[:, 0] != BAR_OUTSIDE, 0] = BAR_OPEN
        inside = max(1, int((columns[:, 0] == BAR_OPEN).sum()))
        density = density_id(float((states == ONSET).sum()) * STEPS / inside)
        canvas = Canvas.of(
            states=np.where(states == UNKNOWN, np.uint8(SILENCE), states),
            velocities=velocities,
            hole=np.zeros_like(now),
            columns=columns,
            conditions=dict.fromkeys(CONDITIONS, 0) | {"density": density},
            low=view.low,
            n=1,
        )
        dice = Dice(1, self.rng)
        yield from paint_velocities(self.network, canvas, now[None], self.manner, dice, self.rng)
        view.paste(self.velocities, canvas.velocities[0], now)


@dataclass(frozen=True)
class _View:
    """The cells of a window, its tonic on C.

    Args:
        first, width: Columns.
        low, high: Rows as the model counts them.
        shift: Semitones from these to pitches.
    """

    first: int
    width: int
    low: int
    high: int
    shift: int

    @classmethod
    def of(cls, made: Bools, window: Window, shift: int) -> _View:
        """Return a view that holds all that is made in a window."""
        rows = np.flatnonzero(made[:, window.begin : window.end].any(1)) - shift
        low, high = USUAL_ROWS
        if len(rows):
            low = min(low, max(0, int(rows[0]) // PATCH * PATCH))
            high = max(high, min(N_ROWS, (int(rows[-1]) // PATCH + 1) * PATCH))
        return cls(window.first, window.width, low, high, shift)

    def cut(self, x: npt.NDArray[Value], fill: int = 0) -> npt.NDArray[Value]:
        """Return what a roll has there, and something else beyond its edges."""
        rows, columns = self._spots(x.shape[1])
        found = np.full((self.high - self.low, self.width), fill, x.dtype)
        found[rows[0], columns[0]] = x[rows[1], columns[1]]
        return found

    def paste(self, x: npt.NDArray[Value], made: npt.NDArray[Value], where: Bools) -> None:
        """Write cells back into a roll."""
        rows, columns = self._spots(x.shape[1])
        here = x[rows[1], columns[1]]
        inside = where[rows[0], columns[0]]
        here[inside] = made[rows[0], columns[0]][inside]

    def _spots(self, width: int) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
        """Return rows of the view and of the roll, and columns likewise."""
        lowest, highest = max(0, self.low + self.shift), min(N_ROWS, self.high + self.shift)
        first = lowest - self.shift - self.low
        rows = slice(first, first + highest - lowest), slice(lowest, highest)
        n = min(self.width, width - self.first)
        return rows, (slice(0, n), slice(self.first, self.first + n))
