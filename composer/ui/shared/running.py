"""A run under way: how it begins, what is said meanwhile, and how a stop reaches it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

from gradio.utils import get_upload_folder

from composer.errors import RequestError
from composer.piece import Piece
from composer.pipeline import Progress
from composer.ui.shared import score_view, wording

STATUS_EVERY_S = 0.2
BEGINNING = "Reading the request"
FULL = "too many people are composing; try again in a moment"
STOPPING = "Stopping; what is finished will be kept"
STOPPED = "Stopped before anything was drawn; press the button to begin again"


class Run:
    """One run of one visitor: whether it is under way, and whether a stop was asked for.

    Its `key` cannot be guessed: who reloads the page finds the run by it (`underway`).
    """

    def __init__(self, *, is_under_way: bool = False) -> None:
        self.key = secrets.token_hex(16)
        self.is_under_way = is_under_way
        self._is_stopped = False

    def stop(self) -> None:
        """Ask the run to stop."""
        self._is_stopped = True

    def is_stopped(self) -> bool:
        """Whether a stop was asked for."""
        return self._is_stopped

    def end(self) -> None:
        """Note that nothing is under way any more."""
        self.is_under_way = False

    def next(self) -> Run:
        """Return a run that is under way.

        Raises:
            RequestError: If this one still is.
        """
        self.check_idle()
        return Run(is_under_way=True)

    def check_idle(self) -> None:
        """Check that nothing is under way.

        Raises:
            RequestError: If something is.
        """
        if self.is_under_way:
            raise RequestError("the last run is still under way; wait for it or press Stop")


@dataclass(frozen=True, kw_only=True)
class TabState:
    """What a page holds of one browser tab, whatever else it holds.

    Args:
        run: The last one; Stop reaches it here.
        folder: Name of a folder that cannot be guessed.
    """

    run: Run = field(default_factory=Run)
    folder: str = ""

    def path(self, name: str) -> Path:
        """Return where a file of this name belongs; gradio deletes what lies there in time."""
        assert self.folder
        folder = Path(get_upload_folder()) / self.folder
        folder.mkdir(parents=True, exist_ok=True)
        return folder / name


class HasRun(Protocol):
    """The state of a tab of which one run may be under way."""

    @property
    def run(self) -> Run:
        """The last one."""


State = TypeVar("State", bound=HasRun)


def follow(
    state: State, steps: Iterator[Any], finish: Callable[[Any], tuple[State, str]]
) -> Iterator[tuple[State, str, str]]:
    """Yield the state, the status line and a sketch of the music so far; at last what came of it.

    A stop is no error: what it came too early for is said in the status line.

    Args:
        state: Of the tab.
        steps: Yields progress, then the result.
        finish: From the result to the state with it, and words about it.
    """
    if state.run.is_stopped():
        yield state, wording.status(STOPPED), ""
        return
    yield state, wording.status(BEGINNING, 0.0), ""
    last_s, drafts = time.monotonic(), Drafts()
    try:
        for step in steps:
            if not isinstance(step, Progress):
                ended, words = finish(step)
                yield ended, wording.status(words), ""
            elif time.monotonic() - last_s >= STATUS_EVERY_S:
                last_s = time.monotonic()
                words = STOPPING if state.run.is_stopped() else wording.progress_words(step)
                yield state, wording.status(words, step.fraction), drafts.of(step)
    except RequestError:
        if not state.run.is_stopped():
            raise
        yield state, wording.status(STOPPED), ""


class Drafts:
    """The best music so far as the roll draws it, drawn anew only when it is another."""

    def __init__(self) -> None:
        self._piece: Piece | None = None
        self._text = ""

    def of(self, progress: Progress) -> str:
        """Return the value of a roll; empty before there is music."""
        if progress.best is not None and progress.best is not self._piece:
            self._piece = progress.best
            self._text = score_view.sketch(progress.best, progress.bars, progress.unmade)
        return self._text
