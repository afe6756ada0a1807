"""Given rows -> what the model says of them: the surprise and the doubts of `Draw`, without a draw.

Knows ids, not music.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from composer.decoding.engine import Ids, JudgedRow, Neighbours
from composer.decoding.runtimes import Runtime
from composer.decoding.runtimes.base import Floats


@dataclass(frozen=True)
class Passage:
    """Rows to be read.

    Args:
        before: Rows that are known already, conditions in front, [T, F].
        rows: To be judged, [N, F].
    """

    before: Ids
    rows: Ids


@dataclass(frozen=True)
class Reading:
    """What a model says of a passage; see `Draw`.

    Args:
        log_probs: [N, F]; 0 of ids that are never written.
        doubts: [N, 2].
    """

    log_probs: Floats
    doubts: Floats


def read(
    runtime: Runtime, passages: Sequence[Passage], neighbours: Neighbours | None = None
) -> list[Reading]:
    """Read passages side by side, of any lengths; those of like length together take least time.

    Args:
        runtime: Runs the model.
        passages: As many as it draws candidates together, at most.
        neighbours: Ids that are taken for one another, if there are any.
    """
    if not passages:
        return []
    sizes = runtime.sizes
    lengths = np.array([len(passage.rows) for passage in passages])
    found = [
        Reading(np.zeros((n, len(sizes)), np.float32), np.zeros((n, 2), np.float32))
        for n in lengths.tolist()
    ]
    beginnings = [passage.before for passage in passages]
    room = max(map(len, beginnings)) + int(lengths.max())
    session = runtime.begin(beginnings, room)
    alive = np.arange(len(passages))
    for place in range(int(lengths.max())):
        staying = np.flatnonzero(lengths[alive] > place)
        if len(staying) < len(alive):
            session.keep(staying)
            alive = alive[staying]
        row = JudgedRow.of(len(alive), len(sizes))
        row.ids[:] = [passages[who].rows[place] for who in alive.tolist()]
        for index, size in enumerate(sizes):
            ids = row.ids[:, index].astype(np.int64)
            if (known := np.flatnonzero(ids < size)).size:
                logits = session.field_logits(index, row.ids[:, :index])
                row.judge(index, logits, ids, known, neighbours)
        for k, who in enumerate(alive):
            found[who].log_probs[place], found[who].doubts[place] = row.log_probs[k], row.doubts[k]
        session.append(row.ids)
    return found
