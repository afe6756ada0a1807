"""`Chain`: music that grows stretch by stretch, with what the engine remembers of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from composer.branches import Choice, Tree
from composer.engines import Continue, Stretch
from composer.piece import Part, Piece
from composer.request import Request
from composer.scoring.texture import build_texture
from composer.stitching import join, trim
from composer.theory import MONOPHONIC_ENSEMBLES, Key

# Bars before a seam that the seam is judged with.
SEAM_BARS = 4
# A part that was given may go on so much beyond the pitches it had, inside its instrument's range.
SPARE_SEMITONES = 12
OPENING_BARS = 2
Contents = Sequence[frozenset[int]]


@dataclass(frozen=True)
class Chain:
    """Music so far.

    Args:
        piece: Its notes; those that were given are the caller's own.
        path: The stretches in which it came; none before the first bar.
        is_given: Whether its beginning is music that a person brought.
        ranges: Lowest and highest pitch of every part.
        one_line: Whether each part sounds one note at a time.
        opening: What begins in its first bars, as `Texture.bar_contents`.
    """

    piece: Piece
    path: tuple[Stretch, ...]
    is_given: bool
    ranges: tuple[tuple[int, int], ...]
    one_line: bool
    opening: Contents = ()

    @classmethod
    def of(cls, given: Piece, given_bars: int, ensemble: str | None) -> Chain:
        """Begin with what was given.

        Args:
            given: Its notes and parts.
            given_bars: Its bars; 0 if it only says who plays.
            ensemble: Whether its parts are lines depends on that.
        """
        stretch = Stretch(music=given, bars=given_bars, key=given.key)
        is_line = all(part.is_monophonic for part in given.parts)
        return cls(
            piece=given,
            path=(stretch,) if given_bars else (),
            is_given=given_bars > 0,
            ranges=tuple(range_of(part) for part in given.parts),
            one_line=ensemble in MONOPHONIC_ENSEMBLES and is_line,
            opening=_contents(given, given_bars),
        )

    @classmethod
    def along(cls, tree: Tree, ensemble: str | None) -> Chain:
        """Return the music on the way to the present place of a tree."""
        chain = cls.of(tree.given, tree.given_bars, ensemble)
        for place in tree.path():
            chain = chain.plus(tree.choice(place), tree.chunks[place.chunk].key)
        return chain

    @property
    def n_bars(self) -> int:
        """Bars so far; 0 before the first."""
        return sum(stretch.bars for stretch in self.path)

    def plus(self, choice: Choice, key: Key) -> Chain:
        """Return the music with a candidate of a chunk behind it."""
        more = choice.music
        stretch = Stretch(music=more, bars=more.n_bars, key=key, record=choice.record)
        return replace(
            self,
            piece=join(self.piece, self.n_bars, more),
            path=(*self.path, stretch),
            opening=self.opening or _contents(more, more.n_bars),
        )

    def tail(self, n_bars: int = SEAM_BARS) -> tuple[Piece, int]:
        """Return the last bars as a piece, and how many they are; 0 before the first."""
        n_bars = min(n_bars, self.n_bars)
        if not n_bars:
            return self.piece, 0
        return trim(self.piece, self.n_bars - n_bars + 1, self.n_bars), n_bars

    def ask(self, request: Request, key: Key, bars: int, bars_after: int, **facts: Any) -> Continue:
        """Return the ask for the next bars.

        Args:
            request: Candidates, and how they are drawn; its chords begin behind what was given.
            key: In which they are written.
            bars: How many.
            bars_after: How many come behind them; 0 closes.
            facts: Further ones of `Continue`.
        """
        if request.chords is not None and self.is_given:
            n_given = self.path[0].bars - bool(self.piece.pickup_beats)
            request = replace(request, chords=request.chords.moved(n_given))
        return Continue(
            request=request,
            before=self.piece,
            path=self.path,
            bars=bars,
            bars_after=bars_after,
            key=key,
            ranges=self.ranges,
            one_line=self.one_line,
            **facts,
        )


def range_of(part: Part) -> tuple[int, int]:
    """Return the pitches that a part may go on with."""
    player = part.instrument
    if not part.notes:
        return player.low, player.high
    low, high = (pick(note.pitch for note in part.notes) for pick in (min, max))
    return (
        min(low, max(player.low, low - SPARE_SEMITONES)),
        max(high, min(player.high, high + SPARE_SEMITONES)),
    )


def _contents(piece: Piece, n_bars: int) -> Contents:
    if not n_bars:
        return ()
    opening = trim(piece, 1, min(OPENING_BARS, n_bars))
    return build_texture(opening).bar_contents
