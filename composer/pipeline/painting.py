"""Paint: areas of pitch and time written anew, or struck anew, beside notes that stay.

Rectangles or free shapes; where an engine shows it, each step has what is made so far.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from composer.cells import Blank, Opened, areas_of, clear
from composer.engines import Engine
from composer.errors import OptionError
from composer.piece import Note, Piece
from composer.pipeline.ranking import chosen_engine, last_of
from composer.pipeline.rewriting import Filled, Steps, fill_steps

STEPS_PER_QUARTER = 4  # of free masks


def paint(piece: Piece, areas: Opened, **options: Any) -> Filled:
    """Write areas of pitch and time anew; see `paint_steps`."""
    return last_of(paint_steps(piece, areas, **options))


def resample_velocity(piece: Piece, areas: Opened, **options: Any) -> Filled:
    """Have the notes of areas struck anew: their velocities change, and nothing else does.

    Args:
        piece: Any.
        areas: As in `paint_steps`.
        options: Its further ones; the engine must be one that has velocities.
    """
    return paint(piece, areas, velocities_only=True, **options)


def paint_steps(
    piece: Piece,
    areas: Opened,
    *,
    velocities_only: bool = False,
    edges: str = "keep",
    engine: Engine | str | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    **manner: Any,
) -> Steps:
    """Write areas of pitch and time anew; the last item is what came of it.

    Args:
        piece: Any; its notes outside are kept, the same objects.
        areas: One at least, or a free mask of sixteenths, [128 pitches, steps].
        velocities_only: Keep the notes there, and give them other velocities.
        edges: As in `infill_steps`, at every edge in time of the areas.
        engine: What composes, or its name; the usual one by default.
        should_stop: Asked at every step; when true, what is finished is ranked, the rest dropped.
        manner: As in `infill_steps`.

    Raises:
        RequestError: As `infill_steps`, and if the engine fills whole cells only or no part plays
            so high or low.
    """
    if isinstance(areas, np.ndarray):
        areas = areas_of(areas, STEPS_PER_QUARTER)
    blank = clear(piece, areas, edges="keep" if velocities_only else edges)
    notes = None
    if velocities_only:
        notes = _taken_out(piece, blank)
        manner["candidates"] = 1  # all say the same notes, and one of two twins is enough
    yield from fill_steps(piece, blank, chosen_engine(engine), should_stop, manner, notes)


def _taken_out(piece: Piece, blank: Blank) -> list[tuple[int, Note]]:
    """Return the notes that a blank lacks, each with its part.

    Raises:
        OptionError: If there is none.
    """
    kept = {id(note) for part in blank.piece.parts for note in part.notes}
    found = [
        (index, note)
        for index, part in enumerate(piece.parts)
        for note in part.notes
        if id(note) not in kept
    ]
    if not found:
        raise OptionError("no note lies wholly in what is marked; mark some notes")
    return found
