"""Open cells of a piece filled: layout, grammar and leaning of a group, and what of it is new.

    hole    wishes, before, HOLE, what stays in it, after, FILL | the bars of the hole
    ahead   wishes, GIVEN bar 1, GIVEN bar 2 | BAR 1, GIVEN bar 3, BAR 2, ...
    beside  wishes, GAP, before | the bars, in which given notes come in their places

Hole and ahead are rearrangements of `tokenizer.holes`, on which the model was trained. A model that
has seen few of them hardly listens to given parts there: with a melody moved by a tritone it finds
the real lower parts of chorales 0.3 nats a note less likely, in plain bars 0.9
(benchmarks/quality/filling.py). So a checkpoint's notes say whether it does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from composer.engines.base import Draft, Filling, Step
from composer.engines.drawing import MAX_ROWS_PER_BAR, Drawing
from composer.engines.part_writing import SILENT, SIXTEENTH, PartWriting, parallel_costs
from composer.tokenizer import Vocabulary, encode_bars, encode_conditions, vocab
from composer.tokenizer.filling import (
    Blank,
    GivenAhead,
    GivenBeside,
    HoleGrammar,
    Layout,
    Room,
    given_ahead_layout,
    given_beside_layout,
    hole_layout,
)
from composer.tokenizer.masks import Frame
from composer.tokenizer.vocab import BAR, GIVEN, PART, TIME, Events
from composer.units import beats_to_positions

Ints = npt.NDArray[np.int64]
Way = tuple[Callable[[Blank, Events, Events, int], Layout], type[HoleGrammar]]

# The longest hole that the model was trained to fill. Some parts of more bars are written beside
# the others, which run one bar ahead; more bars of all parts are a hole that shrinks.
MAX_HOLE_BARS = 8


@dataclass(frozen=True)
class FillingDrawing:
    """What a filling is drawn from, and the rules that tell what of a draw is new."""

    drawing: Drawing
    rules: HoleGrammar

    def cleaned(self, steps: Iterator[Step]) -> Iterator[Step]:
        """Leave what was given out of the drafts."""
        for step in steps:
            yield replace(step, drafts=tuple(self._new_rows(draft) for draft in step.drafts))

    def _new_rows(self, draft: Draft) -> Draft:
        """Return a draft of new notes, bars and END; its surprise is theirs alone."""
        rules = replace(self.rules)  # begins anew
        is_new = np.zeros(len(draft.events), np.bool_)
        for index, row in enumerate(draft.events):
            rules.accept(row[None])
            is_new[index] = not rules.aside[0]
        counted = draft.log_probs.copy()
        counted[draft.events[:, TIME] == BAR, PART] = 0.0  # sections are plans
        # Where a given bar stands, the model has said that the last one is complete.
        counted[~is_new & (draft.events[:, TIME] != GIVEN)] = 0.0
        counted[~is_new, 1:] = 0.0
        n_notes = int(vocab.is_note(draft.events[is_new]).sum())
        return replace(
            draft,
            events=draft.events[is_new],
            log_probs=draft.log_probs[is_new],
            doubts=draft.doubts[is_new],
            nats_per_note=float(-counted.sum() / max(1, n_notes)),
        )


def way_of(blank: Blank, *, hears_given: bool) -> Way:
    """Return how open cells are put before the model.

    Args:
        blank: What stays, and what is open.
        hears_given: Whether the model was found to listen to given parts that stand elsewhere.
    """
    n_bars, (n_all, n_parts) = blank.last - blank.first, blank.cells.shape
    if len(blank.parts) == n_parts:
        return hole_layout, HoleGrammar
    if not hears_given:
        return given_beside_layout, GivenBeside
    if n_bars > MAX_HOLE_BARS or n_bars == n_all:
        return given_ahead_layout, GivenAhead
    return hole_layout, HoleGrammar


def filling_drawing(
    filling: Filling, vocabulary: Vocabulary, window: int, *, hears_given: bool = False
) -> FillingDrawing:
    """Return what the candidates of a filling are drawn from.

    Args:
        filling: The wish.
        vocabulary: The names of the wishes.
        window: Rows the model reads at most.
        hears_given: As in `way_of`.

    Raises:
        TokenError: If a meter, the number of parts or a pitch of the piece has no id.
    """
    blank = filling.blank
    wishes = encode_conditions(filling.wishes, vocabulary)
    lay_out, kind = way_of(blank, hears_given=hears_given)
    layout = lay_out(blank, wishes, encode_bars(blank.piece), window)
    frame = Frame(bars=blank.last - blank.first, ranges=filling.ranges)
    room = Room(blank, filling.ranges, filling.lines)
    costs = parallel_costs(filling.wishes, filling.request.part_writing)
    line = GivenLine(blank)

    def begin(size: int) -> tuple[HoleGrammar, BesideGiven | None]:
        grammar = kind(frame, size, room, layout.given)
        return grammar, BesideGiven(grammar, costs, line) if costs else None

    n_given = sum(layout.given.n_ahead) + (layout.given.kept[:, :, TIME] >= 0).sum()
    drawing = Drawing(
        request=filling.request,
        wishes=filling.wishes,
        prefix=layout.prefix,
        begin=begin,
        max_rows=MAX_ROWS_PER_BAR * frame.bars + int(n_given),
        reframe=layout.reframe,
    )
    return FillingDrawing(drawing, begin(1)[0])


class GivenLine:
    """Which pitch each part of what stays sounds when; of chords the highest note of the latest.

    Args:
        blank: What stays; from a sixteenth before the first open bar to the last is remembered.
    """

    def __init__(self, blank: Blank) -> None:
        bars, shift = blank.piece.bars, blank.piece.key.shift
        self._first = beats_to_positions(bars[blank.first].onset_beats) - SIXTEENTH
        length = beats_to_positions(bars[blank.last - 1].end_beats) - self._first
        self._pitch = np.full((len(blank.piece.parts), length), SILENT, np.int64)
        for part, pitches in zip(blank.piece.parts, self._pitch, strict=True):
            for note in part.notes:
                begin = max(0, beats_to_positions(note.onset_beats) - self._first)
                end = max(0, beats_to_positions(note.end_beats) - self._first)
                pitches[begin:end] = note.pitch - shift

    def at(self, position: Ints) -> Ints:
        """Return the pitch of every part at positions of the piece, [B, P]; `SILENT` in rests."""
        place = np.clip(position - self._first, 0, self._pitch.shape[1] - 1)
        return np.asarray(self._pitch[:, place].T)


class BesideGiven(PartWriting):
    """The leaning of parts that are written beside given ones, whose motion counts too.

    Args:
        grammar: Of the group.
        costs: As from `parallel_costs`.
        given: What stays.
    """

    def __init__(self, grammar: HoleGrammar, costs: Mapping[int, float], given: GivenLine) -> None:
        super().__init__(grammar, costs)
        self._rules, self._given = grammar, given

    def accept(self, rows: Events) -> None:
        """Go on by one row a candidate, [B, 4]; what was given is known already."""
        aside = self._rules.aside[:, None]
        super().accept(np.where(aside, np.array(vocab.NONE, np.int16), rows))

    def _sounding(self, position: Ints) -> Ints:
        new = super()._sounding(position)
        return np.where(new == SILENT, self._given.at(position), new)
