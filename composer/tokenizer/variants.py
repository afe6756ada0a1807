"""Other pieces out of a piece, for training: the same music elsewhere, or some of its parts alone.

Both say in their conditions that they are not the piece itself, so that asking for a key, or for a
chorale in three parts, still means what real pieces mean by it.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from composer.tokenizer import vocab
from composer.tokenizer.holes import Bars, drop_conditions, keep_parts
from composer.tokenizer.vocab import MAX_PARTS, PART, PITCH


def moved(piece: Bars, semitones: int) -> Bars:
    """Return a piece with its tonic elsewhere: MODE is `moved`, SHIFT open.

    Every piece is written with its tonic on C, and what modulates is therefore seldom seen in its
    new key. Moved as a whole, each piece shows its progressions in all keys.

    Args:
        piece: A canonical encoding.
        semitones: Up or down; as far as the MIDI pitches reach.
    """
    bars = []
    for bar in piece.bars:
        bar = bar.copy()
        notes = vocab.is_note(bar)
        bar[notes, PITCH] = np.clip(bar[notes, PITCH] + semitones, 0, vocab.N_PITCH_WRITTEN - 1)
        bars.append(bar)
    conditions = drop_conditions(piece.conditions, ("shift",))
    conditions[vocab.CONDITION_ROWS.index("mode"), PITCH] = vocab.MODE_MOVED
    return Bars(conditions, tuple(bars))


def with_parts(piece: Bars, parts: Collection[int]) -> Bars:
    """Return some parts of a piece, numbered anew from the highest: ENSEMBLE is open.

    Args:
        piece: A canonical encoding.
        parts: Of those that it has, at least one.
    """
    numbers = np.zeros(MAX_PARTS, np.int16)
    numbers[sorted(parts)] = np.arange(len(parts))
    bars = []
    for bar in piece.bars:
        bar = keep_parts(bar, parts)
        notes = vocab.is_note(bar)
        part = bar[notes, PART]
        bar[notes, PART] = numbers[part % MAX_PARTS] + part // MAX_PARTS * MAX_PARTS
        bars.append(bar)
    conditions = drop_conditions(piece.conditions, ("ensemble",))
    conditions[vocab.CONDITION_ROWS.index("parts"), PITCH] = vocab.VALUE_PARTS + len(parts)
    return Bars(conditions, tuple(bars))
