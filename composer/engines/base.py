"""What any engine offers: wishes in, candidates out, its capabilities stated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from composer.engines.menu import MenuRow
from composer.engines.suggestions import Suggestion
from composer.piece import Piece
from composer.request import Request
from composer.scoring import Surprise
from composer.tokenizer.filling import Blank
from composer.tokenizer.vocab import Events
from composer.tokenizer.wishes import Conditions


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """What an engine can do besides composing from wishes."""

    extend: bool = False
    infill: bool = False
    harmonise: bool = False
    stream: bool = False


@dataclass(frozen=True, kw_only=True)
class Draft:
    """One drawn candidate, before anyone has judged it.

    Args:
        index: Its number in the request.
        wishes: What it was drawn for, open ones decided.
        events: Bars and END, [N, 4].
        log_probs: Of every chosen field, unguided, [N, 4]; 0 where it was given.
        doubts: Of every chosen pitch, nats by which a neighbour would have been likelier, and the
            semitones to it, [N, 2]; see `decoding.Draw`.
        nats_per_note: Mean surprise over all that the score counts (sections left out).
        is_complete: Whether it came to its end.
        is_given_up: Whether it was found hopeless at a bar line, which is its last row.
    """

    index: int
    wishes: Conditions
    events: Events
    log_probs: npt.NDArray[np.float32]
    doubts: npt.NDArray[np.float32]
    nats_per_note: float
    is_complete: bool
    is_given_up: bool = False


@dataclass(frozen=True)
class Step:
    """Progress of a draw.

    Args:
        share: Of the whole work, 0..1.
        drafts: Candidates that this step completed.
    """

    share: float
    drafts: tuple[Draft, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """The next bars of a piece, wished for. Rows are written with the tonic on C.

    Args:
        request: Says how many candidates, how ids are chosen, and how strict part-writing is.
        wishes: Of the whole piece, the bars to come included.
        before: The last bars so far, each a BAR row and its notes; none begins a piece.
        bars_before: How many there are so far, those that are not in `before` included.
        bars: How many are drawn.
        bars_after: How many come behind them; with 0 the chunk closes the piece.
        ranges: Lowest and highest pitch of every part.
        one_line: Whether each part sounds one note at a time.
        seed: Of the random numbers.
        context_bars: Of the last bars, how many are read at most; None takes what half a window
            holds.
        theme: Bars that are read in front of them, such as the opening.
        theme_at: Where the theme begins among the bars so far, from 0.
        sections: Section ids of the new bars, -1 where the model chooses; none lets it choose all.
        scales: Pitch classes that the new bars lean to, a set a bar; none leans to nothing.
    """

    request: Request
    wishes: Conditions
    before: Sequence[Events]
    bars_before: int
    bars: int
    bars_after: int
    ranges: Sequence[tuple[int, int]]
    one_line: bool
    seed: int
    context_bars: int | None = None
    theme: Sequence[Events] = ()
    theme_at: int = 0
    sections: Sequence[int] = ()
    scales: Sequence[frozenset[int]] = ()


@dataclass(frozen=True, kw_only=True)
class Filling:
    """Open cells of a piece, wished filled.

    Args:
        request: Says how many candidates, how ids are chosen, and how strict part-writing is.
        wishes: Of the whole piece.
        blank: What stays, and what is open.
        ranges: Lowest and highest pitch of every part, with the tonic on C.
        lines: Which parts sound one note at a time.
    """

    request: Request
    wishes: Conditions
    blank: Blank
    ranges: Sequence[tuple[int, int]]
    lines: Sequence[bool]


class Engine(Protocol):
    """Anything that composes."""

    capabilities: Capabilities
    versions: dict[str, str]
    menu: tuple[MenuRow, ...]
    # Scoring group -> percentiles of nats a note among real pieces, and their number.
    likelihood_bands: dict[str, list[float]]
    # Form -> how its pieces are best drawn, as far as that was measured.
    suggestions: dict[str, Suggestion]

    def draw(self, request: Request) -> Iterator[Step]:
        """Draw all candidates of a request, group by group."""

    def read(self, pieces: Sequence[Piece]) -> list[Surprise | None]:
        """Return what the model says of pieces; None of those that it cannot write down."""

    def draw_chunk(self, chunk: Chunk) -> Iterator[Step]:
        """Draw all candidates for the next bars of a piece, if it can extend."""

    def draw_filling(self, filling: Filling) -> Iterator[Step]:
        """Draw all candidates for open cells of a piece, if it can infill or harmonise."""
