"""How music is laid out: in chunks, or by the sections of a form. Knows no note, no model."""

from composer.plans.lengths import NOT_BY_SECTIONS, Chunking, Outline
from composer.plans.sections import (
    FORM_NAMES,
    MATERIALS,
    MAX_PLAN_BARS,
    MAX_ROW_BARS,
    MAX_ROWS,
    Plan,
    PlannedSection,
    build_plan,
    common_scale,
    related_key,
)

__all__ = [
    "FORM_NAMES",
    "MATERIALS",
    "MAX_PLAN_BARS",
    "MAX_ROWS",
    "MAX_ROW_BARS",
    "NOT_BY_SECTIONS",
    "Chunking",
    "Outline",
    "Plan",
    "PlannedSection",
    "build_plan",
    "common_scale",
    "related_key",
]
