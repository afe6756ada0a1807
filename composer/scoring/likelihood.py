"""How surprising the notes are to a model. The number is handed in; this file knows no model."""

from __future__ import annotations

from composer.scoring.rule import Rule

FAMILY = "likelihood"
# Both sides cost: a piece that a model finds too easy is bland, one too hard is wrong. The band of
# a corpus needs the model itself; where none is known, this one, as wide as real forms differ.
NEUTRAL_LOW_NATS, NEUTRAL_HIGH_NATS = 1.0, 4.0

LIKELIHOOD_RULES = (
    Rule(
        name="nats_per_note",
        family=FAMILY,
        label="surprise of a note",
        unit="nats",
        source="D. Conklin and I. Witten, Multiple Viewpoint Systems for Music Prediction (1995)",
        weight=1.0,
        sides="both",
        least_spread=0.5,
        measure=None,
    ),
)
