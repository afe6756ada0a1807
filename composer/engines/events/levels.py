"""A leaning towards levels that were asked for: more or fewer notes, higher or lower, in the key.

Nothing is forbidden: ids lose or gain some nats. Where a level is the other side of the middle
("not high"), the leaning is as strong as what was measured to be enough (docs/log.md has numbers).

Shapes: B candidates, V ids. Rows are written with the tonic on C.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from composer.request import Request
from composer.tokenizer import vocab
from composer.tokenizer.masks import Grammar
from composer.tokenizer.vocab import (
    BAR,
    DURATION,
    END,
    MAX_BAR_POSITIONS,
    MAX_DURATION,
    PITCH,
    POSITION,
    TIME,
    Events,
)
from composer.units import POSITIONS_PER_QUARTER

Ints = npt.NDArray[np.int64]
Weights = npt.NDArray[np.float32]

# How far each level leans, as a share of the nats below; the middle needs none.
LEANS = {"low": -1.0, "not high": -0.5, "medium": 0.0, "not low": 0.5, "high": 1.0}
OCTAVE_NATS = 1.2  # by which a note an octave higher gains on one below, for a high register
CHROMATIC_NATS = 0.7  # that a note outside the scale gains
QUARTER_NATS = 1.0  # that waiting a quarter for the next note loses, for a high density
DOUBLE_NATS = 0.5  # that a length loses beside half of it, for a high density
SCALES = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 9, 10, 11)}
_LENGTHS = np.log2(np.arange(1, MAX_DURATION + 1))
_AT = np.arange(MAX_BAR_POSITIONS)


class Levels:
    """The leaning of a group of candidates, as `decoding.Leaning`.

    Args:
        grammar: Of the group; knows where in its bar each candidate is; hears of each row first.
        mode: `major` or `minor`; major where it is open.
        request: Its levels.
    """

    def __init__(self, grammar: Grammar, mode: str | None, request: Request) -> None:
        self._grammar = grammar
        self._density = _lean(request.density)
        pitches = np.arange(vocab.N_PITCH_WRITTEN)
        is_outside = ~np.isin(pitches % 12, SCALES[mode or "major"])
        height = _lean(request.register) * OCTAVE_NATS * (pitches - 60) / 12
        colour = _lean(request.chromaticity) * CHROMATIC_NATS * is_outside
        self._pitches = (height + colour).astype(np.float32)
        self._lengths = np.zeros(vocab.WRITTEN_SIZES[DURATION], np.float32)
        self._lengths[:MAX_DURATION] = -self._density * DOUBLE_NATS * _LENGTHS

    @staticmethod
    def is_asked(request: Request) -> bool:
        """Whether a request has a level that this leaning serves."""
        return any(map(_lean, (request.density, request.register, request.chromaticity)))

    def weights(self, field_index: int, chosen: Events) -> Weights | None:
        """Return what is added to the logits of a field, [B, V]; None if nothing is."""
        if field_index == TIME and self._density:
            return self._waits()
        if field_index == PITCH and self._pitches.any():
            return np.where(vocab.is_note(chosen)[:, None], self._pitches, np.float32(0))
        if field_index == DURATION and self._density:
            return np.where(vocab.is_note(chosen)[:, None], self._lengths, np.float32(0))
        return None

    def _waits(self) -> Weights:
        """Return what a time gains or loses by how long nothing begins until then."""
        grammar = self._grammar
        waits = np.zeros((grammar.size, vocab.WRITTEN_SIZES[TIME]), np.float32)
        waits[:, POSITION : POSITION + len(_AT)] = np.maximum(0, _AT - grammar.position[:, None])
        until_end = np.maximum(0, grammar.bar_length - grammar.position)
        waits[:, BAR] = waits[:, END] = until_end
        return (waits * (-self._density * QUARTER_NATS / POSITIONS_PER_QUARTER)).astype(np.float32)

    def accept(self, rows: Events) -> None:
        """Go on by one row a candidate; the grammar remembers what is needed."""

    def keep(self, places: Ints) -> None:
        """Go on with some of the candidates only; the grammar does."""


def _lean(level: str | None) -> float:
    return LEANS[level] if level else 0.0
