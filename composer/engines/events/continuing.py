"""More bars behind a piece: what stands in front of them, and the grammar that goes on from there.

    conditions, theme, GAP, the last bars | the new bars

as in the rearrangements `window` and `theme` of `tokenizer.holes`, on which the model was trained.
All rows have the tonic of the new bars on C.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from composer.chords import Progression
from composer.decoding import Draw
from composer.decoding.engine import Leaning
from composer.engines.base import Begun, Continue, Stretch
from composer.engines.events.chord_tones import ChordTones
from composer.engines.events.drawing import MAX_ROWS_PER_BAR, Drawing, slide
from composer.engines.events.leanings import Beats, Closing, Together
from composer.engines.events.part_writing import PartWriting, parallel_costs
from composer.engines.events.surprise import nats_per_note
from composer.engines.events.takes import Reader, read_chunk, read_rows
from composer.engines.events.third_copies import ThirdCopies
from composer.errors import RequestError, TokenError
from composer.piece import Piece
from composer.theory import Key
from composer.tokenizer import Conditions, Vocabulary, encode_bars, encode_conditions, vocab
from composer.tokenizer.conditions import conditions_of, meter_id
from composer.tokenizer.holes import N_CONDITIONS, Bars
from composer.tokenizer.masks import Frame, Grammar
from composer.tokenizer.sections import CLOSING_BARS, section_ids, section_names
from composer.tokenizer.vocab import BAR, DURATION, PART, PITCH, POSITION, TIME, Events
from composer.units import POSITIONS_PER_QUARTER

Ints = npt.NDArray[np.int64]
Weights = npt.NDArray[np.float32]

# More than half a window ever holds of the shortest bars that scores have.
TAIL_BARS = 128
# The odds of a note outside the scale fall by e to this, in bars that lean to a scale.
OUTSIDE_NATS = 3.0
_PITCHES = np.arange(vocab.N_PITCH_WRITTEN)
_NO_NAMES = Vocabulary(composers=(), forms=(), ensembles=())


@dataclass(frozen=True)
class Continuing:
    """An ask for more bars, and the bars so far as rows in their own pitches."""

    ask: Continue
    bars: Sequence[Events]

    @property
    def conditions(self) -> Conditions:
        """The conditions of the whole piece, the new bars included."""
        ask = self.ask
        found = conditions_of(ask.before)
        return replace(
            found,
            composer=ask.request.composer or found.composer,
            form=ask.request.form or found.form,
            ensemble=ask.request.ensemble or found.ensemble,
            style=ask.request.style,
            mode=ask.key.mode,
            shift=ask.key.shift,
            bars=self.end,
        )

    @property
    def end(self) -> int:
        """Bars of the whole piece."""
        return self.ask.bars_before + self.ask.bars + self.ask.bars_after

    @property
    def last(self) -> list[Events]:
        """The last bars, the tonic on C."""
        return moved(self.bars[-TAIL_BARS:], -self.ask.key.shift)

    @property
    def begun(self) -> list[Events]:
        """What stands of the first new bar, the tonic on C: one bar, or none."""
        if self.ask.begun is None:
            return []
        # As many bars as its notes sound in; they are written into the first one.
        music = replace(self.ask.begun.music, key=self.ask.key, n_bars=0)
        bars = Bars.of(_encoded(music, closes=False)).bars[:1]
        return _counted(bars, self.ask.bars_before, self.end)

    @property
    def theme(self) -> list[Events]:
        """The bars that are kept in mind, their own tonic on C."""
        key = self.ask.theme_key or self.ask.key
        return moved([self.bars[index] for index in self.ask.theme], -key.shift)


def bars_of(path: Sequence[Stretch]) -> list[Events]:
    """Return all bars of a piece as rows in their own pitches, a BAR row and its notes each.

    Raises:
        RequestError: If a meter, the number of parts or a pitch is none that events can write.
    """
    found: list[Events] = []
    for stretch in path:
        if "events" in stretch.record:
            rows = read_rows(stretch.record)
        else:
            rows = _encoded(stretch.music, closes=bool(found))
        found += moved(Bars.of(rows).bars[: stretch.bars], stretch.key.shift)
    return found


def _encoded(music: Piece, *, closes: bool) -> Events:
    """Return the bars of music that was given.

    Args:
        music: In its own key.
        closes: Whether its last bars may be a close. What a person brought is gone on with: as if
            silence followed it.
    """
    try:
        encode_conditions(conditions_of(music), _NO_NAMES)
        rows = encode_bars(music)
    except TokenError as error:
        what = str(error).rsplit(" (event", 1)[0]
        raise RequestError(f"the piece cannot be gone on with: {what}") from error
    if not closes:
        silence = [vocab.row(BAR)] * CLOSING_BARS
        names = section_names(np.concatenate([rows, *silence]))[:-CLOSING_BARS]
        rows[rows[:, TIME] == BAR, PART] = section_ids(names)
    return rows


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


def continuing_drawing(asked: Continuing, vocabulary: Vocabulary, window: int) -> Drawing:
    """Return what the candidates for more bars are drawn from.

    Args:
        asked: The ask, and the bars so far.
        vocabulary: The names of the conditions.
        window: Rows the model reads at most; half of them hold what is read first.

    Raises:
        TokenError: If a condition has no id.
    """
    ask, conditions = asked.ask, asked.conditions
    first_rows = encode_conditions(conditions, vocabulary)
    theme = _counted(_fitting(asked.theme, window // 4 - N_CONDITIONS), ask.theme.start, asked.end)
    pinned = np.concatenate([first_rows, *theme])
    context = _last_bars(asked, window // 2 - len(pinned) - 1)
    left_out = ask.bars_before - len(context) - (ask.theme.start + len(theme) if theme else 0)
    if theme and left_out <= 0:  # the last bars reach back into it
        pinned = first_rows
        context = _last_bars(asked, window // 2 - len(pinned) - 1)
        left_out = ask.bars_before - len(context)
    costs = parallel_costs(conditions, ask.request.part_writing)
    return Drawing(
        request=ask.request,
        reader=reader_of(asked),
        prefix=np.concatenate([pinned, *_gap(left_out), *context, *asked.begun])[: window - 1],
        window=window,
        begin=lambda size: _begin(asked, conditions, costs, size),
        max_rows=MAX_ROWS_PER_BAR * (ask.bars + 1),
        reframe=lambda rows: slide(
            rows, window // 2, n_pinned=len(pinned), gap_bars=max(0, left_out)
        ),
        seed=ask.seed,
    )


def reader_of(asked: Continuing) -> Reader:
    """Return how rows of new bars are read."""
    ask = asked.ask
    return Reader(
        read=lambda events: read_chunk(events, ask.key, ask.before),
        shift=ask.key.shift,
        record={},
        new_rows=lambda draw: _new_rows(draw, asked.begun),
    )


def _new_rows(draw: Draw, begun: Sequence[Events]) -> tuple[Draw, float | None]:
    """Leave out END, or the bar line that the next bars will begin with; it counts as surprise.

    What stood of the first bar comes in front, as if it had been no surprise.
    """
    n_begun = sum(map(len, begun))
    before = ((n_begun, 0), (0, 0))
    cut = replace(
        draw,
        events=np.concatenate([*begun, draw.events[:-1]]),
        log_probs=np.pad(draw.log_probs[:-1], before),
        doubts=np.pad(draw.doubts[:-1], before),
    )
    return cut, nats_per_note(draw.events, draw.log_probs)


def _fitting(bars: Sequence[Events], room: int) -> list[Events]:
    """Return the first bars, as many as fit into `room` rows."""
    sizes = np.cumsum([len(bar) for bar in bars])
    return list(bars[: int((sizes <= room).sum())])


def _last_bars(asked: Continuing, room: int) -> list[Events]:
    """Return the last bars before the new ones that fit into `room` rows, one at least.

    Of a bar that is longer than that alone, the last rows.
    """
    ask, before = asked.ask, asked.last
    n_most = room if ask.context_bars is None else min(room, ask.context_bars)
    bars = before[max(0, len(before) - n_most) :]
    sizes = np.cumsum([len(bar) for bar in reversed(bars)])
    kept = bars[-max(1, int((sizes <= room).sum())) :]
    return [bar[-room:] for bar in _counted(kept, ask.bars_before - len(kept), asked.end)]


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
    asked: Continuing, conditions: Conditions, costs: dict[int, float], size: int
) -> tuple[Continuation, Together | None]:
    """Return rules and leaning of a group that have heard what still sounds at the seam."""
    ask = asked.ask
    heard = _heard(asked.last)
    n_heard = len(heard)
    shift, sections = ask.key.shift, section_ids(list(ask.sections)).tolist()
    frame = Frame(
        bars=n_heard + ask.bars + ask.bars_after,
        ranges=[(low - shift, high - shift) for low, high in ask.ranges],
        meter=None if conditions.meter is None else meter_id(conditions.meter),
        one_line=ask.one_line,
        sections=[*[-1] * n_heard, *sections, -1] if sections else None,
    )
    stop = n_heard + ask.bars if ask.bars_after else frame.bars + 1
    grammar = Continuation(frame, size, n_heard, stop)
    leanings: list[Leaning] = [PartWriting(grammar, costs)] if costs else []
    if ask.chords:
        chords = Progression((*ask.chords, *[(None,)] * (frame.bars - len(ask.chords))))
        leanings.append(ChordTones(grammar, chords, shift, first=-n_heard, has_upbeat=False))
    elif ask.request.chords is not None:
        first, has_upbeat = ask.bars_before - n_heard, bool(ask.before.pickup_beats)
        leanings.append(
            ChordTones(grammar, ask.request.chords, shift, first=first, has_upbeat=has_upbeat)
        )
    if ask.request.part_writing > 0 and not ask.bars_after:
        leanings.append(
            Closing(
                grammar,
                conditions.mode,
                ask.request.part_writing,
                holds=conditions.ensemble == "keyboard",
            )
        )
    if ask.request.part_writing > 0:
        leanings.append(Beats(grammar, ask.request.part_writing))
    if ask.scales:
        leanings.append(ScaleLeaning(grammar, _on_c(ask.scales, ask.key)))
    for row in np.concatenate([np.empty((0, 4), np.int16), *heard, *asked.begun]):
        rows = np.repeat(row[None], size, axis=0)
        grammar.accept(rows)
        for leaning in leanings:
            leaning.accept(rows)
    grammar.open(ask.begun)
    if ask.request.part_writing > 0:
        third_copies = ThirdCopies(size, conditions.form, ask.request.part_writing, asked.last)
        for row in asked.begun[0] if asked.begun else ():
            third_copies.accept(np.repeat(row[None], size, axis=0))
        leanings.append(third_copies)
    return grammar, Together(leanings) if leanings else None


def _on_c(scales: Sequence[frozenset[int]], key: Key) -> list[frozenset[int]]:
    return [frozenset((pitch - key.shift) % 12 for pitch in scale) for scale in scales]


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
        self._due = -1

    def open(self, begun: Begun | None) -> None:
        """Go on with new bars, or within one that has begun; what was given may end in silence."""
        self.bar_is_empty[:] = False
        if begun is None:
            self._begins = True
            return
        position = int(begun.beats * POSITIONS_PER_QUARTER)
        self._due = position if begun.is_due else -1
        is_later = self.position < position
        self.position[is_later] = position
        self.last_part[is_later] = self.last_pitch[is_later] = -1

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
        if field_index == TIME and self._due >= 0:
            time = POSITION + self._due
            return np.where(self._times(chosen)[:, time], time, -1)
        return super().forced(field_index, chosen)

    def accept(self, rows: Events) -> None:
        """Go on by one row a candidate, [B, 4]."""
        super().accept(rows)
        self._begins, self._due = False, -1
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
