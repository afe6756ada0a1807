"""Silence, onsets and holds of a hole, level by level; see `models.fractal.model`.

What is decided on one level is never decided again below: a patch that sounds gets a note, one
that is silent costs nothing more. A hold goes on from a cell that was made here, never from a given
note, so that given notes keep their lengths.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from composer.decoding.rolls.canvas import Bools, Canvas, Ints, Lanes, Manner, any_of, cut
from composer.decoding.rolls.chances import bit_chances, cell_chances, none_behind
from composer.decoding.rolls.dice import Decider, Where
from composer.decoding.rolls.passes import passes_of
from composer.models.fractal.config import (
    BAR_OUTSIDE,
    FINE,
    HOLD,
    PATCH,
    SILENCE,
    UNKNOWN,
    scan_order,
)
from composer.models.fractal.network import Network, children, degree, read_cells

Array = npt.NDArray[np.float32]


def paint_structure(
    network: Network, canvas: Canvas, manner: Manner, decider: Decider, rng: np.random.Generator
) -> Iterator[float]:
    """Make all cells of the hole, and yield the share that is done after every pass.

    Args:
        network: What says how likely all is.
        canvas: Changed in place, so that it may be looked at between passes.
        manner: How.
        decider: Draws, or reads what a given roll has.
        rng: Draws the order in which places are made.
    """
    painter = _Painter(network, canvas, manner, decider, rng)
    patches = np.repeat(any_of(canvas.blocks, (1, 2))[None], canvas.n, 0)
    rows = canvas.states.shape[1] // PATCH
    order = np.array(scan_order(rows, canvas.n_columns, network.config.scan))
    passes = list(passes_of(patches, order, manner.passes[0], rng, in_turn=network.is_ar(0)))
    for index, (now, _) in enumerate(passes):
        painter.coarse(now)
        yield (index + 1) / len(passes)
    canvas.settle()


@dataclass
class _Opened:
    """Patches of 16 that sound, and what the levels below read of them, by lane."""

    roll: Ints  # [N]
    patch: Ints  # [N]
    above: Array  # [lanes, N, E]
    stem: Array  # [lanes, N, 16, E]

    def pick(self, which: Bools | Ints) -> _Opened:
        return _Opened(
            self.roll[which], self.patch[which], self.above[:, which], self.stem[:, which]
        )


class _Painter:
    """One painting: what does not change from pass to pass."""

    def __init__(
        self,
        network: Network,
        canvas: Canvas,
        manner: Manner,
        decider: Decider,
        rng: np.random.Generator,
    ) -> None:
        self.network, self.canvas, self.manner = network, canvas, manner
        self.decider, self.rng = decider, rng
        self.lanes = Lanes(network, canvas, manner.guidance)
        self.silent = np.full_like(canvas.velocities, -1)  # notes do not depend on velocities
        self.given = self._read() if network.is_ar(0) else None

    def _read(self) -> Array:
        cells = read_cells(self.canvas.states, self.silent)
        lanes = self.lanes
        return self.network.stem(
            np.asarray(lanes.double(cells), np.float32),
            lanes.columns,
            lanes.tonic,
            lanes.asked,
            lanes.low,
        )

    def coarse(self, now: Bools) -> None:
        """Decide about some patches of 16, and make those that sound."""
        canvas, lanes = self.canvas, self.lanes
        stem = self._read() if self.given is None else self.given
        content = None
        if self.given is not None:
            cells = read_cells(canvas.states, self.silent)
            content = np.asarray(lanes.double(cells), np.float32)
        states = self.network.coarse(stem, content, lanes.asked, lanes.low)
        roll, patch = now.nonzero()
        split = states.reshape(lanes.n, canvas.n, *states.shape[1:])[:, roll, patch]
        logits = lanes.join(self.network.bits(0, split.reshape(-1, split.shape[-1])))
        chances = bit_chances(logits, self.manner.temperature, self.manner.shifts[0])
        sounds = self.decider.bits(chances, Where(roll, patch))
        below = children(stem).reshape(lanes.n, canvas.n, now.shape[1], PATCH, -1)[:, roll, patch]
        self._silence(roll[~sounds], patch[~sounds])
        if sounds.any():
            self._fine(_Opened(roll, patch, split, below).pick(sounds))

    def _silence(self, roll: Ints, patch: Ints, child: Ints | None = None) -> None:
        """Make all that is unknown in patches silent."""
        cells = np.arange(PATCH)
        if child is None:
            n = len(roll)
            grid = np.repeat(np.arange(PATCH), PATCH), np.tile(cells, PATCH)
            roll, patch = roll.repeat(PATCH * PATCH), patch.repeat(PATCH * PATCH)
            row, column = self.canvas.place(patch, np.tile(grid[0], n), np.tile(grid[1], n))
        else:
            n = len(roll)
            roll, patch, child = (x.repeat(PATCH) for x in (roll, patch, child))
            row, column = self.canvas.place(patch, child, np.tile(cells, n))
        here = self.canvas.states[roll, row, column]
        self.canvas.states[roll, row, column] = np.where(here == UNKNOWN, SILENCE, here)

    def _blocks(self, roll: Ints, patch: Ints) -> npt.NDArray[np.uint8]:
        """Return states of patches as they are now, [N, 16, 16]."""
        rows, columns = self.canvas.rows_of(patch), self.canvas.columns_of(patch)
        grid = self.canvas.states[roll[:, None, None], rows[:, :, None], columns[:, None]]
        return np.asarray(cut(grid)[:, 0], np.uint8)

    def _fine(self, opened: _Opened) -> None:
        """Make patches of 16 that sound."""
        n = len(opened.roll)
        has_hole = any_of(self.canvas.blocks[opened.patch], 2)  # [N, 16]
        found = np.zeros(n, np.bool_)
        made = ~has_hole
        in_turn = self.network.is_ar(1)
        passes = passes_of(
            has_hole, self.network.order, self.manner.passes[1], self.rng, in_turn=in_turn
        )
        for now, is_last in passes:
            rows = np.flatnonzero(now.any(1))
            part, seen = opened.pick(rows), now[rows]
            states = self._fine_states(part, made[rows])
            logits = self.lanes.join(self.network.bits(1, states).reshape(-1, PATCH))
            logits = logits.reshape(len(rows), PATCH)
            chances = np.zeros(logits.shape)
            chances[seen] = bit_chances(
                logits[seen], self.manner.temperature, self.manner.shifts[1]
            )
            must = is_last[rows] & ~found[rows]
            sounds = self._decide(part, seen, chances, must)
            found[rows] |= any_of(sounds, 1)
            quiet, child = (seen & ~sounds).nonzero()
            self._silence(part.roll[quiet], part.patch[quiet], child)
            index, child = sounds.nonzero()
            if len(index):
                shaped = states.reshape(self.lanes.n, len(rows), PATCH, -1)
                self._cells(part.pick(index), child, shaped[:, index, child])
            made[rows] |= seen

    def _fine_states(self, part: _Opened, made: Bools) -> Array:
        """Return the states of level 1, [lanes * N, 16, E]."""
        blocks = self._blocks(part.roll, part.patch)
        content = read_cells(blocks, np.full(blocks.shape, -1, np.int8)).reshape(
            len(made), PATCH, -1
        )
        lanes = self.lanes
        # What goes on in turn reads in every place what is there; nothing lies behind what is made.
        known = np.ones_like(made) if self.network.is_ar(1) else made
        return self.network.fine(
            part.above.reshape(-1, part.above.shape[-1]),
            part.stem.reshape(-1, PATCH, part.stem.shape[-1]),
            np.asarray(lanes.double(content), np.float32),
            np.asarray(lanes.double(known), np.bool_),
        )

    def _decide(
        self, part: _Opened, now: Bools, chances: npt.NDArray[np.float64], must: Bools
    ) -> Bools:
        """Decide about patches of 4 of some patches of 16; where `must`, one at least sounds."""
        silent_behind = none_behind(1 - chances, now)
        found = np.zeros_like(now)
        for child in range(PATCH):
            rows = np.flatnonzero(now[:, child])
            if not len(rows):
                continue
            here = chances[rows, child]
            pressed = must[rows] & ~found[rows].any(1)
            at_least_one = 1 - silent_behind[rows, child]
            here = np.where(pressed, np.minimum(1.0, here / np.maximum(at_least_one, 1e-12)), here)
            where = Where(part.roll[rows], part.patch[rows], np.full(len(rows), child))
            found[rows, child] = self.decider.bits(here, where)
        return found

    def _cells(self, part: _Opened, child: Ints, above: Array) -> None:
        """Make the cells of patches of 4 that sound."""
        roll, patch = part.roll, part.patch
        hole = self.canvas.blocks[patch, child]
        stem = part.stem[:, np.arange(len(roll)), child]
        places = self._places(roll, patch, child)
        found = np.zeros(len(roll), np.bool_)
        given = self._blocks(roll, patch)[np.arange(len(roll)), child].astype(np.int64)
        passes = passes_of(
            hole, self.network.order, self.manner.passes[2], self.rng, in_turn=self.network.is_ar(2)
        )
        for now, is_last in passes:
            rows = np.flatnonzero(now.any(1))
            states = self._blocks(roll[rows], patch[rows])[np.arange(len(rows)), child[rows]]
            content = states.astype(np.int64)
            own = given[rows] if self.network.is_ar(2) else content
            lanes = self.lanes
            logits = self.network.cells(
                above[:, rows].reshape(-1, above.shape[-1]),
                stem[:, rows].reshape(-1, stem.shape[-1]),
                np.asarray(lanes.double(places[rows])),
                np.asarray(lanes.double(own)),
                np.asarray(lanes.double(content)),
            )
            logits = lanes.join(logits)
            seen = now[rows]
            chances = np.zeros(logits.shape)
            chances[seen] = cell_chances(
                logits[seen], self.manner.temperature, self.manner.shifts[2]
            )
            batch = _Batch(roll[rows], patch[rows], child[rows], seen, chances)
            must = is_last[rows] & ~found[rows]
            found[rows] |= self._write(batch, must)

    def _places(self, roll: Ints, patch: Ints, child: Ints) -> Ints:
        """Return degree, place in the bar and state to the left of cells, [M, 16, 3]."""
        cells = np.arange(PATCH)
        row, column = self.canvas.place(patch[:, None], child[:, None], cells[None])
        degrees = degree(row + self.canvas.low, np.array(self.canvas.tonic))
        bar = self.canvas.columns[column, 0].astype(np.int64)
        first = column - cells % FINE
        before = self.canvas.states[roll[:, None], row, np.maximum(first - 1, 0)]
        left = np.where(first > 0, before, UNKNOWN).astype(np.int64)
        return np.stack([degrees, bar, left], -1)

    def _write(self, batch: _Batch, must: Bools) -> Bools:
        """Decide about cells in the order of time; return which patches of 4 got a sound."""
        found = np.zeros(len(batch.roll), np.bool_)
        by_time = scan_order(FINE, FINE, "column")
        silent_behind = self._silent_behind(batch, by_time)
        for index, cell in enumerate(by_time):
            rows = np.flatnonzero(batch.now[:, cell])
            if not len(rows):
                continue
            part = batch.pick(rows)
            chances = self._grammar(part, cell, part.chances[:, cell].copy())
            pressed = must[rows] & ~found[rows]
            behind = silent_behind[rows, index + 1]
            # Of all ways to go on, those in which everything stays silent are left out.
            all_silent = chances[:, 0] * behind
            chances[:, 0] = np.where(pressed, chances[:, 0] - all_silent, chances[:, 0])
            total = chances.sum(1, keepdims=True)
            nothing_left = total[:, 0] < 1e-12  # silence was all but certain, and is not allowed
            chances[nothing_left] = [0.0, 1.0, 0.0]
            chances = np.maximum(chances, 0.0) / np.where(total > 1e-12, total, 1.0)
            where = Where(part.roll, part.patch, part.child, np.full(len(rows), cell))
            states = self.decider.classes(chances, where)
            row, column = self.canvas.place(part.patch, part.child, np.full(len(rows), cell))
            self.canvas.states[part.roll, row, column] = states
            found[rows] |= states != SILENCE
        return found

    def _grammar(
        self, part: _Batch, cell: int, chances: npt.NDArray[np.float64], *, is_quiet: bool = False
    ) -> npt.NDArray[np.float64]:
        """Take out holds that go on from nothing, [n, 3].

        Args:
            part: Whose cells they are.
            cell: Which.
            chances: Of silence, onset and hold.
            is_quiet: Whether what is decided in the same pass counts as silent.
        """
        row, column = self.canvas.place(part.patch, part.child, np.full(len(part.roll), cell))
        before = np.maximum(column - 1, 0)
        left = self.canvas.states[part.roll, row, before]
        goes_on = (column > 0) & self.canvas.hole[row, before] & (left != SILENCE)
        if is_quiet and cell % FINE:
            goes_on &= ~part.now[:, cell - 1]
        chances[:, HOLD] *= goes_on
        outside = self.canvas.columns[column, 0] == BAR_OUTSIDE
        chances[outside] = [1.0, 0.0, 0.0]
        return np.asarray(chances / np.maximum(chances.sum(1, keepdims=True), 1e-12))

    def _silent_behind(self, batch: _Batch, by_time: list[int]) -> npt.NDArray[np.float64]:
        """Return the chance that all cells from each on are silent, [M, 17], in order of time."""
        silent = np.ones(batch.now.shape)
        for cell in by_time:
            rows = np.flatnonzero(batch.now[:, cell])
            if len(rows):
                part = batch.pick(rows)
                chances = self._grammar(part, cell, part.chances[:, cell].copy(), is_quiet=True)
                silent[rows, cell] = chances[:, 0]
        return none_behind(silent[:, by_time], batch.now[:, by_time])


@dataclass(frozen=True)
class _Batch:
    """Cells that are decided in one pass."""

    roll: Ints  # [M]
    patch: Ints
    child: Ints
    now: Bools  # [M, 16]
    chances: npt.NDArray[np.float64]  # [M, 16, 3]

    def pick(self, rows: Ints) -> _Batch:
        """Return some patches of 4."""
        return _Batch(
            self.roll[rows],
            self.patch[rows],
            self.child[rows],
            self.now[rows],
            self.chances[rows],
        )
