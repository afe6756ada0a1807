"""Giving up: a candidate whose first half scores too low is not drawn to its end. Knows music.

Which candidate is given up follows from its own notes alone, so that all others stay what they are
without pruning, whatever the group, the number of cores and who is done first. The first candidate
of a request is never given up: there is always something to rank.

What the judge says of the first half foretells the final rank better than the surprise of its
notes, its parallels or any one family of rules (benchmarks/quality/pruning.py).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from composer.decoding import Draw
from composer.engines.events.drawing import GroupRules
from composer.engines.events.surprise import surprise_of
from composer.errors import ComposerError
from composer.request import Request
from composer.scorecard import Scorecard
from composer.scoring import Standards, score
from composer.tokenizer import Conditions, decode_bars
from composer.tokenizer.vocab import BAR, TIME, Events

# Of the bars; behind it a candidate is looked at.
SHARE = 0.5
# What fewer bars are worth cannot be told.
LEAST_BARS = 4


def half_pruning(
    request: Request, conditions: Conditions, standards: Standards
) -> Callable[[GroupRules], HalfPruning] | None:
    """Return what makes the pruning of a group, or None where nobody is given up.

    Args:
        request: Says which score is too low; a piece whose half is too short is drawn to its end.
        conditions: What is drawn.
        standards: What the halves are judged by.
    """
    n_bars = int(SHARE * request.bars)
    if request.prune == 0 or n_bars < LEAST_BARS:
        return None
    return lambda rules: HalfPruning(rules, n_bars, conditions, request.prune, standards)


class HalfPruning:
    """The pruning of a group of candidates, as `decoding.Pruning`.

    Args:
        rules: Of the group; know the bars, and hear of each row first.
        n_bars: Behind them a candidate is looked at.
        conditions: What is drawn.
        least_total: 0..100; bars with less are hopeless.
        standards: What they are judged by.
    """

    def __init__(
        self,
        rules: GroupRules,
        n_bars: int,
        conditions: Conditions,
        least_total: float,
        standards: Standards,
    ) -> None:
        self._rules, self._n_bars, self._conditions = rules, n_bars, conditions
        self._least_total, self._standards = least_total, standards

    def asked(self, rows: Events) -> npt.NDArray[np.int64]:
        """Return who has just begun the second half, by their places in the group.

        Args:
            rows: The last one of every candidate, [B, 4].
        """
        return np.flatnonzero((self._rules.bar == self._n_bars) & (rows[:, TIME] == BAR))

    def is_hopeless(self, found: Draw) -> bool:
        """Whether the bars so far score less than is asked for, or are no music at all.

        Args:
            found: All so far, the bar line of the second half included; the first candidate of a
                request is never hopeless.
        """
        if found.index == 0:
            return False
        try:
            card = score_beginning(found, len(found.events) - 1, self._conditions, self._standards)
        except ComposerError:
            return True
        return card.total < self._least_total


def score_beginning(
    found: Draw, n_rows: int, conditions: Conditions, standards: Standards
) -> Scorecard:
    """Compare the first bars of a candidate with real pieces of its form.

    Args:
        found: The candidate, or what there is of it.
        n_rows: Rows of these bars.
        conditions: What it was drawn for.
        standards: What they are judged by.

    Raises:
        ComposerError: If they are no music.
    """
    rows = slice(0, n_rows)
    events = found.events[rows]
    shift = conditions.key.shift
    surprise = surprise_of(events, found.log_probs[rows], found.doubts[rows], shift)
    return score(decode_bars(events, conditions), surprise=surprise, standards=standards)
