"""One chunk: candidates drawn behind a chain, judged on their bars and their seam, best first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from composer import branches, engines
from composer.branches import Choice
from composer.candidates import Rejected
from composer.composition import Ranked
from composer.engines import Draft, Engine, surprise_of_draft
from composer.errors import ComposerError, RequestError, TokenError
from composer.novelty import longest_shared_run
from composer.piece import Piece
from composer.pipeline.chain import Chain
from composer.pipeline.judging import Progress, Work, bars_before, of_new_bars
from composer.request import Request
from composer.scorecard import Scorecard
from composer.scoring import Bands, Surprise, load_bands, score, with_likelihood
from composer.scoring.seams import score_seam, with_seam
from composer.scoring.texture import build_texture
from composer.stitching import clip, join, trim
from composer.theory import Key
from composer.tokenizer import encode_bars

CADENCE = "final_cadence"
# How often candidates are drawn for a close, until one of them has a whole cadence.
CLOSING_TAKES = 3
TAKE_BIT = 48  # above all bits that seeds of chunks have


@dataclass(frozen=True)
class Drawn:
    """What came of a chunk.

    Args:
        chunk: For the tree; its parent is filled in there.
        ranked: The candidates, best first; their pieces hold the new bars only.
        rejected: Draws that became none, and why.
    """

    chunk: branches.Chunk
    ranked: tuple[Ranked, ...]
    rejected: tuple[Rejected, ...]


@dataclass
class Studio:
    """An engine at work on one request, chunk after chunk.

    Args:
        engine: What draws.
        request: How many candidates, how ids are chosen, the seed.
        should_stop: Asked at every step.
    """

    engine: Engine
    request: Request
    should_stop: Callable[[], bool]
    bands: Bands = field(init=False)
    stopped: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        """Refuse engines that cannot go on."""
        if not self.engine.capabilities.extend:
            raise RequestError("this engine composes whole pieces only; choose one that can extend")
        self.bands = with_likelihood(load_bands(), self.engine.likelihood_bands)

    def draw(
        self, chain: Chain, wish: engines.Chunk, key: Key, label: str = ""
    ) -> Iterator[Progress | Drawn]:
        """Draw and judge the candidates of a chunk; the last item is what came of it.

        Nothing came of it if a stop was asked for before the first candidate was finished.

        Args:
            chain: What is there.
            wish: What is drawn behind it.
            key: In which it is written.
            label: Of the section, if it is one.

        Raises:
            RequestError: If no candidate became music.
        """
        closes = wish.bars_after == 0
        judge = Judge(chain, key, closes, self.request.form or chain.wishes.form or "", self.bands)
        work = Work(self.request.candidates, judge)
        for take in range(CLOSING_TAKES if closes else 1):
            yield from self._draw_once(work, wish, take)
            if self.stopped or any(_cadence(one.scorecard) == 1.0 for one in work.ranked):
                break
        if self.stopped and not work.ranked:
            return
        kept, rejected = work.conclude(self.stopped)
        ranked = _in_order(kept, closes)
        choices = tuple(_choice(one) for one in ranked)
        chunk = branches.Chunk(branches.BEGINNING, wish.bars, key, choices, label)
        yield Drawn(chunk, ranked, rejected)

    def _draw_once(self, work: Work, wish: engines.Chunk, take: int) -> Iterator[Progress]:
        """Draw all candidates of a wish, the first time or another."""
        first = take * self.request.candidates
        for step in self.engine.draw_chunk(replace(wish, seed=wish.seed + (take << TAKE_BIT))):
            work.take(replace(draft, index=draft.index + first) for draft in step.drafts)
            yield work.progress(1.0 if take else step.share)
            if self.should_stop():
                self.stopped = True
                return

    def copy(self, chain: Chain, music: Piece, closes: bool, label: str) -> Drawn:
        """Return music that is there already as the only candidate of a chunk, judged likewise.

        Args:
            chain: What is there.
            music: The copy, with as many parts, in its own key.
            closes: Whether the piece ends with it.
            label: Of the section.

        Raises:
            RequestError: If it cannot be written down.
        """
        try:
            events = encode_bars(music)
            more = branches.decode_chunk(events, music.key, chain.piece)
        except TokenError as error:
            raise RequestError(f"section {label} cannot be copied: {error}") from error
        judge = Judge(chain, music.key, closes, self.request.form or "", self.bands)
        one = Ranked(1, 0, more, judge.score(more, None), 0.0)
        choice = Choice(events, one.scorecard.total, reasons=one.scorecard.reasons)
        chunk = branches.Chunk(branches.BEGINNING, more.n_bars, music.key, (choice,), label)
        return Drawn(chunk, (one,), ())


@dataclass(frozen=True)
class Judge:
    """Reads and scores drafts of a chunk; see `judging.Judge`."""

    chain: Chain
    key: Key
    closes: bool
    form: str
    bands: Bands

    def __call__(self, drafts: Iterable[Draft]) -> Iterator[Ranked | Rejected]:
        """Yield a scored candidate, or a rejection with its reason, for every draft."""
        for draft in drafts:
            yield self._judge(draft)

    def _judge(self, draft: Draft) -> Ranked | Rejected:
        if not draft.is_complete:
            return Rejected(draft.index, "it did not come to an end")
        # The last row is END, or the bar line that the next chunk will begin with.
        draft = replace(
            draft,
            events=draft.events[:-1],
            log_probs=draft.log_probs[:-1],
            doubts=draft.doubts[:-1],
        )
        try:
            more = branches.decode_chunk(draft.events, self.key, self.chain.piece)
        except ComposerError as error:
            return Rejected(draft.index, str(error))
        shared = longest_shared_run(more)
        if shared.is_copy:
            reason = f"it copies {shared.notes} notes in a row of {shared.piece_name}"
            return Rejected(draft.index, reason)
        card = self.score(more, surprise_of_draft(draft))
        return Ranked(0, draft.index, more, card, draft.nats_per_note, draft)

    def score(self, more: Piece, surprise: Surprise | None) -> Scorecard:
        """Score the new bars with the bar before them, and the seam between."""
        tail, n_tail = self.chain.tail()
        excerpt = replace(clip(join(tail, n_tail, more)), key=self.key)
        heard = trim(excerpt, max(1, n_tail), excerpt.n_bars)
        if surprise is not None and n_tail:
            surprise = of_new_bars(surprise, 1, heard)
        card = score(heard, form=self.form, surprise=surprise, bands=self.bands)
        seam = (
            score_seam(build_texture(excerpt), n_tail, self.chain.opening, form=self.form)
            if n_tail
            else ()
        )
        n_before = max(0, self.chain.n_bars - 1)
        return with_seam(
            card,
            seam,
            form=self.form,
            closes=self.closes,
            bars_before=bars_before(self.chain.piece if n_tail else heard, n_before, heard),
            beats_before=self.chain.piece.bars[n_before].onset_beats,
        )


def _in_order(found: list[Ranked], closes: bool) -> tuple[Ranked, ...]:
    """Rank candidates: a closing chunk by its cadence first, then by total, then by likelihood."""
    order = sorted(
        found,
        key=lambda one: (
            -_cadence(one.scorecard) if closes else 0.0,
            -one.scorecard.total,
            one.nats_per_note,
            one.index,
        ),
    )
    return tuple(replace(one, rank=rank) for rank, one in enumerate(order, start=1))


def _cadence(card: Scorecard) -> float:
    """Return how much of a cadence the piece ends with, 0..1."""
    return next((one.value for one in card.scores if one.name == CADENCE), 0.0)


def _choice(one: Ranked) -> Choice:
    card = one.scorecard
    return Choice(one.events, card.total, one.index, one.nats_per_note, card.reasons)
