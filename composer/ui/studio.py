"""`Studio`: the few functions that the page calls, as one value, so that a test can fake them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from composer import pipeline, rendering
from composer.composition import Composition
from composer.engines import MenuRow
from composer.piece import Piece
from composer.pipeline import Progress
from composer.request import Request


class ComposeSteps(Protocol):
    """Compose step by step; the last step is the composition."""

    def __call__(
        self, request: Request, *, should_stop: Callable[[], bool]
    ) -> Iterator[Progress | Composition]:
        """Yield progress, then the composition."""


@dataclass(frozen=True)
class Studio:
    """What the page needs from the rest of the house.

    Args:
        menu: The pairs of composer and form on offer.
        compose_steps: As `pipeline.compose_steps`.
        load: Loads what composes; raises `CheckpointError` if that cannot be.
        render_audio: As `rendering.render_audio`.
        sound_problem: One line that says how to get sound; None if there is sound.
    """

    menu: Callable[[], tuple[MenuRow, ...]]
    compose_steps: ComposeSteps
    load: Callable[[], object]
    render_audio: Callable[[Piece, Path], Path]
    sound_problem: Callable[[], str | None]


def default_studio() -> Studio:
    """Return the studio with the bundled checkpoint."""
    return Studio(
        menu=pipeline.menu,
        compose_steps=pipeline.compose_steps,
        load=pipeline.default_engine,
        render_audio=rendering.render_audio,
        sound_problem=rendering.sound_problem,
    )
