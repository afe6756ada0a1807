"""Which chords there are, how they follow one another, where they change, close and modulate."""

from composer.scoring.harmony.chord_table import build_chord_table, save_chord_table
from composer.scoring.harmony.closes import CLOSE_RULES
from composer.scoring.harmony.keys import KEY_RULES
from composer.scoring.harmony.progressions import PROGRESSION_RULES

__all__ = ["HARMONY_RULES", "build_chord_table", "save_chord_table"]

HARMONY_RULES = PROGRESSION_RULES + KEY_RULES + CLOSE_RULES
