"""Which runtime a model gets. Torch and ONNX Runtime are imported only where they run."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from composer.decoding.runtimes.base import Runtime
from composer.errors import CheckpointError, OptionError
from composer.models import Weights, XlstmConfig

if TYPE_CHECKING:
    from composer.models.event_model import EventModel

Model = TypeVar("Model", bound="EventModel")
RUNTIMES = ("auto", "torch", "onnx", "onnx-graph", "onnx-fp32")


def open_runtime(weights: Weights, name: str = "auto", device: str = "cpu") -> Runtime:
    """Make a model ready to run.

    Args:
        weights: Of the model.
        name: One of `RUNTIMES`; `auto` is `onnx` (8-bit weights) on a CPU, where it can run the
            model, and `torch` elsewhere; `onnx-graph` leaves the compiled kernel out.
        device: Torch's name of it, such as `cuda`.

    Raises:
        OptionError: If there is no such runtime, or it cannot run on the device.
        CheckpointError: If the device cannot be used.
    """
    if name not in RUNTIMES:
        raise OptionError(f"`runtime` must be one of {', '.join(RUNTIMES)}, got {name[:40]!r}")
    is_on_cpu = device == "cpu"
    if name == "torch" or (name == "auto" and not is_on_cpu):
        return _open_torch(weights, device)
    if not is_on_cpu:
        raise OptionError(f"the runtime `{name}` runs on the CPU only; choose `torch`")
    if isinstance(weights.config, XlstmConfig):
        if name == "auto" and "slstm" in weights.config.cells:
            return _open_torch(weights, device)
        from composer.decoding.runtimes.recurrent_graphs import RecurrentGraphs

        return RecurrentGraphs(weights, is_int8=name != "onnx-fp32")
    from composer.decoding.runtimes.onnx_runtime import OnnxRuntime

    return OnnxRuntime(weights, is_int8=name != "onnx-fp32", uses_kernel=name != "onnx-graph")


def _open_torch(weights: Weights, device: str) -> Runtime:
    from composer.decoding.runtimes.recurrent_runtime import RecurrentRuntime
    from composer.decoding.runtimes.static_runtime import StaticRuntime
    from composer.decoding.runtimes.torch_runtime import TorchRuntime
    from composer.models.transformer import EventTransformer
    from composer.models.xlstm import EventXlstm

    if isinstance(weights.config, XlstmConfig):
        return RecurrentRuntime(_moved(EventXlstm.of(weights), device))
    model = _moved(EventTransformer.of(weights), device)
    return TorchRuntime(model) if device == "cpu" else StaticRuntime(model)


def _moved(model: Model, device: str) -> Model:
    try:
        return model.to(device)
    except (RuntimeError, AssertionError) as error:  # torch asserts that it was built for CUDA
        raise CheckpointError(
            f"the device {device[:40]!r} cannot be used here; leave COMPOSER_DEVICE out for the CPU"
        ) from error
