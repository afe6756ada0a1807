"""The next bars of a piece: what stands in front of them, and the grammar that goes on from there.

    wishes, theme, GAP, the last bars | the new bars

as in the rearrangements `window` and `theme` of `tokenizer.holes`, on which the model was trained.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from composer.decoding.engine import Leaning
from composer.engines.base import Chunk
from composer.engines.drawing import MAX_ROWS_PER_BAR, Drawing, slide
from composer.engines.leanings import Closing, Together
from composer.engines.part_writing import PartWriting, parallel_costs
from composer.tokenizer import Vocabulary, encode_conditions, vocab
from composer.tokenizer.holes import N_WISHES
from composer.tokenizer.masks import Frame, Grammar
from composer.tokenizer.vocab import BAR, DURATION, PART, PITCH, TIME, Events
from composer.tokenizer.wishes import meter_id

Ints = npt.NDArray[np.int64]
Weights = npt.NDArray[np.float32]

# The odds of a note outside the scale fall by e to this, in bars that lean to a scale.
OUTSIDE_NATS = 3.0
_PITCHES = np.arange(vocab.N_PITCH_WRITTEN)


def chunk_drawing(chunk: Chunk, vocabulary: Vocabulary, window: int) -> Drawing:
    """Return what the candidates of a chunk are drawn from.

    Args:
        chunk: The wish.
        vocabulary: The names of the wishes.
        window: Rows the model reads at most; half of them hold what is read first.

    Raises:
        TokenError: If a wish has no id.
    """
    wishes = encode_conditions(chunk.wishes, vocabulary)
    theme = _counted(_fitting(chunk.theme, window // 4 - N_WISHES), chunk.theme_at, _end_of(chunk))
    pinned = np.concatenate([wishes, *theme])
    context = _last_bars(chunk, window // 2 - len(pinned) - 1)
    left_out = chunk.bars_before - len(context) - (chunk.theme_at + len(theme) if theme else 0)
    if theme and left_out <= 0:  # the last bars reach back into it
        pinned = wishes
        context = _last_bars(chunk, window // 2 - len(pinned) - 1)
        left_out = chunk.bars_before - len(context)
    costs = parallel_costs(chunk.wishes, chunk.request.part_writing)
    return Drawing(
        request=chunk.request,
        wishes=chunk.wishes,
        prefix=np.concatenate([pinned, *_gap(left_out), *context])[: window - 1],
        begin=lambda size: _begin(chunk, costs, size),
        max_rows=MAX_ROWS_PER_BAR * (chunk.bars + 1),
        reframe=lambda rows: slide(
            rows, window // 2, n_pinned=len(pinned), gap_bars=max(0, left_out)
        ),
        seed=chunk.seed,
    )


def _end_of(chunk: Chunk) -> int:
    """Return the number of bars of the whole piece."""
    return chunk.bars_before + chunk.bars + chunk.bars_after


def _fitting(bars: Sequence[Events], room: int) -> list[Events]:
    """Return the first bars, as many as fit into `room` rows."""
    sizes = np.cumsum([len(bar) for bar in bars])
    return list(bars[: int((sizes <= room).sum())])


def _last_bars(chunk: Chunk, room: int) -> list[Events]:
    """Return the last bars before the chunk that fit into `room` rows, one at least.

    Of a bar that is longer than that alone, the last rows.
    """
    n_most = room if chunk.context_bars is None else min(room, chunk.context_bars)
    bars = list(chunk.before[max(0, len(chunk.before) - n_most) :])
    sizes = np.cumsum([len(bar) for bar in reversed(bars)])
    kept = bars[-max(1, int((sizes <= room).sum())) :]
    return [bar[-room:] for bar in _counted(kept, chunk.bars_before - len(kept), _end_of(chunk))]


def _counted(bars: Sequence[Events], first: int, end: int) -> list[Events]:
    """Return bars that say how many are left until `end`, the first of them being bar `first`."""
    counted = []
    for index, bar in enumerate(bars, start=first):
        rows = bar.copy()
        rows[0, PITCH] = vocab.bars_left_id(max(0, end - 1 - index))
        counted.append(rows)
    return counted


def _gap(n_bars: int) -> list[Events]:
    return [vocab.row(vocab.GAP, pitch=vocab.bars_left_id(n_bars))] if n_bars > 0 else []


def _begin(
    chunk: Chunk, costs: dict[int, float], size: int
) -> tuple[Continuation, Together | None]:
    """Return rules and leaning of a group that have heard what still sounds at the seam."""
    heard = _heard(chunk.before)
    n_heard = len(heard)
    frame = Frame(
        bars=n_heard + chunk.bars + chunk.bars_after,
        ranges=chunk.ranges,
        meter=None if chunk.wishes.meter is None else meter_id(chunk.wishes.meter),
        one_line=chunk.one_line,
        sections=[*[-1] * n_heard, *chunk.sections, -1] if chunk.sections else None,
    )
    stop = n_heard + chunk.bars if chunk.bars_after else frame.bars + 1
    grammar = Continuation(frame, size, n_heard, stop)
    leanings: list[Leaning] = [PartWriting(grammar, costs)] if costs else []
    if chunk.request.part_writing > 0 and not chunk.bars_after:
        leanings.append(Closing(grammar, chunk.wishes.mode, chunk.request.part_writing))
    if chunk.scales:
        leanings.append(ScaleLeaning(grammar, chunk.scales))
    for row in np.concatenate([np.empty((0, 4), np.int16), *heard]):
        rows = np.repeat(row[None], size, axis=0)
        grammar.accept(rows)
        for leaning in leanings:
            leaning.accept(rows)
    grammar.open()
    return grammar, Together(leanings) if leanings else None


def _heard(before: Sequence[Events]) -> list[Events]:
    """Return the last bars in which a note may have begun that still sounds, tied ones joined."""
    heard: list[Events] = []
    positions = 0
    for bar in reversed(before):
        if positions >= vocab.MAX_DURATION:
            break
        rows = bar.copy()
        notes = vocab.is_note(rows)
        rows[notes, PART] %= vocab.MAX_PARTS
        heard.insert(0, rows)
        positions += int(vocab.BAR_POSITIONS[bar[0, DURATION] - vocab.METER])
    return heard


@dataclass
class Continuation(Grammar):
    """The grammar of bars behind others: it begins with a bar line, and may stop before the end.

    Args:
        frame: Of what it heard, the new bars and those behind them.
        size: Candidates.
        n_heard: Bars that it will hear before the new ones.
        stop: Index of the bar before which a candidate is complete; beyond the end, END completes.
    """

    n_heard: int
    stop: int

    def __post_init__(self) -> None:
        """Begin before all that will be heard."""
        super().__post_init__()
        self._begins = False

    def open(self) -> None:
        """Go on with new bars; what was given may end in silence."""
        self._begins = True
        self.bar_is_empty[:] = False

    @property
    def share(self) -> float:
        """How far the new bars have come, by the slowest candidate, 0..1."""
        end = min(self.stop, self.frame.bars)
        done = int(self.bar.min(initial=end)) - self.n_heard
        return min(1.0, max(0.0, done / (end - self.n_heard)))

    def forced(self, field_index: int, chosen: Events) -> Ints:
        """Return ids that are given, [B]: first of all a bar line; -1 where the model chooses."""
        if field_index == TIME and self._begins:
            return np.full(len(chosen), BAR, np.int64)
        return super().forced(field_index, chosen)

    def accept(self, rows: Events) -> None:
        """Go on by one row a candidate, [B, 4]."""
        super().accept(rows)
        self._begins = False
        self.finished |= self.bar >= self.stop


class ScaleLeaning:
    """A leaning to a scale, bar by bar, as `decoding.Leaning`: how a section comes into its key.

    Args:
        grammar: Of the group; knows the bars, and hears of each row first.
        scales: Pitch classes with the tonic on C, a set for every new bar.
    """

    def __init__(self, grammar: Continuation, scales: Sequence[frozenset[int]]) -> None:
        self._grammar = grammar
        outside = [~np.isin(_PITCHES % 12, list(scale)) for scale in scales]
        self._weights = np.array(outside) * np.float32(-OUTSIDE_NATS)  # [bars, V]

    def weights(self, field_index: int, chosen: Events) -> Weights | None:
        """Return what is added to the logits of a pitch, [B, V]; None for other fields."""
        if field_index != PITCH:
            return None
        bar = np.clip(self._grammar.bar - self._grammar.n_heard, 0, len(self._weights) - 1)
        found: Weights = self._weights[bar]
        return found

    def accept(self, rows: Events) -> None:
        """Nothing to remember: the grammar counts the bars."""

    def keep(self, places: Ints) -> None:
        """Nothing to forget either."""
