"""Packed events -> checkpoints: batches, loop, schedule."""

from composer.training.batches import PackedEvents, SamplingOptions
from composer.training.loop import train
from composer.training.options import TrainOptions

__all__ = ["PackedEvents", "SamplingOptions", "TrainOptions", "train"]
