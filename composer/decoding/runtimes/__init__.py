"""Runtimes behind one interface: torch now, ONNX Runtime beside it."""

from composer.decoding.runtimes.base import Runtime, Session
from composer.decoding.runtimes.torch_runtime import TorchRuntime

__all__ = ["Runtime", "Session", "TorchRuntime"]
