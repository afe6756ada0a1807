"""`History`: whatever was on show in a tab, so that every step can be undone and redone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from composer.errors import RequestError

MAX_STEPS = 50
Step = TypeVar("Step")


@dataclass(frozen=True)
class History(Generic[Step]):
    """Steps in the order in which they were made; frozen, so that what is undone stays as it was.

    Args:
        steps: The last `MAX_STEPS` of them.
        at: Index of the present one; those behind it can be redone.
    """

    steps: tuple[Step, ...] = ()
    at: int = -1

    @property
    def present(self) -> Step | None:
        """What is on show; None before the first step."""
        return self.steps[self.at] if self.steps else None

    @property
    def can_undo(self) -> bool:
        """Whether there is a step before."""
        return self.at > 0

    @property
    def can_redo(self) -> bool:
        """Whether the last thing done was an undo."""
        return self.at + 1 < len(self.steps)

    def add(self, step: Step) -> History[Step]:
        """Make a step; what could be redone is gone."""
        steps = (*self.steps[: self.at + 1], step)[-MAX_STEPS:]
        return History(steps, len(steps) - 1)

    def undo(self) -> History[Step]:
        """Go back a step.

        Raises:
            RequestError: If there is none.
        """
        if not self.can_undo:
            raise RequestError("there is nothing to undo")
        return replace(self, at=self.at - 1)

    def redo(self) -> History[Step]:
        """Take back the last undo.

        Raises:
            RequestError: If there is none to take back.
        """
        if not self.can_redo:
            raise RequestError("there is nothing to redo")
        return replace(self, at=self.at + 1)
