"""Pieces that stand already -> what the model says of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain, islice

import numpy as np

from composer import places
from composer.decoding import Passage, Reading, Runtime, read
from composer.engines.events.crew import work_side_by_side
from composer.engines.events.drawing import groups_for
from composer.engines.events.surprise import NEAR_PITCHES, surprise_of
from composer.errors import ComposerError
from composer.piece import Piece
from composer.scoring import Surprise
from composer.tokenizer import Vocabulary, encode
from composer.tokenizer.holes import Bars, windows


def read_pieces(
    runtime: Runtime, vocabulary: Vocabulary, window: int, pieces: Sequence[Piece]
) -> list[Surprise | None]:
    """Return what the model says of pieces.

    Args:
        runtime: Runs the model.
        vocabulary: The names of the conditions.
        window: Rows the model reads at most.
        pieces: Their composer, form and ensemble are conditions where the vocabulary knows them.

    Returns:
        One a piece, in order; None where it has a meter, a pitch or more parts than can be written.
    """
    passages = [_passages(piece, vocabulary, window) for piece in pieces]
    readings = iter(_read_all(runtime, list(chain.from_iterable(passages))))
    return [
        _joined(found, list(islice(readings, len(found))), piece.key.shift) if found else None
        for piece, found in zip(pieces, passages, strict=True)
    ]


def _read_all(runtime: Runtime, passages: Sequence[Passage]) -> list[Reading]:
    """Read passages in groups side by side, those of like length together."""
    order = sorted(range(len(passages)), key=lambda k: len(passages[k].rows))
    groups = [[order[k] for k in found] for found in groups_for(runtime, len(order))]

    def read_group(numbers: list[int]) -> Iterator[list[Reading]]:
        yield read(runtime, [passages[k] for k in numbers], NEAR_PITCHES)

    tasks = [partial(read_group, numbers) for numbers in groups]
    found: dict[int, Reading] = {}
    for group, readings in work_side_by_side(tasks, places.workers()):
        found.update(zip(groups[group], readings, strict=True))
    return [found[k] for k in range(len(passages))]


def _joined(passages: list[Passage], readings: list[Reading], shift: int) -> Surprise:
    return surprise_of(
        np.concatenate([passage.rows for passage in passages]),
        np.concatenate([reading.log_probs for reading in readings]),
        np.concatenate([reading.doubts for reading in readings]),
        shift,
    )


def _passages(piece: Piece, vocabulary: Vocabulary, window: int) -> list[Passage]:
    """Cut a piece into passages; none if it cannot be written down."""
    try:
        bars = Bars.of(encode(piece, vocabulary))
    except ComposerError:
        return []
    return [
        Passage(found.rows[:n_known], found.rows[n_known:])
        for found, n_known in windows(bars, window)
    ]
