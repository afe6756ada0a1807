"""Logits -> ids: filters, the engine's loop, runtimes."""

from composer.decoding.engine import DecodingOptions, Draw, Group, Leaning, draw
from composer.decoding.runtimes import RUNTIMES, Runtime, open_runtime

__all__ = [
    "RUNTIMES",
    "DecodingOptions",
    "Draw",
    "Group",
    "Leaning",
    "Runtime",
    "draw",
    "open_runtime",
]
