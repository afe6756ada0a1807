"""Ids -> logits: the transformer, its sizes and its checkpoints."""

from composer.models.checkpoint import (
    Checkpoint,
    load_checkpoint,
    save_checkpoint,
    save_evaluation,
)
from composer.models.config import PRESETS, ModelConfig
from composer.models.transformer import EventTransformer

__all__ = [
    "PRESETS",
    "Checkpoint",
    "EventTransformer",
    "ModelConfig",
    "load_checkpoint",
    "save_checkpoint",
    "save_evaluation",
]
