"""Pieces rearranged: every note once, given or to be written, in the order that the model reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from composer.piece import Piece
from composer.tokenizer import Events, encode, vocab
from composer.tokenizer.holes import (
    N_CONDITIONS,
    Bars,
    Sequence,
    drop_conditions,
    given_parts,
    hole,
    keep_parts,
    open_bars,
    targets,
    theme,
    window,
)
from tests.strategies import VOCABULARY, pieces

few = settings(max_examples=40)
some_bars = pieces().map(lambda piece: Bars.of(encode(piece, VOCABULARY)))
places = st.lists(st.integers(0, 9), min_size=4, max_size=4).map(sorted)
some_parts = st.sets(st.integers(0, 5), min_size=1, max_size=3)


@pytest.fixture(scope="module")
def bars(chorale: Piece) -> Bars:
    """Return the chorale, 8 bars for four voices."""
    return Bars.of(encode(chorale, VOCABULARY))


def notes_of(chunks: Iterable[Events]) -> Counter[tuple[int, ...]]:
    """Count the notes of rows."""
    rows = [row for chunk in chunks for row in chunk[vocab.is_note(chunk)].tolist()]
    return Counter(map(tuple, rows))


def within(found: list[int], piece: Bars) -> list[int]:
    """Move places into a piece."""
    return [min(place, len(piece)) for place in found]


def written(sequence: Sequence) -> Events:
    return sequence.rows[sequence.is_written]


@few
@given(some_bars)
def test_bars_and_conditions_are_the_whole_piece(piece: Bars) -> None:
    whole = window(piece, 0, len(piece))
    assert np.array_equal(whole.rows[:N_CONDITIONS], piece.conditions)
    assert whole.rows[-1, vocab.TIME] == vocab.END
    assert not whole.is_written[:N_CONDITIONS].any()
    assert whole.is_written[N_CONDITIONS:].all()


@few
@given(some_bars, places)
def test_a_window_has_each_note_of_its_bars_once_behind_a_gap(
    piece: Bars, found: list[int]
) -> None:
    first, last, *_ = within(found, piece)
    sequence = window(piece, first, last)
    assert notes_of([sequence.rows]) == notes_of(piece.bars[first:last])
    assert (vocab.GAP in sequence.rows[:, vocab.TIME]) == (first > 0)
    assert (sequence.rows[-1, vocab.TIME] == vocab.END) == (last == len(piece))


@few
@given(some_bars, places)
def test_a_theme_has_each_note_of_opening_and_return_once(piece: Bars, found: list[int]) -> None:
    opening, first, last, _ = within(found, piece)
    sequence = theme(piece, opening, first, last)
    chosen = [*piece.bars[:opening], *piece.bars[first:last]]
    assert notes_of([written(sequence)]) == notes_of([sequence.rows]) == notes_of(chosen)
    gap = sequence.rows[sequence.rows[:, vocab.TIME] == vocab.GAP, vocab.PITCH].tolist()
    assert gap == ([vocab.bars_left_id(first - opening)] if first > opening else [])


@few
@given(some_bars, places, st.sets(st.integers(0, 5), max_size=3))
def test_a_hole_and_what_is_around_it_have_each_note_once(
    piece: Bars, found: list[int], parts: set[int]
) -> None:
    start, first, last, stop = within(found, piece)
    sequence = hole(piece, start, stop, first, last, parts)
    assert notes_of([sequence.rows]) == notes_of(piece.bars[start:stop])


@few
@given(some_bars, places, st.sets(st.integers(0, 5), max_size=3))
def test_what_is_written_into_a_hole_is_what_was_left_out(
    piece: Bars, found: list[int], parts: set[int]
) -> None:
    start, first, last, stop = within(found, piece)
    sequence = hole(piece, start, stop, first, last, parts)
    fill = int(np.flatnonzero(sequence.rows[:, vocab.TIME] == vocab.FILL)[0])
    inside = piece.bars[first:last]
    left_out = [keep_parts(bar, parts) for bar in inside] if parts else inside
    assert notes_of([sequence.rows[fill:]]) == notes_of(left_out)
    assert sequence.is_written[fill + 1 :].all()
    assert notes_of([written(sequence)]) == notes_of([*piece.bars[start:first], *left_out])


def test_a_hole_says_which_parts_and_how_many_bars(bars: Bars) -> None:
    rows = hole(bars, 0, 8, 2, 5, {1, 3}).rows
    marks = rows[rows[:, vocab.TIME] == vocab.HOLE].tolist()
    count = vocab.bars_left_id(3)
    assert marks == [[vocab.HOLE, part, count, vocab.DURATION_NONE] for part in (1, 3)]
    assert (hole(bars, 0, 8, 2, 5).rows == vocab.row(vocab.HOLE, pitch=count)).all(1).sum() == 1


@few
@given(some_bars, places, some_parts)
def test_given_and_written_parts_have_each_note_once(
    piece: Bars, found: list[int], parts: set[int]
) -> None:
    first, last, *_ = within(found, piece)
    if first == last:
        first, last = 0, len(piece)
    sequence = given_parts(piece, first, last, parts)
    is_given = np.isin(sequence.rows[:, vocab.PART] % vocab.MAX_PARTS, list(parts))
    notes = vocab.is_note(sequence.rows)
    assert notes_of([sequence.rows]) == notes_of(piece.bars[first:last])
    assert np.array_equal(sequence.is_written[notes], ~is_given[notes])


@few
@given(some_bars, some_parts)
def test_given_parts_run_one_bar_ahead_of_the_others(piece: Bars, parts: set[int]) -> None:
    time = given_parts(piece, 0, len(piece), parts).rows[:, vocab.TIME]
    n_given = np.cumsum(time == vocab.GIVEN)
    ahead = n_given[time == vocab.BAR].tolist()
    assert ahead == [min(bar + 2, len(piece)) for bar in range(len(piece))]


@few
@given(some_bars, st.integers(0, 60))
def test_a_cut_keeps_the_first_rows_as_they_are(piece: Bars, n_rows: int) -> None:
    whole = given_parts(piece, 0, len(piece), {0})
    part = whole.cut(n_rows)
    assert np.array_equal(part.rows, whole.rows[:n_rows])
    assert len(part.rows) == len(part.is_written) == len(part.closes_bar)


@few
@given(some_bars)
def test_targets_are_the_rows_after_what_is_read(piece: Bars) -> None:
    sequence = window(piece, 0, len(piece))
    rows, nexts, _ = targets(sequence)
    assert np.array_equal(rows[1:], nexts[:-1])
    assert np.array_equal(nexts[-1], sequence.rows[-1])


@few
@given(some_bars)
def test_targets_count_what_a_row_says_and_nothing_else(piece: Bars) -> None:
    _, nexts, counts = targets(window(piece, 0, len(piece)))
    time = nexts[:, vocab.TIME]
    assert counts[vocab.is_note(nexts)].all()
    assert (counts[time == vocab.BAR] == [True, True, False, True]).all()
    assert (counts[time == vocab.END] == [True, False, False, False]).all()
    assert not counts[: N_CONDITIONS - 1].any()


def test_an_open_section_is_not_to_be_written(bars: Bars) -> None:
    whole = window(bars, 0, 8)
    rows = open_bars(whole.rows, bars_left=False, sections=True)
    _, nexts, counts = targets(Sequence(rows, whole.is_written, whole.closes_bar))
    is_bar = nexts[:, vocab.TIME] == vocab.BAR
    assert (counts[is_bar] == [True, False, False, True]).all()


@few
@given(some_bars, places, some_parts)
def test_nothing_that_is_given_is_to_be_written(
    piece: Bars, found: list[int], parts: set[int]
) -> None:
    start, first, last, stop = within(found, piece)
    sequence = hole(piece, start, stop, first, last, parts)
    _, _, counts = targets(sequence)
    assert not counts[~sequence.is_written[1:]].any()


@few
@given(some_bars, some_parts)
def test_a_complete_bar_beside_given_parts_says_so(piece: Bars, parts: set[int]) -> None:
    """Before the given bar that follows, the model is to say BAR: this bar is complete."""
    sequence = given_parts(piece, 0, len(piece), parts)
    _, nexts, counts = targets(sequence)
    closes = (sequence.rows[1:, vocab.TIME] == vocab.GIVEN) & sequence.is_written[:-1]
    assert (nexts[closes, vocab.TIME] == vocab.BAR).all()
    assert (counts[closes] == [True, False, False, False]).all()
    assert int(closes.sum()) == max(0, len(piece) - 2)


def test_a_tied_note_goes_with_its_part() -> None:
    bar = np.concatenate([vocab.row(vocab.BAR), vocab.row(2, vocab.TIED + 1, 60, 5)])
    assert len(keep_parts(bar, {1})) == 2
    assert len(keep_parts(bar, {1}, inverted=True)) == 1


@pytest.mark.parametrize("condition", vocab.CONDITION_ROWS)
def test_a_dropped_condition_is_open_and_no_other_is_touched(bars: Bars, condition: str) -> None:
    dropped = drop_conditions(bars.conditions, [condition])
    changed = (dropped != bars.conditions).any(1)
    assert [
        name for name, is_changed in zip(vocab.CONDITION_ROWS, changed, strict=True) if is_changed
    ] == [condition]
    everything = drop_conditions(bars.conditions, vocab.CONDITION_ROWS)
    place = vocab.CONDITION_ROWS.index(condition)
    assert np.array_equal(dropped[place], everything[place])


def test_open_bars_keep_their_notes(bars: Bars) -> None:
    rows = window(bars, 0, 8).rows
    opened = open_bars(rows, bars_left=True, sections=True)
    is_bar = rows[:, vocab.TIME] == vocab.BAR
    assert np.array_equal(opened[~is_bar], rows[~is_bar])
    assert set(opened[is_bar, vocab.PITCH].tolist()) == {vocab.BARS_OPEN}
    assert set(opened[is_bar, vocab.PART].tolist()) == {vocab.SECTION}
