"""Packed events -> checkpoints: batches, loop, schedule.

`train` is loaded when it is first used: the options of a run are read where torch is not installed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from composer.training.batches import PackedEvents
from composer.training.options import TrainOptions
from composer.training.sequences import SamplingOptions

if TYPE_CHECKING:
    from composer.training.loop import train as train

__all__ = ["PackedEvents", "SamplingOptions", "TrainOptions", "train"]


def __getattr__(name: str) -> Any:
    """Load what needs torch (PEP 562)."""
    if name != "train":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from composer.training.loop import train

    return train
