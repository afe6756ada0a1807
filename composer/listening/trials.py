"""What one listener hears, trial by trial: order, sides, practice and attention checks.

Everything is drawn from the seed of the plan and the number of the listener. Knows the ids of
clips, and neither sound nor storage.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from composer.listening.blocks import Item, items_of
from composer.listening.designs import SLOTS
from composer.listening.plan import StudyPlan

PRACTICE, COUNTED, CHECK = "practice", "trial", "check"
TONE = ("", "")  # the clip of attention checks: one note, again and again
CHECK_QUESTIONS = {
    "choice": "Attention check: one of these clips is a single note, played again and again. "
    "Choose that clip.",
    "abx": "Which piece is X, A or B?",
    "scales": "Attention check: whatever you hear, choose 1 everywhere.",
    "sliders": "Attention check: one of these clips is a single note, played again and again. "
    "Give that clip 0, and every other clip more.",
}
ClipIds = Mapping[tuple[str, str], str]  # (condition, prompt) -> id


@dataclass(frozen=True, slots=True)
class Trial:
    """One question to one listener.

    Args:
        kind: `practice`, `trial` or `check`.
        question: As it is read.
        prompt: Its name; empty for a check.
        conditions: In the order in which they are presented; empty text for the tone.
        clips: Their ids, in the same order.
        key: The right answer, where there is one.
    """

    kind: str
    question: str
    prompt: str
    conditions: tuple[str, ...]
    clips: tuple[str, ...]
    key: str = ""

    @property
    def slots(self) -> str:
        """The names of the clips as listeners know them: a, b ... x."""
        is_abx = len(self.clips) == 3 and self.clips[2] in self.clips[:2]
        return "abx" if is_abx else SLOTS[: len(self.clips)]

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Trial:
        """Build a trial from what `to_dict` returned."""
        lists = {name: tuple(values[name]) for name in ("conditions", "clips")}
        return cls(**{**values, **lists})


def draw_trials(
    plan: StudyPlan, listener: int, block: Sequence[Item], clips: ClipIds
) -> tuple[Trial, ...]:
    """Return all trials of one listener: practice first, checks spread among what counts.

    Args:
        plan: Of the study.
        listener: From 0, in the order of coming.
        block: What counts, as `Dealer` dealt it to this listener.
        clips: Of every condition under every prompt, and of the tone.
    """
    rng = np.random.default_rng([plan.seed, 2, listener])
    spare = [item for item in items_of(plan) if item not in block] or list(block)
    places = rng.choice(len(spare), plan.practice_trials)
    practice = _trials(plan, [spare[place] for place in places], clips, rng, PRACTICE)
    counted = _trials(plan, block, clips, rng, COUNTED)
    checks = [_check(plan, clips, rng) for _ in range(plan.attention_checks)]
    return (*practice, *_spread(counted, checks, rng))


def _trials(
    plan: StudyPlan, items: Sequence[Item], clips: ClipIds, rng: np.random.Generator, kind: str
) -> list[Trial]:
    turned = _turns(items, rng)
    # Half of the time X is A, as near as may be.
    x_is_b = rng.permutation(np.arange(len(items)) % 2)
    trials = []
    for item, order, x in zip(items, turned, x_is_b, strict=True):
        shown = [*order, order[x]] if plan.design == "abx" else order
        ids = tuple(clips[name, item.prompt] for name in shown)
        key = _key(plan, order, int(x))
        trials.append(Trial(kind, plan.asked, item.prompt, tuple(shown), ids, key))
    return trials


def _turns(items: Sequence[Item], rng: np.random.Generator) -> list[list[str]]:
    """Return the conditions of every item as presented: each group turned all ways equally often.

    The turns are rotations, shuffled within; pairs stand on either side equally often, but for one.
    """
    by_group: dict[tuple[str, ...], int] = {
        group: int(rng.integers(len(group)))
        for group in dict.fromkeys(item.conditions for item in items)
    }
    turned = []
    for item in items:
        names = list(item.conditions)
        start = by_group[item.conditions] = (by_group[item.conditions] + 1) % len(names)
        if len(names) > 2:  # a rotation alone would keep neighbours together
            names = [names[place] for place in rng.permutation(len(names))]
        turned.append(names[start:] + names[:start])
    return turned


def _key(plan: StudyPlan, order: Sequence[str], x: int) -> str:
    if plan.design == "abx":
        return SLOTS[x]
    if plan.design == "composer":
        real = [plan.condition(name).is_original for name in order]
        return SLOTS[real.index(True)]
    return ""


def _check(plan: StudyPlan, clips: ClipIds, rng: np.random.Generator) -> Trial:
    """Return a trial with one right answer: the tone beside music, anywhere."""
    answer = "abx" if plan.design == "abx" else plan.kind.answer
    n_clips = plan.kind.compares or len(plan.conditions)
    # Prompt and condition of the music beside the tone are any: nothing is learnt from them.
    music = [ids for ids in sorted(clips) if ids != TONE]
    chosen = [
        music[place] for place in rng.choice(len(music), n_clips, replace=len(music) < n_clips)
    ]
    tone = int(rng.integers(n_clips))
    if answer != "scales":
        chosen[tone] = TONE
    key = SLOTS[tone]
    if answer == "abx":
        x = int(rng.integers(2))
        chosen, key = [*chosen, chosen[x]], SLOTS[x]
    ids = tuple(clips[one] for one in chosen)
    names = tuple(name for name, _ in chosen)
    return Trial(CHECK, CHECK_QUESTIONS[answer], "", names, ids, key)


def passes(trial: Trial, answer: Mapping[str, Any]) -> bool:
    """Whether an answer to an attention check is the right one."""
    if "choice" in answer:
        return bool(answer["choice"] == trial.key)
    if set(answer) == set(trial.slots) and len(answer) > 1:
        others = [value for slot, value in answer.items() if slot != trial.key]
        return bool(answer[trial.key] == 0 and min(others) > 0)
    return all(value == 1 for value in answer.values())


def _spread(
    counted: Sequence[Trial], checks: Sequence[Trial], rng: np.random.Generator
) -> list[Trial]:
    """Put checks among the trials: one in each equal stretch, anywhere in it."""
    found = list(counted)
    for index, check in reversed(list(enumerate(checks))):
        low = index * len(counted) // len(checks)
        high = (index + 1) * len(counted) // len(checks)
        found.insert(int(rng.integers(low, high + 1)), check)
    return found
