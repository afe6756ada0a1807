"""`Visit`: what one browser tab holds, and the files that belong to it. Nothing here is shared."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from pathlib import Path

from gradio.utils import get_upload_folder

from composer.composition import Composition, Ranked
from composer.ui.shared.running import Run

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


@dataclass(frozen=True)
class Visit:
    """The state of one tab.

    Args:
        run: The last one; Stop reaches it here, while it composes.
        folder: Name of the folder of what is on show; cannot be guessed.
        composition: The result on show.
        shown: Rank of the candidate on show, 1 the best.
        past: Results of this visit, the last one first.
    """

    run: Run = field(default_factory=Run)
    folder: str = ""
    composition: Composition | None = None
    shown: int = 1
    past: tuple[Past, ...] = ()

    def begin(self) -> Visit:
        """Return the state for a new run."""
        return Visit(run=Run(is_under_way=True), folder=secrets.token_hex(16), past=self.past)

    def finish(self, composition: Composition) -> Visit:
        """Return the state with the result of the run on show."""
        earlier = (replace(one, composition=_shortened(one.composition)) for one in self.past)
        past = (Past(self.folder, composition), *earlier)[:MAX_PAST]
        return replace(self, composition=composition, shown=1, past=past)

    def candidate(self) -> Ranked | None:
        """Return the candidate on show."""
        return self.composition.ranked[self.shown - 1] if self.composition else None

    def path(self, suffix: str) -> Path:
        """Return where a file of the candidate on show belongs, named after its content.

        Args:
            suffix: Such as `.mid`.
        """
        assert self.composition and self.folder
        folder = Path(get_upload_folder()) / self.folder  # gradio deletes what lies there in time
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{self.composition.file_stem(self.shown)}{suffix}"


def _shortened(composition: Composition) -> Composition:
    return replace(composition, ranked=composition.ranked[:MAX_KEPT])
