"""Raw draws of the engine of events: rows as they were drawn, before they become takes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import numpy as np

from composer.decoding import Draw, Runtime
from composer.engines import Ask
from composer.engines.events.drawing import Drawing, draw_groups
from composer.engines.events.engine import EventEngine
from composer.piece import Piece
from composer.tokenizer import encode_bars, vocab


class _Raw:
    """Takes draws as they are."""

    @staticmethod
    def take(draw: Draw) -> Any:
        return draw


def draws_of_drawing(runtime: Runtime, drawing: Drawing) -> list[Draw]:
    """Return all draws of a drawing, by their numbers."""
    raw = replace(drawing, reader=cast("Any", _Raw()))
    found = [draw for step in draw_groups(runtime, raw) for draw in step.takes]
    return sorted(cast("list[Draw]", found), key=lambda draw: draw.index)


def draws_of(engine: EventEngine, ask: Ask) -> list[Draw]:
    """Return all draws of an ask, by their numbers."""
    return draws_of_drawing(engine.runtime, engine.drawing_of(ask))


def draw_of(piece: Piece, index: int = 0) -> Draw:
    """Return the draw that a piece might have come from."""
    events = np.concatenate([encode_bars(piece), vocab.row(vocab.END)])
    return Draw(
        index=index,
        events=events,
        log_probs=np.zeros(events.shape, np.float32),
        doubts=np.zeros((len(events), 2), np.float32),
        is_complete=True,
    )
