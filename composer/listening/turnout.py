"""How far a study has come: who came, who finished, how many are needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from composer.listening.ballots import Listener
from composer.listening.plan import StudyPlan


@dataclass(frozen=True)
class Turnout:
    """A study in numbers, while it runs.

    Args:
        places: For listeners, in all.
        came: Listeners who have a place.
        finished, under_way, withdrew: Of these; they add up to them.
        votes: Answers to trials that are kept.
        last_at: When the last one came, UTC, ISO 8601; empty if there is none.
    """

    places: int
    came: int
    finished: int
    under_way: int
    withdrew: int
    votes: int
    last_at: str

    def to_text(self) -> str:
        """Return a sentence."""
        people = f"{self.came} of {self.places} places are taken"
        if not self.came:
            return people
        done = f"{self.finished} finished, {self.under_way} on the way, {self.withdrew} withdrew"
        last = f", the last at {self.last_at[:16].replace('T', ' ')} UTC" if self.last_at else ""
        return f"{people}: {done}; {self.votes} answers{last}"


def turnout(plan: StudyPlan, listeners: Sequence[Listener]) -> Turnout:
    """Count who came to a study.

    Args:
        plan: Of the study.
        listeners: All that came, as the ballots have them.
    """
    withdrew = sum(one.is_withdrawn for one in listeners)
    finished = sum(bool(one.finished_at) and not one.is_withdrawn for one in listeners)
    votes = [vote for one in listeners for vote in one.votes]
    return Turnout(
        places=plan.max_listeners,
        came=len(listeners),
        finished=finished,
        under_way=len(listeners) - finished - withdrew,
        withdrew=withdrew,
        votes=len(votes),
        last_at=max((vote.voted_at for vote in votes), default=""),
    )
