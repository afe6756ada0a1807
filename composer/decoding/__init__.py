"""Logits -> ids: filters, the engine's loop, runtimes."""

from composer.decoding.engine import DecodingOptions, Draw, Group, Leaning, draw
from composer.decoding.runtimes import RUNTIMES, Runtime, TorchRuntime, open_runtime

__all__ = [
    "RUNTIMES",
    "DecodingOptions",
    "Draw",
    "Group",
    "Leaning",
    "Runtime",
    "TorchRuntime",
    "draw",
    "open_runtime",
]
