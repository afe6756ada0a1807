"""What a plan will ask of its listeners and of the researcher, before anyone is asked."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from composer.listening.analysis.power import ALPHA, POWER, RESEMBLANCE, Need, needs_of
from composer.listening.blocks import check_blocks, items_of
from composer.listening.plan import StudyPlan


@dataclass(frozen=True)
class Preview:
    """A plan in numbers.

    Args:
        title, design: Of the plan.
        n_clips: To be made.
        n_items: Questions in all.
        n_trials: That one listener answers, practice and checks included.
        minutes: That takes, if every clip is heard once.
        block_listeners: After how many listeners every question was asked equally often.
        needs: How many listeners find which preferences; empty for designs without pairs.
    """

    title: str
    design: str
    n_clips: int
    n_items: int
    n_trials: int
    minutes: float
    block_listeners: int
    needs: tuple[Need, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return asdict(self)

    def to_text(self) -> str:
        """Return a few lines to read."""
        lines = [
            f"{self.title}: {self.design}, {self.n_clips} clips, {self.n_items} questions",
            f"each listener answers {self.n_trials} trials in about {_minutes(self.minutes)}",
            f"questions are balanced after every {_listeners(self.block_listeners)}",
        ]
        if self.needs:
            lines.append(
                f"to find a preference ({100 * POWER:.0f} % power, {100 * ALPHA:.0f} % error over "
                f"all pairs, votes of a listener correlated by {RESEMBLANCE:g}):"
            )
        lines += [f"  {100 * one.share:.0f} % : {one.listeners} listeners" for one in self.needs]
        return "\n".join(lines)


def _listeners(n: int) -> str:
    return "listener" if n == 1 else f"{n} listeners"


def preview(plan: StudyPlan) -> Preview:
    """Return a plan in numbers.

    Raises:
        OptionError: If the plan asks a listener more questions than there are.
    """
    check_blocks(plan)
    n_items = len(items_of(plan))
    n_trials = plan.practice_trials + plan.items_per_listener + plan.attention_checks
    clips_each = len(plan.kind.slots) or len(plan.conditions)
    return Preview(
        title=plan.title,
        design=plan.design,
        n_clips=len(plan.conditions) * len(plan.prompts),
        n_items=n_items,
        n_trials=n_trials,
        minutes=n_trials * clips_each * plan.clip_s / 60,
        block_listeners=math.lcm(n_items, plan.items_per_listener) // plan.items_per_listener,
        needs=tuple(needs_of(plan)) if plan.kind.compares == 2 else (),
    )


def _minutes(minutes: float) -> str:
    whole = max(1, round(minutes))
    return "1 minute" if whole == 1 else f"{whole} minutes"
