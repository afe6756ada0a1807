"""Leaning to a close on the tonic, to parts that come in, to clear beats: where and how much."""

from __future__ import annotations

import numpy as np
import pytest

from composer.composition import Composition
from composer.engines.events.engine import EventEngine
from composer.engines.events.leanings import (
    BASS_NATS,
    BEAT_NATS,
    CHORD_NATS,
    ENTRY_NATS,
    HOLD_NATS,
    WAITS_FOR,
    Beats,
    Closing,
    Entries,
)
from composer.pipeline import compose
from composer.request import Request
from composer.tokenizer import Events, vocab
from composer.tokenizer.masks import Frame, Grammar
from composer.tokenizer.vocab import BAR, DURATION, METER_ID, PART, PITCH, POSITION, TIME

C, E_FLAT, E, G, B = 48, 51, 52, 55, 59


def bar() -> Events:
    return vocab.row(BAR, part=0, pitch=vocab.bars_left_id(0), duration=METER_ID[4, 4])


def note(part: int, pitch: int, position: int = 0) -> Events:
    return vocab.row(POSITION + position, part=part, pitch=pitch, duration=23)


def grammar_in_bar(number: int, bars: int = 2, parts: int = 2, size: int = 1) -> Grammar:
    grammar = Grammar(Frame(bars=bars, ranges=[(0, 127)] * parts), size)
    for _ in range(number):
        grammar.accept(np.repeat(bar(), size, 0))
    return grammar


def chosen(part: int, position: int = 0) -> Events:
    return np.array([[POSITION + position, part]], np.int16)


def weights(leaning: Closing, part: int, position: int = 0) -> np.ndarray:
    found = leaning.weights(PITCH, chosen(part, position))
    assert found is not None
    return np.asarray(found[0])


def test_bass_leans_to_the_tonic_and_others_to_its_triad_in_the_last_bar() -> None:
    leaning = Closing(grammar_in_bar(2), "major")
    assert weights(leaning, part=0)[[C, E, G]].tolist() == [0, 0, 0]
    assert weights(leaning, part=0)[[E_FLAT, B]].tolist() == [-CHORD_NATS] * 2
    assert weights(leaning, part=1)[[C, G, B]].tolist() == [
        0,
        -BASS_NATS,
        -BASS_NATS - CHORD_NATS,
    ]


@pytest.mark.parametrize(("mode", "lost"), [("major", -CHORD_NATS), ("minor", 0), (None, 0)])
def test_a_minor_third_closes_in_minor_only(mode: str | None, lost: float) -> None:
    closing = Closing(grammar_in_bar(2), mode)
    assert weights(closing, part=0)[E_FLAT] == lost
    assert weights(closing, part=0)[E] == 0  # in minor the Picardy third


def test_earlier_bars_and_other_fields_are_left_alone() -> None:
    assert Closing(grammar_in_bar(1), "major").weights(PITCH, chosen(1)) is None
    assert Closing(grammar_in_bar(2), "major").weights(PART, chosen(1)[:, :1]) is None
    bar_line = np.array([[BAR, 0]], np.int16)
    assert Closing(grammar_in_bar(2), "major").weights(PITCH, bar_line) is None


def test_of_a_chord_only_the_lowest_note_is_the_bass() -> None:
    grammar = grammar_in_bar(2)
    leaning = Closing(grammar, "major")
    grammar.accept(note(part=1, pitch=C))
    assert weights(leaning, part=1)[G] == 0
    assert weights(leaning, part=1, position=24)[G] == -BASS_NATS


def test_strength_is_a_share() -> None:
    assert weights(Closing(grammar_in_bar(2), "major", 0.5), part=1)[G] == -BASS_NATS / 2


def test_candidates_lean_each_by_its_own_bar() -> None:
    grammar = grammar_in_bar(1, size=2)
    grammar.accept(np.concatenate([bar(), note(0, C)]))
    found = Closing(grammar, "major").weights(PITCH, np.repeat(chosen(1), 2, 0))
    assert found is not None
    assert found[:, G].tolist() == [-BASS_NATS, 0]
    grammar.keep(np.array([1]))
    assert Closing(grammar, "major").weights(PITCH, chosen(1)) is None


