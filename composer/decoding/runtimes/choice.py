"""Which runtime a model gets. ONNX Runtime is imported only where it runs."""

from __future__ import annotations

from composer.decoding.runtimes.base import Runtime
from composer.decoding.runtimes.torch_runtime import TorchRuntime
from composer.errors import OptionError
from composer.models import EventTransformer

RUNTIMES = ("auto", "torch", "onnx", "onnx-fp32")


def open_runtime(model: EventTransformer, name: str = "auto") -> Runtime:
    """Make a model ready to run.

    Args:
        model: On its device.
        name: One of `RUNTIMES`; `auto` is `onnx` (8-bit weights) on a CPU and `torch` elsewhere.

    Raises:
        OptionError: If there is no such runtime, or it cannot run on the model's device.
    """
    if name not in RUNTIMES:
        raise OptionError(f"`runtime` must be one of {', '.join(RUNTIMES)}, got {name[:40]!r}")
    is_on_cpu = next(model.parameters()).device.type == "cpu"
    if name == "torch" or (name == "auto" and not is_on_cpu):
        return TorchRuntime(model)
    if not is_on_cpu:
        raise OptionError(f"the runtime `{name}` runs on the CPU only; choose `torch`")
    from composer.decoding.runtimes.onnx_runtime import OnnxRuntime

    return OnnxRuntime(model, is_int8=name != "onnx-fp32")
