"""A packed file of a few pieces, made without a corpus."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from composer.piece import Piece
from composer.tokenizer import Vocabulary, encode
from composer.tokenizer.bar_layouts import read_layout
from tests.strategies import MENU, VOCABULARY


def write_packed(
    path: Path, pieces: list[tuple[str, Piece]], vocabulary: Vocabulary = VOCABULARY
) -> Path:
    """Write a packed file of (split, piece)."""
    events = [encode(piece, vocabulary) for _, piece in pieces]
    names = [
        {"split": split, "composer": piece.composer, "form": piece.form} for split, piece in pieces
    ]
    np.savez_compressed(
        path,
        events=np.concatenate(events),
        layouts=np.concatenate([read_layout(found) for found in events]),
        offsets=np.cumsum([0, *map(len, events)]),
        names=np.array(json.dumps(names)),
        menu=np.array(json.dumps(MENU)),
        vocabulary=np.array(json.dumps(vocabulary.to_dict())),
    )
    return path
