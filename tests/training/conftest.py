"""States that the tests of training share."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from composer.piece import Piece
from composer.training import PackedEvents
from tests.training.corpus import write_packed


@pytest.fixture(scope="session")
def packed_path(
    chorale: Piece, keyboard_piece: Piece, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Return a packed file: five pieces to train on, two to validate."""
    train = [chorale, keyboard_piece, keyboard_piece.transposed(12)]
    train += [replace(chorale, form="minuet"), replace(chorale, composer="Mozart")]
    pieces = [("train", piece) for piece in train]
    pieces += [("valid", piece) for piece in (chorale, keyboard_piece)]
    folder: Path = tmp_path_factory.mktemp("packed")
    return write_packed(folder / "events.npz", pieces)


@pytest.fixture(scope="session")
def packed(packed_path: Path) -> PackedEvents:
    """Return the packed file in memory."""
    return PackedEvents.load(packed_path)
