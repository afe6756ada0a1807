"""Leaning to the chords of a progression: where, how much, and that it helps."""

from __future__ import annotations

import numpy as np

from composer.chords import parse_progression
from composer.engines import Engine
from composer.engines.events.chord_tones import (
    BASS_NATS,
    HELD_NATS,
    OFF_PULSE_NATS,
    ON_PULSE_NATS,
    ChordTones,
)
from composer.outcomes import compare_with_request
from composer.piece import Piece, chords_kept
from composer.pipeline import compose, extend, harmonise
from composer.request import Request
from composer.stitching import trim
from composer.tokenizer.vocab import DURATION, PITCH, POSITION
from tests.engines.events.test_leanings import bar, grammar_in_bar, note
from tests.test_composition import NO_CARD

C, D, E, F, G = 48, 50, 52, 53, 55


def pitches(leaning: ChordTones, part: int, position: int = 0) -> np.ndarray:
    found = leaning.weights(PITCH, np.array([[POSITION + position, part]], np.int16))
    assert found is not None
    return found[0]


def lengths(leaning: ChordTones, pitch: int, position: int = 0) -> np.ndarray:
    found = leaning.weights(DURATION, np.array([[POSITION + position, 0, pitch]], np.int16))
    assert found is not None
    return found[0]


def test_pitches_outside_the_chord_lose_nats_most_on_a_pulse() -> None:
    leaning = ChordTones(grammar_in_bar(1), parse_progression("C G7"), 0, has_upbeat=False)
    assert pitches(leaning, 0)[[C, E, G, D]].tolist() == [0, 0, 0, -ON_PULSE_NATS]
    assert pitches(leaning, 0, 12)[D] == -OFF_PULSE_NATS
    assert pitches(leaning, 0, 48)[[F, C]].tolist() == [0, -ON_PULSE_NATS]


def test_the_lowest_part_leans_to_the_bass_of_the_symbol() -> None:
    leaning = ChordTones(grammar_in_bar(1), parse_progression("C/E"), 0, has_upbeat=False)
    assert pitches(leaning, 1)[[E, C]].tolist() == [0, -BASS_NATS]
    assert pitches(leaning, 1, 24)[C] == 0  # where no chord begins


def test_notes_are_not_held_into_a_chord_that_they_do_not_belong_to() -> None:
    leaning = ChordTones(grammar_in_bar(1), parse_progression("C | G"), 0, has_upbeat=False)
    assert lengths(leaning, C)[[95, 96]].tolist() == [0, -HELD_NATS]
    assert not lengths(leaning, G)[:192].any()
    assert lengths(leaning, D, 12)[[11, 12]].tolist() == [0, -HELD_NATS]  # a passing note


def test_symbols_are_read_in_the_key_that_rows_are_written_in() -> None:
    leaning = ChordTones(grammar_in_bar(1), parse_progression("D"), 2, has_upbeat=False)
    assert pitches(leaning, 0)[[C, E, G]].tolist() == [0, 0, 0]


def test_a_drawn_upbeat_has_no_chord_and_the_next_bar_the_first() -> None:
    grammar = grammar_in_bar(1, bars=3)
    leaning = ChordTones(grammar, parse_progression("F | G"), 0)
    assert not pitches(leaning, 0, 72).any()
    for rows in (note(0, C, 72), note(1, C, 72)):
        grammar.accept(rows)
        leaning.accept(rows)
    grammar.accept(bar())
    assert pitches(leaning, 0)[[F, G]].tolist() == [0, -ON_PULSE_NATS]
    leaning.keep(np.array([0]))
    assert pitches(leaning, 0)[F] == 0


CHORDS = "G | D7 | Em C | D"


def kept_share(pieces: list[Piece]) -> float:
    kept = [is_kept for p in pieces for *_, is_kept in chords_kept(parse_progression(CHORDS), p)]
    return sum(kept) / len(kept)


def test_composed_and_harmonised_music_follows_a_progression(
    tiny_engine: Engine, chorale: Piece
) -> None:
    asked = {"composer": "Bach", "form": "chorale", "seed": 5, "candidates": 4}
    shares = []
    for chords in (None, CHORDS):
        told = {"chords": chords} if chords else {}
        request = Request(key="G major", meter="4/4", bars=4, chords=chords, **asked)
        found = compose(request, engine=tiny_engine).ranked
        shares.append(kept_share([one.piece for one in found]))
        filled = harmonise(chorale, engine=tiny_engine, **asked, **told).ranked
        shares.append(kept_share([one.piece for one in filled]))
    assert shares[2] > shares[0] + 0.2
    assert shares[3] > shares[1]


def test_the_chords_of_bars_that_are_added_begin_behind_what_was_given(
    tiny_engine: Engine, chorale: Piece
) -> None:
    asked = {"seed": 5, "candidates": 2, "chunk_bars": 2}
    first = chorale.n_bars + 1
    shares = []
    for told in ({}, {"chords": CHORDS}):
        found = extend(chorale, 4, engine=tiny_engine, **asked, **told).piece
        shares.append(kept_share([trim(found, first, first + 3)]))
    assert shares[1] > shares[0] + 0.2


def test_the_result_says_which_chords_it_keeps(chorale: Piece) -> None:
    outcome = next(
        one
        for one in compare_with_request(Request(chords="Db | Ab"), chorale, NO_CARD)
        if one.name == "chords"
    )
    assert outcome.asked == "Db | Ab" and not outcome.is_kept
    assert outcome.got.startswith("0 of 8 chords, not in bars 1, 2, 3")
