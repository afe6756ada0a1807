"""Drafts -> pieces: broken ones keep a reason, twins and near-twins are dropped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from composer.engines import Draft, surprise_of_draft
from composer.errors import ComposerError
from composer.novelty import Shared, longest_shared_run
from composer.piece import Piece
from composer.scoring import Surprise
from composer.theory import Key
from composer.tokenizer import decode_bars, vocab

# Of two pieces that share more of their notes than this, one is enough.
TWIN_SHARE = 0.9


@dataclass(frozen=True)
class Candidate:
    """A draft that is a piece."""

    piece: Piece
    draft: Draft

    @property
    def surprise(self) -> Surprise:
        """What the model said of it as it drew it."""
        return surprise_of_draft(self.draft)


@dataclass(frozen=True)
class Rejected:
    """A draft that is none, and why.

    Args:
        index: Its number in the request, from 0.
        reason: One sentence.
        given_up_after_bar: The last bar of one that was given up on the way; None for all others.
    """

    index: int
    reason: str
    given_up_after_bar: int | None = None


def count_given_up(rejected: Iterable[Rejected]) -> int:
    """Return how many were given up on the way; see `Request.prune`."""
    return sum(one.given_up_after_bar is not None for one in rejected)


class Collector:
    """Turns drafts into candidates.

    Args:
        key: The wished key with its spelling; None takes what the draft was drawn for.
        may_copy: Whether a copy of a training piece will do, as where a person brought it.
    """

    def __init__(self, key: Key | None = None, *, may_copy: bool = False) -> None:
        self.key = key
        self.may_copy = may_copy

    def collect(self, drafts: Iterable[Draft]) -> Iterator[Candidate | Rejected]:
        """Yield a candidate, or a rejection with its reason, for every draft."""
        for draft in drafts:
            yield self._judge(draft)

    def _judge(self, draft: Draft) -> Candidate | Rejected:
        if draft.is_given_up:
            # The last row is the bar line behind the last bar.
            n_bars = int((draft.events[:-1, vocab.TIME] == vocab.BAR).sum())
            reason = f"it was given up after bar {n_bars}, because it scored too low up to there"
            return Rejected(draft.index, reason, given_up_after_bar=n_bars)
        if not draft.is_complete:
            return Rejected(draft.index, "it did not come to an end")
        try:
            piece = decode_bars(draft.events, draft.wishes, key=self.key)
        except ComposerError as error:
            return Rejected(draft.index, str(error))
        silent = [i + 1 for i, part in enumerate(piece.parts) if not part.notes]
        if silent:
            return Rejected(draft.index, f"part {silent[0]} is silent throughout")
        shared = Shared() if self.may_copy else longest_shared_run(piece)
        if shared.is_copy:
            return Rejected(draft.index, _tell_copy(shared))
        return Candidate(piece, draft)


def _tell_copy(shared: Shared) -> str:
    bars = f"bars {shared.first_bar} to {shared.last_bar}"
    return f"it copies {shared.notes} notes in a row of {shared.piece_name} ({bars})"


def find_twins(pieces: Mapping[int, Piece]) -> tuple[Rejected, ...]:
    """Return those that say the same, or nearly so, as one with a lower number that stays.

    Nearly the same are pieces that share more than `TWIN_SHARE` of the notes of the longer one, by
    part, onset and pitch.

    Args:
        pieces: By their numbers in the request.
    """
    kept: dict[int, frozenset[object]] = {}
    twins: list[Rejected] = []
    for index, piece in sorted(pieces.items()):
        notes = frozenset(
            # Whole numbers, because fractions take long to hash.
            (number, *note.onset_beats.as_integer_ratio(), note.pitch)
            for number, part in enumerate(piece.parts)
            for note in part.notes
        )
        twin = next((other for other, held in kept.items() if _are_alike(notes, held)), None)
        if twin is None:
            kept[index] = notes
            continue
        other = pieces[twin]
        is_same = (piece.parts, piece.meters) == (other.parts, other.meters)
        words = "the same as" if is_same else "almost the same as"
        twins.append(Rejected(index, f"it is {words} candidate {twin + 1}"))
    return tuple(twins)


def _are_alike(one: frozenset[object], other: frozenset[object]) -> bool:
    longer = max(len(one), len(other))
    return min(len(one), len(other)) >= TWIN_SHARE * longer and (
        one == other or len(one & other) > TWIN_SHARE * longer
    )
