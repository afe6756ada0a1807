"""Whose answers count: what was dropped and why. The rules stand before the answers are looked at.

Sources:
    D. M. Oppenheimer, T. Meyvis and N. Davidenko, Instructional manipulation checks: detecting
    satisficing to increase statistical power, Journal of Experimental Social Psychology 45 (2009),
    pp. 867-872: questions with one right answer.
    ITU-R BS.2132-0 (2019): post-screening of assessors, stated with the results.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from composer.listening.analysis.answers import counted_votes
from composer.listening.ballots import Listener
from composer.listening.plan import StudyPlan
from composer.listening.trials import CHECK, passes

# An answer that came sooner than its clips can have been heard; now and then a clock is wrong.
_HASTE_S, _HASTY_SHARE = 1.0, 0.1
_LEAST_TO_TELL = 8  # equal answers by chance: 2 in 2^8, below one in a hundred


@dataclass(frozen=True, slots=True)
class Screening:
    """Who is kept.

    Args:
        kept: Listeners whose answers count.
        dropped: All others, each with the reasons.
    """

    kept: tuple[Listener, ...]
    dropped: tuple[tuple[Listener, tuple[str, ...]], ...]


def screen(plan: StudyPlan, listeners: Sequence[Listener]) -> Screening:
    """Divide listeners into those who count and those who do not."""
    reasons = [(one, _reasons(plan, one)) for one in listeners]
    return Screening(
        tuple(one for one, why in reasons if not why),
        tuple((one, why) for one, why in reasons if why),
    )


def _reasons(plan: StudyPlan, listener: Listener) -> tuple[str, ...]:
    if listener.is_withdrawn:
        return ("took all answers back",)
    if not listener.votes:
        return ("left before the first answer",)
    if not listener.finished_at:
        return (f"did not finish: {len(listener.votes)} of {len(listener.trials)} trials",)
    found = (_failed_checks(plan, listener), _haste(listener), _monotony(listener))
    return tuple(reason for reason in found if reason)


def _failed_checks(plan: StudyPlan, listener: Listener) -> str:
    checks = [vote for vote in listener.votes if vote.trial.kind == CHECK]
    failed = sum(not passes(vote.trial, vote.answer) for vote in checks)
    if failed <= plan.allowed_failures:
        return ""
    return f"failed {failed} of {len(checks)} attention checks, {plan.allowed_failures} allowed"


def _haste(listener: Listener) -> str:
    votes = list(counted_votes(listener))
    hasty = sum(sum(vote.listened_s.values()) > vote.elapsed_s + _HASTE_S for vote in votes)
    if hasty <= _HASTY_SHARE * len(votes):
        return ""
    return f"{hasty} of {len(votes)} answers came sooner than the clips can have been heard"


def _monotony(listener: Listener) -> str:
    answers = [tuple(sorted(vote.answer.items())) for vote in counted_votes(listener)]
    if len(answers) < _LEAST_TO_TELL or len(set(answers)) > 1:
        return ""
    return f"gave one and the same answer {len(answers)} times"
