"""Runtimes behind one interface: ONNX Runtime for CPUs, torch as reference and for GPUs."""

from composer.decoding.runtimes.base import Runtime, Session
from composer.decoding.runtimes.choice import RUNTIMES, open_runtime

__all__ = ["RUNTIMES", "Runtime", "Session", "open_runtime"]
