"""Measuring a checkpoint: how well it predicts pieces that it has not seen."""

from composer.evaluation.likelihood import evaluate_checkpoint, evaluate_likelihood

__all__ = ["evaluate_checkpoint", "evaluate_likelihood"]
