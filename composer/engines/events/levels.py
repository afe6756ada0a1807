"""A leaning towards levels that were asked for: density, register, chromaticity, liveliness.

Nothing is forbidden: ids lose or gain some nats. Where a level is the other side of the middle
("not high"), the leaning is half as strong (docs/log.md has numbers).

A lively piece leans away from the note lengths that were heard of late, towards notes that are held
over a beat, and away from attacks together with another part: three of the five signs of life that
`scoring.liveliness` measures. A plain one needs no leaning, because draws are plain by themselves.

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
    PART,
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
CHROMATIC_NATS = 0.9  # that a note outside the scale gains
QUARTER_NATS = 1.0  # that waiting a quarter for the next note loses, for a high density
DOUBLE_NATS = 0.5  # that a length loses beside half of it, for a high density
SAME_NATS = 6.0  # that a length loses which all notes of late have, for a lively piece
HELD_NATS = 2.0  # that a length gains which holds a note from between two beats over one
TOGETHER_NATS = 1.5  # that an attack loses which falls together with one of another part
FADING = 0.98  # of the weight of a length, a row
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
        self._life = max(0.0, _lean(request.liveliness))
        self._heard = np.zeros((grammar.size, MAX_DURATION), np.float32)  # lengths, fading

    @staticmethod
    def is_asked(request: Request) -> bool:
        """Whether a request has a level that this leaning serves."""
        asked = (request.density, request.register, request.chromaticity)
        return any(map(_lean, asked)) or _lean(request.liveliness) > 0

    def weights(self, field_index: int, chosen: Events) -> Weights | None:
        """Return what is added to the logits of a field, [B, V]; None if nothing is."""
        if field_index == TIME and (self._density or self._life):
            return self._waits() + self._apart()
        if field_index == PART and self._life:
            return self._other_parts(chosen)
        if field_index == PITCH and self._pitches.any():
            return np.where(vocab.is_note(chosen)[:, None], self._pitches, np.float32(0))
        if field_index == DURATION and (self._density or self._life):
            found = self._lengths + self._varied(chosen)
            return np.where(vocab.is_note(chosen)[:, None], found, np.float32(0))
        return None

    def _waits(self) -> Weights:
        """Return what a time gains or loses by how long nothing begins until then."""
        grammar = self._grammar
        waits = np.zeros((grammar.size, vocab.WRITTEN_SIZES[TIME]), np.float32)
        waits[:, POSITION : POSITION + len(_AT)] = np.maximum(0, _AT - grammar.position[:, None])
        until_end = np.maximum(0, grammar.bar_length - grammar.position)
        waits[:, BAR] = waits[:, END] = until_end
        return (waits * (-self._density * QUARTER_NATS / POSITIONS_PER_QUARTER)).astype(np.float32)

    def _apart(self) -> Weights:
        """Return what an attack at the place of the last one loses where parts are lines."""
        grammar = self._grammar
        weights = np.zeros((grammar.size, vocab.WRITTEN_SIZES[TIME]), np.float32)
        if self._life and grammar.frame.one_line and len(grammar.frame.ranges) > 1:
            at = POSITION + grammar.position
            loses = self._life * TOGETHER_NATS * ~grammar.bar_is_empty
            weights[np.arange(grammar.size), at] = -loses
        return weights

    def _other_parts(self, chosen: Events) -> Weights | None:
        """Return what a part loses that would attack together with the last one."""
        grammar = self._grammar
        if grammar.frame.one_line or len(grammar.frame.ranges) < 2:
            return None
        is_together = vocab.is_note(chosen) & ~grammar.bar_is_empty
        is_together &= chosen[:, TIME].astype(np.int64) - POSITION == grammar.position
        weights = np.zeros((grammar.size, vocab.WRITTEN_SIZES[PART]), np.float32)
        n_parts = len(grammar.frame.ranges)
        weights[is_together, :n_parts] = -self._life * TOGETHER_NATS
        who = np.flatnonzero(is_together)
        weights[who, grammar.last_part[who]] = 0.0
        return weights

    def _varied(self, chosen: Events) -> Weights:
        """Return what a length loses that was much heard, and gains that is held over a beat."""
        weights = np.zeros((self._grammar.size, vocab.WRITTEN_SIZES[DURATION]), np.float32)
        if self._life:
            shares = self._heard / np.maximum(1.0, self._heard.sum(1, keepdims=True))
            weights[:, :MAX_DURATION] = -self._life * SAME_NATS * shares
            onsets = (chosen[:, TIME].astype(np.int64) - POSITION) % POSITIONS_PER_QUARTER
            left = POSITIONS_PER_QUARTER - onsets
            is_held = (onsets > 0)[:, None] & (np.arange(1, MAX_DURATION + 1) > left[:, None])
            weights[:, :MAX_DURATION] += self._life * HELD_NATS * is_held
        return weights

    def accept(self, rows: Events) -> None:
        """Go on by one row a candidate, [B, 4]."""
        if self._life:
            self._heard *= FADING
            who = np.flatnonzero(vocab.is_note(rows))
            self._heard[who, rows[who, DURATION].astype(np.int64)] += 1.0

    def keep(self, places: Ints) -> None:
        """Go on with some of the candidates only, by their places in the group."""
        self._heard = self._heard[places]


def _lean(level: str | None) -> float:
    return LEANS[level] if level else 0.0
