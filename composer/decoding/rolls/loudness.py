"""Velocities of onsets, once all notes are known: patches of 16 in passes, in them patches of 4.

What a performance would be is asked, not what a score says: places in bars and settings are open,
as they were in the performances that the model learned from.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from composer.decoding.rolls.canvas import Bools, Canvas, Ints, Lanes, Manner, any_of, cut
from composer.decoding.rolls.chances import softmax
from composer.decoding.rolls.dice import Decider, Where
from composer.decoding.rolls.passes import passes_of
from composer.models.fractal.config import N_VELOCITIES, ONSET, PATCH, scan_order
from composer.models.fractal.network import Network, children, read_cells


def paint_velocities(
    network: Network,
    canvas: Canvas,
    wanted: Bools,
    manner: Manner,
    decider: Decider,
    rng: np.random.Generator,
) -> Iterator[float]:
    """Give onsets their velocities, and yield the share that is done after every pass.

    Args:
        network: What says how likely each is.
        canvas: Whose states are all known; its velocities are changed in place.
        wanted: Onsets that get new ones, [B, H, W].
        manner: How.
        decider: Draws, or reads what a given roll has.
        rng: Draws the order of places.
    """
    canvas.velocities[wanted] = -1
    lanes = Lanes(network, canvas, 1.0)
    blocks = cut(wanted)  # [B, P, 16, 16]
    order = np.array(
        scan_order(canvas.states.shape[1] // PATCH, canvas.n_columns, network.config.scan)
    )
    given = canvas.velocities.copy()
    open_patches = any_of(blocks, (2, 3))
    passes = list(passes_of(open_patches, order, manner.passes[0], rng, in_turn=network.is_ar(0)))
    for index, (now, _) in enumerate(passes):
        shown = given if network.is_ar(0) else canvas.velocities
        cells = read_cells(canvas.states, shown)
        stem = network.stem(cells, lanes.columns, lanes.tonic, lanes.asked, lanes.low)
        content = read_cells(canvas.states, canvas.velocities) if network.is_ar(0) else None
        states = network.coarse(stem, content, lanes.asked, lanes.low)
        roll, patch = now.nonzero()
        _patches(
            network, canvas, manner, decider, rng, roll, patch,
            states[roll, patch], children(stem)[roll, patch], blocks[roll, patch],
        )  # fmt: skip
        yield (index + 1) / len(passes)


def _patches(
    network: Network,
    canvas: Canvas,
    manner: Manner,
    decider: Decider,
    rng: np.random.Generator,
    roll: Ints,
    patch: Ints,
    above: np.ndarray,
    stem: np.ndarray,
    wanted: Bools,
) -> None:
    """Make the velocities of some patches of 16, [N]."""
    rows, columns = canvas.rows_of(patch), canvas.columns_of(patch)
    spot = roll[:, None, None], rows[:, :, None], columns[:, None]
    known = cut(canvas.states[spot])[:, 0].astype(np.int64)
    every = np.ones(known.shape[:2], np.bool_)
    open_children = any_of(wanted, 2)
    passes = passes_of(
        open_children, network.order, manner.passes[1], rng, in_turn=network.is_ar(1)
    )
    for now, _ in passes:
        loud = cut(canvas.velocities[spot])[:, 0]
        content = read_cells(known, loud).reshape(len(roll), PATCH, -1)
        states = network.fine(above, stem, content, every)
        index, child = now.nonzero()
        _children(
            network, canvas, manner, decider, rng, roll[index], patch[index], child,
            states[index, child], stem[index, child], known[index, child], wanted[index, child],
        )  # fmt: skip


def _children(
    network: Network,
    canvas: Canvas,
    manner: Manner,
    decider: Decider,
    rng: np.random.Generator,
    roll: Ints,
    patch: Ints,
    child: Ints,
    above: np.ndarray,
    stem: np.ndarray,
    states: Ints,
    wanted: Bools,
) -> None:
    """Make the velocities of some patches of 4, [M]."""
    row, column = canvas.place(patch[:, None], child[:, None], np.arange(PATCH)[None])
    passes = passes_of(wanted, network.order, manner.passes[3], rng, in_turn=network.is_ar(3))
    for now, _ in passes:
        loud = canvas.velocities[roll[:, None], row, column].astype(np.int64)
        content = np.where((states == ONSET) & (loud >= 0), loud, N_VELOCITIES)
        logits = network.velocities(above, stem, states, content).astype(np.float64)
        index, cell = now.nonzero()
        chances = softmax(logits[index, cell] / manner.temperature)
        where = Where(roll[index], patch[index], child[index], cell)
        found = decider.classes(chances, where)
        canvas.velocities[roll[index], row[index, cell], column[index, cell]] = found
