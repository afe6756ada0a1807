"""Groups of candidates side by side, from any beginning: what every way of composing shares.

A `Drawing` says what the candidates read first, and makes rules and a leaning for each group; what
they are to become (a piece, more bars, a hole filled) is known to whoever built it.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
import numpy.typing as npt

from composer import places
from composer.decoding import DecodingOptions, Group, Runtime, draw
from composer.decoding.engine import Leaning, Pruning, Reframe, Rules
from composer.engines.base import Step
from composer.engines.events.crew import work_side_by_side
from composer.engines.events.surprise import NEAR_PITCHES
from composer.engines.events.takes import Reader
from composer.errors import OutOfMemory
from composer.request import Request
from composer.tokenizer import vocab
from composer.tokenizer.holes import N_CONDITIONS, drop_conditions
from composer.tokenizer.vocab import BAR, TIME, Events

log = logging.getLogger(__name__)
PROGRESS_ROWS = 8  # rows between two reports of progress
MAX_ROWS_PER_BAR = 160
USUAL_CORES = 2  # of a small machine


class GroupRules(Rules, Protocol):
    """Rules of a group that know how far it has come; see `tokenizer.masks.Grammar`."""

    bar: npt.NDArray[np.int64]  # [B] index of the current bar, -1 before the first

    @property
    def share(self) -> float:
        """Of the group's work, by its slowest candidate, 0..1."""


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """What candidates are drawn from.

    Args:
        request: Says how many, how ids are chosen, and the seed.
        reader: Makes takes of draws.
        prefix: What all candidates read first, conditions in front, [T, 4].
        window: Rows that a candidate looks back at, at most.
        begin: Size of a group -> its rules, which stand behind the prefix, and its leaning.
        max_rows: Rows a candidate may have at most.
        reframe: All rows of a candidate -> what is read again when the window is full.
        seed: Of the random numbers; the request's unless given.
        prune: Rules of a group -> what gives up its hopeless candidates; nothing does unless given.
    """

    request: Request
    reader: Reader
    prefix: Events
    window: int
    begin: Callable[[int], tuple[GroupRules, Leaning | None]]
    max_rows: int
    reframe: Reframe
    seed: int | None = None
    prune: Callable[[GroupRules], Pruning] | None = None


def draw_groups(runtime: Runtime, drawing: Drawing) -> Iterator[Step]:
    """Draw all candidates, in groups side by side."""
    groups = [
        partial(_draw_group, runtime, drawing, indices)
        for indices in groups_for(runtime, drawing.request.candidates)
    ]
    shares = [0.0] * len(groups)
    for number, step in work_side_by_side(groups, places.workers()):
        shares[number] = step.share
        yield Step(sum(shares) / len(shares), step.takes)


def _draw_group(runtime: Runtime, drawing: Drawing, indices: list[int]) -> Iterator[Step]:
    """Draw one group; where memory is short, its halves one after the other."""
    n_takes = 0
    try:
        for step in _draw_together(runtime, drawing, indices):
            n_takes += len(step.takes)
            yield step
    except OutOfMemory:
        if n_takes or len(indices) == 1:
            raise
        middle = len(indices) // 2
        log.warning("no room for %d candidates at once; halving the group", len(indices))
        for number, half in enumerate((indices[:middle], indices[middle:])):
            for step in _draw_group(runtime, drawing, half):
                yield Step((number + step.share) / 2, step.takes)


def _draw_together(runtime: Runtime, drawing: Drawing, indices: list[int]) -> Iterator[Step]:
    request = drawing.request
    options = DecodingOptions(
        temperature=request.temperature,
        top_k=request.top_k,
        top_p=request.top_p,
        min_p=request.min_p,
        guidance=request.guidance,
    )
    rules, leaning = drawing.begin(len(indices))
    group = Group(
        indices=indices,
        prefix=drawing.prefix,
        open_prefix=drop_conditions(drawing.prefix, vocab.CONDITIONS),
        rules=rules,
        seed=request.seed if drawing.seed is None else drawing.seed,
        max_rows=drawing.max_rows,
        window=drawing.window,
        reframe=drawing.reframe,
        neighbours=NEAR_PITCHES,
        leaning=leaning,
        pruning=drawing.prune and drawing.prune(rules),
    )
    for n_rows, draws in enumerate(draw(runtime, group, options)):
        if draws or n_rows % PROGRESS_ROWS == 0:
            share = 1.0 if rules.finished.all() else rules.share
            yield Step(share, tuple(drawing.reader.take(found) for found in draws))


def groups_for(runtime: Runtime, n_candidates: int) -> list[list[int]]:
    """Return the candidates' numbers in groups that keep all workers busy to the end.

    Where a runtime's numbers depend on the size of a group, the number of candidates alone decides,
    so that neither cores nor other visitors nor who is done first change what a candidate becomes.
    """
    n_groups = places.workers() if runtime.splits_freely else USUAL_CORES
    return split(n_candidates, runtime.group_sizes, n_groups)


def split(n_candidates: int, sizes: tuple[int, int], n_groups: int) -> list[list[int]]:
    """Return numbers in groups of equal size.

    No more groups than workers: four for two cores take a fifth more processor time than two,
    because most of a step is paid once a group.

    Args:
        n_candidates: All of them.
        sizes: The least and the most of a group.
        n_groups: As many as that if the sizes allow it.
    """
    low, high = sizes
    n_groups = max(n_groups, math.ceil(n_candidates / high))
    size = max(low, math.ceil(n_candidates / n_groups))
    indices = list(range(n_candidates))
    return [indices[first : first + size] for first in range(0, n_candidates, size)]


def slide(rows: Events, budget: int, *, n_pinned: int = N_CONDITIONS, gap_bars: int = 0) -> Events:
    """Return what is read again when the window is full: what is pinned, GAP and the last bars.

    Of 8 conditions and bars that take 10, 4, 6 and 5 rows, with a budget of 23, there is room for
    14 rows of music beside the conditions and GAP. The bars begin 25, 15, 11 and 5 rows before the
    end; the first that fits begins 11 before it:

        conditions (8) | GAP, "2 bars left out" (1) | third bar (6) | fourth bar (5)

    Were the fourth bar alone 20 rows long, its last 14 rows would follow GAP, which counts the bar
    lines that are left out with their rows, its own among them.

    Args:
        rows: All rows so far: what is pinned, then bars.
        budget: Rows to return at most; the last bar is cut if it alone is longer.
        n_pinned: Rows that stay: the conditions, and a theme behind them if there is one.
        gap_bars: Bars left out between the two already.
    """
    pinned, music = rows[:n_pinned], rows[n_pinned:]
    starts = np.flatnonzero(music[:, TIME] == BAR)
    room = budget - n_pinned - 1
    fitting = starts[len(music) - starts <= room]
    first = int(fitting[0]) if len(fitting) else max(0, len(music) - room)
    n_left_out = gap_bars + int((starts < first).sum())
    gap = vocab.row(vocab.GAP, pitch=vocab.bars_left_id(n_left_out))
    return np.concatenate([pinned, gap, music[first:]])
