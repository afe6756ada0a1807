"""`Visit`: what one browser tab holds of the Compose page. Nothing here is shared by visitors.

Extend and Edit take the piece on show from it.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from pathlib import Path

from composer.composition import Composition, Ranked
from composer.request import Request
from composer.ui.shared.running import TabState

MAX_PAST = 6  # results of a visit that stay at hand
MAX_KEPT = 4  # candidates of each but the last: hundreds of visits share the memory


@dataclass(frozen=True)
class Past:
    """A result of this visit.

    Args:
        folder: Name of its folder.
        composition: What came.
    """

    folder: str
    composition: Composition


@dataclass(frozen=True, kw_only=True)
class Visit(TabState):
    """The state of one tab.

    Args:
        request: Of the last run.
        composition: The result on show.
        shown: Rank of the candidate on show, 1 the best.
        past: Results of this visit, the last one first.
    """

    request: Request | None = None
    composition: Composition | None = None
    shown: int = 1
    past: tuple[Past, ...] = ()

    def begin(self, request: Request) -> Visit:
        """Return the state for a new run.

        Raises:
            RequestError: If the last one is still under way.
        """
        folder = secrets.token_hex(16)
        return Visit(run=self.run.next(), folder=folder, request=request, past=self.past)

    def finish(self, composition: Composition) -> Visit:
        """Return the state with the result of the run on show."""
        earlier = (replace(one, composition=_shortened(one.composition)) for one in self.past)
        past = (Past(self.folder, composition), *earlier)[:MAX_PAST]
        return replace(self, composition=composition, shown=1, past=past)

    def candidate(self) -> Ranked | None:
        """Return the candidate on show."""
        return self.composition.ranked[self.shown - 1] if self.composition else None

    def file(self, suffix: str) -> Path:
        """Return where a file of the candidate on show belongs, named after its content.

        Args:
            suffix: Such as `.mid`.
        """
        assert self.composition
        return self.path(f"{self.composition.file_stem(self.shown)}{suffix}")


def _shortened(composition: Composition) -> Composition:
    return replace(composition, ranked=composition.ranked[:MAX_KEPT])
