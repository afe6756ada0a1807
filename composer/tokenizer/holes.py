"""Pieces rearranged, so that one left-to-right model also fills bars, writes parts and comes back.

Knows numpy and the tables. All functions take a canonical encoding (conditions, bars, END) and
return a `Sequence`: rows, and which of them are to be written rather than given.

    window   conditions, GAP, bars from the middle
    theme    conditions, opening bars, GAP, later bars
    hole     conditions, before, HOLE (a row a part, with its bars), what stays in it, after, FILL,
             what was in it, END
    parts    conditions, GIVEN bar 1, GIVEN bar 2, BAR 1, GIVEN bar 3, BAR 2, ... END

A note belongs to the bar of its onset. In `parts` the given parts run one bar ahead of the others:
the anticipation of Thickstun et al., arXiv 2306.08620, with a bar as its interval.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from composer.tokenizer import vocab
from composer.tokenizer.vocab import (
    BAR,
    DURATION,
    ECHO,
    END,
    FILL,
    GAP,
    GIVEN,
    HOLE,
    MAX_PARTS,
    PART,
    PITCH,
    SECTION,
    TIME,
    Events,
)

N_CONDITIONS = len(vocab.CONDITION_ROWS)
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Sequence:
    """Rows for a model.

    Args:
        rows: [N, 4].
        is_written: Rows that the model is to predict, [N].
        closes_bar: GIVEN rows before which the model is to say BAR (this bar is complete), [N].
    """

    rows: Events
    is_written: Mask
    closes_bar: Mask

    def cut(self, n_rows: int) -> Sequence:
        """Return the first rows only."""
        return Sequence(self.rows[:n_rows], self.is_written[:n_rows], self.closes_bar[:n_rows])


@dataclass(frozen=True)
class Bars:
    """A canonical encoding taken apart.

    Args:
        conditions: [8, 4].
        bars: Each a BAR row and its notes, [n, 4].
    """

    conditions: Events
    bars: tuple[Events, ...]

    @classmethod
    def of(cls, events: Events) -> Bars:
        """Take a canonical encoding apart at its bar lines."""
        starts = np.flatnonzero(events[:, TIME] == BAR)
        ends = [*starts[1:], len(events) - (events[-1, TIME] == END)]
        bars = tuple(events[a:b] for a, b in zip(starts, ends, strict=True))
        return cls(events[:N_CONDITIONS], bars)

    def __len__(self) -> int:
        return len(self.bars)


def window(piece: Bars, first: int, last: int) -> Sequence:
    """Return bars `first` to `last` (excluded) behind a GAP; END where the piece ends."""
    return _sequence([(piece.conditions, False), *_gap(first), *_music(piece, first, last)])


def windows(piece: Bars, max_rows: int) -> Iterator[tuple[Sequence, int]]:
    """Cut a piece into windows, as it is composed: half a window of bars, then as many as fit.

    Yields:
        The rows of a window, at most `max_rows` unless a bar alone is longer; and how many of them
        the windows before it had, or are conditions.
    """
    sizes = np.array([len(bar) for bar in piece.bars])
    ends = np.cumsum(sizes)
    first = 0
    while first < len(piece):
        before = ends[first - 1] if first else 0
        start = first - int((before - (ends - sizes)[:first] <= max_rows // 2).sum())
        n_known = N_CONDITIONS + (1 if start else 0) + int(sizes[start:first].sum())
        n_fitting = int((ends[first:] - before <= max_rows - n_known).sum())
        last = first + max(1, n_fitting)
        yield window(piece, start, last), n_known
        first = last


def theme(piece: Bars, theme_bars: int, first: int, last: int) -> Sequence:
    """Return the opening bars, a GAP and bars `first` to `last` (excluded)."""
    opening = [(bar, True) for bar in piece.bars[:theme_bars]]
    return _sequence(
        [
            (piece.conditions, False),
            *opening,
            *_gap(first - theme_bars),
            *_music(piece, first, last),
        ]
    )


def hole(
    piece: Bars, start: int, stop: int, first: int, last: int, parts: Collection[int] = ()
) -> Sequence:
    """Return bars `start` to `stop` with the bars `first` to `last` (excluded) as a hole.

    Args:
        piece: A canonical encoding.
        start: First bar of the context.
        stop: The bar after it.
        first: First bar of the hole, inside the context.
        last: The bar after it.
        parts: The parts that are left out; none means all.
    """
    inside = piece.bars[first:last]
    count = vocab.bars_left_id(last - first)
    marks = [vocab.row(HOLE, part, count) for part in sorted(parts)] or [
        vocab.row(HOLE, pitch=count)
    ]
    stays = [keep_parts(bar, parts, inverted=True) for bar in inside] if parts else []
    filling = [keep_parts(bar, parts) if parts else bar for bar in inside]
    return _sequence(
        [
            (piece.conditions, False),
            *_gap(start),
            *((bar, True) for bar in piece.bars[start:first]),
            *((mark, False) for mark in marks),
            *((bar, False) for bar in stays),
            *((bar, False) for bar in piece.bars[last:stop]),
            (vocab.row(FILL), False),
            *((bar, True) for bar in filling),
            (vocab.row(END), True),
        ]
    )


def given_parts(piece: Bars, first: int, last: int, given: Collection[int]) -> Sequence:
    """Return bars `first` to `last` (excluded) with the given parts one bar ahead of the others."""
    bars = piece.bars[first:last]
    chunks: list[tuple[Events, bool]] = [(piece.conditions, False), *_gap(first)]
    ahead = [_as_given(keep_parts(bar, given)) for bar in bars]
    free = [keep_parts(bar, given, inverted=True) for bar in bars]
    chunks.append((ahead[0], False))
    for index, bar in enumerate(free):
        if index + 1 < len(ahead):
            chunks.append((ahead[index + 1], False))
        chunks.append((bar, True))
    if last == len(piece):
        chunks.append((vocab.row(END), True))
    sequence = _sequence(chunks)
    closes = (sequence.rows[:, TIME] == GIVEN) & np.concatenate([[False], sequence.is_written[:-1]])
    return Sequence(sequence.rows, sequence.is_written, closes)


def keep_parts(bar: Events, parts: Collection[int], *, inverted: bool = False) -> Events:
    """Return a bar with the notes of some parts (or of the others), tied ones with their part."""
    belongs = np.isin(bar[:, PART] % MAX_PARTS, list(parts))
    keeps = (belongs != inverted) | ~vocab.is_note(bar)
    kept: Events = bar[keeps]
    return kept


def drop_conditions(rows: Events, conditions: Collection[str]) -> Events:
    """Return a copy in which these conditions (of the first rows) are open.

    Args:
        rows: Conditions first.
        conditions: Of `vocab.CONDITION_ROWS`; `style`, which stands with the composer, is one more.
    """
    rows = rows.copy()
    if "style" in conditions:
        rows[vocab.CONDITION_ROWS.index("composer"), PART] = vocab.PART_NONE
    opened = {
        "composer": vocab.VALUE_COMPOSER,
        "form": vocab.VALUE_FORM,
        "ensemble": vocab.VALUE_ENSEMBLE,
        "mode": vocab.VALUE_MODE,
        "parts": vocab.VALUE_PARTS,
        "shift": vocab.VALUE_SHIFT,
        "length": vocab.BARS_OPEN,
    }
    for index, name in enumerate(vocab.CONDITION_ROWS):
        if name in conditions:
            if name == "meter":
                rows[index, DURATION] = vocab.METER_OPEN
            else:
                rows[index, PITCH] = opened[name]
    return rows


def open_bars(rows: Events, *, bars_left: bool, sections: bool) -> Events:
    """Return a copy in which BAR rows carry no bars left, or no section."""
    rows = rows.copy()
    is_bar = np.isin(rows[:, TIME], (BAR, GIVEN))
    if bars_left:
        rows[is_bar, PITCH] = vocab.BARS_OPEN
    if sections:
        rows[is_bar, PART] = SECTION
    return rows


def targets(sequence: Sequence) -> tuple[Events, Events, Mask]:
    """Return what is read, what is to be written next, and which of its fields count.

    Returns:
        Rows [N - 1, 4], the rows after them [N - 1, 4], and [N - 1, 4] booleans: all fields of a
        note, time and meter of a BAR (and its section unless open or given by a layout), time of
        END.
    """
    rows, nexts = sequence.rows[:-1], sequence.rows[1:].copy()
    time = nexts[:, TIME]
    is_bar = time == BAR
    counts = np.zeros(nexts.shape, np.bool_)
    counts[vocab.is_note(nexts)] = True
    counts[is_bar, TIME] = counts[is_bar, DURATION] = True
    part = nexts[is_bar, PART]
    counts[is_bar, PART] = (part > SECTION) & (part < vocab.PART_NONE)
    counts[time == END, TIME] = True
    counts[~sequence.is_written[1:]] = False
    closes = sequence.closes_bar[1:]
    nexts[closes, TIME] = BAR
    counts[closes, TIME] = True
    return rows, nexts, counts


def _gap(n_bars: int) -> list[tuple[Events, bool]]:
    return [(vocab.row(GAP, pitch=vocab.bars_left_id(n_bars)), False)] if n_bars > 0 else []


def _music(piece: Bars, first: int, last: int) -> list[tuple[Events, bool]]:
    chunks = [(bar, True) for bar in piece.bars[first:last]]
    return [*chunks, (vocab.row(END), True)] if last >= len(piece) else chunks


def _as_given(bar: Events) -> Events:
    given = bar.copy()
    given[0, TIME] = GIVEN
    return given


def _sequence(chunks: list[tuple[Events, bool]]) -> Sequence:
    rows = np.concatenate([rows for rows, _ in chunks])
    is_written = np.repeat([written for _, written in chunks], [len(rows) for rows, _ in chunks])
    is_written &= rows[:, TIME] != ECHO  # what a layout says is given
    return Sequence(rows, is_written, np.zeros(len(rows), np.bool_))
