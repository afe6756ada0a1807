"""Measuring a checkpoint: likelihood now; fidelity, style, memorisation and two-sample tests beside it."""

from composer.evaluation.likelihood import evaluate_checkpoint, evaluate_likelihood

__all__ = ["evaluate_checkpoint", "evaluate_likelihood"]
