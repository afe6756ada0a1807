"""The menu, pair by pair: how many pieces are behind it, and what came of asking for it.

A pair is thin where its manner can hardly have been learned; `THIN_PIECES` says where. Knows what
was drawn and what a classifier named, draws nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from composer.engines import MenuEntry
from composer.evaluation.fidelity import IN_FILE, misses
from composer.evaluation.intervals import share
from composer.evaluation.recognition import Labelled, Recogniser
from composer.evaluation.samples import Drawn

# Classes of pairs by training pieces: lower ends.
CLASSES = (10, 15, 20, 30, 50, 100)


def menu_marks(
    menu: Sequence[MenuEntry], grid: Sequence[Drawn], recogniser: Recogniser
) -> dict[str, Any]:
    """Return what came of a request for every row of the menu.

    Args:
        menu: Of the engine.
        grid: A request a row, in the same order; all its candidates count.
        recogniser: Has learned real pieces.

    Returns:
        `rows`: name, training `pieces`, and shares of the draws: `no piece`, `kept` (all that the
        file states), `mode`, `final bass`, `composer named`, `form named`; and `by_pieces`: the
        same shares of all pairs of a class of size.
    """
    found = [_marks(row, drawn, recogniser) for row, drawn in zip(menu, grid, strict=True)]
    classes = zip(CLASSES, (*CLASSES[1:], None), strict=True)
    return {
        "rows": [
            {"name": f"{row.composer}, {row.form}", "pieces": row.pieces} | _shares([marks])
            for row, marks in zip(menu, found, strict=True)
        ],
        "by_pieces": [
            {"name": f"{low} to {high - 1}" if high else f"{low} and more"}
            | _shares(
                [
                    marks
                    for row, marks in zip(menu, found, strict=True)
                    if low <= row.pieces and (high is None or row.pieces < high)
                ]
            )
            for low, high in classes
        ],
    }


def _marks(row: MenuEntry, drawn: Drawn, recogniser: Recogniser) -> dict[str, list[bool]]:
    pieces = [one.piece for one in drawn.ranked]
    missed = [misses(piece, drawn.request) for piece in pieces]
    labelled = [Labelled.of(piece, row.composer, row.form) for piece in pieces]
    return {
        "no piece": [False] * len(pieces) + [True] * drawn.n_rejected,
        "kept": [not set(one) & set(IN_FILE) for one in missed],
        "mode": ["mode" not in one for one in missed],
        "final bass": ["final bass" not in one for one in missed],
        "composer named": [hit for _, hit in recogniser.composer_hits(labelled)],
        "form named": [hit for _, hit in recogniser.form_hits(labelled)],
    }


def _shares(found: Sequence[dict[str, list[bool]]]) -> dict[str, Any]:
    names = found[0] if found else {}
    return {name: share([hit for one in found for hit in one[name]]).to_dict() for name in names}
