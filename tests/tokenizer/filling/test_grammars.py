"""What is written into open cells is legal beside what stays, in holes and beside given parts."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from composer.cells import Area, Blank, cells_of, clear
from composer.engines.events.filling import filling_drawing, way_of
from composer.engines.events.takes import read_rows
from composer.piece import Piece
from composer.tokenizer import encode, vocab
from composer.tokenizer.filling import GivenAhead, GivenBeside, HoleGrammar
from composer.tokenizer.holes import Bars, given_parts, hole, window
from tests.fillings import RANGE, area_blanks, blanks, filled, filling_of, new_notes, takes_of
from tests.strategies import VOCABULARY

few = settings(max_examples=20)
seeds = st.integers(0, 1000)


def beside_parts(found: tuple[Piece, Blank]) -> Blank:
    """Return a blank in which the first part is given, and all bars of the others are open."""
    piece, _ = found
    cells = cells_of(piece, piece.bar_numbers[0], piece.bar_numbers[-1])
    cells[:, 0] = len(piece.parts) == 1
    return clear(piece, cells)


some_areas = area_blanks().map(lambda found: found[1])
some_blanks = st.one_of(
    blanks().map(lambda found: found[1]), blanks().map(beside_parts), some_areas
)


@few
@given(some_blanks, seeds)
def test_new_notes_begin_and_end_in_open_cells(blank: Blank, seed: int) -> None:
    piece = filled(replace(blank, cuts=frozenset()), seed=seed)
    for part, note in new_notes(blank.piece, piece):
        bars = [bar for bar in piece.bars if bar.onset_beats < note.end_beats]
        under = [bar.index for bar in bars if bar.end_beats > note.onset_beats]
        assert blank.cells[under, part].all()
        assert RANGE[0] <= note.pitch <= RANGE[1]


@few
@given(some_areas, seeds)
def test_new_notes_begin_and_end_in_open_areas(blank: Blank, seed: int) -> None:
    piece = filled(replace(blank, cuts=frozenset()), seed=seed)
    for part, note in new_notes(blank.piece, piece):
        spans = blank.spans(part, note.pitch)
        assert any(a <= note.onset_beats and note.end_beats <= b for a, b in spans)


def test_notes_one_after_the_other_fit_into_an_area_of_one_pitch(chorale: Piece) -> None:
    area = Area(begin_beats=Fraction(4), end_beats=Fraction(12), low=50, high=50, parts=(1,))
    found = clear(replace(chorale, parts=chorale.parts[:2]), [area])
    written = [new_notes(found.piece, filled(found, seed=seed)) for seed in range(8)]
    assert max(map(len, written)) > 1
    assert {(part, note.pitch) for notes in written for part, note in notes} == {(1, 50)}


@few
@given(some_blanks, seeds)
def test_no_new_note_strikes_a_key_that_sounds(blank: Blank, seed: int) -> None:
    piece = filled(replace(blank, cuts=frozenset()), seed=seed)
    for part, note in new_notes(blank.piece, piece):
        is_line = part % 2 == 0
        others = [n for n in piece.parts[part].notes if n is not note]
        near = [n for n in others if is_line or n.pitch == note.pitch]
        assert all(n.end_beats <= note.onset_beats or n.onset_beats >= note.end_beats for n in near)


@few
@given(some_blanks, seeds)
def test_all_that_was_given_is_there_as_the_same_objects(blank: Blank, seed: int) -> None:
    piece = filled(replace(blank, cuts=frozenset()), seed=seed)
    assert (piece.bars, piece.key) == (blank.piece.bars, blank.piece.key)
    for part, given_part in zip(piece.parts, blank.piece.parts, strict=True):
        old = {id(note) for note in given_part.notes}
        kept = [note for note in part.notes if id(note) in old]
        assert all(a is b for a, b in zip(kept, given_part.notes, strict=True))


@few
@given(some_blanks, seeds)
def test_a_full_window_changes_nothing_of_that(blank: Blank, seed: int) -> None:
    """Windows of 40 rows slide all the time."""
    filling = filling_of(blank, seed=seed)
    take = next(takes_of(filling, window=40, hears_given=seed % 2 == 0))
    assert take.complete
    rows = read_rows(take.record)
    assert int((rows[:, vocab.TIME] == vocab.BAR).sum()) == blank.last - blank.first


def test_notes_that_stand_in_open_cells_stay_there(chorale: Piece) -> None:
    blank = Blank(piece=chorale, cells=cells_of(chorale, 2, 3))
    piece = filled(blank, seed=4)
    assert all(
        set(b.notes) <= set(a.notes) for a, b in zip(piece.parts, chorale.parts, strict=True)
    )


def test_a_hole_is_read_as_in_training(chorale: Piece) -> None:
    blank = clear(chorale, cells_of(chorale, 3, 4, [1, 2]))
    prefix = filling_drawing(filling_of(blank), VOCABULARY, 512, hears_given=True).prefix
    rows = hole(Bars.of(encode(blank.piece, VOCABULARY)), 0, 8, 2, 4, [1, 2]).rows
    assert np.array_equal(prefix, rows[: len(prefix)])
    assert prefix[-1, vocab.TIME] == vocab.FILL


def test_given_parts_are_read_as_in_training(chorale: Piece) -> None:
    """The rows of a drawing, put behind what is read first, are those of `given_parts`."""
    cells = cells_of(chorale, 1, 8, [1, 2, 3])
    blank = clear(chorale, cells)
    found = filling_drawing(filling_of(blank), VOCABULARY, 512, hears_given=True)
    bars = Bars.of(encode(blank.piece, VOCABULARY))
    rows = given_parts(bars, 0, 8, [0]).rows
    rows[np.isin(rows[:, vocab.TIME], (vocab.BAR, vocab.GIVEN)), vocab.PART] = vocab.SECTION
    prefix = found.prefix
    assert np.array_equal(prefix, rows[: len(prefix)])
    rules, _ = found.begin(1)
    for row in rows[len(prefix) : -1]:
        for field in range(4):
            forced = rules.forced(field, row[None, :field])
            ids = np.where(forced < 0, vocab.BAR, forced)  # the model: this bar is complete
            assert rules.amend(field, ids)[0] == row[field]
        rules.accept(row[None])
    assert rules.amend(vocab.TIME, np.array([vocab.END]))[0] == vocab.END


def test_plain_bars_are_read_as_in_training(chorale: Piece) -> None:
    """Given notes come in their places, whatever the model would say."""
    blank = clear(chorale, cells_of(chorale, 3, 8, [3]))
    found = filling_drawing(filling_of(blank), VOCABULARY, 512)
    bars = Bars.of(encode(blank.piece, VOCABULARY))
    assert np.array_equal(found.prefix, window(bars, 0, 2).rows)
    new = read_rows(next(takes_of(filling_of(blank))).record)
    rules, _ = found.begin(1)
    for row in window(bars, 2, 8).rows[9:-1]:  # behind conditions and GAP
        for field in range(4):
            forced, allowed = (
                rules.forced(field, row[None, :field]),
                rules.mask(field, row[None, :field]),
            )
            assert forced[0] == row[field] or (forced[0] < 0 and allowed[0, row[field]])
        rules.accept(row[None])
    assert (new[vocab.is_note(new), vocab.PART] == 3).all()


@pytest.mark.parametrize(
    ("first", "last", "parts", "hears", "kind"),
    [
        (1, 8, None, False, HoleGrammar),
        (2, 5, [1], False, GivenBeside),
        (2, 5, [1], True, HoleGrammar),
        (1, 8, [1], True, GivenAhead),
    ],
)
def test_given_parts_stand_where_the_model_listens_to_them(
    chorale: Piece, first: int, last: int, parts: list[int] | None, hears: bool, kind: type
) -> None:
    blank = clear(chorale, cells_of(chorale, first, last, parts))
    assert way_of(blank, hears_given=hears)[1] is kind
