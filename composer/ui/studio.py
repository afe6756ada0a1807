"""`Studio`: the few functions that the page calls, as one value, so that a test can fake them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from composer import pipeline, rendering
from composer.composition import Composition
from composer.corpus.uploads import read_score_bytes
from composer.engines import MenuRow
from composer.piece import Piece
from composer.pipeline import Progress
from composer.request import Request
from composer.ui.accelerator import on_accelerator


class ReadScore(Protocol):
    """Read the bytes of a file as music."""

    def __call__(self, data: bytes, *, title: str) -> Piece:
        """Return the piece, or raise `ScoreFileError` with one plain sentence."""


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
        read_score: As `corpus.read_score_bytes`.
    """

    menu: Callable[[], tuple[MenuRow, ...]]
    compose_steps: ComposeSteps
    load: Callable[[], object]
    render_audio: Callable[..., Path]
    sound_problem: Callable[[], str | None]
    read_score: ReadScore = read_score_bytes


def default_studio() -> Studio:
    """Return the studio with the bundled checkpoint."""
    return Studio(
        menu=pipeline.menu,
        compose_steps=on_accelerator(pipeline.compose_steps),
        load=pipeline.default_engine,
        render_audio=rendering.render_audio,
        sound_problem=rendering.sound_problem,
    )
