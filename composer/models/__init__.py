"""Ids -> logits: the transformer, its sizes and its checkpoints.

What needs torch (`transformer`, `saving`, `likelihood`) is imported from its own module, so that
loading a checkpoint does not load torch.
"""

from composer.models.checkpoint import (
    Checkpoint,
    load_checkpoint,
    load_sampling,
    save_evaluation,
    save_sampling,
)
from composer.models.config import PRESETS, ModelConfig
from composer.models.weights import Weights

__all__ = [
    "PRESETS",
    "Checkpoint",
    "ModelConfig",
    "Weights",
    "load_checkpoint",
    "load_sampling",
    "save_evaluation",
    "save_sampling",
]
