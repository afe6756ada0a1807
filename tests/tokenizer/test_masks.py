"""The grammar: it lets every legal piece pass, and nothing else comes out of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from composer.piece import Piece
from composer.theory import ENSEMBLES, MONOPHONIC_ENSEMBLES, Meter
from composer.tokenizer import Conditions, Events, decode_bars, encode_bars, vocab
from composer.tokenizer.conditions import meter_id, part_ranges
from composer.tokenizer.masks import Frame, Grammar
from composer.tokenizer.sections import section_ids
from tests.fakes import UniformRuntime, draws_of, group_of
from tests.strategies import legal_pieces

COMMON = meter_id(Meter(4, 4))
some_meters = st.sampled_from([(4, 4), (3, 8), (5, 8), (3, 16), (2, 2), (15, 32), (1, 32)])
some_ranges = st.lists(
    st.tuples(st.integers(10, 60), st.integers(0, 40)).map(lambda pair: (pair[0], sum(pair))),
    min_size=1,
    max_size=4,
)


@st.composite
def frames(draw: st.DrawFn) -> Frame:
    """A small piece to be written, narrow ranges among them."""
    meter = draw(st.none() | some_meters)
    return Frame(
        bars=draw(st.integers(1, 4)),
        ranges=draw(some_ranges),
        meter=None if meter is None else vocab.METER_ID[meter],
        one_line=draw(st.booleans()),
    )


def frame_of(piece: Piece) -> Frame:
    """Return the frame in which a piece could have been written."""
    ranges = part_ranges(piece.ensemble, len(piece.parts))
    return Frame(
        bars=piece.n_bars,
        ranges=[(low - piece.key.shift, high - piece.key.shift) for low, high in ranges],
        meter=meter_id(piece.meter),
        one_line=piece.ensemble in MONOPHONIC_ENSEMBLES,
    )


def refusals_of(grammar: Grammar, rows: Events) -> list[tuple[int, int]]:
    """Return (row, field) of what a grammar does not let pass in the first row that it refuses."""
    found = []
    for index, row in enumerate(rows):
        for field in range(4):
            chosen = row[None, :field]
            forced = int(grammar.forced(field, chosen)[0])
            is_allowed = (
                forced == row[field] if forced >= 0 else grammar.mask(field, chosen)[0, row[field]]
            )
            if not is_allowed:
                found.append((index, field))
        if found:
            break
        grammar.accept(row[None])
    return found


def draw_one(frame: Frame, seed: int = 0) -> tuple[Events, Piece]:
    """Draw one piece of any legal rows."""
    found = draws_of(UniformRuntime(), group_of(frame, 1, seed=seed))[0]
    assert found.is_complete
    conditions = Conditions(parts=len(frame.ranges), shift=0)
    return found.events, decode_bars(found.events, conditions)


@given(legal_pieces())
def test_every_row_of_a_piece_that_keeps_the_rules_may_pass(piece: Piece) -> None:
    rows = np.concatenate([encode_bars(piece), vocab.row(vocab.END)])
    grammar = Grammar(frame_of(piece), 1)
    assert refusals_of(grammar, rows) == []
    assert grammar.finished.all()


@settings(max_examples=40)
@given(frames(), st.integers(0, 1000))
@example(Frame(bars=2, ranges=[(60, 60)], meter=COMMON), 0)
@example(Frame(bars=2, ranges=[(60, 60)], meter=COMMON, one_line=True), 0)
def test_any_draw_ends_with_the_asked_bars_meter_and_ranges(frame: Frame, seed: int) -> None:
    rows, piece = draw_one(frame, seed)
    assert rows[-1, vocab.TIME] == vocab.END
    assert piece.n_bars == frame.bars
    assert len(piece.meters) == 1
    assert frame.meter in (None, meter_id(piece.meter))
    assert len(piece.parts) == len(frame.ranges)
    for part, (low, high) in zip(piece.parts, frame.ranges, strict=True):
        assert all(low <= note.pitch <= high for note in part.notes)


@settings(max_examples=25)
@given(frames(), st.integers(0, 1000))
def test_in_any_draw_no_key_is_struck_while_it_sounds(frame: Frame, seed: int) -> None:
    _, piece = draw_one(frame, seed)
    for part in piece.parts:
        for pitch in {note.pitch for note in part.notes}:
            notes = [note for note in part.notes if note.pitch == pitch]
            assert all(a.end_beats <= b.onset_beats for a, b in zip(notes, notes[1:], strict=False))
        assert part.is_monophonic or not frame.one_line


@settings(max_examples=25)
@given(frames(), st.integers(0, 1000))
def test_any_draw_is_canonical_and_ends_on_time(frame: Frame, seed: int) -> None:
    rows, piece = draw_one(frame, seed)
    assert piece.end_of_notes_beats <= piece.length_beats
    again = encode_bars(piece)
    is_bar = again[:, vocab.TIME] == vocab.BAR
    again[is_bar, vocab.PART] = rows[:-1][is_bar, vocab.PART]  # the model's own plan of sections
    assert np.array_equal(again, rows[:-1])


@settings(max_examples=25)
@given(frames(), st.integers(0, 1000))
def test_no_bar_of_a_draw_is_silent(frame: Frame, seed: int) -> None:
    _, piece = draw_one(frame, seed)
    notes = [note for part in piece.parts for note in part.notes]
    for bar in piece.bars:
        assert any(n.onset_beats < bar.end_beats and n.end_beats > bar.onset_beats for n in notes)


@pytest.mark.parametrize("ensemble", ENSEMBLES)
def test_every_ensemble_can_be_written_in_every_key(ensemble: str) -> None:
    for shift in range(-6, 6):
        ranges = [(low - shift, high - shift) for low, high in part_ranges(ensemble, 3)]
        rows, _ = draw_one(Frame(bars=1, ranges=ranges, meter=COMMON))
        assert refusals_of(Grammar(Frame(bars=1, ranges=ranges), 1), rows) == []


def test_asked_sections_are_given_not_chosen() -> None:
    sections = section_ids(["opening", "new", "closing"]).tolist()
    frame = Frame(bars=3, ranges=[(50, 80)], meter=COMMON, sections=sections)
    rows, _ = draw_one(frame)
    assert rows[rows[:, vocab.TIME] == vocab.BAR, vocab.PART].tolist() == sections


def test_candidates_of_a_group_do_not_know_of_each_other() -> None:
    frame = Frame(bars=2, ranges=[(50, 80), (40, 60)], one_line=True)
    together = draws_of(UniformRuntime(), group_of(frame, 3, seed=5))
    for index in range(3):
        alone = draws_of(UniformRuntime(), group_of(frame, 1, seed=5, indices=[index]))
        assert np.array_equal(alone[index].events, together[index].events)


@pytest.mark.parametrize(
    ("rows", "refused"),
    [
        ([[vocab.POSITION, 0, 60, 23]], (0, 0)),  # a note before the first bar line
        ([[vocab.BAR, vocab.SECTION + 1, 129, 408], [vocab.END, 0, 0, 0]], (1, 0)),  # silence
        ([[vocab.BAR, vocab.SECTION + 1, 129, 408], [vocab.POSITION, 1, 60, 23]], (1, 1)),
        ([[vocab.BAR, vocab.SECTION + 1, 129, 408], [vocab.POSITION, 0, 90, 23]], (1, 2)),
        ([[vocab.BAR, vocab.SECTION + 1, 129, 408], [vocab.POSITION, 0, 60, 96]], (1, 3)),
    ],
    ids=["before bar 1", "silent", "no such part", "out of range", "longer than the piece"],
)
def test_an_illegal_row_is_refused_at_its_field(
    rows: list[list[int]], refused: tuple[int, int]
) -> None:
    assert vocab.METER_ID[4, 4] == 408
    grammar = Grammar(Frame(bars=1, ranges=[(50, 80)], meter=COMMON), 1)
    assert refused in refusals_of(grammar, np.array(rows, np.int16))


def grammar_of_the_example(*, one_line: bool) -> Grammar:
    """Return the grammar after the three rows of the example that opens masks.py."""
    frame = Frame(bars=2, ranges=[(60, 84), (36, 60)], meter=COMMON, one_line=one_line)
    grammar = Grammar(frame, 1)
    rows = [
        (vocab.BAR, vocab.SECTION + 1, vocab.bars_left_id(1), COMMON),
        (vocab.POSITION, 0, 72, 48 - 1),
        (vocab.POSITION, 1, 48, 24 - 1),
    ]
    for row in rows:
        grammar.accept(np.array([row], np.int16))
    return grammar


def open_ids(grammar: Grammar, field: int, *chosen: int) -> list[int]:
    return list(np.flatnonzero(grammar.mask(field, np.array([chosen], np.int16))[0]))


def test_the_worked_example_of_one_line_parts_is_true() -> None:
    grammar = grammar_of_the_example(one_line=True)
    at_24, at_48 = vocab.POSITION + 24, vocab.POSITION + 48
    times = open_ids(grammar, vocab.TIME)
    assert times == sorted([vocab.BAR, *range(at_24, vocab.POSITION + 96)])
    assert open_ids(grammar, vocab.PART, at_24) == [1]
    assert open_ids(grammar, vocab.PART, at_48) == [0, 1]
    assert open_ids(grammar, vocab.PITCH, at_24, 1) == list(range(36, 61))
    assert open_ids(grammar, vocab.DURATION, at_24, 1, 48) == list(range(168))


def test_the_worked_example_of_parts_with_chords_is_true() -> None:
    grammar = grammar_of_the_example(one_line=False)
    at_0, at_23, at_24 = (vocab.POSITION + at for at in (0, 23, 24))
    assert at_0 in open_ids(grammar, vocab.TIME)
    assert open_ids(grammar, vocab.PART, at_0) == [1]
    assert open_ids(grammar, vocab.PITCH, at_0, 1) == list(range(49, 61))
    assert 48 not in open_ids(grammar, vocab.PITCH, at_23, 1)
    assert 48 in open_ids(grammar, vocab.PITCH, at_24, 1)
