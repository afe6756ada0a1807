"""Measuring a checkpoint: how well it predicts unseen pieces, and how fast it composes."""

from composer.evaluation.likelihood import evaluate_checkpoint, evaluate_likelihood
from composer.evaluation.speed import bench

__all__ = ["bench", "evaluate_checkpoint", "evaluate_likelihood"]
