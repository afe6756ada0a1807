"""Logits -> ids: filters, the engine's loop, runtimes."""

from composer.decoding.engine import DecodingOptions, Draw, Group, draw
from composer.decoding.runtimes import Runtime, TorchRuntime

__all__ = ["DecodingOptions", "Draw", "Group", "Runtime", "TorchRuntime", "draw"]
