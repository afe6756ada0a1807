"""Open cells of a piece filled: framing, grammar and leaning of a group, and what of it is new.

    hole    conditions, before, HOLE, what stays in it, after, FILL | the bars of the hole
    ahead   conditions, GIVEN bar 1, GIVEN bar 2 | BAR 1, GIVEN bar 3, BAR 2, ...
    beside  conditions, GAP, before | the bars, in which given notes come in their places

Hole and ahead are rearrangements of `tokenizer.holes`, on which the model was trained. A model that
has seen few of them hardly listens to given parts there: with a melody moved by a tritone it finds
the real lower parts of chorales 0.3 nats a note less likely, in plain bars 0.9
(benchmarks/quality/filling.py). So a checkpoint's notes say whether it does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from composer.cells import Blank
from composer.decoding import Draw, Leaning
from composer.engines.base import Fill
from composer.engines.events.chord_tones import ChordTones
from composer.engines.events.drawing import MAX_ROWS_PER_BAR, Drawing
from composer.engines.events.leanings import Together
from composer.engines.events.part_writing import SILENT, SIXTEENTH, PartWriting, parallel_costs
from composer.engines.events.takes import Reader, read_filling
from composer.tokenizer import Conditions, Vocabulary, encode_bars, encode_conditions, vocab
from composer.tokenizer.conditions import conditions_of
from composer.tokenizer.filling import (
    Framing,
    GivenAhead,
    GivenBeside,
    HoleGrammar,
    Room,
    given_ahead_framing,
    given_beside_framing,
    hole_framing,
)
from composer.tokenizer.masks import Frame
from composer.tokenizer.vocab import BAR, GIVEN, PART, TIME, Events
from composer.units import beats_to_positions

Ints = npt.NDArray[np.int64]
Way = tuple[Callable[[Blank, Events, Events, int], Framing], type[HoleGrammar]]

# The longest hole that the model was trained to fill. Some parts of more bars are written beside
# the others, which run one bar ahead; more bars of all parts are a hole that shrinks.
MAX_HOLE_BARS = 8


def way_of(blank: Blank, *, hears_given: bool) -> Way:
    """Return how open cells are put before the model.

    Args:
        blank: What stays, and what is open.
        hears_given: Whether the model was found to listen to given parts that stand elsewhere.
    """
    n_bars, (n_all, n_parts) = blank.last - blank.first, blank.cells.shape
    if len(blank.parts) == n_parts:
        return hole_framing, HoleGrammar
    if not hears_given:
        return given_beside_framing, GivenBeside
    if n_bars > MAX_HOLE_BARS or n_bars == n_all:
        return given_ahead_framing, GivenAhead
    return hole_framing, HoleGrammar


def filling_drawing(
    ask: Fill, vocabulary: Vocabulary, window: int, *, hears_given: bool = False
) -> Drawing:
    """Return what the candidates of a filling are drawn from.

    Args:
        ask: What stays, what is open, and the settings.
        vocabulary: The names of the conditions.
        window: Rows the model reads at most.
        hears_given: As in `way_of`.

    Raises:
        TokenError: If a meter, the number of parts or a pitch of the piece has no id.
    """
    blank, conditions = ask.blank, conditions_of_ask(ask)
    lay_out, kind = way_of(blank, hears_given=hears_given)
    framing = lay_out(
        blank, encode_conditions(conditions, vocabulary), encode_bars(blank.piece), window
    )
    ranges = [_on_c(span, blank.piece.key.shift) for span in ask.ranges]
    frame = Frame(bars=blank.last - blank.first, ranges=ranges)
    room = Room(blank, ranges, ask.lines)
    costs = parallel_costs(conditions, ask.request.part_writing)
    line = GivenLine(blank)

    piece, chords = blank.piece, ask.request.chords
    has_upbeat = blank.begins_beats > 0

    def begin(size: int) -> tuple[HoleGrammar, Leaning | None]:
        grammar = kind(frame, size, room, framing.given)
        leanings: list[Leaning] = [BesideGiven(grammar, costs, line)] if costs else []
        if chords is not None:
            leanings.append(
                ChordTones(
                    grammar, chords, piece.key.shift, first=blank.first, has_upbeat=has_upbeat
                )
            )
        return grammar, Together(leanings) if leanings else None

    n_given = sum(framing.given.n_ahead) + (framing.given.kept[:, :, TIME] >= 0).sum()
    return Drawing(
        request=ask.request,
        reader=reader_of(ask, begin(1)[0]),
        prefix=framing.prefix,
        window=window,
        begin=begin,
        max_rows=MAX_ROWS_PER_BAR * frame.bars + int(n_given),
        reframe=framing.reframe,
    )


def conditions_of_ask(ask: Fill) -> Conditions:
    """Return the conditions of the whole piece."""
    found, request = conditions_of(ask.blank.piece), ask.request
    return replace(
        found,
        composer=request.composer or found.composer,
        form=request.form or found.form,
        ensemble=request.ensemble or found.ensemble,
        style=request.style,
    )


def reader_of(ask: Fill, rules: HoleGrammar) -> Reader:
    """Return how rows of open cells are read.

    Args:
        ask: What is filled.
        rules: Tell what of a draw is new.
    """
    return Reader(
        read=lambda events: read_filling(events, ask.blank),
        shift=ask.blank.piece.key.shift,
        record={},
        new_rows=lambda draw: _new_rows(draw, rules),
    )


def _new_rows(draw: Draw, rules: HoleGrammar) -> tuple[Draw, float]:
    """Return new notes, bars and END, and the surprise of these notes alone."""
    rules = replace(rules)  # begins anew
    is_new = np.zeros(len(draw.events), np.bool_)
    for index, row in enumerate(draw.events):
        rules.accept(row[None])
        is_new[index] = not rules.aside[0]
    counted = draw.log_probs.copy()
    counted[draw.events[:, TIME] == BAR, PART] = 0.0  # sections are plans
    # Where a given bar stands, the model has said that the last one is complete.
    counted[~is_new & (draw.events[:, TIME] != GIVEN)] = 0.0
    counted[~is_new, 1:] = 0.0
    n_notes = int(vocab.is_note(draw.events[is_new]).sum())
    found = replace(
        draw,
        events=draw.events[is_new],
        log_probs=draw.log_probs[is_new],
        doubts=draw.doubts[is_new],
    )
    return found, float(-counted.sum() / max(1, n_notes))


def _on_c(span: tuple[int, int], shift: int) -> tuple[int, int]:
    """Return a range of pitches with the tonic on C, such that they are pitches in any key."""
    low, high = span
    least, most = max(0, -shift), min(127, 127 - shift)
    return min(max(low - shift, least), most), max(min(high - shift, most), least)


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
