"""A leaning away from the third copy of a bar. Knows rows; notes are position, part and pitch.

A bar that comes twice is a phrase answered; the third time within eight bars it is a loop, which
real pieces hardly have and a small model falls into, because nothing is as likely as what it has
just said twice. So where a bar begins as two of the last eight began, the notes with which these
went on lose some nats: the bar may still come a third time, but it rather goes on differently.

Of bars a b a b, with a = (0, soprano, G) (24, soprano, A) (48, soprano, B), a fifth bar that has
begun G A may go on as a and its copy did: B in the soprano at 48 loses `COPY_NATS`, every other
pitch and every other place is as likely as it was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from composer.tokenizer import vocab
from composer.tokenizer.sections import RETURN_LIKENESS
from composer.tokenizer.vocab import BAR, PART, PITCH, TIME, Events

Ints = npt.NDArray[np.int64]
Weights = npt.NDArray[np.float32]
Place = tuple[int, int]  # time and part, as ids
Notes = frozenset[tuple[int, int, int]]

NEAR_BARS = 8
MIN_NOTES = 2  # of a bar, from which on it can be told what it copies
# The odds of a note that a third copy would go on with fall by e to this, where real pieces have
# none; where they have `USUAL` of a bar, or more, they do not fall.
COPY_NATS = 3.0
USUAL = 0.06
# Third copies a bar in the first 16 bars of real pieces (up to 100 a form), where it is .01 or
# more; bars are copies as `tokenizer.sections` has it.
REAL_RATES = {
    "ballade": 0.097,
    "dance suite": 0.013,
    "etude": 0.028,
    "galop": 0.014,
    "hymn": 0.021,
    "impromptu": 0.043,
    "krakowiak": 0.046,
    "march": 0.024,
    "mass": 0.013,
    "mazurka": 0.032,
    "nocturne": 0.027,
    "opera": 0.027,
    "overture": 0.038,
    "polka": 0.037,
    "polonaise": 0.01,
    "prelude": 0.014,
    "rondo": 0.012,
    "symphony": 0.024,
    "waltz": 0.059,
}


def copy_nats(form: str | None) -> float:
    """Return what a third copy costs in a form, in nats a note."""
    return COPY_NATS * max(0.0, 1 - REAL_RATES.get(form or "", 0.0) / USUAL)


class _Line:
    """The last bars of one candidate, alike ones under one number."""

    def __init__(self) -> None:
        self.bars: list[tuple[int, Notes]] = []
        self.models: list[Notes] = []  # heard twice already
        self.begins_at = 0  # the row at which the present bar begins

    def copy(self) -> _Line:
        """Return the same, to go on by itself."""
        other = _Line()
        other.bars, other.models, other.begins_at = list(self.bars), self.models, self.begins_at
        return other

    def add(self, bar: Notes) -> None:
        """Put a bar that is complete among the last ones."""
        alike = (kind for kind, other in reversed(self.bars) if _are_alike(bar, other))
        kind = next(alike, max((known for known, _ in self.bars), default=0) + 1)
        self.bars = [*self.bars, (kind, bar)][-NEAR_BARS:]
        times = Counter(kind for kind, _ in self.bars)
        self.models = [notes for known, notes in dict(self.bars).items() if times[known] > 1]

    def pitches(self, begun: Notes, place: Place) -> list[int]:
        """Return the pitches at a place with which a third copy of what has begun would go on."""
        if len(begun) < MIN_NOTES:
            return []
        least = RETURN_LIKENESS * len(begun)
        going_on = (model for model in self.models if len(begun & model) >= least)
        return [pitch for model in going_on for *at, pitch in model if tuple(at) == place]


def _are_alike(one: Notes, other: Notes) -> bool:
    n_shared = len(one & other)
    return n_shared > 0 and n_shared >= RETURN_LIKENESS * (len(one) + len(other) - n_shared)


class ThirdCopies:
    """The leaning of a group of candidates, as `decoding.Leaning`.

    Args:
        size: Candidates.
        form: Of the piece; an open or unknown one is taken for one whose bars come twice at most.
        strength: 0..1, a share of the nats.
        before: Bars that all of them have heard, as rows.
    """

    def __init__(
        self, size: int, form: str | None, strength: float, before: Sequence[Events] = ()
    ) -> None:
        line = _Line()
        for bar in before[-NEAR_BARS:]:
            line.add(_notes_of(bar))
        self._lines = [line.copy() for _ in range(size)]
        self._rows: list[Events] = []
        self._nats = np.float32(strength * copy_nats(form))

    def weights(self, field_index: int, chosen: Events) -> Weights | None:
        """Return what is added to the logits of a pitch, [B, V]; None if nothing is."""
        if field_index != PITCH:
            return None
        weights: Weights | None = None
        for index, line in enumerate(self._lines):
            if not line.models:
                continue
            place = int(chosen[index, TIME]), int(chosen[index, PART])
            if pitches := line.pitches(self._bar_of(index), place):
                if weights is None:
                    weights = np.zeros((len(chosen), vocab.N_PITCH_WRITTEN), np.float32)
                weights[index, pitches] = -self._nats
        return weights

    def accept(self, rows: Events) -> None:
        """Go on by one row a candidate; bars are looked at when they end."""
        for index in np.flatnonzero(rows[:, TIME] == BAR).tolist():
            line = self._lines[index]
            if line.begins_at < len(self._rows):
                line.add(self._bar_of(index))
            line.begins_at = len(self._rows)
        self._rows.append(rows)

    def keep(self, places: Ints) -> None:
        """Go on with some of the candidates only."""
        self._lines = [self._lines[place].copy() for place in places.tolist()]
        self._rows = [rows[places] for rows in self._rows]

    def _bar_of(self, index: int) -> Notes:
        """Return the notes of a candidate's present bar."""
        first = self._lines[index].begins_at
        return _notes_of(np.array([rows[index] for rows in self._rows[first:]]))


def _notes_of(bar: Events) -> Notes:
    notes = bar[vocab.is_note(bar)]
    return frozenset(map(tuple, notes[:, [TIME, PART, PITCH]].tolist()))
