"""`Chain`: music that grows chunk by chunk, as notes for people and as bars for the model.

Its bars are kept in their own pitches, so that a key may change on the way; what the model reads is
moved so that the tonic of the chunk to come is C.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from composer import engines
from composer.branches import Tree, decode_chunk
from composer.corpus.detect import ensemble_of_piece
from composer.errors import RequestError, TokenError
from composer.piece import Part, Piece
from composer.request import Request
from composer.scoring.texture import build_texture
from composer.stitching import join, trim
from composer.theory import MONOPHONIC_ENSEMBLES, Key
from composer.tokenizer import Conditions, Events, Vocabulary, encode_bars, encode_conditions, vocab
from composer.tokenizer.holes import Bars
from composer.tokenizer.sections import CLOSING_BARS, section_ids, section_names
from composer.tokenizer.vocab import PART, PITCH
from composer.tokenizer.wishes import conditions_of

# More than half a window ever holds of the shortest bars that scores have.
TAIL_BARS = 128
# Bars before a seam that the seam is judged with.
SEAM_BARS = 4
# A part that was given may go on so much beyond the pitches it had, inside its instrument's range.
SPARE_SEMITONES = 12
OPENING_BARS = 2
Contents = Sequence[frozenset[int]]
_NO_NAMES = Vocabulary(composers=(), forms=(), ensembles=())


@dataclass(frozen=True)
class Chain:
    """Music so far.

    Args:
        piece: Its notes; those that were given are the caller's own.
        n_bars: Its bars; 0 before the first.
        bars: The same as rows in their own pitches, a BAR row and its notes each.
        wishes: That hold for all of it.
        ranges: Lowest and highest pitch of every part.
        one_line: Whether each part sounds one note at a time.
        opening: What begins in its first bars, as `Texture.bar_contents`.
    """

    piece: Piece
    n_bars: int
    bars: tuple[Events, ...]
    wishes: Conditions
    ranges: tuple[tuple[int, int], ...]
    one_line: bool
    opening: Contents = ()

    @classmethod
    def of(cls, given: Piece, given_bars: int, wishes: Conditions) -> Chain:
        """Begin with what was given.

        Args:
            given: Its notes and parts.
            given_bars: Its bars; 0 if it only says who plays.
            wishes: That hold for all of it.

        Raises:
            RequestError: If a meter, the number of parts or a pitch is none that can be composed.
        """
        bars = tuple(_given_bars(given)[:given_bars])
        is_line = all(part.is_monophonic for part in given.parts)
        return cls(
            piece=given,
            n_bars=given_bars,
            bars=bars,
            wishes=wishes,
            ranges=tuple(range_of(part) for part in given.parts),
            one_line=wishes.ensemble in MONOPHONIC_ENSEMBLES and is_line,
            opening=_contents(given, given_bars),
        )

    @classmethod
    def along(cls, tree: Tree, wishes: Conditions) -> Chain:
        """Return the music on the way to the present place of a tree."""
        chain = cls.of(tree.given, tree.given_bars, wishes)
        for place in tree.path():
            chain = chain.plus(tree.choice(place).events, tree.chunks[place.chunk].key)
        return chain

    def plus(self, events: Events, key: Key) -> Chain:
        """Return the music with a chunk behind it."""
        more = decode_chunk(events, key, self.piece)
        return replace(
            self,
            piece=join(self.piece, self.n_bars, more),
            n_bars=self.n_bars + more.n_bars,
            bars=(*self.bars, *moved(Bars.of(events).bars, key.shift)),
            opening=self.opening or _contents(more, more.n_bars),
        )

    def tail(self) -> tuple[Piece, int]:
        """Return the last bars as a piece, and how many they are; 0 before the first."""
        first = max(1, self.n_bars - SEAM_BARS + 1)
        if not self.n_bars:
            return self.piece, 0
        return trim(self.piece, first, self.n_bars), self.n_bars - first + 1

    def theme(self, n_bars: int, key: Key) -> list[Events]:
        """Return the opening as the model reads it where the tonic of `key` is C."""
        return moved(self.bars[:n_bars], -key.shift)

    def chunk(
        self, request: Request, key: Key, bars: int, bars_after: int, **facts: object
    ) -> engines.Chunk:
        """Return the wish for the next bars.

        Args:
            request: Candidates, and how ids are chosen.
            key: In which they are written.
            bars: How many.
            bars_after: How many come behind them; 0 closes.
            facts: Further ones of `engines.Chunk`.
        """
        end = self.n_bars + bars + bars_after
        return engines.Chunk(
            request=request,
            wishes=replace(self.wishes, mode=key.mode, shift=key.shift, bars=end),
            before=moved(self.bars[-TAIL_BARS:], -key.shift),
            bars_before=self.n_bars,
            bars=bars,
            bars_after=bars_after,
            ranges=[(low - key.shift, high - key.shift) for low, high in self.ranges],
            one_line=self.one_line,
            **facts,  # type: ignore[arg-type]  # named by the callers beside this file
        )


def wishes_of(given: Piece, request: Request) -> Conditions:
    """Return the wishes for more of a piece: those of the request, else what the piece is."""
    found = conditions_of(replace(given, ensemble=given.ensemble or ensemble_of_piece(given)))
    return replace(
        found,
        composer=request.composer or found.composer,
        form=request.form or found.form,
        ensemble=request.ensemble or found.ensemble,
    )


def moved(bars: Sequence[Events], semitones: int) -> list[Events]:
    """Return bars with all notes moved, by an octave less where they would leave 0-127."""
    found = []
    for bar in bars:
        rows = bar.copy()
        notes = vocab.is_note(rows)
        pitch = rows[notes, PITCH] + semitones
        rows[notes, PITCH] = pitch + 12 * (pitch < 0) - 12 * (pitch > 127)
        found.append(rows)
    return found


def _given_bars(given: Piece) -> list[Events]:
    """Return the bars of a piece in their own pitches; none of them closes it any more."""
    try:
        encode_conditions(conditions_of(given), _NO_NAMES)
        rows = encode_bars(given)
    except TokenError as error:
        what = str(error).rsplit(" (event", 1)[0]
        raise RequestError(f"the piece cannot be gone on with: {what}") from error
    silence = [vocab.row(vocab.BAR)] * CLOSING_BARS
    names = section_names(np.concatenate([rows, *silence]))[:-CLOSING_BARS]
    rows[rows[:, vocab.TIME] == vocab.BAR, PART] = section_ids(names)
    return moved(Bars.of(rows).bars, given.key.shift)


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
