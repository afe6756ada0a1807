"""Masks that keep what is written into open cells legal beside the notes that stay.

As `tokenizer.masks`, and besides: bars and meters are the piece's own, no new note leaves its open
cells or touches a given one, and given notes in the written parts come in their places: the model
is bound to write nothing beyond the next of them before it has come.

`GivenBeside` writes beside parts whose notes come in their places among the new ones. `GivenAhead`
writes beside parts that run one bar ahead (`holes.given_parts`): where the model says that a bar is
complete, the next given bar is read before the next bar begins.

Shapes: B candidates, P parts, V ids of a field that may be written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from composer.tokenizer import vocab
from composer.tokenizer.filling.room import Room
from composer.tokenizer.masks import Grammar, Ints, Mask
from composer.tokenizer.vocab import (
    BAR,
    DURATION,
    END,
    GIVEN,
    PART,
    PITCH,
    POSITION,
    SECTION,
    TIME,
    Events,
)

_NOTHING = -1  # where no further given note comes


class Given:
    """What is known of the bars to be written, in their order.

    Args:
        lines: The BAR row of each, [bars, 4].
        kept: The given notes of the written parts in each, as rows.
        sounds: Whether a given note of any part sounds in each.
        onset: Position of the first, from the beginning of the piece.
        ahead: Bars of the given parts from the third on, GIVEN row and notes.
        goes_on: Whether a bar of the piece follows that is not written.
        sections: Whether the model says the section of each bar; else it stays open.
    """

    def __init__(
        self,
        lines: Events,
        kept: Sequence[Events],
        sounds: Mask,
        onset: int,
        *,
        ahead: Sequence[Events] = (),
        goes_on: bool = False,
        sections: bool = True,
    ) -> None:
        self.lines, self.sounds, self.onset = lines.astype(np.int64), sounds, onset
        self.kept = _stacked(kept)  # [bars, most + 1, 4]
        self.ahead, self.n_ahead = _stacked(ahead), np.array([len(bar) for bar in ahead], np.int64)
        self.goes_on, self.sections = goes_on, sections


def _stacked(bars: Sequence[Events]) -> Ints:
    """Return rows of bars as one array, filled up with `_NOTHING`, one row of it at least."""
    longest = 1 + max((len(bar) for bar in bars), default=0)
    found = np.full((max(1, len(bars)), longest, 4), _NOTHING, np.int64)
    for index, bar in enumerate(bars):
        found[index, : len(bar)] = bar
    return found


@dataclass
class HoleGrammar(Grammar):
    """The rules' memory of a group that fills open cells bar by bar.

    Args:
        frame: Number of bars to be written, and ranges; nothing else of it counts.
        size: Candidates.
        room: Where new notes fit.
        given: The bars to be written.
    """

    room: Room
    given: Given
    next_kept: Ints = field(init=False)  # [B] the given note of the bar that comes next
    aside: Mask = field(init=False)  # [B] whether the last row was given, and nothing new

    def __post_init__(self) -> None:
        """Begin before the first bar to be written."""
        super().__post_init__()
        self.bar_onset += self.given.onset
        self.next_kept = np.zeros(self.size, np.int64)
        self.aside = np.zeros(self.size, np.bool_)

    def mask(self, field_index: int, chosen: Events) -> Mask:
        """Return which ids of a field may come next, [B, V]."""
        allowed = super().mask(field_index, chosen)
        if field_index == PITCH:  # what is tied over stands in parts of its own
            allowed[chosen[:, PART] >= self.room.lines.size] = False
        return self._up_to_kept(field_index, chosen, allowed)

    def forced(self, field_index: int, chosen: Events) -> Ints:
        """Return ids that are given rather than chosen, [B]; -1 where the model chooses."""
        forced = super().forced(field_index, chosen)
        if field_index == TIME:
            return forced
        is_bar = chosen[:, TIME] == BAR
        next_bar = np.minimum(self.bar + 1, self.frame.bars - 1)
        if field_index != PART:
            forced[is_bar] = self.given.lines[next_bar[is_bar], field_index]
        elif not self.given.sections:
            forced[is_bar] = SECTION
        if field_index == DURATION:
            kept = self._kept()
            is_kept = (chosen == kept[:, :DURATION]).all(1)
            forced[is_kept] = kept[is_kept, DURATION]
        return forced

    def accept(self, rows: Events) -> None:
        """Go on by one row a candidate, [B, 4]."""
        self.aside = (rows == self._kept()).all(1)
        super().accept(rows)

    def _kept(self) -> Ints:
        """Return the given note that comes next in the bar, [B, 4]; `_NOTHING` if none does."""
        found: Ints = self.given.kept[np.maximum(self.bar, 0), self.next_kept]
        found[self.bar < 0] = _NOTHING
        return found

    def _up_to_kept(self, field_index: int, chosen: Events, allowed: Mask) -> Mask:
        """Let nothing come that lies beyond the next given note, and that note itself."""
        kept = self._kept()
        bound = (kept[:, TIME] != _NOTHING) & (chosen == kept[:, :field_index]).all(1)
        if field_index == DURATION or not bound.any():
            return allowed
        if field_index == TIME:
            allowed[bound, BAR] = allowed[bound, END] = False
        beyond = np.arange(allowed.shape[1]) > kept[:, field_index, None]
        allowed[bound[:, None] & beyond] = False
        allowed[bound, kept[bound, field_index]] = True
        return allowed

    def _accept_bars(self, who: Ints, rows: Ints) -> None:
        super()._accept_bars(who, rows)
        self.next_kept[who] = 0
        self.bar_is_empty[who] &= ~self.given.sounds[self.bar[who]]

    def _accept_notes(self, who: Ints, rows: Ints) -> None:
        """New notes take their keys; room for given ones is kept by `room`."""
        super()._accept_notes(who[~self.aside[who]], rows)
        kept = who[self.aside[who]]
        self.position[kept] = rows[kept, TIME] - POSITION
        self.last_part[kept], self.last_pitch[kept] = rows[kept, PART], rows[kept, PITCH]
        self.bar_is_empty[kept] = False
        self.next_kept[kept] += 1

    def _open_positions(self, at: Ints) -> Mask:
        if self.room.has_areas:
            return self._positions_with_a_key(at)
        rooms = [self.room.n_free(bar)[:, : len(at)] for bar in self._bars()]
        n_free = np.stack(rooms)  # [B, P, N]
        onset = self.bar_onset + self.position
        n_busy = (self.pitch_end > onset[:, None, None]).sum(2)
        has_key = (n_free > n_busy[:, :, None]) & ~self.room.lines[:, None]
        silent = (self.part_end - self.bar_onset[:, None])[:, :, None] <= at
        return np.asarray((has_key | (n_free > 0) & silent).any(1))

    def _positions_with_a_key(self, at: Ints) -> Mask:
        """Return the open positions of areas: those at which one of their keys is free, [B, N]."""
        found = np.zeros((self.size, len(at)), np.bool_)
        for who, bar in enumerate(self._bars()):
            keys = self.room.keys(bar)  # [P, 128, N]
            busy = np.where(
                self.room.lines[:, None], self.part_end[who][:, None], self.pitch_end[who]
            )
            when = self.bar_onset[who] + np.arange(keys.shape[2])
            free = (keys & (busy[:, :, None] <= when)).any((0, 1))
            found[who, : len(free)] = free[: len(at)]
        return found

    def _free_keys(self, onset: Ints) -> Mask:
        free = (self._until(onset) > onset[:, None, None]) & (
            self.pitch_end <= onset[:, None, None]
        )
        is_taken = self.room.lines & (self.part_end > onset[:, None])
        return np.asarray(free & ~is_taken[:, :, None])

    def _until(self, onset: Ints) -> Ints:
        """Return when a note that begins at an onset must have ended, [B, P, 128]."""
        places = zip(self._bars(), onset.tolist(), strict=True)
        return np.stack([self.room.until(bar, at) for bar, at in places])

    def _bars(self) -> list[int]:
        """Return the bar of each candidate, counted from the beginning of the piece."""
        first = int(np.searchsorted(self.room.starts, self.given.onset))
        return [first + max(0, bar) for bar in self.bar.tolist()]

    def _room(self, chosen: Events) -> Ints:
        onset = self.bar_onset + chosen[:, TIME] - POSITION
        part = np.minimum(chosen[:, PART], self.room.lines.size - 1)
        pitch = np.minimum(chosen[:, PITCH], vocab.N_PITCH_WRITTEN - 1)
        return np.asarray(self._until(onset)[np.arange(len(chosen)), part, pitch] - onset)


@dataclass
class GivenBeside(HoleGrammar):
    """The rules' memory of a group that writes beside given parts, which come in their places."""

    def amend(self, field_index: int, ids: Ints) -> Ints:
        """Return what is written where these ids were chosen: BAR behind the last bar ends."""
        is_last = self.bar == self.frame.bars - 1
        ends = (ids == BAR) & is_last & (field_index == TIME)
        return np.where(ends, END, ids)

    def _times(self, chosen: Events) -> Mask:
        allowed = super()._times(chosen)
        if self.given.goes_on:  # a bar line closes the last bar too
            is_last = self.bar >= self.frame.bars - 1
            allowed[is_last, BAR] = allowed[is_last, END]
            allowed[is_last, END] = False
        return allowed


