"""Nats of given rows."""

from __future__ import annotations

import numpy as np

from composer.models.likelihood import row_nats
from composer.models.transformer import EventTransformer
from composer.piece import Piece
from composer.tokenizer import encode, vocab
from composer.tokenizer.holes import Bars, targets, window
from tests.strategies import VOCABULARY


def test_nats_stand_where_a_field_counts_and_nowhere_else(
    tiny_model: EventTransformer, chorale: Piece
) -> None:
    bars = Bars.of(encode(chorale, VOCABULARY))
    rows, nexts, counts = (found[None] for found in targets(window(bars, 0, 8)))
    nats = row_nats(tiny_model, rows, nexts, counts)
    assert nats.shape == counts.shape
    assert (nats[counts] > 0).all()
    assert (nats[~counts] == 0).all()


def test_padding_changes_no_nats(tiny_model: EventTransformer, chorale: Piece) -> None:
    bars = Bars.of(encode(chorale, VOCABULARY))
    rows, nexts, counts = targets(window(bars, 0, 4))
    filling = np.tile(np.array(vocab.NONE, np.int16), (5, 1))
    longer = [np.concatenate([found, filling])[None] for found in (rows, nexts)]
    more = np.concatenate([counts, np.zeros((5, 4), np.bool_)])[None]
    alone = row_nats(tiny_model, rows[None], nexts[None], counts[None])[0]
    np.testing.assert_allclose(
        row_nats(tiny_model, *longer, more)[0, : len(rows)], alone, atol=1e-5
    )
