"""What the model reads before it fills open cells, and again when its window is full.

The rows stand as in `holes.hole` and `holes.given_parts`, on which the model was trained, cut to
the window. Knows rows only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from composer.cells import Blank
from composer.tokenizer import vocab
from composer.tokenizer.filling.grammars import Given
from composer.tokenizer.holes import N_CONDITIONS, Bars, given_parts, hole, keep_parts, open_bars
from composer.tokenizer.masks import Mask
from composer.tokenizer.vocab import BAR, FILL, GAP, GIVEN, TIME, Events
from composer.units import POSITIONS_PER_QUARTER

ROWS_PER_BAR = 16  # expected where no bar of the piece tells
SPARE_ROWS = 16


@dataclass(frozen=True)
class Framing:
    """How open cells are put before a model.

    Args:
        prefix: What is read first, [T, 4].
        reframe: All rows of a candidate -> what is read again when the window is full.
        given: The bars to be written.
    """

    prefix: Events
    reframe: Callable[[Events], Events]
    given: Given


def hole_framing(blank: Blank, conditions: Events, bars: Events, window: int) -> Framing:
    """Return the framing of a hole: before, HOLE, what stays in it, after, FILL.

    When the window is full, the bars that are filled join those before, and the hole shrinks.

    Args:
        blank: What stays, and what is open.
        conditions: As rows, [8, 4].
        bars: Of what stays, as rows.
        window: Rows the model reads at most.
    """
    piece = Bars.of(np.concatenate([conditions, bars]))
    expected = _expected_rows(piece, blank)
    budget = max(window // 2, window - expected - SPARE_ROWS)
    prefix = _hole_prefix(piece, blank.first, blank.last, _marked(blank), budget)

    def reframe(rows: Events) -> Events:
        filled = _at(rows[len(prefix) :], BAR)
        now, current = filled[:-1], filled[-1]
        joined = [
            _joined(stays, new, _marked(blank))
            for stays, new in zip(piece.bars[blank.first :], now, strict=False)
        ]
        at = blank.first + len(now)
        so_far = Bars(rows[:N_CONDITIONS], (*piece.bars[: blank.first], *joined, *piece.bars[at:]))
        room = window // 2 - len(current)
        again = _hole_prefix(so_far, at, blank.last, _marked(blank), max(room, window // 4))
        return np.concatenate([again, current[-(window - 1 - len(again)) :]])

    return Framing(prefix, reframe, _given(blank, piece))


def given_ahead_framing(blank: Blank, conditions: Events, bars: Events, window: int) -> Framing:
    """Return the framing of parts written to given ones, which run one bar ahead.

    When the window is full, the first bars are left out behind a GAP.

    Args:
        blank: What stays, and what is open; some parts have no open cell.
        conditions: As rows, [8, 4].
        bars: Of what stays, as rows.
        window: Rows the model reads at most.
    """
    # Sections follow from all parts, of which some are still to come.
    piece = Bars.of(open_bars(np.concatenate([conditions, bars]), bars_left=False, sections=True))
    given = sorted(set(range(blank.cells.shape[1])) - set(blank.parts))
    first, last = blank.first, blank.last
    sizes = np.array([len(bar) + 1 for bar in piece.bars[:first]])
    room = window // 2 - N_CONDITIONS - 1 - sum(map(len, piece.bars[first : first + 2]))
    start = first - int((np.cumsum(sizes[::-1]) <= room).sum())
    rows = given_parts(piece, start, min(first + 2, len(piece)), given).rows
    ends = np.flatnonzero(rows[:, TIME] == BAR)
    whole = rows[: ends[first - start]]
    prefix = _cut(whole, window // 2)

    def reframe(rows: Events) -> Events:
        music = [whole[len(piece.conditions) + (start > 0) :], rows[len(prefix) :]]
        return _slide_ahead(rows[:N_CONDITIONS], np.concatenate(music), start, window // 2)

    ahead = [keep_parts(bar, given) for bar in piece.bars[first + 2 : last + 1]]
    for bar in ahead:
        bar[0, TIME] = GIVEN
    return Framing(prefix, reframe, _given(blank, piece, ahead=ahead))


def given_beside_framing(blank: Blank, conditions: Events, bars: Events, window: int) -> Framing:
    """Return the framing of plain bars, in which what is given comes in its place.

    When the window is full, the first bars are left out behind a GAP.

    Args:
        blank: What stays, and what is open.
        conditions: As rows, [8, 4].
        bars: Of what stays, as rows.
        window: Rows the model reads at most.
    """
    piece = Bars.of(np.concatenate([conditions, bars]))
    before = _last_bars(conditions, list(piece.bars[: blank.first]), window // 2)

    def reframe(rows: Events) -> Events:
        new = _at(rows[len(before) :], BAR)
        return _last_bars(rows[:N_CONDITIONS], [*piece.bars[: blank.first], *new], window // 2)

    given = _given(blank, piece, is_beside=True)
    return Framing(before, reframe, given)


def _last_bars(conditions: Events, bars: list[Events], budget: int) -> Events:
    """Return conditions, GAP and the last bars that fit; of one that is longer its last rows."""
    sizes = np.cumsum([len(bar) for bar in reversed(bars)])
    n_kept = int((sizes <= budget - N_CONDITIONS - 1).sum())
    first = len(bars) - (n_kept or min(1, len(bars)))
    gap = [vocab.row(GAP, pitch=vocab.bars_left_id(first))] if first else []
    return _cut(np.concatenate([conditions, *gap, *bars[first:]]), budget)


def _marked(blank: Blank) -> tuple[int, ...]:
    """Return the parts of a hole; none if it is one of all parts."""
    return blank.parts if len(blank.parts) < blank.cells.shape[1] else ()


def _expected_rows(piece: Bars, blank: Blank) -> int:
    """Return how many rows the open cells will take, by the other bars of their parts."""
    sizes = [len(keep_parts(bar, blank.parts)) for bar in piece.bars]
    usual = [size for size in sizes if size > 1] or [ROWS_PER_BAR]
    return int(1.25 * np.mean(usual) * (blank.last - blank.first)) + 1


def _hole_prefix(piece: Bars, first: int, last: int, parts: Sequence[int], budget: int) -> Events:
    """Return all up to FILL, with as many bars before and after as `budget` rows hold."""
    stays = sum(len(keep_parts(bar, parts, inverted=True)) for bar in piece.bars[first:last])
    room = budget - N_CONDITIONS - 2 - max(1, len(parts)) - (stays if parts else 0)
    start, stop = _around([len(bar) for bar in piece.bars], first, last, room)
    rows = hole(piece, start, stop, first, last, parts).rows
    fill = int(np.flatnonzero(rows[:, TIME] == FILL)[0])
    return _cut(rows[: fill + 1], budget)


def _around(sizes: list[int], first: int, last: int, room: int) -> tuple[int, int]:
    """Return the bars around a hole that fit, grown by turns on both sides."""
    start, stop = first, last
    grows = True
    while grows:
        grows = False
        if start > 0 and sizes[start - 1] <= room:
            start, room, grows = start - 1, room - sizes[start - 1], True
        if stop < len(sizes) and sizes[stop] <= room:
            stop, room, grows = stop + 1, room - sizes[stop], True
    return start, stop


def _cut(rows: Events, budget: int) -> Events:
    """Return the conditions and the last rows, where a few bars alone are too long."""
    if len(rows) <= budget:
        return rows
    return np.concatenate([rows[:N_CONDITIONS], rows[len(rows) - (budget - N_CONDITIONS) :]])


def _joined(stays: Events, new: Events, parts: Sequence[int]) -> Events:
    """Return a filled bar with the notes of the parts that stay."""
    others = keep_parts(stays, parts, inverted=True)[1:] if parts else stays[:0]
    notes = np.concatenate([new[1:], others])
    return np.concatenate([new[:1], notes[np.lexsort(notes.T[::-1])]])


def _at(rows: Events, *times: int) -> list[Events]:
    """Return rows cut before those of some kinds; what stands before the first is left out."""
    return np.split(rows, np.flatnonzero(np.isin(rows[:, TIME], times)))[1:]


def _slide_ahead(conditions: Events, music: Events, start: int, budget: int) -> Events:
    """Return the last bars of given and written parts: conditions, GAP, GIVEN, GIVEN, BAR, ...

    Args:
        conditions: As rows.
        music: All bars from `start` on.
        start: The first bar of the music.
        budget: Rows to return at most.
    """
    blocks = _at(music, GIVEN, BAR)
    given = [block for block in blocks if block[0, TIME] == GIVEN]
    written = [place for place, block in enumerate(blocks) if block[0, TIME] == BAR]
    for index, place in enumerate(written[: len(given) - 1], start=1):
        rest = blocks[place + 1 :]
        gap = vocab.row(GAP, pitch=vocab.bars_left_id(start + index))
        found = np.concatenate([conditions, gap, given[index], *rest])
        if rest and len(found) <= budget:
            return found
    return _cut(np.concatenate([conditions, music]), budget)


def _given(
    blank: Blank, piece: Bars, *, ahead: Sequence[Events] | None = None, is_beside: bool = False
) -> Given:
    """Return what is known of the bars to be written.

    Args:
        blank: What stays, and what is open.
        piece: What stays, as rows.
        ahead: The bars of the given parts that run ahead, if they do.
        is_beside: Whether the given parts' notes come in their places.
    """
    bars = piece.bars[blank.first : blank.last]
    first = blank.piece.bars[blank.first]
    is_hole = ahead is None and not is_beside
    return Given(
        lines=np.array([bar[0] for bar in bars]),
        kept=[(bar if is_beside else keep_parts(bar, blank.parts))[1:] for bar in bars],
        sounds=_sounds(blank),
        onset=int(first.onset_beats * POSITIONS_PER_QUARTER),
        ahead=ahead or (),
        goes_on=not is_hole and blank.last < len(blank.piece.bars),
        sections=ahead is None,
    )


def _sounds(blank: Blank) -> Mask:
    """Return whether a given note sounds in each bar to be written."""
    notes = [note for part in blank.piece.parts for note in part.notes]
    bars = blank.piece.bars[blank.first : blank.last]
    onsets = np.array([float(note.onset_beats) for note in notes])
    ends = np.array([float(note.end_beats) for note in notes])
    found = [
        bool(((onsets < float(bar.end_beats)) & (ends > float(bar.onset_beats))).any())
        for bar in bars
    ]
    return np.array(found, np.bool_)