@dataclass
class GivenAhead(GivenBeside):
    """The rules' memory of a group that writes beside given parts, which run one bar ahead."""

    next_ahead: Ints = field(init=False)  # [B] the given bar that is read next
    reading: Ints = field(init=False)  # [B] the row of it that comes next; 0 where none is read
    owes_bar: Mask = field(init=False)  # [B] whether a given bar was read and a bar line must come

    def __post_init__(self) -> None:
        """Begin with two given bars read."""
        super().__post_init__()
        self.next_ahead, self.reading = np.zeros((2, self.size), np.int64)
        self.owes_bar = np.zeros(self.size, np.bool_)

    def forced(self, field_index: int, chosen: Events) -> Ints:
        """Return ids that are given rather than chosen, [B]; -1 where the model chooses."""
        forced = super().forced(field_index, chosen)
        is_ahead = self.reading > 0
        if field_index == TIME:
            forced[self.owes_bar] = BAR
        else:
            is_ahead = is_ahead | (chosen[:, TIME] == GIVEN)
        bar = self.next_ahead[is_ahead]
        forced[is_ahead] = self.given.ahead[bar, self.reading[is_ahead], field_index]
        return forced

    def amend(self, field_index: int, ids: Ints) -> Ints:
        """Return what is written where these ids were chosen: BAR says that a bar is complete."""
        ids = super().amend(field_index, ids)
        if field_index != TIME:
            return ids
        completes = (ids == BAR) & ~self.owes_bar & (self.bar >= 0) & (self.reading == 0)
        comes = self.next_ahead < len(self.given.n_ahead)
        return np.where(completes & comes, GIVEN, ids)

    def accept(self, rows: Events) -> None:
        """Go on by one row a candidate, [B, 4]."""
        ahead = (self.reading > 0) | (rows[:, TIME] == GIVEN)
        super().accept(np.where(ahead[:, None], np.array(vocab.NONE, np.int16), rows))
        self.aside |= ahead
        self.reading[ahead] += 1
        self.owes_bar &= rows[:, TIME] != BAR
        read = np.flatnonzero(ahead)
        read = read[self.reading[read] == self.given.n_ahead[self.next_ahead[read]]]
        self.reading[read] = 0
        self.next_ahead[read] += 1
        self.owes_bar[read] = True
