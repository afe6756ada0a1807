"""Who hears what: items dealt out in balanced incomplete blocks. Knows no clip and no storage.

An item is one question: a prompt and the conditions that meet in it. Items are dealt from decks.
A deck holds every item once, in rounds of one item for every group of conditions, with another
prompt each; a listener takes the next few items that are new to this listener. So after any number
of listeners every item was dealt equally often, but for one; and within a listener every group of
conditions comes equally often, but for one, and the prompts come as evenly as can be.

Source:
    W. G. Cochran and G. M. Cox, Experimental Designs, 2nd ed. (1957), chapter 11: balanced
    incomplete blocks; every treatment equally often, blocks smaller than the set of treatments.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from threading import Lock

import numpy as np

from composer.errors import OptionError
from composer.listening.plan import StudyPlan

Items = tuple["Item", ...]


@dataclass(frozen=True, slots=True, order=True)
class Item:
    """One question.

    Args:
        prompt: Its name.
        conditions: Names of those that meet, in the order of the plan.
    """

    prompt: str
    conditions: tuple[str, ...]


def groups_of(plan: StudyPlan) -> tuple[tuple[str, ...], ...]:
    """Return which conditions meet: single ones, pairs, or all of them."""
    names = tuple(one.name for one in plan.conditions)
    size = plan.kind.compares or len(names)
    groups = combinations(names, size)
    if plan.design != "composer":
        return tuple(groups)
    real = {one.name for one in plan.conditions if one.is_original}
    return tuple(group for group in groups if len(real & set(group)) == 1)


def items_of(plan: StudyPlan) -> Items:
    """Return all questions of a plan."""
    return tuple(Item(prompt.name, group) for prompt in plan.prompts for group in groups_of(plan))


def check_blocks(plan: StudyPlan) -> None:
    """Refuse a plan that asks a listener more questions than there are.

    Raises:
        OptionError: If it does.
    """
    n_items = len(items_of(plan))
    if plan.items_per_listener > n_items:
        raise OptionError(
            f"`items_per_listener` is {plan.items_per_listener}, and the plan has {n_items} items; "
            "add prompts or ask less"
        )


class Dealer:
    """Deals items to listeners in the order of coming; the same plan deals the same.

    Args:
        plan: Of the study.

    Raises:
        OptionError: If the plan asks a listener more questions than there are.
    """

    def __init__(self, plan: StudyPlan) -> None:
        check_blocks(plan)
        self._plan = plan
        self._rng = np.random.default_rng([plan.seed, 1])
        self._waiting: list[Item] = []
        self._dealt: list[Items] = []
        self._lock = Lock()

    def block(self, listener: int) -> Items:
        """Return the items of one listener, in the order of asking.

        Args:
            listener: From 0, in the order of coming.
        """
        with self._lock:
            while len(self._dealt) <= listener:
                self._dealt.append(self._deal())
            return self._dealt[listener]

    def _deal(self) -> Items:
        block: list[Item] = []
        while len(block) < self._plan.items_per_listener:
            # What a listener already has is left for the next one.
            found = next((item for item in self._waiting if item not in block), None)
            if found is None:
                self._waiting += _deck(self._plan, self._rng)
            else:
                self._waiting.remove(found)
                block.append(found)
        order = self._rng.permutation(len(block))
        return tuple(block[place] for place in order)


def _deck(plan: StudyPlan, rng: np.random.Generator) -> list[Item]:
    """Return every item once: rounds over the groups, prompts as in a Latin square."""
    groups, prompts = groups_of(plan), plan.prompts
    group_order = rng.permutation(len(groups))
    prompt_order = rng.permutation(len(prompts))
    return [
        Item(prompts[prompt_order[(row + column) % len(prompts)]].name, groups[group])
        for row in range(len(prompts))
        for column, group in enumerate(group_order)
    ]
