"""Runtimes behind one interface: ONNX Runtime for CPUs, torch as reference and for GPUs."""

from composer.decoding.runtimes.base import Runtime, Session
from composer.decoding.runtimes.choice import RUNTIMES, open_runtime
from composer.decoding.runtimes.torch_runtime import TorchRuntime

__all__ = ["RUNTIMES", "Runtime", "Session", "TorchRuntime", "open_runtime"]
