"""Does a classifier that has learned real pieces name the composer and the form of composed ones?

It learns n-grams (`features.words`) of training pieces and judges pieces outside the training split
and composed ones alike, so that the rate on real pieces says how much can be told at all. A
composer is named among the composers of his form; a form among all forms. Composers of no name are
no manner and are left out there.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from composer.corpus.manifest import UNKNOWN_COMPOSER
from composer.evaluation.features import words
from composer.evaluation.intervals import ratio_of_shares, share
from composer.piece import Piece

REAL = "real"
MIN_TRAINING_PIECES = 8
MIN_DOCUMENTS = 3
INVERSE_PENALTY = 10.0


class Labelled(NamedTuple):
    """A piece as words, and whose it is."""

    composer: str
    form: str
    words: list[str]

    @classmethod
    def of(cls, piece: Piece, composer: str, form: str) -> Labelled:
        """Read a piece."""
        return cls(composer, form, words(piece))


class Classifier:
    """Names one of several labels: logistic regression on weighted n-grams.

    Args:
        documents: N-grams of real pieces.
        labels: Of each; two kinds at least.

    Source:
        n-grams of intervals and rhythms as words: J. S. Downie, Evaluating a Simple Approach to
        Music Information Retrieval: Conceiving Melodic N-Grams as Text (1999).
    """

    def __init__(self, documents: Sequence[list[str]], labels: Sequence[str]) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline

        self._model = make_pipeline(
            TfidfVectorizer(analyzer=list, min_df=MIN_DOCUMENTS, sublinear_tf=True),
            LogisticRegression(C=INVERSE_PENALTY, class_weight="balanced", max_iter=200),
        )
        self._model.fit(documents, labels)

    def names(self, documents: Sequence[list[str]]) -> list[str]:
        """Return the label of each document."""
        return [str(name) for name in self._model.predict(documents)] if documents else []


class Recogniser:
    """Names composers within a form, and forms.

    Args:
        training: Real pieces to learn from.
    """

    def __init__(self, training: Sequence[Labelled]) -> None:
        self.composers = {
            form: _known([one for one in training if one.form == form])
            for form in sorted({one.form for one in training})
        }
        self._by_form = {
            form: Classifier(
                *_split([o for o in training if (o.form, o.composer in names) == (form, True)])
            )
            for form, names in self.composers.items()
            if len(names) > 1
        }
        self._training = training

    @cached_property
    def _forms(self) -> Classifier:
        """Learned when first asked: who asks for composers only may bring a single form."""
        return Classifier([o.words for o in self._training], [o.form for o in self._training])

    def composer_hits(self, pieces: Sequence[Labelled]) -> list[tuple[str, bool]]:
        """Return (form, whether the composer was named) of the pieces that can be judged."""
        found = []
        for form, classifier in self._by_form.items():
            judged = [p for p in pieces if p.form == form and p.composer in self.composers[form]]
            names = classifier.names([piece.words for piece in judged])
            found += [(form, name == one.composer) for name, one in zip(names, judged, strict=True)]
        return found

    def form_hits(self, pieces: Sequence[Labelled]) -> list[tuple[str, bool]]:
        """Return (form, whether it was named) of all pieces."""
        names = self._forms.names([piece.words for piece in pieces])
        return [(one.form, name == one.form) for name, one in zip(names, pieces, strict=True)]


def _known(pieces: Sequence[Labelled]) -> frozenset[str]:
    counts = Counter(one.composer for one in pieces if one.composer != UNKNOWN_COMPOSER)
    return frozenset(name for name, n in counts.items() if n >= MIN_TRAINING_PIECES)


def _split(pieces: Sequence[Labelled]) -> tuple[list[list[str]], list[str]]:
    return [one.words for one in pieces], [one.composer for one in pieces]


def recognition(
    recogniser: Recogniser,
    real: Sequence[Labelled],
    composed: Mapping[str, tuple[Sequence[Labelled], Sequence[Labelled]]],
) -> dict[str, Any]:
    """Return how often composer and form are named, set by set.

    Args:
        recogniser: Has learned training pieces.
        real: Pieces outside the training split.
        composed: Name of a set -> its pieces, and the real pieces for whose settings they were
            composed: the two whose rates are compared, because some are easier than others.

    Returns:
        `composer` and `form`: `sets` (name -> share), `of_real` (name -> the share by that of its
        real pieces), `by_form`, and `chance`, what naming at random would give on the real ones.
    """
    n_composers = {form: len(names) for form, names in recogniser.composers.items()}
    chances = [
        1 / n_composers[one.form]
        for one in real
        if n_composers.get(one.form, 0) > 1 and one.composer in recogniser.composers[one.form]
    ]
    return {
        "composer": _rates(recogniser.composer_hits, real, composed) | {"chance": _mean(chances)},
        "form": _rates(recogniser.form_hits, real, composed)
        | {"chance": round(1 / max(1, len(n_composers)), 4)},
    }


def _mean(values: Sequence[float]) -> float | None:
    return round(float(np.mean(values)), 4) if values else None


def _rates(
    hits_of: Callable[[Sequence[Labelled]], list[tuple[str, bool]]],
    real: Sequence[Labelled],
    composed: Mapping[str, tuple[Sequence[Labelled], Sequence[Labelled]]],
) -> dict[str, Any]:
    hits = {REAL: hits_of(real)} | {name: hits_of(own) for name, (own, _) in composed.items()}
    by_form: dict[str, dict[str, list[bool]]] = defaultdict(dict)
    for name, found in hits.items():
        for form, is_hit in found:
            by_form[form].setdefault(name, []).append(is_hit)
    return {
        "sets": {name: share(_outcomes(found)).to_dict() for name, found in hits.items()},
        "of_real": {
            name: ratio_of_shares(_outcomes(hits_of(like)), _outcomes(hits[name])).to_dict()
            for name, (_, like) in composed.items()
        },
        "by_form": {
            form: {name: share(found).to_dict() for name, found in rows.items()}
            for form, rows in sorted(by_form.items())
        },
    }


def _outcomes(hits: Sequence[tuple[str, bool]]) -> list[bool]:
    return [is_hit for _, is_hit in hits]
