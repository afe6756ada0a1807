"""Masks that keep sampling legal: which ids may come next, for a whole group of candidates at once.

Hard rules only: time never runs back, simultaneous notes rise by part and pitch, parts exist and
keep to their ranges in the key that was asked for, one-line parts sound one note, no key is struck
while it sounds, notes end with the piece, and bars are exactly as many and as long as the request
says. All else is the model's.

A worked example: two parts of one line each, two bars of 4/4 (96 positions a bar), and so far

    bar line; position 0, part 0, C5, a half (48 positions); position 0, part 1, C3, a quarter (24)

    part_end  [48, 24]     from the beginning: when each part falls silent
    last_part 1, position 0
    TIME      position 0 is closed: part 0 comes before part 1 and still sounds, part 1 just began.
              1 to 23 are closed because both parts sound; from 24 on part 1 is silent, so that
              24 to 95 are open. BAR is open, since the bar is neither empty nor the last one; END
              is closed.
    PART      at position 24 only part 1; at position 48 both.
    PITCH     at position 24 in part 1: its whole range, in which no other note can sound.
    DURATION  at position 24: 1 to 168 positions (2 * 96 - 24), so that it ends with the piece.

Where parts play chords, `part_end` is replaced by `pitch_end`, one end for each key of each part.
With the same two notes position 0 stays open: part 1 may strike a key above C3, since notes at one
position rise. C3 itself is closed from 1 to 23 and open again at 24, when its note has ended.

Shapes: B candidates, P parts, V ids of a field that may be written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields

import numpy as np
import numpy.typing as npt

from composer.tokenizer import vocab
from composer.tokenizer.bar_layouts import SOURCE, Layout
from composer.tokenizer.layout_rows import echo_row, role_id
from composer.tokenizer.vocab import (
    BAR,
    DURATION,
    ECHO,
    END,
    MAX_DURATION,
    METER,
    PART,
    PITCH,
    POSITION,
    SECTION,
    SECTIONS,
    TIME,
    Events,
)

Mask = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
_N_POSITIONS = vocab.MAX_BAR_POSITIONS
_PITCHES = np.arange(vocab.N_PITCH_WRITTEN)
_POSITIONS = np.arange(_N_POSITIONS)
_LENGTHS = np.arange(1, MAX_DURATION + 1)
_NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True, kw_only=True)
class Frame:
    """What is fixed about the piece to be written.

    Args:
        bars: Its length.
        ranges: Lowest and highest pitch of each part, with the tonic on C.
        meter: Id of the meter of all bars; None lets the first bar choose.
        meters: Ids of those from which it chooses; empty takes any.
        one_line: Whether each part sounds one note at a time.
        sections: Section ids by bar; None lets the model choose.
        layout: What every bar is, [bars, 4]; takes the place of sections.
        enters_at: The bar of each part before which it is silent; none waits unless given.
    """

    bars: int
    ranges: Sequence[tuple[int, int]]
    meter: int | None = None
    meters: Sequence[int] = ()
    one_line: bool = False
    sections: Sequence[int] | None = None
    layout: Layout | None = None
    enters_at: Sequence[int] = ()


@dataclass
class Grammar:
    """The rules' memory of a group of candidates; rows go in, masks come out.

    Args:
        frame: Of the piece.
        size: Candidates.
    """

    frame: Frame
    size: int
    bar: Ints = field(init=False)  # [B] index of the current bar, -1 before the first
    position: Ints = field(init=False)  # [B] of the last note in its bar
    last_part: Ints = field(init=False)
    last_pitch: Ints = field(init=False)
    bar_onset: Ints = field(init=False)  # [B] positions from the beginning
    bar_length: Ints = field(init=False)
    meter: Ints = field(init=False)
    bar_is_empty: Mask = field(init=False)
    part_end: Ints = field(init=False)  # [B, P] when a part falls silent
    pitch_end: Ints = field(init=False)  # [B, P, 128] when a key is free again
    echo_is_due: Mask = field(init=False)  # [B] the row after this bar line is an ECHO
    finished: Mask = field(init=False)

    def __post_init__(self) -> None:
        """Begin before bar 1."""
        n, n_parts = self.size, len(self.frame.ranges)
        zeros = np.zeros(n, np.int64)
        self.bar, self.position = zeros - 1, zeros.copy()
        self.last_part, self.last_pitch = zeros - 1, zeros - 1
        self.bar_onset, self.bar_length = zeros.copy(), zeros.copy()
        self.meter = zeros + (self.frame.meter if self.frame.meter is not None else -1)
        self.bar_is_empty = np.zeros(n, np.bool_)
        self.part_end = np.zeros((n, n_parts), np.int64)
        self.pitch_end = np.zeros((n, n_parts, vocab.N_PITCH_WRITTEN), np.int64)
        self.finished, self.echo_is_due = np.zeros(n, np.bool_), np.zeros(n, np.bool_)
        ranges = np.array(self.frame.ranges)
        self._in_range = (ranges[:, :1] <= _PITCHES) & (ranges[:, 1:] >= _PITCHES)  # [P, 128]
        self._has_keys = self._in_range.any(1)  # [P]
        self._parts_in_order = np.arange(n_parts)
        self._enters_at = np.array(self.frame.enters_at or [0] * n_parts)
        self._last_free: tuple[Ints, Mask] | None = None

    @property
    def share(self) -> float:
        """How far the group has come, by its slowest candidate, 0..1."""
        slowest = int(self.bar.min(initial=self.frame.bars))
        return min(1.0, max(0.0, slowest / self.frame.bars))

    def mask(self, field_index: int, chosen: Events) -> Mask:
        """Return which ids of a field may come next, [B, V].

        Args:
            field_index: 0..3.
            chosen: The fields of this row already chosen, [B, field_index].
        """
        masks = (self._times, self._parts, self._pitches, self._durations)
        return masks[field_index](chosen)

    def forced(self, field_index: int, chosen: Events) -> Ints:
        """Return ids that are given rather than chosen, [B]; -1 where the model chooses."""
        forced = np.full(len(chosen), -1, np.int64)
        if field_index == TIME:
            forced[self.echo_is_due] = ECHO
            return forced
        is_bar, is_end = chosen[:, TIME] == BAR, chosen[:, TIME] == END
        forced[is_end] = vocab.NONE[field_index]
        self._force_layout(forced, field_index, is_bar)
        if field_index == PITCH:
            left = self.frame.bars - 2 - self.bar
            forced[is_bar] = [vocab.bars_left_id(max(0, n)) for n in left[is_bar]]
        if field_index == PART and self.frame.sections is not None and self.frame.layout is None:
            forced[is_bar] = [self.frame.sections[n] for n in self.bar[is_bar] + 1]
        if field_index == DURATION:
            forced[is_bar & (self.meter >= 0)] = self.meter[is_bar & (self.meter >= 0)]
        return forced

    def _force_layout(self, forced: Ints, field_index: int, is_bar: Mask) -> None:
        """Give what the layout says of a bar line, and of the ECHO behind it."""
        if self.frame.layout is None:
            return
        if field_index == PART:
            bars = self.frame.layout[self.bar[is_bar] + 1]
            forced[is_bar] = [role_id(source, cadence) for source, _, _, cadence in bars.tolist()]
        for who in np.flatnonzero(self.echo_is_due).tolist():
            bar = int(self.bar[who])
            source, relation, steps, _ = self.frame.layout[bar].tolist()
            forced[who] = echo_row(bar - source, relation, steps)[0, field_index]

    def amend(self, field_index: int, ids: Ints) -> Ints:
        """Return what is written where these ids were chosen, [B]: the ids themselves."""
        return ids

    def accept(self, rows: Events) -> None:
        """Go on by one row a candidate, [B, 4]."""
        self._last_free = None
        ids: Ints = rows.astype(np.int64)
        time = ids[:, TIME]
        self.finished |= time == END
        self.echo_is_due &= time != ECHO
        self._accept_bars(np.flatnonzero(time == BAR), ids)
        self._accept_notes(np.flatnonzero(vocab.is_note(rows)), ids)

    def keep(self, places: Ints) -> None:
        """Go on with some of the candidates only, by their places in the group."""
        self.size = len(places)
        self._last_free = None
        for memory in fields(self):
            if not memory.init:
                setattr(self, memory.name, getattr(self, memory.name)[places])

    def _accept_bars(self, who: Ints, rows: Ints) -> None:
        self.bar_onset[who] += self.bar_length[who]
        self.bar[who] += 1
        self.meter[who] = rows[who, DURATION]
        self.bar_length[who] = vocab.BAR_POSITIONS[rows[who, DURATION] - METER]
        self.position[who] = 0
        self.last_part[who] = self.last_pitch[who] = -1
        self.bar_is_empty[who] = self.part_end[who].max(1) <= self.bar_onset[who]
        if self.frame.layout is not None:
            self.echo_is_due[who] = self.frame.layout[self.bar[who], SOURCE] >= 0

    def _accept_notes(self, who: Ints, rows: Ints) -> None:
        position, part, pitch = rows[who, TIME] - POSITION, rows[who, PART], rows[who, PITCH]
        end = self.bar_onset[who] + position + rows[who, DURATION] + 1
        self.position[who], self.last_part[who], self.last_pitch[who] = position, part, pitch
        self.part_end[who, part] = np.maximum(self.part_end[who, part], end)
        self.pitch_end[who, part, pitch] = end
        self.bar_is_empty[who] = False

    def _times(self, _: Events) -> Mask:
        allowed = np.zeros((self.size, vocab.N_TIME_WRITTEN), np.bool_)
        began = self.bar >= 0
        is_last = self.bar >= self.frame.bars - 1
        may_close = began & ~self.bar_is_empty
        allowed[:, BAR] = ~began | (may_close & ~is_last)
        allowed[:, END] = may_close & is_last
        # Positions behind the longest bar of the group are nobody's: with candidates in bars of 3/4
        # and 4/4 only 0 to 95 are looked at, and the first candidate is cut at 72 below.
        at = _POSITIONS[: int(self.bar_length.max(initial=0))]
        earliest = self.position + ~self._has_room_now()
        notes = (at >= earliest[:, None]) & (at < self.bar_length[:, None]) & began[:, None]
        allowed[:, POSITION : POSITION + len(at)] = notes & self._open_positions(at)
        # A last bar in which nothing may sound any more can only end.
        stuck = ~allowed.any(1)
        allowed[stuck & is_last, END] = True
        allowed[stuck & ~is_last, BAR] = True
        return allowed

    def _open_positions(self, at: Ints) -> Mask:
        """Return at which of the first positions of the bar some key of some part is free, [B, N].

        Whether it may follow the last note at its own position is not asked here.

        Args:
            at: 0, 1, ... [N].
        """
        found: Mask = at >= (self._free_from() - self.bar_onset)[:, None]
        return found

    def _free_from(self) -> Ints:
        """When the first part (or key, if parts sound chords) falls silent, from the beginning."""
        if self.frame.one_line:
            return np.asarray(np.where(self._have_entered, self.part_end, _NEVER).min(1))
        may_sound = self._in_range & self._have_entered[:, :, None]
        return np.asarray(np.where(may_sound, self.pitch_end, _NEVER).min((1, 2)))

    @property
    def _have_entered(self) -> Mask:
        """Return which parts may sound in the present bar, [B, P]."""
        found: Mask = self.bar[:, None] >= self._enters_at
        return found

    def _has_room_now(self) -> Mask:
        """Whether a further note may stand at the last note's position, [B]."""
        if self.frame.one_line:
            return np.asarray(self._free_lines(self.position).any(1))
        return np.asarray(self._free_at(self.position).any((1, 2)))

    def _free_lines(self, position: Ints) -> Mask:
        """Return which parts may begin a note at a position if each sounds one at a time, [B, P].

        None may twice at one position, because it sounds what it has just begun.
        """
        is_silent = self.part_end <= (self.bar_onset + position)[:, None]
        is_silent &= self._have_entered
        is_later = self._parts_in_order > self.last_part[:, None]
        found: Mask = is_silent & self._has_keys & (is_later | (position != self.position)[:, None])
        return found

    def _free_at(self, position: Ints) -> Mask:
        """Return which pitches of which parts may begin at a position, [B, P, 128].

        Part and pitch of a row ask for the same position one after the other.
        """
        if self._last_free is None or not np.array_equal(self._last_free[0], position):
            self._last_free = position, self._find_free(position)
        return self._last_free[1]

    def _find_free(self, position: Ints) -> Mask:
        free = self._free_keys(self.bar_onset + position)
        parts = self._parts_in_order
        same_time = (position == self.position) & (self.last_part >= 0)
        # At one position notes rise by part, then by pitch: behind part 1, C3 come part 1 above C3
        # and all of part 2, so that every chord has one spelling in rows. Elsewhere all is open.
        later_part = parts > self.last_part[:, None]
        same_part_above = (parts == self.last_part[:, None])[:, :, None] & (
            self.last_pitch[:, None, None] < _PITCHES
        )
        rises = later_part[:, :, None] | same_part_above
        found: Mask = free & (rises | ~same_time[:, None, None])
        return found

    def _free_keys(self, onset: Ints) -> Mask:
        """Return which keys are free, wherever their parts stand in the order, [B, P, 128]."""
        may_sound = self._in_range & self._have_entered[:, :, None]
        return np.asarray(may_sound & (self.pitch_end <= onset[:, None, None]))

    def _parts(self, chosen: Events) -> Mask:
        allowed = np.zeros((self.size, vocab.N_PART_WRITTEN), np.bool_)
        is_bar = chosen[:, TIME] == BAR
        allowed[is_bar, SECTION + 1 : SECTION + len(SECTIONS)] = True
        position = chosen[:, TIME].astype(np.int64) - POSITION
        if self.frame.one_line:
            free = self._free_lines(position)
        else:
            free = np.asarray(self._free_at(position).any(2))
        allowed[~is_bar, : free.shape[1]] = free[~is_bar]
        return allowed

    def _pitches(self, chosen: Events) -> Mask:
        position = chosen[:, TIME].astype(np.int64) - POSITION
        who, part = np.arange(self.size), np.minimum(chosen[:, PART], len(self._in_range) - 1)
        if self.frame.one_line:
            may_begin: Mask = self._free_lines(position)[who, part]
            return np.asarray(self._in_range[part] & may_begin[:, None])
        found: Mask = self._free_at(position)[who, part]
        return found

    def _durations(self, chosen: Events) -> Mask:
        allowed = np.zeros((self.size, vocab.N_DURATION_WRITTEN), np.bool_)
        is_bar = chosen[:, TIME] == BAR
        allowed[np.ix_(is_bar, self.frame.meters or range(METER, vocab.N_DURATION_WRITTEN))] = True
        room = np.where(is_bar, 0, self._room(chosen))
        allowed[:, :MAX_DURATION] = room[:, None] >= _LENGTHS
        return allowed

    def _room(self, chosen: Events) -> Ints:
        """Return how long the note may be whose time, part and pitch are chosen, [B]."""
        # Bars to come are taken to be as long as this one: in bar 0 of two of 4/4 (96 positions), a
        # note at position 24 may last 96 * (1 + 1) - 24 = 168.
        position = chosen[:, TIME].astype(np.int64) - POSITION
        bars_left = self.frame.bars - 1 - self.bar
        return np.asarray(self.bar_length * (1 + bars_left) - position)
