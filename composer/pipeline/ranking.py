"""What every way of composing shares: the engine, candidates as they arrive, progress."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from composer.cells import Area
from composer.composition import Ranked, Rejected
from composer.engines import Capabilities, Engine, MenuEntry, Sketch, Suggestion, Take, open_shelf
from composer.errors import RequestError
from composer.piece import Piece
from composer.pipeline.judge import Judge
from composer.recording import Recording
from composer.version import VERSION

NOTHING_YET = "stopped before the first candidate was finished; nothing to show yet"
Result = TypeVar("Result")
# Progress up to this share of the work foretells nothing.
_TOO_EARLY = 0.02


@dataclass(frozen=True)
class Progress:
    """How far a request has come.

    Args:
        drawn: Candidates finished so far, rejected ones included.
        wanted: Candidates asked for.
        elapsed_s: Since the request.
        left_s: Expected; None before there is anything to judge by.
        fraction: Of the whole work, 0..1.
        best: The music so far: the best finished candidate, or what stands of a piece that grows.
            Which candidate wins may still change when all are ranked.
        bars: Of the whole piece; 0 if `best` has them all.
        sound: What can be heard of a recording that is being made, where it grew.
        unmade: Where `best` is a candidate on its way, what is still open in it.
    """

    drawn: int
    wanted: int
    elapsed_s: float
    left_s: float | None
    fraction: float
    best: Piece | None = None
    bars: int = 0
    sound: Recording | None = None
    unmade: tuple[Area, ...] = ()

    @classmethod
    def since(
        cls, began_s: float, drawn: int, wanted: int, fraction: float, best: Piece | None = None
    ) -> Progress:
        """Return how far work has come, the time left by how long it took so far.

        Args:
            began_s: When, by `time.monotonic`.
            drawn: As above.
            wanted: As above.
            fraction: As above.
            best: As above.
        """
        elapsed_s = time.monotonic() - began_s
        left_s = elapsed_s * (1.0 - fraction) / fraction if fraction > _TOO_EARLY else None
        return cls(drawn, wanted, elapsed_s, left_s, fraction, best)


def default_engine() -> Engine:
    """Return the engine that composes where no other is asked for, loaded once.

    Raises:
        CheckpointError: If it cannot be loaded, in one clear line.
    """
    return open_shelf().get()


def chosen_engine(engine: Engine | str | None, named: str | None = None) -> Engine:
    """Return an engine by itself, by its name, or by the name in a request; else the usual one.

    Raises:
        RequestError: If there is no engine of that name.
    """
    return engine if isinstance(engine, Engine) else open_shelf().get(engine or named)


def engines() -> dict[str, Capabilities]:
    """Return what every engine here can do, by name, the usual one first; none is loaded."""
    return {name: open_shelf().describe(name) for name in open_shelf().names}


def menu(engine: Engine | str | None = None) -> tuple[MenuEntry, ...]:
    """Return the pairs of composer and form on offer, the one with most pieces first."""
    return chosen_engine(engine).menu


def suggestions(engine: Engine | str | None = None) -> Mapping[str, Suggestion]:
    """Return how pieces of a form are best drawn, by form, as far as that was measured."""
    return chosen_engine(engine).suggestions


def versions_of(engine: Engine) -> dict[str, str]:
    """Return the versions that a result depends on."""
    return {"composer": VERSION, **engine.versions}


def last_of(steps: Iterable[Progress | Result]) -> Result:
    """Return what steps end with, progress passed over."""
    for step in steps:
        if not isinstance(step, Progress):
            return step
    raise AssertionError("steps end with what came of them")


@dataclass
class Ranking:
    """Candidates as they arrive.

    Args:
        wanted: How many were asked for.
        judge: Of their takes.
    """

    wanted: int
    judge: Judge
    began_s: float = field(default_factory=time.monotonic)
    ranked: list[Ranked] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    best: Ranked | None = None  # by its total alone

    @property
    def elapsed_s(self) -> float:
        """Seconds since the request."""
        return time.monotonic() - self.began_s

    def add(self, takes: Iterable[Take]) -> None:
        """Judge candidates."""
        for found in map(self.judge.judge, takes):
            if isinstance(found, Rejected):
                self.rejected.append(found)
            else:
                self.ranked.append(found)
                if self.best is None or found.order < self.best.order:
                    self.best = found

    def progress(self, share: float, sketch: Sketch | None = None) -> Progress:
        """Return how far the work is; a candidate that can be seen on its way is shown first."""
        drawn = len(self.ranked) + len(self.rejected)
        best = self.best.piece if self.best else None
        found = Progress.since(self.began_s, drawn, self.wanted, share, best)
        if sketch is None:
            return found
        music = self.judge.standing.whole(sketch.music)
        return replace(found, best=music, unmade=sketch.unmade)

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
        twins = self.judge.twins(one.index for one in self.ranked)
        dropped = {twin.index for twin in twins}
        kept = [one for one in self.ranked if one.index not in dropped]
        return kept, tuple(sorted([*self.rejected, *twins], key=lambda one: one.index))


def _why_nothing(rejected: list[Rejected], stopped: bool) -> str:
    if stopped and not rejected:
        return NOTHING_YET
    # That some were given up explains nothing: the first one never is.
    first = min(rejected, key=lambda one: (one.given_up_after_bar is not None, one.reason))
    return (
        f"none of {len(rejected)} candidates became a piece ({first.reason}); "
        "ask for more candidates or a lower temperature"
    )
