"""Answers in the terms of the conditions: who was preferred, who was rated how, what was right.

Sides and letters end here: everything after this file speaks of conditions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from composer.listening.ballots import Listener, Vote
from composer.listening.trials import COUNTED

QUALITY = "quality"  # the one scale of several clips side by side


@dataclass(frozen=True, slots=True)
class Preference:
    """One answer about a pair.

    Args:
        listener: Who answered.
        prompt: For which prompt.
        pair: The two conditions, sorted by name.
        share: 1 if the first of the pair was chosen, 0 if the second, 0.5 for no preference.
        first_side: Which of the pair stood on the left: 0 or 1.
    """

    listener: str
    prompt: str
    pair: tuple[str, str]
    share: float
    first_side: int


@dataclass(frozen=True, slots=True)
class Rating:
    """One number on a scale."""

    listener: str
    prompt: str
    condition: str
    scale: str
    value: float


@dataclass(frozen=True, slots=True)
class Hit:
    """Whether a question with a right answer was answered rightly."""

    listener: str
    prompt: str
    pair: tuple[str, str]
    is_right: bool


def counted_votes(listener: Listener) -> Iterator[Vote]:
    """Yield the votes that count: neither practice nor checks."""
    return (vote for vote in listener.votes if vote.trial.kind == COUNTED)


def preferences(listeners: Iterable[Listener]) -> list[Preference]:
    """Return the answers of a pairwise study."""
    found = []
    for listener in listeners:
        for vote in counted_votes(listener):
            left, right = vote.trial.conditions
            share_left = {"a": 1.0, "b": 0.0}.get(vote.answer["choice"], 0.5)
            first, second = sorted((left, right))
            is_left = first == left
            share = share_left if is_left else 1.0 - share_left
            found.append(
                Preference(listener.id, vote.trial.prompt, (first, second), share, int(not is_left))
            )
    return found


def ratings(listeners: Iterable[Listener]) -> list[Rating]:
    """Return the answers of a study with scales or sliders, a number each."""
    found = []
    for listener in listeners:
        for vote in counted_votes(listener):
            trial = vote.trial
            if len(trial.conditions) == 1:
                rows = [(trial.conditions[0], scale, value) for scale, value in vote.answer.items()]
            else:
                by_slot = dict(zip(trial.slots, trial.conditions, strict=True))
                rows = [(by_slot[slot], QUALITY, value) for slot, value in vote.answer.items()]
            found += [
                Rating(listener.id, trial.prompt, condition, scale, float(value))
                for condition, scale, value in rows
            ]
    return found


def hits(listeners: Iterable[Listener]) -> list[Hit]:
    """Return the answers of an ABX study, or of one that asks who is the composer."""
    found = []
    for listener in listeners:
        for vote in counted_votes(listener):
            first, second = sorted(vote.trial.conditions[:2])
            is_right = vote.answer["choice"] == vote.trial.key
            found.append(Hit(listener.id, vote.trial.prompt, (first, second), is_right))
    return found
