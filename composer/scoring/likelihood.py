"""How surprising the notes are to a model. The numbers are handed in; this file knows no model."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

import numpy as np

from composer.piece import Piece
from composer.scorecard import Place
from composer.scoring.rule import MAX_PLACES, NOTHING, Measure, Rule
from composer.scoring.texture import WINDOW_BARS

FAMILY = "likelihood"
# Both sides cost: a piece that a model finds too easy is bland, one too hard is wrong. The band of
# a corpus needs the model itself; where none is known, this one, as wide as real forms differ.
NEUTRAL_LOW_NATS, NEUTRAL_HIGH_NATS = 1.0, 4.0
# In 16 bars the most surprising one is about twice as surprising as the mean of all.
NEUTRAL_LOW_WORST_NATS, NEUTRAL_HIGH_WORST_NATS = 2.2, 6.0
_SOURCE = "D. Conklin and I. Witten, Multiple Viewpoint Systems for Music Prediction (1995)"


def worst_bar(piece: Piece, nats_per_bar: Sequence[float]) -> Measure:
    """Return the surprise of the most surprising bar, averaged over windows of bars.

    Args:
        piece: Says where the bars lie.
        nats_per_bar: Mean surprise of the notes of every bar; NaN where there are none.
    """
    nats = np.array(nats_per_bar[: piece.n_bars], dtype=np.float64)
    n_windows = max(1, round(len(nats) / WINDOW_BARS))
    found, places = [], []
    for bars in np.array_split(np.arange(len(nats)), n_windows):
        bars = bars[np.isfinite(nats[bars])]
        if len(bars):
            worst = int(bars[nats[bars].argmax()])
            found.append(float(nats[worst]))
            words = f"{nats[worst]:.1f} nats a note"
            places.append(Place(worst + 1, piece.bars[worst].onset_beats, (), words))
    return Measure(fmean(found), tuple(places[:MAX_PLACES])) if found else NOTHING


LIKELIHOOD_RULES = (
    Rule(
        name="nats_per_note",
        family=FAMILY,
        label="surprise of a note",
        unit="nats",
        source=_SOURCE,
        weight=1.0,
        sides="both",
        least_spread=0.5,
        measure=None,
    ),
    Rule(
        name="worst_bar_nats",
        family=FAMILY,
        label="surprise of a note in the most surprising bar",
        unit="nats",
        source=_SOURCE,
        weight=0.5,
        sides="high",
        least_spread=1.0,
        measure=None,
    ),
)
