"""Compose: the only place that knows every part. Wishes in, a ranked composition out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache

from composer import places
from composer.candidates import Candidate, Collector, Rejected, find_twins
from composer.composition import Composition, Ranked, replay
from composer.engines import Draft, Engine, MenuRow, TransformerEngine
from composer.errors import RequestError
from composer.rendering import suggested_tempo_bpm
from composer.request import Request
from composer.scoring import Bands, load_bands, score, with_likelihood
from composer.version import VERSION

__all__ = [
    "Composition",
    "MenuRow",
    "Progress",
    "Ranked",
    "Rejected",
    "compose",
    "compose_steps",
    "default_engine",
    "menu",
    "replay",
]


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


def compose(request: Request, *, engine: Engine | None = None) -> Composition:
    """Draw all candidates, score and rank them.

    Raises:
        RequestError: If the wishes are not on the menu, or no candidate became a piece.
    """
    for step in compose_steps(request, engine=engine):
        if isinstance(step, Composition):
            return step
    raise AssertionError("compose_steps ends with a composition")


def compose_steps(
    request: Request,
    *,
    engine: Engine | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Iterator[Progress | Composition]:
    """Compose step by step: progress after every few rows; the last item is the composition.

    Args:
        request: The wishes.
        engine: What composes; the bundled checkpoint by default.
        should_stop: Asked at every step; when true, what is finished is ranked, the rest dropped.

    Raises:
        RequestError: As `compose`, also if it was stopped before any candidate was finished.
    """
    engine = engine or default_engine()
    work = _Work(request, with_likelihood(load_bands(), engine.likelihood_bands))
    stopped = False
    for step in engine.draw(request):
        work.judge(step.drafts)
        yield work.progress(step.share)
        if should_stop():
            stopped = True
            break
    yield _conclude(work, engine, stopped)


@dataclass
class _Work:
    """A request in progress."""

    request: Request
    bands: Bands
    began_s: float = field(default_factory=time.monotonic)
    ranked: list[Ranked] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin with nothing seen."""
        self.collector = Collector(self.request.key)

    def judge(self, drafts: Iterable[Draft]) -> None:
        """Decode and score candidates as they arrive."""
        for found in self.collector.collect(drafts):
            if isinstance(found, Rejected):
                self.rejected.append(found)
            else:
                self.ranked.append(_score(found, self.request, self.bands))

    def progress(self, share: float) -> Progress:
        """Return how far the work is, the time left by how long it took so far."""
        elapsed = time.monotonic() - self.began_s
        left = elapsed * (1.0 - share) / share if share > 0.02 else None
        drawn = len(self.ranked) + len(self.rejected)
        return Progress(drawn, self.request.candidates, elapsed, left, share)


def _score(candidate: Candidate, request: Request, bands: Bands) -> Ranked:
    """Score one candidate, at the wished tempo or the usual one; its rank comes later."""
    piece, draft = candidate.piece, candidate.draft
    tempo_bpm = request.tempo_bpm or suggested_tempo_bpm(piece.form, piece.meter)
    piece = replace(piece, tempo_bpm=tempo_bpm)
    card = score(piece, form=piece.form, nats_per_note=draft.nats_per_note, bands=bands)
    return Ranked(0, draft.index, piece, card, draft.nats_per_note, draft)


def _conclude(work: _Work, engine: Engine, stopped: bool) -> Composition:
    """Rank what there is."""
    if not work.ranked:
        raise RequestError(_why_nothing(work, stopped))
    # Candidates arrive as they are done; which of two twins stays must not depend on that.
    twins = find_twins({one.index: one.piece for one in work.ranked})
    dropped = {twin.index for twin in twins}
    return Composition.of(
        work.request,
        [one for one in work.ranked if one.index not in dropped],
        rejected=tuple(sorted([*work.rejected, *twins], key=lambda one: one.index)),
        elapsed_s=time.monotonic() - work.began_s,
        stopped=stopped,
        versions={"composer": VERSION, **engine.versions},
    )


def _why_nothing(work: _Work, stopped: bool) -> str:
    if stopped and not work.rejected:
        return "stopped before the first candidate was finished; nothing to show yet"
    reasons = sorted({found.reason for found in work.rejected})
    return (
        f"none of {len(work.rejected)} candidates became a piece ({reasons[0]}); "
        "ask for more candidates or a lower temperature"
    )
