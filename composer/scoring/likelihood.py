"""How surprising the notes are to a model. The numbers are handed in; this file knows no model.

Pieces differ more in how surprising they are than a few wrong notes add: a fugue costs more nats a
note than a damaged chorale. A single note is doubted where the model would rather have a pitch
next to it, and by no more than it surprises beyond what choices at that place do on average. That
tells real pieces from the same ones with 5 % of the notes moved in every family of forms alike,
with an AUC of about .95 by itself (docs/log.md).

What a model draws surprises it less than what people write, nowhere more clearly than in the most
surprising bar: that of a real piece is half as surprising again as that of a draw, or twice. So it
may be too tame as well as too wild, and ratios count, because real pieces spread far on the side of
the wild.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from statistics import fmean

import numpy as np

from composer.piece import Piece
from composer.scorecard import Place
from composer.scoring.rule import MAX_PLACES, NOTHING, Measure, Rule
from composer.scoring.sources import CHMIEL_SCHUBERT, CONKLIN_WITTEN
from composer.scoring.texture import WINDOW_BARS
from composer.theory import pitch_name

FAMILY = "likelihood"
# Both sides cost: a piece that a model finds too easy is bland, one too hard is wrong. The band of
# a corpus needs the model itself; where none is known, this one, as wide as real forms differ.
_LOW_NATS, _HIGH_NATS = 1.0, 4.0
# In 16 bars the most surprising one is about twice as surprising as the mean of all.
_LOW_WORST_NATS, _HIGH_WORST_NATS = 2.2, 6.0
# Real notes too have likelier neighbours by a little: chromatic ones, suspensions.
FREE_NATS = 1.0
_LOW_DOUBT, _HIGH_DOUBT = 0.04, 0.18
# A note with a neighbour this much likelier (twenty times) is worth a mark on the page.
MARKED_NATS = math.log(20)


@dataclass(frozen=True, slots=True)
class Doubt:
    """A note that a model would rather have a step lower or higher.

    Args:
        bar: Index, 0 for the first.
        onset_beats: Quarters from the beginning.
        part: Index, 0 the highest.
        pitch: Of the note, MIDI number.
        likelier: The pitch near by.
        nats: How much likelier it would be.
    """

    bar: int
    onset_beats: Fraction
    part: int
    pitch: int
    likelier: int
    nats: float


@dataclass(frozen=True, kw_only=True)
class Surprise:
    """What a model says of the notes of a piece, or of some of them.

    Args:
        nats_per_note: Mean surprise; NaN if it is not known.
        nats_per_bar: Mean surprise of the notes of every bar, NaN where there are none; empty if it
            is not known.
        doubt_per_note: Mean over the notes of what doubts exceed `FREE_NATS` by; NaN if unknown.
        doubts: At least `MARKED_NATS` strong, in the order of time.
    """

    nats_per_note: float = math.nan
    nats_per_bar: tuple[float, ...] = ()
    doubt_per_note: float = math.nan
    doubts: tuple[Doubt, ...] = ()

    def later(self, bars: int, beats: Fraction) -> Surprise:
        """Return it with all places further on, where other bars stand in front."""
        moved = (
            replace(one, bar=one.bar + bars, onset_beats=one.onset_beats + beats)
            for one in self.doubts
        )
        return replace(self, doubts=tuple(moved))


def measure_surprise(piece: Piece, surprise: Surprise) -> dict[str, Measure]:
    """Return the values of all rules of this file."""
    return {
        "nats_per_note": Measure(surprise.nats_per_note),
        "worst_bar_nats": worst_bar(piece, surprise.nats_per_bar),
        "doubt_per_note": Measure(surprise.doubt_per_note, _doubtful(piece, surprise.doubts)),
    }


def _doubtful(piece: Piece, doubts: Sequence[Doubt]) -> tuple[Place, ...]:
    """Return the places of the strongest doubts, in the order of time."""
    strongest = sorted(doubts, key=lambda one: -one.nats)[:MAX_PLACES]
    return tuple(
        Place(
            piece.bar_numbers[one.bar],
            one.onset_beats,
            (one.part,),
            f"{pitch_name(one.pitch, piece.key)}, where {pitch_name(one.likelier, piece.key)} is "
            f"{math.exp(min(one.nats, 9.0)):,.0f} times likelier",
        )
        for one in sorted(strongest, key=lambda one: (one.onset_beats, one.part))
    )


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
            number = piece.bar_numbers[worst]
            places.append(Place(number, piece.bars[worst].onset_beats, (), words))
    return Measure(fmean(found), tuple(places[:MAX_PLACES])) if found else NOTHING


LIKELIHOOD_RULES = (
    Rule(
        name="nats_per_note",
        family=FAMILY,
        label="surprise of a note",
        unit="nats",
        source=CONKLIN_WITTEN,
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
        source=f"{CONKLIN_WITTEN}; {CHMIEL_SCHUBERT}, on too little",
        weight=1.0,
        sides="both",
        least_spread=0.2,
        measure=None,
        is_ratio=True,
    ),
    Rule(
        name="doubt_per_note",
        family=FAMILY,
        label="doubt about single notes",
        unit="nats",
        source=f"{CONKLIN_WITTEN}; {CHMIEL_SCHUBERT}, on too little",
        weight=30.0,
        sides="both",
        is_strict=True,
        least_spread=0.05,
        measure=None,
    ),
)

# For values whose band among real pieces is not known: where the middle of them begins and ends.
NEUTRAL_RANGES: Mapping[str, tuple[float, float]] = {
    "nats_per_note": (_LOW_NATS, _HIGH_NATS),
    "worst_bar_nats": (_LOW_WORST_NATS, _HIGH_WORST_NATS),
    "doubt_per_note": (_LOW_DOUBT, _HIGH_DOUBT),
}
