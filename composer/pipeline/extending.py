"""Extend: more bars behind any piece, chunk by chunk, the best candidate of each kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from composer.branches import Tree
from composer.composition import Composition
from composer.corpus.detect import ensemble_of_piece
from composer.engines import Engine, named_for
from composer.errors import RequestError
from composer.piece import Piece
from composer.pipeline.chain import Chain
from composer.pipeline.chunks import ChunkDrawing, DrawnChunk
from composer.pipeline.ranking import (
    NOTHING_YET,
    Progress,
    chosen_engine,
    last_of,
    versions_of,
)
from composer.plans import Chunking, Plan
from composer.request import Request
from composer.stitching import clip, join

MAX_PARTS_ASKED = 8
_SEED_BITS = 31


@dataclass(frozen=True)
class Extension(Composition):
    """What came of an extension: whole pieces that differ in their last chunk, and the tree.

    Args:
        tree: Every chunk with its candidates; its present place is the best one.
        chunking: How it was drawn.
        plan: That it follows, if it does.
    """

    tree: Tree
    chunking: Chunking
    plan: Plan | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values; `composition.replay` and `branches.Tree` read them."""
        return self.facts() | {
            "chunking": asdict(self.chunking),
            "plan": self.plan and self.plan.to_dict(),
            "scorecards": [one.scorecard.to_dict() for one in self.ranked],
            "tree": self.tree.to_dict(),
        }


def extend(
    start: Piece | Tree, bars: int, *, engine: Engine | str | None = None, **options: Any
) -> Extension:
    """Draw more bars behind a piece, chunk by chunk; the last one closes it.

    Args:
        start: A piece, or a tree whose present place is gone on from.
        bars: How many are added.
        engine: What composes, or its name; the usual one by default.
        options: Of `Chunking` (`chunk_bars`, `overlap_bars`, `theme_bars`), and of `Request`
            (`candidates`, `seed`, `temperature`, ...; `composer` and `form` change the manner).

    Raises:
        RequestError: If the piece cannot be gone on with, or a value will not do.
    """
    return last_of(extend_steps(start, bars, engine=engine, **options))


def extend_steps(
    start: Piece | Tree,
    bars: int,
    *,
    engine: Engine | str | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    **options: Any,
) -> Iterator[Progress | Extension]:
    """Extend step by step: progress after every few rows; the last item is the extension.

    Args:
        start: A piece, or a tree whose present place is gone on from.
        bars: How many are added, 1 to 512.
        engine: What composes, or its name; the usual one by default.
        should_stop: Asked at every step; when true, what is finished is kept, the rest dropped.
        options: See `extend`.

    Raises:
        RequestError: As `extend`, also if it was stopped before any candidate was finished.
    """
    tree = start if isinstance(start, Tree) else Tree.of(start)
    engine = chosen_engine(engine)
    chunking, request = read_options(tree.given, bars, options, engine)
    drawing = ChunkDrawing(engine, request, should_stop)
    chain = Chain.along(tree, request.ensemble)
    lengths = split_bars(bars, chunking.chunk_bars)
    clock = ChunkClock(len(lengths), request.candidates, chain.n_bars + bars)
    last: Last | None = None
    for number, length in enumerate(lengths):
        ask = chain.ask(
            request,
            tree.given.key,
            length,
            sum(lengths[number + 1 :]),
            seed=chunk_seed(request.seed, len(tree.path())),
            context_bars=chunking.overlap_bars,
            theme=range(min(chunking.theme_bars, chain.n_bars)),
        )
        for step in drawing.draw(chain, ask):
            if isinstance(step, Progress):
                yield clock.progress(number, step, chain)
                continue
            tree, last = tree.grow(step.chunk), Last(chain, step)
            chain = chain.plus(step.chunk.choices[0], tree.given.key)
        if drawing.stopped:
            break
    yield conclude(tree, last, chunking, clock, drawing)


def read_options(
    given: Piece, bars: int, options: dict[str, Any], engine: Engine
) -> tuple[Chunking, Request]:
    """Sort options into how it is chunked and what is asked for.

    A style that is asked for takes the place of the piece's composer.

    Raises:
        OptionError: If a name is unknown or a value out of range.
    """
    names = {option.name for option in fields(Chunking)}
    chunking = Chunking(**{name: value for name, value in options.items() if name in names})
    settings = {name: value for name, value in options.items() if name not in names}
    n_parts = len(given.parts)
    known = {
        "composer": None if settings.get("style") else given.composer[:100] or None,
        "form": given.form[:100] or None,
        "ensemble": given.ensemble[:100] or ensemble_of_piece(given) or None,
        "key": given.key,
        "meter": given.bars[-1].meter,
        "parts": n_parts if n_parts <= MAX_PARTS_ASKED else None,
        "bars": bars,
    }
    return chunking, named_for(Request.from_dict(known | settings), engine.menu)


def split_bars(bars: int, chunk_bars: int) -> list[int]:
    """Return the lengths of chunks: as few as can be, and as equal as can be."""
    n_chunks = -(-bars // chunk_bars)
    return [bars * (n + 1) // n_chunks - bars * n // n_chunks for n in range(n_chunks)]


def chunk_seed(seed: int, depth: int) -> int:
    """Return the seed of a chunk by its place on the way; no two of one request share any."""
    return (depth + 1) << _SEED_BITS | seed


@dataclass(frozen=True)
class Last:
    """The last chunk that was finished.

    Args:
        before: What stands in front of it.
        drawn: What came of it.
    """

    before: Chain
    drawn: DrawnChunk


@dataclass
class ChunkClock:
    """Progress over several chunks.

    Args:
        n_chunks: In all.
        candidates: Of each.
        bars: Of the whole piece.
    """

    n_chunks: int
    candidates: int
    bars: int = 0
    began_s: float = field(default_factory=time.monotonic)

    def progress(self, chunk: int, step: Progress, chain: Chain) -> Progress:
        """Return the progress of the whole from that of one chunk.

        Args:
            chunk: Counted from 0.
            step: How far it is.
            chain: What stands before it.
        """
        share = (chunk + step.fraction) / self.n_chunks
        drawn, wanted = chunk * self.candidates + step.drawn, self.n_chunks * self.candidates
        so_far = chain.piece if chain.n_bars else None
        found = Progress.since(self.began_s, drawn, wanted, share, so_far)
        return replace(found, bars=self.bars)


def conclude(
    tree: Tree, last: Last | None, chunking: Chunking, clock: ChunkClock, drawing: ChunkDrawing
) -> Extension:
    """Return the extension: a whole piece for every candidate of the last chunk.

    Args:
        tree: With the last chunk in it.
        last: That chunk, if one was finished.
        chunking: How it was drawn.
        clock: Since the beginning.
        drawing: That drew it.

    Raises:
        RequestError: If none was finished.
    """
    if last is None:
        raise RequestError(NOTHING_YET)
    before = last.before
    whole = tuple(
        replace(one, piece=clip(join(before.piece, before.n_bars, one.piece)))
        for one in last.drawn.ranked
    )
    return Extension(
        request=drawing.request,
        ranked=whole,
        rejected=last.drawn.rejected,
        elapsed_s=time.monotonic() - clock.began_s,
        stopped=drawing.stopped,
        versions=versions_of(drawing.engine),
        tree=tree,
        chunking=chunking,
    )
