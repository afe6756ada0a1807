"""The next bars of a piece: what is read first, and what may follow it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from composer.decoding import Draw
from composer.engines import Begun, Continue, Stretch
from composer.engines.events.continuing import (
    OUTSIDE_NATS,
    Continuation,
    Continuing,
    ScaleLeaning,
    bars_of,
    continuing_drawing,
    moved,
)
from composer.engines.events.drawing import Drawing
from composer.engines.events.engine import EventEngine
from composer.engines.events.leanings import Together
from composer.engines.events.takes import read_rows
from composer.piece import Piece
from composer.request import Request
from composer.stitching import trim
from composer.tokenizer import Events, encode_bars, vocab
from composer.tokenizer.holes import N_CONDITIONS, Bars
from composer.tokenizer.masks import Frame
from composer.tokenizer.vocab import BAR, DURATION, GAP, PART, PITCH, POSITION, TIME
from tests.draws import draws_of_drawing
from tests.strategies import VOCABULARY, legal_pieces, pieces

HALF = 48


def behind(piece: Piece, *, rows: list[Events] | None = None, **changes: Any) -> Continuing:
    """Return the ask for two bars behind a piece, three more to follow.

    Args:
        piece: What is there.
        rows: Its bars as rows in its own key, if others than its own.
        changes: Facts of the ask; `bars_before` puts bars in front that nobody reads.
    """
    bars_before = changes.pop("bars_before", piece.n_bars)
    stretch = Stretch(music=piece, bars=bars_before, key=piece.key)
    facts: dict[str, Any] = {
        "request": Request(candidates=2, seed=1),
        "before": piece,
        "path": (stretch,) if bars_before else (),
        "bars": 2,
        "bars_after": 3,
        "key": piece.key,
        "ranges": [(20 + piece.key.shift, 100 + piece.key.shift)] * len(piece.parts),
        "one_line": False,
        "seed": 5,
    }
    ask = Continue(**facts | changes)
    found = Bars.of(encode_bars(piece)).bars if bars_before else []
    return Continuing(ask, moved(found if rows is None else rows, piece.key.shift))


def drawing_of(found: Continuing, window: int = 512) -> Drawing:
    return continuing_drawing(found, VOCABULARY, window)


def raw_draws(engine: EventEngine, found: Continuing) -> list[Draw]:
    return draws_of_drawing(
        engine.runtime, continuing_drawing(found, engine.vocabulary, engine.window)
    )


def bar_rows(rows: Events) -> Events:
    found: Events = rows[rows[:, TIME] == BAR]
    return found


def test_a_chunk_in_the_middle_stops_at_the_next_bar_line(
    tiny_engine: EventEngine, chorale: Piece
) -> None:
    for draw in raw_draws(tiny_engine, behind(chorale)):
        bars = bar_rows(draw.events)
        assert draw.is_complete
        assert draw.events[0, TIME] == draw.events[-1, TIME] == BAR
        left = [vocab.bars_left_id(n) for n in (4, 3, 2)]
        assert bars[:, PITCH].tolist() == left


def test_the_last_chunk_ends_in_its_last_bar(tiny_engine: EventEngine, chorale: Piece) -> None:
    for draw in raw_draws(tiny_engine, behind(chorale, bars_after=0)):
        assert draw.events[-1, TIME] == vocab.END
        assert bar_rows(draw.events)[:, PITCH].tolist() == [vocab.BARS_LEFT + 1, vocab.BARS_LEFT]


def test_without_bars_before_a_piece_begins(tiny_engine: EventEngine, chorale: Piece) -> None:
    chunk = behind(chorale, bars_before=0, bars_after=0)
    (first, *_) = raw_draws(tiny_engine, chunk)
    assert len(bar_rows(first.events)) == 2


@pytest.mark.parametrize("after", [0, 2])
def test_sections_that_are_asked_for_are_written(
    tiny_engine: EventEngine, chorale: Piece, after: int
) -> None:
    ids, names = [vocab.SECTION + 2, vocab.SECTION + 5], ("new", "closing")
    for draw in raw_draws(tiny_engine, behind(chorale, sections=names, bars_after=after)):
        assert bar_rows(draw.events)[:2, PART].tolist() == ids


@settings(max_examples=20)
@given(pieces(), st.integers(0, 40))
def test_what_is_read_first_is_expectedes_and_the_last_bars_and_fits(
    piece: Piece, bars_out: int
) -> None:
    more = behind(piece, bars_before=piece.n_bars + bars_out)
    prefix = drawing_of(more, 2 * HALF).prefix
    assert len(prefix) <= HALF + 1
    is_gap = prefix[:, TIME] == GAP
    n_left_out = more.ask.bars_before - len(bar_rows(prefix))
    if n_left_out and len(bar_rows(prefix)):
        assert prefix[N_CONDITIONS, TIME] == GAP
        assert prefix[is_gap, PITCH].tolist() == [vocab.bars_left_id(n_left_out)]
    last = more.last[-1]
    kept = prefix[-min(len(last), HALF - N_CONDITIONS - 1) :]
    assert np.array_equal(kept[:, TIME], last[-len(kept) :, TIME])


def test_a_theme_stands_between_conditions_and_gap(keyboard_piece: Piece) -> None:
    bars = Bars.of(encode_bars(keyboard_piece)).bars
    found = behind(keyboard_piece, bars_before=40, theme=range(1), context_bars=2)
    prefix = drawing_of(found).prefix
    theme = prefix[N_CONDITIONS : N_CONDITIONS + len(bars[0])]
    assert np.array_equal(theme[1:], bars[0][1:])
    assert prefix[N_CONDITIONS + len(bars[0]), PITCH] == vocab.bars_left_id(37)
    assert len(bar_rows(prefix)) == 3


def test_a_theme_that_the_last_bars_hold_is_not_read_twice(keyboard_piece: Piece) -> None:
    with_theme = drawing_of(behind(keyboard_piece, theme=range(2)))
    without = drawing_of(behind(keyboard_piece))
    assert np.array_equal(with_theme.prefix, without.prefix)


def test_what_is_read_again_keeps_conditions_and_theme(keyboard_piece: Piece) -> None:
    bars = Bars.of(encode_bars(keyboard_piece)).bars
    drawing = drawing_of(
        behind(keyboard_piece, bars_before=40, theme=range(1), context_bars=2), 2 * HALF
    )
    again = drawing.reframe(np.concatenate([drawing.prefix, *bars]))
    n_pinned = int(np.flatnonzero(again[:, TIME] == GAP)[0])
    assert len(again) <= HALF
    assert np.array_equal(again[:n_pinned], drawing.prefix[:n_pinned])


@settings(max_examples=25)
@given(legal_pieces(), st.integers(0, 2**20))
def test_no_key_is_struck_while_it_sounds_across_the_seam(piece: Piece, seed: int) -> None:
    rules, _ = drawing_of(behind(piece)).begin(1)
    rng = np.random.default_rng(seed)
    onset = int(piece.length_beats * 24)
    sounding = {
        (index, note.pitch - piece.key.shift)
        for index, part in enumerate(piece.parts)
        for note in part.notes
        if note.end_beats * 24 > onset
    }
    row = np.empty((1, 0), np.int16)
    for field, _ in enumerate(vocab.FIELDS):
        given_ids = rules.forced(field, row)
        choices = np.flatnonzero(rules.mask(field, row)[0])
        chosen = given_ids[0] if given_ids[0] >= 0 else rng.choice(choices)
        row = np.concatenate([row, [[chosen]]], axis=1).astype(np.int16)
    assert row[0, TIME] == BAR
    rules.accept(row)
    at_once = np.array([[POSITION]], np.int16)
    for part in np.flatnonzero(rules.mask(PART, at_once)[0]):
        pitches = rules.mask(PITCH, np.array([[POSITION, part]], np.int16))[0]
        assert not any(pitches[pitch] for index, pitch in sounding if index == part)


@settings(max_examples=20)
@given(pieces())
def test_the_meter_of_the_last_bar_goes_on(piece: Piece) -> None:
    rules, _ = drawing_of(behind(piece)).begin(2)
    bar = np.array([[BAR, vocab.SECTION + 2, 200]] * 2, np.int16)
    last = encode_bars(piece)
    assert (rules.forced(DURATION, bar) == bar_rows(last)[-1, DURATION]).all()


def test_notes_outside_the_scale_lose_nats_bar_by_bar() -> None:
    grammar = Continuation(Frame(bars=2, ranges=[(0, 127)]), 1, 0, 3)
    leaning = ScaleLeaning(grammar, [frozenset({0, 4, 7}), frozenset(range(12))])
    chosen = np.array([[POSITION, 0]], np.int16)
    grammar.bar[:] = 0
    weights = leaning.weights(PITCH, chosen)
    assert weights is not None
    assert weights[0, 60] == 0 > weights[0, 61] == -OUTSIDE_NATS
    grammar.bar[:] = 1
    later = leaning.weights(PITCH, chosen)
    assert later is not None and not later.any()
    assert leaning.weights(TIME, chosen) is None


def test_several_leanings_add_up() -> None:
    grammar = Continuation(Frame(bars=2, ranges=[(0, 127)]), 1, 0, 3)
    leaning = ScaleLeaning(grammar, [frozenset({0})])
    both = Together([leaning, leaning])
    chosen = np.array([[POSITION, 0]], np.int16)
    one, two = leaning.weights(PITCH, chosen), both.weights(PITCH, chosen)
    assert one is not None and two is not None
    assert np.array_equal(two, 2 * one)
    assert both.weights(TIME, chosen) is None


def test_the_seed_decides(tiny_engine: EventEngine, keyboard_piece: Piece) -> None:
    found = behind(keyboard_piece, bars=1)
    first, again = raw_draws(tiny_engine, found), raw_draws(tiny_engine, found)
    other = raw_draws(tiny_engine, behind(keyboard_piece, bars=1, seed=6))
    assert [one.events.tobytes() for one in first] == [one.events.tobytes() for one in again]
    assert first[0].events.tobytes() != other[0].events.tobytes()


def test_bars_that_the_engine_wrote_are_read_as_it_wrote_them(
    tiny_engine: EventEngine, chorale: Piece
) -> None:
    """Not as they would be encoded anew: sections and the order of rows are its own."""
    ask = behind(chorale, bars_after=0).ask
    take = next(
        take
        for step in tiny_engine.draw(ask)
        for take in step.takes
        if isinstance(take.music, Piece)
    )
    assert take.music is not None
    stretch = Stretch(music=take.music, bars=2, key=chorale.key, record=take.record)
    rows = np.concatenate(moved(bars_of([*ask.path, stretch])[-2:], -chorale.key.shift))
    assert np.array_equal(rows, read_rows(take.record))
    assert tiny_engine.replay(ask, take.record) == take.music


@pytest.mark.parametrize(("beats", "is_due"), [(2, True), (2, False), (0, True)])
def test_a_bar_that_has_begun_is_gone_on_with_from_where_it_stands(
    tiny_engine: EventEngine, chorale: Piece, beats: int, is_due: bool
) -> None:
    before, last = trim(chorale, 1, 3), trim(chorale, 4, 4)
    kept = [tuple(note for note in part.notes if note.onset_beats < beats) for part in last.parts]
    music = replace(
        last,
        parts=tuple(
            replace(part, notes=notes) for part, notes in zip(last.parts, kept, strict=True)
        ),
    )
    begun = Begun(music=music, beats=Fraction(beats), is_due=is_due)
    ask = replace(behind(before).ask, begun=begun)
    takes = [take for step in tiny_engine.draw(ask) for take in step.takes]
    assert len(takes) == 2
    for take in takes:
        assert take.music is not None and take.music.n_bars == 2
        new = []
        for part, notes in zip(take.music.parts, kept, strict=True):
            assert part.notes[: len(notes)] == notes
            new += [note.onset_beats for note in part.notes[len(notes) :]]
        assert min(new) >= beats and (not is_due or min(new) == beats)
        assert tiny_engine.replay(ask, take.record) == take.music
        assert take.surprise is not None and take.surprise.nats_per_note > 0
