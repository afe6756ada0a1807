"""Ids -> logits: a transformer and an xLSTM, their sizes and their checkpoints.

What needs torch (`event_model`, `transformer`, `xlstm`, `kinds`, `saving`, `likelihood`) is
imported from its own module, so that loading a checkpoint does not load torch.
"""

from composer.models.checkpoint import (
    Checkpoint,
    fingerprint_of,
    load_checkpoint,
    load_sampling,
    save_evaluation,
    save_sampling,
)
from composer.models.config import KINDS, PRESETS, PRESETS_OF, ModelConfig, XlstmConfig
from composer.models.weights import Weights

__all__ = [
    "KINDS",
    "PRESETS",
    "PRESETS_OF",
    "Checkpoint",
    "ModelConfig",
    "Weights",
    "XlstmConfig",
    "fingerprint_of",
    "load_checkpoint",
    "load_sampling",
    "save_evaluation",
    "save_sampling",
]
