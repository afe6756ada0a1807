"""A request in, ranked music out: the only room that knows every part.

`composing` makes a piece from a request; each file beside it is another way to come to music, on
the same steps: an engine draws takes, the `judge` hears them, a `ranking` keeps the best.
"""

from composer.composition import Composition, Ranked, Rejected, replay
from composer.engines import MenuEntry
from composer.pipeline.composing import compose, compose_steps
from composer.pipeline.extending import Extension, extend, extend_steps
from composer.pipeline.hearing import find_nearest, hear
from composer.pipeline.long_pieces import compose_long, compose_long_steps, sort_long_options
from composer.pipeline.orchestrating import Orchestration, orchestrate, orchestrate_steps
from composer.pipeline.own_style import OwnStyle, own_style_steps
from composer.pipeline.painting import paint, paint_steps, resample_velocity
from composer.pipeline.preparing import find_facts, lay_theme, prepare
from composer.pipeline.ranking import Progress, default_engine, engines, menu, suggestions
from composer.pipeline.rewriting import (
    Filled,
    harmonise,
    harmonise_steps,
    infill,
    infill_steps,
    vary,
    vary_steps,
)
from composer.pipeline.sections import compose_plan, compose_plan_steps

__all__ = [
    "Composition",
    "Extension",
    "Filled",
    "MenuEntry",
    "Orchestration",
    "OwnStyle",
    "Progress",
    "Ranked",
    "Rejected",
    "compose",
    "compose_long",
    "compose_long_steps",
    "compose_plan",
    "compose_plan_steps",
    "compose_steps",
    "default_engine",
    "engines",
    "extend",
    "extend_steps",
    "find_facts",
    "find_nearest",
    "harmonise",
    "harmonise_steps",
    "hear",
    "infill",
    "infill_steps",
    "lay_theme",
    "menu",
    "orchestrate",
    "orchestrate_steps",
    "own_style_steps",
    "paint",
    "paint_steps",
    "prepare",
    "replay",
    "resample_velocity",
    "sort_long_options",
    "suggestions",
    "vary",
    "vary_steps",
]
