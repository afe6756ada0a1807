"""How the voices move: against each other, each by itself, and where they must."""

from composer.scoring.voice_leading.motion import MOTION_RULES
from composer.scoring.voice_leading.singing import SINGING_RULES
from composer.scoring.voice_leading.tendencies import TENDENCY_RULES

__all__ = ["VOICE_LEADING_RULES"]

VOICE_LEADING_RULES = MOTION_RULES + SINGING_RULES + TENDENCY_RULES
