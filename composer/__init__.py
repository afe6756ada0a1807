"""Compose classical music with a small transformer: wishes in, ranked pieces out.

    from composer import Request, compose

    composition = compose(Request(composer="Bach", form="chorale", key="G minor", candidates=4))
    print(composition.scorecard.total, composition.scorecard.reasons[0])

The public names are loaded when they are first used: training runs where only torch and numpy are.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from composer.composition import Composition, replay
    from composer.corpus import read_midi
    from composer.errors import ComposerError
    from composer.piece import Note, Part, Piece
    from composer.pipeline import compose, compose_steps, menu
    from composer.rendering import render_audio, write_midi
    from composer.request import Request
    from composer.scorecard import Scorecard
    from composer.scoring import score

_HOMES = {
    "ComposerError": "errors",
    "Composition": "composition",
    "Note": "piece",
    "Part": "piece",
    "Piece": "piece",
    "Request": "request",
    "Scorecard": "scorecard",
    "compose": "pipeline",
    "compose_steps": "pipeline",
    "menu": "pipeline",
    "read_midi": "corpus",
    "render_audio": "rendering",
    "replay": "composition",
    "score": "scoring",
    "write_midi": "rendering",
}
__all__ = [
    "ComposerError",
    "Composition",
    "Note",
    "Part",
    "Piece",
    "Request",
    "Scorecard",
    "compose",
    "compose_steps",
    "menu",
    "read_midi",
    "render_audio",
    "replay",
    "score",
    "write_midi",
]


def __getattr__(name: str) -> Any:
    """Load a public name from its home (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'composer' has no attribute {name!r}")
    return getattr(import_module(f"composer.{_HOMES[name]}"), name)
