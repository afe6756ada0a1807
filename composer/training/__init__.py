"""Packed events -> checkpoints: batches, loop, schedule."""

from composer.training.batches import PackedEvents, SamplingOptions
from composer.training.loop import TrainOptions, train

__all__ = ["PackedEvents", "SamplingOptions", "TrainOptions", "train"]
