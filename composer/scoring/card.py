"""Score a piece: every rule's value beside the band of real pieces, one total, and the reasons.

    distance  = how far the value lies outside [low, p90], on a side that costs;
                low is p10, and the median for what a person wishes (key, close)
    penalty   = CAP * (1 - exp(-x / CAP)),  x = distance / max(p90 - low, least_spread)
    total     = 100 * exp(-weighted mean of the penalties)

Inside the band a penalty is 0: to be cleaner or blander than real pieces earns nothing. Outside
it grows with the distance, ever more slowly, so that one wild value cannot hide all others. Values
that a piece does not have (NaN) take no share in the mean.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from composer.piece import Piece
from composer.scorecard import Score, Scorecard
from composer.scoring.bands import Band, Bands, find_band, groups_of, load_bands, measure
from composer.scoring.reasons import tell_reasons
from composer.scoring.rule import NOTHING, Measure, Rule
from composer.scoring.rules import RULES, weight_of

PENALTY_CAP = 3.0


def score(
    piece: Piece,
    *,
    form: str | None = None,
    nats_per_note: float | None = None,
    bands: Bands | None = None,
) -> Scorecard:
    """Compare a piece with real ones of its form.

    Args:
        piece: Any piece, an empty one included.
        form: Whose band; the piece's own if not given.
        nats_per_note: Mean surprise of a model, if one is known.
        bands: Instead of those of the corpus.
    """
    form = piece.form if form is None else form
    bands = load_bands() if bands is None else bands
    found: Mapping[str, Measure] = measure(piece)
    if nats_per_note is not None:
        found = {**found, "nats_per_note": Measure(nats_per_note)}
    groups = groups_of(piece, form)
    scores = tuple(
        _score_rule(rule, found.get(rule.name, NOTHING), bands, groups, weight_of(rule, form))
        for rule in RULES
    )
    group = next((name for name in groups if name in bands), "")
    return Scorecard(group, scores, total(scores), tell_reasons(scores, group))


def _score_rule(
    rule: Rule, found: Measure, bands: Bands, groups: tuple[str, ...], weight: float
) -> Score:
    _, band = find_band(bands, groups, rule)
    return Score(
        name=rule.name,
        family=rule.family,
        value=found.value,
        unit=rule.unit,
        low=low_edge(band, rule),
        high=band.p90,
        penalty=penalty(found.value, band, rule),
        weight=weight,
        places=found.places,
        source=rule.source,
    )


def penalty(value: float, band: Band, rule: Rule) -> float:
    """Return 0 inside the band, and more with every step away from it, below `PENALTY_CAP`."""
    low = low_edge(band, rule)
    if not (math.isfinite(value) and math.isfinite(low) and math.isfinite(band.p90)):
        return 0.0
    below = low - value if rule.sides != "high" else 0.0
    above = value - band.p90 if rule.sides != "low" else 0.0
    spreads = max(below, above, 0.0) / max(band.p90 - low, rule.least_spread)
    return PENALTY_CAP * -math.expm1(-spreads / PENALTY_CAP)


def low_edge(band: Band, rule: Rule) -> float:
    """Return where the band of a rule begins: the 10th percentile, for wishes the median."""
    return band.p50 if rule.is_wish else band.p10


def total(scores: tuple[Score, ...]) -> float:
    """Return 0-100, higher is better; 0 if nothing could be measured."""
    measured = [score for score in scores if math.isfinite(score.value)]
    weights = sum(score.weight for score in measured)
    if not weights:
        return 0.0
    return 100.0 * math.exp(-sum(score.weight * score.penalty for score in measured) / weights)
