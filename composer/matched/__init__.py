"""Matched sets: the same prompts, temperatures and seeds for every side, and what is measured.

plan.py       what is compared, as one TOML or JSON file
sampling.py   pieces of every side under every prompt and temperature, once and for all
measures.py   what is measured of a piece, each with its definition and source
results.py    tables and intervals, the difference of matched pieces
page.py       the same as a page with charts
blind.py      the plan of a listening test in which matched pieces meet

A process that composes imports no more than plan and sampling: what it weighs is measured.
"""

from composer.matched.plan import MatchedPlan, load_matched_plan
from composer.matched.sampling import Progress, make_set

__all__ = ["MatchedPlan", "Progress", "load_matched_plan", "make_set"]
