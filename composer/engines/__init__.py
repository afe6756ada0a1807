"""Wishes in, candidates out: the transformer now, other families beside it."""

from composer.engines.base import Capabilities, Chunk, Draft, Engine, Step
from composer.engines.menu import MenuRow, check_menu
from composer.engines.suggestions import Suggestion, menu_values
from composer.engines.surprise import surprise_of_draft
from composer.engines.transformer import TransformerEngine

__all__ = [
    "Capabilities",
    "Chunk",
    "Draft",
    "Engine",
    "MenuRow",
    "Step",
    "Suggestion",
    "TransformerEngine",
    "check_menu",
    "menu_values",
    "surprise_of_draft",
]
