"""The table of all rules, and what weighs more in which form.

To add a rule: one function and one row in its family's file, one textbook test; then build the
bands again. To change what matters in a form: `FORM_WEIGHTS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from composer.scoring.form import FORM_RULES
from composer.scoring.likelihood import LIKELIHOOD_RULES
from composer.scoring.rule import Rule
from composer.scoring.tonality import TONALITY_RULES
from composer.scoring.voice_leading import VOICE_LEADING_RULES

# In reading order.
RULES: tuple[Rule, ...] = VOICE_LEADING_RULES + TONALITY_RULES + FORM_RULES + LIKELIHOOD_RULES
FAMILIES: tuple[str, ...] = tuple(dict.fromkeys(rule.family for rule in RULES))

# Where every voice is led by the book: clean motion and a full close come before all else.
_STRICT = {
    "parallel_fifths": 6.0,
    "parallel_octaves": 6.0,
    "final_bass": 5.0,
    "final_cadence": 5.0,
    "key_agreement": 3.0,
    "wide_spacing": 1.5,
    "voice_crossing": 1.5,
}
# Independent voices, but freer closes and keys (modes, ends on other degrees).
_CONTRAPUNTAL = {
    "parallel_fifths": 4.0,
    "parallel_octaves": 4.0,
    "quietest_part": 1.5,
}
FORM_WEIGHTS: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {form: _STRICT for form in ("chorale", "hymn", "psalm")}
    | {
        form: _CONTRAPUNTAL
        for form in (
            "canzona", "cantata", "fugue", "invention", "madrigal", "mass", "motet", "ricercar",
            "sinfonia",
        )
    }
)  # fmt: skip


def weight_of(rule: Rule, form: str) -> float:
    """Return a rule's share in the total of a piece of a form."""
    return FORM_WEIGHTS.get(form, {}).get(rule.name, rule.weight)


assert len({rule.name for rule in RULES}) == len(RULES)
assert {name for row in FORM_WEIGHTS.values() for name in row} <= {rule.name for rule in RULES}
