"""One chunk: candidates drawn behind a chain, judged on their bars and their seam, best first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from composer.branches import BEGINNING, Choice, Chunk
from composer.composition import Ranked, Rejected
from composer.engines import Continue, Engine
from composer.piece import Piece
from composer.pipeline.chain import Chain
from composer.pipeline.judge import Behind, Judge
from composer.pipeline.ranking import Progress, Ranking
from composer.request import Request
from composer.scorecard import Scorecard
from composer.scoring.weights import form_family
from composer.theory import Key

CADENCE = "final_cadence"
# How often candidates are drawn, until one of them will do: a close with a whole cadence, any other
# chunk with the points that nine of ten real pieces of the form have.
ATTEMPTS = 3
ATTEMPT_BIT = 48  # above all bits that seeds of chunks have


@dataclass(frozen=True)
class DrawnChunk:
    """What came of a chunk.

    Args:
        chunk: For the tree; its parent is filled in there.
        ranked: The candidates, best first; their pieces hold the new bars only.
        rejected: Candidates that will not do, and why.
    """

    chunk: Chunk
    ranked: tuple[Ranked, ...]
    rejected: tuple[Rejected, ...]


@dataclass
class ChunkDrawing:
    """An engine at work on one request, chunk after chunk.

    Args:
        engine: What draws.
        request: How many candidates, how they are drawn, the seed.
        should_stop: Asked at every step.
        has_time: Whether chunks with too few points are drawn again.
    """

    engine: Engine
    request: Request
    should_stop: Callable[[], bool]
    has_time: bool = True
    stopped: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        """Refuse engines that cannot go on."""
        self.engine.capabilities.check("Continue", self.request)

    def draw(self, chain: Chain, ask: Continue, label: str = "") -> Iterator[Progress | DrawnChunk]:
        """Draw and judge the candidates of a chunk; the last item is what came of it.

        Nothing came of it if a stop was asked for before the first candidate was finished.

        Args:
            chain: What is there.
            ask: What is drawn behind it.
            label: Of the section, if it is one.

        Raises:
            RequestError: If no candidate became music.
        """
        closes = ask.bars_after == 0
        ranking = Ranking(self.request.candidates, self._judge(chain, ask.key, closes))
        for attempt in range(ATTEMPTS):
            yield from self._draw_once(ranking, ask, attempt)
            if self.stopped or self._will_do(ranking, chain, closes):
                break
        if self.stopped and not ranking.ranked:
            return
        kept, rejected = ranking.conclude(self.stopped)
        ranked = _in_order(kept, closes)
        choices = tuple(_choice(one) for one in ranked)
        yield DrawnChunk(Chunk(BEGINNING, ask.bars, ask.key, choices, label), ranked, rejected)

    def _will_do(self, ranking: Ranking, chain: Chain, closes: bool) -> bool:
        """Tell whether one of the candidates is good enough."""
        if closes:
            return any(_cadence(one.scorecard) == 1.0 for one in ranking.ranked)
        if not self.has_time:
            return True
        family = ranking.judge.standards.weights[form_family(self._form(chain))]
        return ranking.best is not None and ranking.best.scorecard.total >= family.floor

    def _draw_once(self, ranking: Ranking, ask: Continue, attempt: int) -> Iterator[Progress]:
        """Draw all candidates of an ask, the first time or another."""
        first = attempt * self.request.candidates
        for step in self.engine.answer(replace(ask, seed=ask.seed + (attempt << ATTEMPT_BIT))):
            ranking.add(replace(take, index=take.index + first) for take in step.takes)
            yield ranking.progress(1.0 if attempt else step.share)
            if self.should_stop():
                self.stopped = True
                return

    def copy(self, chain: Chain, music: Piece, closes: bool, label: str) -> DrawnChunk:
        """Return music that is there already as the only candidate of a chunk, judged likewise.

        Args:
            chain: What is there.
            music: The copy, with as many parts, in its own key.
            closes: Whether the piece ends with it.
            label: Of the section.
        """
        judge = self._judge(chain, music.key, closes)
        card = judge.standing.score(music, None, judge.standards)
        one = Ranked(1, 0, music, card)
        chunk = Chunk(BEGINNING, music.n_bars, music.key, (_choice(one),), label)
        return DrawnChunk(chunk, (one,), ())

    def _judge(self, chain: Chain, key: Key, closes: bool) -> Judge:
        return Judge.of(self.engine, Behind(chain, key, closes, self._form(chain)))

    def _form(self, chain: Chain) -> str:
        return self.request.form or chain.piece.form


def _in_order(found: list[Ranked], closes: bool) -> tuple[Ranked, ...]:
    """Rank candidates: a closing chunk by its cadence first, then by total, then by likelihood."""
    order = sorted(found, key=lambda one: (-_cadence(one.scorecard) if closes else 0.0, one.order))
    return tuple(replace(one, rank=rank) for rank, one in enumerate(order, start=1))


def _cadence(card: Scorecard) -> float:
    """Return how much of a cadence the piece ends with, 0..1."""
    return next((one.value for one in card.scores if one.name == CADENCE), 0.0)


def _choice(one: Ranked) -> Choice:
    card = one.scorecard
    return Choice(
        one.piece, card.total, one.index, one.nats_per_note, card.reasons, dict(one.record)
    )
