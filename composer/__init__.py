"""Compose classical music with a small transformer: a request in, ranked pieces out.

    from composer import Request, compose

    composition = compose(Request(composer="Bach", form="chorale", key="G minor", candidates=4))
    print(composition.scorecard.total, composition.scorecard.reasons[0])

The public names are loaded when they are first used: training runs where only torch and numpy are.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # what type checkers see; at run time `__getattr__` finds the same names
    from composer.composition import Composition as Composition
    from composer.composition import replay as replay
    from composer.corpus import read_midi as read_midi
    from composer.corpus import read_score as read_score
    from composer.errors import ComposerError as ComposerError
    from composer.live import TimedEvent as TimedEvent
    from composer.live import stream as stream
    from composer.piece import Note as Note
    from composer.piece import Part as Part
    from composer.piece import Piece as Piece
    from composer.pipeline import compose as compose
    from composer.pipeline import compose_long as compose_long
    from composer.pipeline import compose_plan as compose_plan
    from composer.pipeline import compose_steps as compose_steps
    from composer.pipeline import extend as extend
    from composer.pipeline import harmonise as harmonise
    from composer.pipeline import infill as infill
    from composer.pipeline import menu as menu
    from composer.pipeline import paint as paint
    from composer.pipeline import paint_steps as paint_steps
    from composer.pipeline import vary as vary
    from composer.prompts import read_prompt as read_prompt
    from composer.rendering import render_audio as render_audio
    from composer.rendering import write_files as write_files
    from composer.rendering import write_midi as write_midi
    from composer.request import Request as Request
    from composer.scorecard import Scorecard as Scorecard
    from composer.scoring import score as score

_NAMES = {
    "composition": "Composition replay",
    "corpus": "read_midi read_score",
    "errors": "ComposerError",
    "live": "TimedEvent stream",
    "piece": "Note Part Piece",
    "pipeline": (
        "compose compose_long compose_plan compose_steps extend harmonise infill menu "
        "paint paint_steps vary"
    ),
    "prompts": "read_prompt",
    "rendering": "render_audio write_files write_midi",
    "request": "Request",
    "scorecard": "Scorecard",
    "scoring": "score",
}
_HOMES = {name: home for home, names in _NAMES.items() for name in names.split()}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    """Load a public name from its home (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'composer' has no attribute {name!r}")
    return getattr(import_module(f"composer.{_HOMES[name]}"), name)
