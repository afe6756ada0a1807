"""`Standards`: what music is judged by. Where real pieces lie, and what a penalty costs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from composer.scoring.bands import Bands, load_bands, with_likelihood
from composer.scoring.weights import FamilyWeights, load_model_bands, load_weights


@dataclass(frozen=True, kw_only=True)
class Standards:
    """What music is judged by.

    Args:
        bands: Where the values of real pieces lie, group by group.
        weights: What a penalty costs, by family of forms.
        model_bands: Where the values lie that a certain model gives real pieces; empty where no
            model is asked, or nothing is known of it.
    """

    bands: Bands
    weights: Mapping[str, FamilyWeights]
    model_bands: Bands

    @classmethod
    def general(cls) -> Standards:
        """Return those that suit any music: bands of the corpus, and the bundled weights.

        Raises:
            ScoreFileError: If they cannot be read.
        """
        return _general()

    def with_likelihood(self, found: Mapping[str, Iterable[float]]) -> Standards:
        """Return the same with what a model says of real pieces; see `bands.with_likelihood`."""
        return replace(self, bands=with_likelihood(self.bands, found))


@lru_cache(maxsize=1)
def _general() -> Standards:
    return Standards(bands=load_bands(), weights=load_weights(), model_bands=load_model_bands())
