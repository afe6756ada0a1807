"""Score a piece: every rule's value beside the band of real pieces, one total, and the reasons.

    distance  = how far the value lies above p90 or below low, where both sides cost;
                above p75 or below p25, where one does; below p75 for a merit;
                above p75 and below low for what is strict
    low       = p10, and the median for what a person expects (key, close)
                logarithms of all three, where a rule says that ratios count
    penalty   = CAP * (1 - exp(-x / CAP)),  x = distance / max(p90 - low, least_spread)
    cost      = square root of the sum of (weight * penalty)^2
    total     = how many cost more, of fifty real pieces of the family of forms and fifty draws
    lost      = (100 - total) * (weight * penalty / cost)^2

Among the middle of real pieces a penalty is 0: to be cleaner or blander than they are earns
nothing. Beyond it grows with the distance, ever more slowly, so that one wild value cannot hide all
others. Only of what makes music worth hearing again, its liveliness, even the median of real pieces
could have more. Faults begin to cost at the quarter, because in forms as unlike as songs a fault or
two more lies well inside the band and yet tells a damaged piece from the same one before. Values
that a piece does not have (NaN) cost nothing; a piece without notes has a total of 0. What the
rules lose and the total sum to 100. Weights and the scale of the total are learned from real
pieces; see `scoring.weights`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from composer.piece import Piece
from composer.scorecard import Score, Scorecard
from composer.scoring.bands import Band, find_band, groups_of, measure
from composer.scoring.likelihood import Surprise, measure_surprise
from composer.scoring.reasons import tell_reason, tell_reasons
from composer.scoring.rule import NOTHING, Measure, Rule
from composer.scoring.rules import RULES
from composer.scoring.standards import Standards
from composer.scoring.weights import form_family, joined_cost

PENALTY_CAP = 3.0
# What is measured as a ratio is held to be this at least.
_TINY = 1e-3


def score(
    piece: Piece,
    *,
    form: str | None = None,
    surprise: Surprise | None = None,
    standards: Standards | None = None,
) -> Scorecard:
    """Compare a piece with real ones of its form.

    Args:
        piece: Any piece, an empty one included.
        form: Whose band; the piece's own if not given.
        surprise: What a model says of its notes, if one was asked.
        standards: What it is judged by; the general ones if not given.
    """
    form = piece.form if form is None else form
    standards = standards or Standards.general()
    family = standards.weights[form_family(form)]
    piece = piece if piece.form == form else replace(piece, form=form)
    found: Mapping[str, Measure] = measure(piece)
    if surprise is not None:
        found = {**found, **measure_surprise(piece, surprise)}
    groups = groups_of(piece, form)
    scores = tuple(
        _score_rule(rule, found.get(rule.name, NOTHING), standards, groups, family.weight_of(rule))
        for rule in RULES
    )
    group = next((name for name in groups if name in standards.bands), "")
    total = family.total(cost_of(scores)) if piece.n_notes else 0.0
    scores = tuple(
        replace(score, lost=lost, reason=tell_reason(score, group))
        for score, lost in zip(scores, _losses(scores, total), strict=True)
    )
    return Scorecard(group, scores, total, tell_reasons(scores, group))


def _score_rule(
    rule: Rule, found: Measure, standards: Standards, groups: tuple[str, ...], weight: float
) -> Score:
    _, band = find_band(standards.bands, groups, rule)
    if not band.n and rule.measure is None:
        _, band = find_band(standards.model_bands, groups, rule)
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
    """Return 0 among the middle of real pieces, and more with every step away, below the cap."""
    if rule.is_ratio:
        value, band = _log(value), Band._make([*map(_log, band[:-1]), band.n])
    low = low_edge(band, rule)
    if not (math.isfinite(value) and math.isfinite(low) and math.isfinite(band.p90)):
        return 0.0
    is_both = rule.sides == "both"
    lower = low if is_both or rule.is_expected else band.p75 if rule.is_merit else band.p25
    upper = band.p90 if is_both and not rule.is_strict else band.p75
    costly = {
        "high": value - upper,
        "low": lower - value,
        "both": max(lower - value, value - upper),
    }[rule.sides]
    spreads = max(costly, 0.0) / max(band.p90 - low, rule.least_spread)
    return PENALTY_CAP * -math.expm1(-spreads / PENALTY_CAP)


def _log(value: float) -> float:
    return value if math.isnan(value) else math.log(max(value, _TINY))


def low_edge(band: Band, rule: Rule) -> float:
    """Return where the band shown begins: the 10th percentile, for what is expected the median."""
    return band.p50 if rule.is_expected else band.p10


def cost_of(scores: Iterable[Score]) -> float:
    """Return what all values cost together."""
    return joined_cost(score.weight * score.penalty for score in scores)


def share_out(scores: Iterable[Score], total: float) -> tuple[Score, ...]:
    """Return the scores with what each loses of the points missing to 100."""
    scores = tuple(scores)
    losses = _losses(scores, total)
    return tuple(replace(score, lost=lost) for score, lost in zip(scores, losses, strict=True))


def _losses(scores: Sequence[Score], total: float) -> list[float]:
    cost = cost_of(scores) or 1.0
    return [(100.0 - total) * (score.weight * score.penalty / cost) ** 2 for score in scores]
