"""How lively a piece is: nine signs of life together, where each by itself lies in the usual band.

A dull piece breaks no rule. Its notes are of few lengths, every bar has the rhythm of the last,
nothing is held over a beat, lines creep, all parts move at once and sound at once, no motif comes
back, no voice answers another; each of that is found in real pieces too, seldom all of it. What a
model draws leans to the plain side in every one of these signs, and yet lies in the band of each
(docs/log.md). So they are averaged: in a mean what pieces differ in by chance falls out, and what
is plain throughout stays.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import fmean
from typing import NamedTuple

from composer.scoring.counterpoint.imitation import imitation
from composer.scoring.density import attacks_together, thickness_spread
from composer.scoring.melody import motif_recall, wide_leaps
from composer.scoring.rhythm import groove, length_kinds, rhythm_entropy, syncopation
from composer.scoring.rule import NOTHING, Measure, Rule
from composer.scoring.sources import CHMIEL_SCHUBERT, SCHOENBERG
from composer.scoring.texture import Texture

FAMILY = "liveliness"


class Sign(NamedTuple):
    """A sign of life: what is measured, and the values that count as plain (0) and lively (1).

    Between them lie eight tenths of all real pieces of the corpus; the band of a form tells what
    is usual there.
    """

    measure: Callable[[Texture], Measure]
    plain: float
    lively: float

    def found_in(self, texture: Texture) -> float:
        """Return where a piece lies between plain and lively, 0 to 1; NaN if it has no such."""
        value = texture.once(self.measure).value
        if math.isnan(value):
            return math.nan
        return min(max((value - self.plain) / (self.lively - self.plain), 0.0), 1.0)


SIGNS = (
    Sign(rhythm_entropy, plain=1.1, lively=2.2),
    Sign(syncopation, plain=0.0, lively=0.13),
    Sign(motif_recall, plain=0.13, lively=0.59),
    Sign(attacks_together, plain=0.95, lively=0.51),
    Sign(imitation, plain=0.0, lively=0.056),
    Sign(length_kinds, plain=4.0, lively=10.5),
    Sign(groove, plain=0.77, lively=0.42),
    Sign(thickness_spread, plain=0.0, lively=1.64),
    Sign(wide_leaps, plain=0.01, lively=0.23),
)


def liveliness(texture: Texture) -> Measure:
    """Return the mean of the signs of life that a piece can have, 0 to 1; a solo has seven."""
    found = [sign.found_in(texture) for sign in SIGNS]
    known = [value for value in found if not math.isnan(value)]
    return Measure(fmean(known)) if known else NOTHING


LIVELINESS_RULES = (
    Rule(
        name="liveliness",
        family=FAMILY,
        label="liveliness of rhythm, motifs and parts",
        unit="of 1",
        source=f"{SCHOENBERG}, on monotony and variation; {CHMIEL_SCHUBERT}",
        weight=6.0,
        sides="low",
        is_merit=True,
        least_spread=0.1,
        measure=liveliness,
    ),
)
