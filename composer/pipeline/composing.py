"""Compose: wishes in, a ranked composition out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from composer.candidates import Candidate, Collector, Rejected
from composer.composition import Composition, Ranked
from composer.engines import Draft, Engine
from composer.pipeline.judging import Progress, Work, default_engine, versions_of
from composer.rendering import suggested_tempo_bpm
from composer.request import Request
from composer.scoring import Bands, load_bands, score, with_likelihood


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
    bands = with_likelihood(load_bands(), engine.likelihood_bands)
    collector = Collector(request.key)

    def judge(drafts: Iterable[Draft]) -> Iterator[Ranked | Rejected]:
        for found in collector.collect(drafts):
            yield found if isinstance(found, Rejected) else _score(found, request, bands)

    work = Work(request.candidates, judge)
    stopped = False
    for step in engine.draw(request):
        work.take(step.drafts)
        yield work.progress(step.share)
        if should_stop():
            stopped = True
            break
    ranked, rejected = work.conclude(stopped)
    yield Composition.of(
        request,
        ranked,
        rejected=rejected,
        elapsed_s=work.elapsed_s,
        stopped=stopped,
        versions=versions_of(engine),
    )


def _score(candidate: Candidate, request: Request, bands: Bands) -> Ranked:
    """Score one candidate, at the wished tempo or the usual one; its rank comes later."""
    piece, draft = candidate.piece, candidate.draft
    tempo_bpm = request.tempo_bpm or suggested_tempo_bpm(piece.form, piece.meter)
    piece = replace(piece, tempo_bpm=tempo_bpm)
    card = score(piece, form=piece.form, surprise=candidate.surprise, bands=bands)
    return Ranked(0, draft.index, piece, card, draft.nats_per_note, draft)
