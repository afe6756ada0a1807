"""Pieces of more parts than engines hear: which of them are heard, and how the others come back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from composer.cells import Blank
from composer.errors import RequestError
from composer.piece import Piece

# Engines hear so many parts at once.
MAX_PARTS_HEARD = 16


def heard_parts(blank: Blank) -> tuple[int, ...]:
    """Return the parts that an engine hears: the open ones, and those that stand next to them.

    Raises:
        RequestError: If more parts are open than engines hear.
    """
    if len(blank.parts) > MAX_PARTS_HEARD:
        raise RequestError(
            f"at most {MAX_PARTS_HEARD} parts can be written at once, not {len(blank.parts)}; "
            "choose some of them"
        )
    n_all = len(blank.piece.parts)
    order = sorted(range(n_all), key=lambda part: min(abs(part - one) for one in blank.parts))
    return tuple(sorted(order[:MAX_PARTS_HEARD]))


def parts_of_piece(piece: Piece, parts: Sequence[int]) -> Piece:
    """Return a piece with some of its parts, by their indices."""
    return replace(piece, parts=tuple(piece.parts[index] for index in parts))


def with_all_parts(filled: Piece, blank: Blank, heard: Sequence[int]) -> Piece:
    """Return the whole piece with the parts that were heard as they were filled, and a remark."""
    parts = list(blank.piece.parts)
    for index, part in zip(heard, filled.parts, strict=True):
        parts[index] = part
    n_all = len(parts)
    remark = f"read: engines heard {len(heard)} of the {n_all} parts; the others stay as they are"
    return replace(filled, parts=tuple(parts), remarks=(*blank.piece.remarks, remark))
