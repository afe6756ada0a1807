"""Compose: a request in, a ranked composition out."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from composer.composition import Composition
from composer.engines import Compose, Engine
from composer.pipeline.judge import Alone, Judge
from composer.pipeline.lengths import with_length
from composer.pipeline.ranking import Progress, Ranking, chosen_engine, last_of, versions_of
from composer.request import Request


def compose(request: Request, *, engine: Engine | str | None = None) -> Composition:
    """Draw all candidates, score and rank them; see `compose_steps`."""
    return last_of(compose_steps(request, engine=engine))


def compose_steps(
    request: Request,
    *,
    engine: Engine | str | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Iterator[Progress | Composition]:
    """Compose step by step: progress after every few rows; the last item is the composition.

    Args:
        request: The settings.
        engine: What composes, or its name; the one that the request names by default.
        should_stop: Asked at every step; when true, what is finished is ranked, the rest dropped.

    Raises:
        RequestError: If composer and form are not on the menu, no candidate became a piece, or it
            was stopped before any candidate was finished.
    """
    engine = chosen_engine(engine, request.engine)
    request = with_length(request, engine.menu)
    alone = Alone(request.tempo_bpm, request.loudness)
    ranking = Ranking(request.candidates, Judge.of(engine, alone))
    stopped = False
    for step in engine.answer(Compose(request)):
        ranking.add(step.takes)
        yield ranking.progress(step.share, step.sketch)
        if should_stop():
            stopped = True
            break
    ranked, rejected = ranking.conclude(stopped)
    yield Composition.of(
        request,
        ranked,
        rejected=rejected,
        elapsed_s=ranking.elapsed_s,
        stopped=stopped,
        versions=versions_of(engine),
    )
