"""What every way of composing shares: the engine, candidates judged as they arrive, and progress.

Knows no request: how a draft is read and scored reaches it as a callable.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache

from composer import places
from composer.candidates import Rejected, find_twins
from composer.composition import Ranked
from composer.engines import Draft, Engine, MenuRow, Suggestion, TransformerEngine
from composer.errors import RequestError
from composer.piece import Piece
from composer.scoring import Surprise
from composer.version import VERSION

Judge = Callable[[Iterable[Draft]], Iterator[Ranked | Rejected]]


@dataclass(frozen=True)
class Progress:
    """How far a request has come.

    Args:
        drawn: Candidates finished so far, rejected ones included.
        wanted: Candidates asked for.
        elapsed_s: Since the request.
        left_s: Expected; None before there is anything to judge by.
        fraction: Of the whole work, 0..1.
    """

    drawn: int
    wanted: int
    elapsed_s: float
    left_s: float | None
    fraction: float


@lru_cache(maxsize=1)
def default_engine() -> TransformerEngine:
    """Load the bundled checkpoint once (COMPOSER_CHECKPOINT names another).

    Raises:
        CheckpointError: In one clear line.
    """
    return TransformerEngine.load(places.checkpoint_folder(), places.device())


def menu(engine: Engine | None = None) -> tuple[MenuRow, ...]:
    """Return the pairs of composer and form on offer, the one with most pieces first."""
    return (engine or default_engine()).menu


def suggestions(engine: Engine | None = None) -> dict[str, Suggestion]:
    """Return how pieces of a form are best drawn, by form, as far as that was measured."""
    return (engine or default_engine()).suggestions


def versions_of(engine: Engine) -> dict[str, str]:
    """Return the versions that a result depends on."""
    return {"composer": VERSION, **engine.versions}


@dataclass
class Work:
    """Candidates as they arrive.

    Args:
        wanted: How many were asked for.
        judge: Drafts -> scored candidates (their rank comes later), or rejections.
    """

    wanted: int
    judge: Judge
    began_s: float = field(default_factory=time.monotonic)
    ranked: list[Ranked] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)

    @property
    def elapsed_s(self) -> float:
        """Seconds since the request."""
        return time.monotonic() - self.began_s

    def take(self, drafts: Iterable[Draft]) -> None:
        """Judge candidates."""
        for found in self.judge(drafts):
            if isinstance(found, Rejected):
                self.rejected.append(found)
            else:
                self.ranked.append(found)

    def progress(self, share: float) -> Progress:
        """Return how far the work is, the time left by how long it took so far."""
        elapsed = self.elapsed_s
        left = elapsed * (1.0 - share) / share if share > 0.02 else None
        return Progress(len(self.ranked) + len(self.rejected), self.wanted, elapsed, left, share)

    def conclude(self, stopped: bool) -> tuple[list[Ranked], tuple[Rejected, ...]]:
        """Return the candidates without twins, and all that were rejected.

        Args:
            stopped: Whether a person did not wait for the rest.

        Raises:
            RequestError: If nothing became a piece, with the reason.
        """
        if not self.ranked:
            raise RequestError(_why_nothing(self.rejected, stopped))
        # Candidates arrive as they are done; which of two twins stays must not depend on that.
        twins = find_twins({one.index: one.piece for one in self.ranked})
        dropped = {twin.index for twin in twins}
        kept = [one for one in self.ranked if one.index not in dropped]
        return kept, tuple(sorted([*self.rejected, *twins], key=lambda one: one.index))


def of_new_bars(surprise: Surprise, bars_before: int, heard: Piece) -> Surprise:
    """Return what the model said of new bars, placed where they stand among those that are heard.

    Args:
        surprise: Of the new bars alone.
        bars_before: Bars that are heard in front of them.
        heard: The new bars among others. Those have no surprise, so that none is the worst bar.
    """
    moved = surprise.later(bars_before, heard.bars[bars_before].onset_beats)
    return replace(moved, nats_per_bar=())


def bars_before(whole: Piece, index: int, heard: Piece) -> int:
    """Return what the bar numbers of an excerpt lack to those of the whole piece.

    Args:
        whole: Has the excerpt in it; or what lies before the excerpt.
        index: Of the bar that the excerpt begins with.
        heard: The excerpt; a rest at its beginning may look like an upbeat of its own.
    """
    return whole.bar_numbers[0] + index - heard.bar_numbers[0]


def _why_nothing(rejected: list[Rejected], stopped: bool) -> str:
    if stopped and not rejected:
        return "stopped before the first candidate was finished; nothing to show yet"
    # That some were given up explains nothing: the first one never is.
    first = min(rejected, key=lambda one: (one.given_up_after_bar is not None, one.reason))
    return (
        f"none of {len(rejected)} candidates became a piece ({first.reason}); "
        "ask for more candidates or a lower temperature"
    )
