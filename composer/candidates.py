"""Drafts -> pieces: broken ones keep a reason, twins are dropped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from composer.engines import Draft
from composer.errors import ComposerError
from composer.piece import Piece
from composer.theory import Key
from composer.tokenizer import decode_bars


@dataclass(frozen=True)
class Candidate:
    """A draft that is a piece."""

    piece: Piece
    draft: Draft


@dataclass(frozen=True)
class Rejected:
    """A draft that is none, and why.

    Args:
        index: Its number in the request, from 0.
        reason: One sentence.
    """

    index: int
    reason: str


class Collector:
    """Turns drafts into candidates.

    Args:
        key: The wished key with its spelling; None takes what the draft was drawn for.
    """

    def __init__(self, key: Key | None = None) -> None:
        self.key = key

    def collect(self, drafts: Iterable[Draft]) -> Iterator[Candidate | Rejected]:
        """Yield a candidate, or a rejection with its reason, for every draft."""
        for draft in drafts:
            yield self._judge(draft)

    def _judge(self, draft: Draft) -> Candidate | Rejected:
        if not draft.is_complete:
            return Rejected(draft.index, "it did not come to an end")
        try:
            piece = decode_bars(draft.events, draft.wishes, key=self.key)
        except ComposerError as error:
            return Rejected(draft.index, str(error))
        silent = [i + 1 for i, part in enumerate(piece.parts) if not part.notes]
        if silent:
            return Rejected(draft.index, f"part {silent[0]} is silent throughout")
        return Candidate(piece, draft)


def find_twins(pieces: Mapping[int, Piece]) -> tuple[Rejected, ...]:
    """Return those that say the same, note for note, as one with a lower number.

    Args:
        pieces: By their numbers in the request.
    """
    first: dict[tuple[object, ...], int] = {}
    numbered = sorted(pieces.items())
    found = [(index, first.setdefault((p.parts, p.meters), index)) for index, p in numbered]
    return tuple(
        Rejected(index, f"it is the same as candidate {twin + 1}")
        for index, twin in found
        if twin != index
    )
