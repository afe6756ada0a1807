"""Can a classifier tell two sets of pieces apart? Knows numbers, no music.

A classifier learns on four fifths of both sets and judges the rest, five times, so that every piece
is judged once by a classifier that has not seen it. Its AUC is the chance that a piece of the other
set looks less real than a real one: 0.5 if the sets cannot be told apart, 1 if always.

Source:
    D. Lopez-Paz and M. Oquab, Revisiting Classifier Two-Sample Tests, ICLR 2017, arXiv 1610.06545;
    the AUC in place of the accuracy, because it does not depend on a threshold.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from composer.errors import OptionError
from composer.evaluation.intervals import Floats, Interval, bootstrap_two

N_FOLDS = 5
N_TREES = 300
Bools = npt.NDArray[np.bool_]


def two_sample_auc(
    real_features: npt.ArrayLike, other_features: npt.ArrayLike, *, seed: int = 0
) -> Interval:
    """Return how well real and other pieces are told apart, 0.5 (not at all) to 1.

    The interval resamples the judged pieces of both sets; it does not hold what other folds or
    other trees would change. With few pieces a value a little below 0.5 is chance.

    Args:
        real_features: [N, K], a row a piece; NaN where a piece has nothing to measure.
        other_features: [M, K], in the same columns.
        seed: Of folds, trees and resampling.

    Raises:
        OptionError: If a set has fewer pieces than there are folds, or the columns differ.
    """
    real, other = (np.asarray(rows, dtype=np.float64) for rows in (real_features, other_features))
    if real.ndim != 2 or other.ndim != 2 or real.shape[1] != other.shape[1]:
        raise OptionError("both sets of pieces must be tables with the same columns")
    if min(len(real), len(other)) < N_FOLDS:
        raise OptionError(
            f"each set needs {N_FOLDS} pieces or more, got {len(real)} and {len(other)}"
        )
    is_other = np.arange(len(real) + len(other)) >= len(real)
    scores = _judged_unseen(np.concatenate([real, other]), is_other, seed)
    return bootstrap_two(scores[~is_other], scores[is_other], auc, seed=seed)


def auc(real_scores: Floats, other_scores: Floats) -> float:
    """Return the chance that a score of the others exceeds a real one; ties count half.

    Source:
        J. A. Hanley and B. J. McNeil, The meaning and use of the area under a receiver operating
        characteristic (ROC) curve, Radiology 143 (1982), pp. 29-36.
    """
    ranks = rankdata(np.concatenate([real_scores, other_scores]))[len(real_scores) :]
    n_other = len(other_scores)
    above = float(ranks.sum()) - n_other * (n_other + 1) / 2
    return above / (n_other * len(real_scores))


def _judged_unseen(features: Floats, is_other: Bools, seed: int) -> Floats:
    """Return a score of every piece by a classifier that has not seen it, 0..1, ranked by fold.

    Ranks within a fold, because classifiers of different folds need not agree on a scale.
    """
    from sklearn.ensemble import ExtraTreesClassifier
    from sklearn.model_selection import StratifiedKFold

    scores = np.empty(len(features))
    folds = StratifiedKFold(N_FOLDS, shuffle=True, random_state=seed)
    for train, test in folds.split(features, is_other):
        trees = ExtraTreesClassifier(
            N_TREES, min_samples_leaf=2, class_weight="balanced", random_state=seed
        )
        trees.fit(features[train], is_other[train])
        scores[test] = rankdata(trees.predict_proba(features[test])[:, 1]) / len(test)
    return scores
