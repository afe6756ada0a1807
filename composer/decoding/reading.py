"""Given rows -> what the model says of them: the surprise and the doubts of `Draw`, without a draw.

Knows ids, not music.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from composer.decoding.engine import Row, pad_left
from composer.decoding.runtimes import Runtime
from composer.tokenizer.vocab import WRITTEN_SIZES, Events


@dataclass(frozen=True)
class Passage:
    """Rows to be read.

    Args:
        before: Rows that are known already, wishes in front, [T, 4].
        rows: To be judged, [N, 4].
    """

    before: Events
    rows: Events


@dataclass(frozen=True)
class Reading:
    """What a model says of a passage; see `Draw`.

    Args:
        log_probs: [N, 4]; 0 of ids that are never written.
        doubts: [N, 2].
    """

    log_probs: npt.NDArray[np.float32]
    doubts: npt.NDArray[np.float32]


def read(runtime: Runtime, passages: Sequence[Passage]) -> list[Reading]:
    """Read passages side by side, of any lengths; those of like length together take least time.

    Args:
        runtime: Runs the model.
        passages: As many as it draws candidates together, at most.
    """
    if not passages:
        return []
    lengths = np.array([len(passage.rows) for passage in passages])
    found = [Reading(np.zeros((n, 4), np.float32), np.zeros((n, 2), np.float32)) for n in lengths]
    before, n_padding = pad_left([passage.before for passage in passages])
    session = runtime.begin(before, n_padding, before.shape[1] + int(lengths.max(initial=0)) + 1)
    alive = np.arange(len(passages))
    for place in range(int(lengths.max(initial=0))):
        staying = np.flatnonzero(lengths[alive] > place)
        if len(staying) < len(alive):
            session.keep(staying)
            alive = alive[staying]
        row = Row.of(len(alive))
        row.ids[:] = [passages[who].rows[place] for who in alive.tolist()]
        for index, size in enumerate(WRITTEN_SIZES):
            ids = row.ids[:, index].astype(np.int64)
            if (known := np.flatnonzero(ids < size)).size:
                logits = session.field_logits(index, row.ids[:, :index])
                row.judge(index, logits, ids, known)
        for k, who in enumerate(alive):
            found[who].log_probs[place], found[who].doubts[place] = row.log_probs[k], row.doubts[k]
        session.append(row.ids)
    return found
