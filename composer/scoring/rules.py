"""The table of all rules.

To add a rule: one function and one row in its family's file, one textbook test; then build the
bands again, and let `composer weights` learn what it weighs (`scoring.weights`).
"""

from __future__ import annotations

from composer.scoring.counterpoint import COUNTERPOINT_RULES
from composer.scoring.density import DENSITY_RULES
from composer.scoring.form import FORM_RULES
from composer.scoring.harmony import HARMONY_RULES
from composer.scoring.likelihood import LIKELIHOOD_RULES
from composer.scoring.liveliness import LIVELINESS_RULES
from composer.scoring.melody import MELODY_RULES
from composer.scoring.rhythm import RHYTHM_RULES
from composer.scoring.rule import Rule
from composer.scoring.tonality import TONALITY_RULES
from composer.scoring.voice_leading import VOICE_LEADING_RULES

# In reading order.
RULES: tuple[Rule, ...] = (
    VOICE_LEADING_RULES
    + COUNTERPOINT_RULES
    + HARMONY_RULES
    + TONALITY_RULES
    + MELODY_RULES
    + RHYTHM_RULES
    + DENSITY_RULES
    + FORM_RULES
    + LIVELINESS_RULES
    + LIKELIHOOD_RULES
)
FAMILIES: tuple[str, ...] = tuple(dict.fromkeys(rule.family for rule in RULES))

assert len({rule.name for rule in RULES}) == len(RULES)
