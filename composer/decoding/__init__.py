"""Logits -> ids: filters, the engine's loop, runtimes."""

from composer.decoding.engine import DecodingOptions, Draw, Group, Leaning, Neighbours, draw
from composer.decoding.reading import Passage, Reading, read
from composer.decoding.runtimes import RUNTIMES, Runtime, open_runtime

__all__ = [
    "RUNTIMES",
    "DecodingOptions",
    "Draw",
    "Group",
    "Leaning",
    "Neighbours",
    "Passage",
    "Reading",
    "Runtime",
    "draw",
    "open_runtime",
    "read",
]
