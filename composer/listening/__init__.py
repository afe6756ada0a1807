"""Blind listening tests: plan, clips, ballots, analysis. Knows no page; `ui.studies` serves it.

plan        what is asked, of whom, about what: one TOML or JSON file, checked
blocks      who is asked which questions;  trials: in which order, on which side
stimuli     the clips: equally long, equally loud, under names that tell nothing
reception   what a listener may see and do, and no more
ballots     every answer, kept before it is confirmed;  journal: files, to keep and to restore
analysis    screening, tests with effect sizes, strengths, agreement, the report
calibration the weights of the scorecard, fitted to what people preferred
"""

from composer.listening.plan import Condition, Prompt, StudyPlan, load_plan, read_plan

__all__ = ["Condition", "Prompt", "StudyPlan", "load_plan", "read_plan"]
