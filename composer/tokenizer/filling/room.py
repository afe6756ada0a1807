"""Where new notes fit: in what is open, on keys that no given note sounds or is about to strike.

Knows exact score times, so that a note off the grid is never touched. Positions count from the
beginning of the piece, pitches with the tonic on C.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from composer.cells import Blank
from composer.tokenizer import vocab
from composer.units import POSITIONS_PER_QUARTER

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
_PITCHES = np.arange(vocab.N_PITCH_WRITTEN)
_MAX_KEPT = 4096  # answers kept for those who ask again


class Room:
    """The room that given notes leave.

    Args:
        blank: What stays, and what is open.
        ranges: Lowest and highest pitch of each part, with the tonic on C.
        lines: Which parts sound one note at a time, [P].
    """

    def __init__(
        self, blank: Blank, ranges: Sequence[tuple[int, int]], lines: Sequence[bool]
    ) -> None:
        self.lines = np.array(lines, np.bool_)
        lengths = [bar.meter.length_beats * POSITIONS_PER_QUARTER for bar in blank.piece.bars]
        self.starts = np.array([0, *accumulate(int(length) for length in lengths)], np.int64)
        closes = self.starts[blank.closes]  # [bars, P]
        self._closes = np.where(blank.cells, closes, 0)
        bounds = np.array(ranges)
        self._in_range = (bounds[:, :1] <= _PITCHES) & (bounds[:, 1:] >= _PITCHES)  # [P, 128]
        self.has_areas = bool(blank.areas)
        self._spans = _spans(blank) if self.has_areas else np.zeros((4, 0), np.int64)
        self._begin = math.ceil(blank.begins_beats * POSITIONS_PER_QUARTER)
        self._part, self._pitch, self._onset, self._end = _given(blank, self.starts)
        self._until: dict[tuple[int, int], Ints] = {}
        self._n_free: dict[int, Ints] = {}
        self._keys: dict[int, Mask] = {}

    def until(self, bar: int, onset: int) -> Ints:
        """Return when a note that begins at `onset` must have ended, [P, 128]; 0 if none may."""
        key = (bar, onset)
        if key not in self._until:
            if len(self._until) > _MAX_KEPT:
                self._until.clear()
            self._until[key] = self._find_until(bar, onset)
        return self._until[key]

    def n_free(self, bar: int) -> Ints:
        """Return how many keys of each part are free at each position of a bar, [P, positions]."""
        if bar not in self._n_free:
            if len(self._n_free) > _MAX_KEPT // 64:
                self._n_free.clear()
            self._n_free[bar] = self._count_free(bar)
        return self._n_free[bar]

    def keys(self, bar: int) -> Mask:
        """Return which keys are free at each position of a bar, [P, 128, positions].

        Like `n_free`, for areas: in a narrow one it matters which of its few keys are free.
        """
        if bar not in self._keys:
            if len(self._keys) > _MAX_KEPT // 64:
                self._keys.clear()
            self._keys[bar] = self._find_keys(bar)
        return self._keys[bar]

    def _find_keys(self, bar: int) -> Mask:
        begin, end = int(self.starts[bar]), int(self.starts[bar + 1])
        free = np.zeros((*self._in_range.shape, end - begin), np.bool_)
        for part, pitch, first, last in self._spans.T.tolist():
            free[part, pitch, max(0, first - begin) : max(0, last - begin)] = True
        free &= self._in_range[:, :, None]
        for part, pitch, onset, stop in self._given_in(begin, end):
            row = free[part] if self.lines[part] else free[part, pitch]
            row[..., max(0, onset - begin) : max(0, stop - begin)] = False
        return free

    def _given_in(self, begin: int, end: int) -> list[list[int]]:
        """Return part, pitch, onset and end of the given notes that sound in a bar."""
        near = (self._onset < end) & (self._end > begin)
        rows = np.stack([self._part, self._pitch, self._onset, self._end])[:, near]
        return [list(map(int, row)) for row in rows.T]

    def _open_until(self, bar: int, onset: int) -> Ints:
        """Return when what is open at an onset closes again, [P, 128]; 0 where it is closed."""
        if not self.has_areas:
            return np.where(self._in_range, self._closes[bar][:, None], 0)
        found = np.zeros(self._in_range.shape, np.int64)
        part, pitch, first, last = self._spans[
            :, (self._spans[2] <= onset) & (onset < self._spans[3])
        ]
        found[part, pitch] = last
        return np.where(self._in_range, found, 0)

    def _find_until(self, bar: int, onset: int) -> Ints:
        if onset < self._begin:
            return np.zeros_like(self._in_range, np.int64)
        until = self._open_until(bar, onset)
        sounds = (self._onset <= onset) & (onset < self._end)
        later = self._onset > onset
        np.minimum.at(until, (self._part[later], self._pitch[later]), self._onset[later])
        until[self._part[sounds], self._pitch[sounds]] = 0
        line = self.lines[self._part]
        limits = self._closes[bar].copy()
        np.minimum.at(limits, self._part[later & line], self._onset[later & line])
        limits[self._part[sounds & line]] = 0
        return np.asarray(np.minimum(until, limits[:, None]))

    def _count_free(self, bar: int) -> Ints:
        begin, end = int(self.starts[bar]), int(self.starts[bar + 1])
        n_keys = np.where(self._closes[bar] > 0, self._in_range.sum(1), 0)
        free = np.zeros((len(n_keys), vocab.MAX_BAR_POSITIONS), np.int64)
        free[:, : end - begin] = n_keys[:, None]
        for part, _, onset, stop in self._given_in(begin, end):
            at = slice(max(0, onset - begin), max(0, stop - begin))
            free[part, at] = 0 if self.lines[part] else free[part, at] - 1
        free[:, : max(0, self._begin - begin)] = 0
        return free


def _spans(blank: Blank) -> Ints:
    """Return part, pitch, begin and end of what areas open, [4, N]; edges lie inside of them."""
    shift = blank.piece.key.shift
    rows = [
        (part, pitch, math.ceil(a * POSITIONS_PER_QUARTER), math.floor(b * POSITIONS_PER_QUARTER))
        for part in blank.parts
        for pitch in _PITCHES.tolist()
        for a, b in blank.spans(part, pitch + shift)
    ]
    return np.array(rows, np.int64).reshape(-1, 4).T


def _given(blank: Blank, starts: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """Return part, pitch, onset and end of the given notes in parts that are written, [N] each.

    Onsets are rounded down and ends up: a new note on the grid keeps away from the exact ones.
    """
    first, last = int(starts[blank.first]), int(starts[blank.last])
    shift = blank.piece.key.shift
    rows = [
        (part, note.pitch - shift, onset, end)
        for part in blank.parts
        for note in blank.piece.parts[part].notes
        for onset in [math.floor(note.onset_beats * POSITIONS_PER_QUARTER)]
        for end in [math.ceil(note.end_beats * POSITIONS_PER_QUARTER)]
        if onset < last and end > first
    ]
    part, pitch, onset, end = np.array(rows, np.int64).reshape(-1, 4).T
    return part, pitch, onset, end
