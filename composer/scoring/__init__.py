"""How good is a piece: one family of rules a file, compared with real pieces of the same form.

`RULES` is the table of rules with weights and sources; `score` makes the scorecard; `bands` holds
where real pieces lie. Knows music, not models: what a model says reaches it as numbers.
"""

from composer.scoring.bands import (
    Band,
    Bands,
    build_bands,
    load_bands,
    measure,
    save_bands,
)
from composer.scoring.card import score
from composer.scoring.harmony import build_chord_table, save_chord_table
from composer.scoring.likelihood import Doubt, Surprise
from composer.scoring.rule import Measure, Rule
from composer.scoring.rules import FAMILIES, RULES
from composer.scoring.standards import Standards

__all__ = [
    "FAMILIES",
    "RULES",
    "Band",
    "Bands",
    "Doubt",
    "Measure",
    "Rule",
    "Standards",
    "Surprise",
    "build_bands",
    "build_chord_table",
    "load_bands",
    "measure",
    "save_bands",
    "save_chord_table",
    "score",
]