def test_a_silent_part_gains_from_a_quarter_on_until_it_sounds() -> None:
    grammar = grammar_in_bar(1, bars=4)
    grammar.accept(note(part=0, pitch=60))
    leaning = Entries(grammar)
    times = chosen(0)[:, :1]
    assert leaning.weights(PART, times) is None
    gains = []
    for _ in range(3):
        grammar.accept(bar())
        found = leaning.weights(PART, times)
        assert found is not None and found[0, 0] == 0 and not found[0, 2:].any()
        gains.append(float(found[0, 1]))
    steps = (np.array([0.5, 0.75, 1.0]) - WAITS_FOR) / (1 - WAITS_FOR)
    assert gains == pytest.approx(ENTRY_NATS * steps)
    grammar.accept(note(part=1, pitch=50))
    assert leaning.weights(PART, times) is None
    assert leaning.weights(TIME, times[:, :0]) is None


def closes(composition: Composition) -> int:
    kept = [
        condition.is_kept
        for one in composition.ranked
        for condition in one.kept
        if condition.name == "close"
    ]
    return sum(kept)


def test_untrained_draws_close_on_the_tonic_more_often(tiny_engine: EventEngine) -> None:
    asked = {"key": "D minor", "meter": "4/4", "bars": 4, "candidates": 24, "seed": 3}
    free, led = (
        compose(Request.from_dict(asked | {"part_writing": share}), engine=tiny_engine)
        for share in (0.0, 1.0)
    )
    assert closes(led) > closes(free)
    assert len(led.rejected) <= len(free.rejected)


# --- Clear beats --------------------------------------------------------------------------------
def lost_lengths(meter: tuple[int, int], position: int) -> set[int]:
    """Return which lengths up to a bar of 9/8 lose something, in positions."""
    grammar = Grammar(Frame(bars=2, ranges=[(0, 127)], meter=METER_ID[meter]), 1)
    found = Beats(grammar).weights(DURATION, np.array([[POSITION + position, 0, C]], np.int16))
    if found is None:
        return set()
    assert set(found[0].tolist()) <= {0.0, -BEAT_NATS}
    return {int(index) + 1 for index in np.flatnonzero(found[0][:108])}


def held(leaning: Closing, pitch: int, position: int = 0) -> np.ndarray | None:
    row = np.array([[POSITION + position, 0, pitch]], np.int16)
    found = leaning.weights(DURATION, row)
    return None if found is None else np.asarray(found[0])


def test_notes_of_the_last_triad_lean_to_a_pulse_or_more() -> None:
    leaning = Closing(grammar_in_bar(2), "major", 0.5, holds=True)
    for position in (0, 24, 72):
        lengths = held(leaning, E, position)
        assert lengths is not None
        assert (lengths[:23] == -0.5 * HOLD_NATS).all()  # under a quarter
        assert (lengths[23:] == 0).all()


def test_notes_beside_the_pulse_or_the_triad_and_earlier_bars_may_be_short() -> None:
    leaning = Closing(grammar_in_bar(2), "major", holds=True)
    assert held(leaning, E, 12) is None
    assert held(leaning, B) is None
    assert held(Closing(grammar_in_bar(1), "major", holds=True), E) is None
    assert held(Closing(grammar_in_bar(2), "major"), E) is None
    bar_row = np.array([[BAR, 0, vocab.bars_left_id(3)]], np.int16)
    assert leaning.weights(DURATION, bar_row) is None


def test_a_length_that_hides_a_beat_of_a_compound_meter_is_less_likely() -> None:
    """Chords in 9/8 were held for five eighths, as if a bar had beats of two."""
    on_beat, off_beat = lost_lengths((9, 8), 0), lost_lengths((9, 8), 24)
    assert {60, 48, 40} <= on_beat and not on_beat & {12, 24, 36, 72, 108}
    assert {13, 24, 48} <= off_beat and not off_beat & {1, 6, 12}


@pytest.mark.parametrize("meter", [(4, 4), (3, 4), (3, 8), (2, 2), (6, 2)])
def test_other_meters_have_no_beats_of_three(meter: tuple[int, int]) -> None:
    assert lost_lengths(meter, 24) == set()
