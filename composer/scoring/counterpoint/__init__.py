"""How dissonances come and go, and how the voices take up each other's lines."""

from composer.scoring.counterpoint.dissonances import DISSONANCE_RULES
from composer.scoring.counterpoint.imitation import IMITATION_RULES
from composer.scoring.counterpoint.strays import STRAY_RULES

__all__ = ["COUNTERPOINT_RULES"]

COUNTERPOINT_RULES = DISSONANCE_RULES + STRAY_RULES + IMITATION_RULES
