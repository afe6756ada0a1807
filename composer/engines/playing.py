"""Music without end by an engine that goes on with pieces: a few bars, then a few more.

What it is asked to go on with never grows beyond `MEMORY_BARS`, so that the thousandth bar costs
what the hundredth cost. The end is always as far away as can be said, so that nothing closes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from composer.engines.base import Continue, Play, Step, Stretch
from composer.errors import RequestError
from composer.request import MAX_BARS
from composer.stitching import join, trim
from composer.theory import MONOPHONIC_ENSEMBLES

MEMORY_BARS = 64
FAR_BARS = 2 * MAX_BARS  # behind every bar; more than that nobody counts
ATTEMPTS = 8  # until bars come that are music


def play(draw: Callable[[Continue], Iterator[Step]], ask: Play) -> Iterator[Step]:
    """Yield bars, stretch by stretch, for as long as somebody listens.

    Args:
        draw: Of an engine that serves `Continue`.
        ask: What is gone on with.

    Raises:
        RequestError: If no bars came that are music, as often as they were drawn.
    """
    piece, n_bars = ask.before, ask.before_bars
    path = (Stretch(music=piece, bars=n_bars, key=piece.key),) if n_bars else ()
    players = [part.instrument for part in piece.parts]
    is_line = all(part.is_monophonic for part in piece.parts)
    number = 0
    while True:
        more = Continue(
            request=replace(ask.request, candidates=1),
            before=piece,
            path=path,
            bars=ask.request.bars,
            bars_after=FAR_BARS,
            key=ask.key,
            ranges=[(player.low, player.high) for player in players],
            one_line=is_line and piece.ensemble in MONOPHONIC_ENSEMBLES,
            seed=(number + 1) << 31 | ask.request.seed,
        )
        stretch = _stretch(draw, more)
        number += 1
        piece, n_bars = join(piece, n_bars, stretch.music), n_bars + stretch.bars
        path = (*path, stretch)
        if n_bars > MEMORY_BARS:  # what was is one stretch from here on, and its records are gone
            piece = trim(piece, n_bars - MEMORY_BARS // 2 + 1, n_bars)
            n_bars = MEMORY_BARS // 2
            path = (Stretch(music=piece, bars=n_bars, key=ask.key),)
        yield Step(0.0, bars=(stretch,))


def _stretch(draw: Callable[[Continue], Iterator[Step]], ask: Continue) -> Stretch:
    """Return the next bars; drawn again where what came is no music."""
    reason = ""
    for attempt in range(ATTEMPTS):
        for step in draw(replace(ask, seed=ask.seed + (attempt << 56))):
            for take in step.takes:
                if take.piece is not None:
                    return Stretch(music=take.piece, bars=ask.bars, key=ask.key, record=take.record)
                reason = take.reason
    raise RequestError(f"nothing comes that can be played: {reason}")
