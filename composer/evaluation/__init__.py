"""Measuring a checkpoint: how well it predicts and what it composes beside real pieces."""

from composer.evaluation.comparison import compare, load_report
from composer.evaluation.intervals import Interval
from composer.evaluation.likelihood import evaluate_checkpoint, evaluate_likelihood
from composer.evaluation.report import ReportOptions, build_report, save_report
from composer.evaluation.sweeps import sweep
from composer.evaluation.two_sample import two_sample_auc

__all__ = [
    "Interval",
    "ReportOptions",
    "build_report",
    "compare",
    "evaluate_checkpoint",
    "evaluate_likelihood",
    "load_report",
    "save_report",
    "sweep",
    "two_sample_auc",
]
