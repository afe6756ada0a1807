"""What is made when: places in random order in few passes, or one after another."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]


def cosine_counts(n_places: int, n_passes: int) -> list[int]:
    """Return how many places each pass makes: few while little is known, many at the end.

    After pass i of n a share of cos(pi / 2 * i / n) is still open (H. Chang et al., MaskGIT, arXiv
    2202.04200). Every pass makes one at least.
    """
    n_passes = min(n_passes, n_places)
    left, found = n_places, []
    for index in range(1, n_passes + 1):
        share = math.cos(math.pi / 2 * index / n_passes)
        after = min(int(n_places * share), left - 1)
        after = 0 if index == n_passes else max(after, n_passes - index)
        found.append(left - after)
        left = after
    return found


def passes_of(
    open_places: Bools,
    order: npt.NDArray[np.integer],
    n_passes: int,
    rng: np.random.Generator,
    *,
    in_turn: bool,
) -> Iterator[tuple[Bools, Bools]]:
    """Yield which open places each pass makes, and of which rows it is the last pass.

    Args:
        open_places: What is to be made, [N, K].
        order: In which places are made one after another, [K].
        n_passes: At most, where several are made at once.
        rng: Draws their order.
        in_turn: Whether they are made one after another.

    Yields:
        Booleans [N, K] and [N].
    """
    n, k = open_places.shape
    if in_turn:
        rank = np.empty(k, np.int64)
        rank[order] = np.arange(k)
        last = np.where(open_places, rank, -1).max(1, initial=-1)
        for place in order:
            now = np.zeros_like(open_places)
            now[:, place] = open_places[:, place]
            if now.any():
                yield now, last == rank[place]
        return
    # The rank of every open place in a random order of its row's open places.
    keys = np.where(open_places, rng.random((n, k)), 2.0)
    ranks = keys.argsort(1).argsort(1)
    counts = open_places.sum(1)
    which = np.full((n, k), -1)
    n_last = np.zeros(n, np.int64)
    for count in np.unique(counts[counts > 0]):
        sizes = cosine_counts(int(count), n_passes)
        pass_of_rank = np.repeat(np.arange(len(sizes)), sizes)
        rows = counts == count
        which[rows] = np.where(
            open_places[rows], pass_of_rank[np.minimum(ranks[rows], count - 1)], -1
        )
        n_last[rows] = len(sizes) - 1
    for index in range(int(n_last.max(initial=-1)) + 1):
        now = which == index
        if now.any():
            yield now, (n_last == index) & (counts > 0)
