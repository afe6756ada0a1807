"""Piano rolls painted by a fractal model: passes, dice, and what must stay. Knows no music.

`canvas` is a roll with a hole, `passes` says what is made when, `dice` draws or reads, `structure`
makes silence, onsets and holds, `loudness` the velocities of onsets.
"""

from composer.decoding.rolls.canvas import Canvas, Manner
from composer.decoding.rolls.dice import Dice, Drawn, Reader
from composer.decoding.rolls.loudness import paint_velocities
from composer.decoding.rolls.structure import paint_structure

__all__ = [
    "Canvas",
    "Dice",
    "Drawn",
    "Manner",
    "Reader",
    "paint_structure",
    "paint_velocities",
]
