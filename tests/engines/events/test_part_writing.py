"""Leaning away from parallels: the same ones that scoring counts, where real pieces avoid them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from composer.decoding import Group
from composer.engines.events.part_writing import COST_NATS, MILD_NATS, PartWriting, parallel_costs
from composer.piece import MeterChange, Note, Part, Piece
from composer.scoring import measure
from composer.theory import Key, Meter, ensemble_instruments
from composer.tokenizer import Conditions, encode_bars, vocab
from composer.tokenizer.masks import Frame, Grammar
from composer.tokenizer.vocab import PITCH
from tests.fakes import UniformRuntime, draws_of, group_of

CHORALE = Conditions(form="chorale", ensemble="choir", parts=4)
BOTH = {7: 1.0, 0: 1.0}
Line = list[tuple[int, int | None]]  # sixteenths and pitch, None for a rest
LINES = st.lists(
    st.lists(
        st.tuples(st.integers(1, 6), st.none() | st.integers(48, 72)), min_size=3, max_size=16
    ),
    min_size=2,
    max_size=4,
)


def piece_of(lines: list[Line]) -> Piece:
    parts = []
    for line, instrument in zip(lines, ensemble_instruments("choir", len(lines)), strict=True):
        notes, onset = [], Fraction(0)
        for sixteenths, pitch in line:
            length = Fraction(sixteenths, 4)
            notes += [Note(onset, pitch, length)] if pitch is not None else []
            onset += length
        parts.append(Part(instrument, tuple(notes)))
    return Piece(tuple(parts), (MeterChange(Fraction(0), Meter(4, 4)),), Key("C", "major"))


def leanings(piece: Piece) -> list[tuple[float, float]]:
    """Return (onset, weight of the pitch that stands there) for every note, read row by row."""
    frame = Frame(bars=piece.n_bars, ranges=[(0, 127)] * len(piece.parts), one_line=True)
    grammar = Grammar(frame, 1)
    leaning = PartWriting(grammar, BOTH)
    found = []
    for row in encode_bars(piece)[:, None]:
        if vocab.is_note(row).all():
            weights = leaning.weights(PITCH, row[:, :PITCH])
            onset = grammar.bar_onset[0] + row[0, 0] - vocab.POSITION
            found.append((onset / 24, 0.0 if weights is None else float(weights[0, row[0, PITCH]])))
        grammar.accept(row)
        leaning.accept(row)
    return found


@given(LINES)
def test_what_it_leans_away_from_is_what_scoring_counts(lines: list[Line]) -> None:
    piece = piece_of([*lines[:-1], [*lines[-1], (4, 60)]])
    values = measure(piece)
    places = [p for name in ("parallel_fifths", "parallel_octaves") for p in values[name].places]
    counted = {float(place.onset_beats) for place in places}
    assert {onset for onset, weight in leanings(piece) if weight < 0} == counted


def test_a_parallel_of_both_kinds_costs_both_and_other_pitches_nothing() -> None:
    # The bass, written last, follows the soprano in octaves and the alto in fifths.
    lines: list[Line] = [[(4, 72), (4, 74)], [(4, 67), (4, 69)], [(4, 60), (4, 62)]]
    weights = [weight for _, weight in leanings(piece_of(lines))]
    assert weights == [0, 0, 0, 0, 0, -2]


def test_voices_that_rest_or_stay_make_no_parallel() -> None:
    rest: list[Line] = [[(4, 67), (4, None), (4, 69)], [(4, 60), (4, None), (4, 62)]]
    stay: list[Line] = [[(4, 67), (4, 67)], [(4, 60), (4, 60)]]
    contrary: list[Line] = [[(4, 67), (4, 69)], [(4, 60), (4, 50)]]
    for lines in (rest, stay, contrary):
        assert {weight for _, weight in leanings(piece_of(lines))} == {0.0}


@pytest.mark.parametrize(
    ("form", "ensemble", "parts", "costs"),
    [
        ("chorale", "choir", 4, {0: COST_NATS, 7: COST_NATS}),
        ("madrigal", "choir", 5, {0: COST_NATS, 7: COST_NATS}),
        ("invention", "keyboard", 2, {0: COST_NATS, 7: COST_NATS}),
        ("motet", "choir", 4, {0: MILD_NATS, 7: MILD_NATS}),  # more than one in ten has some
        ("mazurka", "keyboard", 2, {7: MILD_NATS}),  # octaves are doublings
        ("string quartet", "string quartet", 4, {7: MILD_NATS}),
        ("etude", "theremin", 9, {7: MILD_NATS}),  # of which no band is known
    ],
)
def test_it_leans_more_where_real_pieces_of_the_form_have_next_to_none(
    form: str, ensemble: str, parts: int, costs: dict[int, float]
) -> None:
    assert parallel_costs(Conditions(form=form, ensemble=ensemble, parts=parts)) == costs


def test_strictness_is_a_share_of_the_cost_and_none_is_none() -> None:
    assert set(parallel_costs(CHORALE, 0.5).values()) == {COST_NATS / 2}
    assert parallel_costs(CHORALE, 0.0) == {}


def leaning_group(costs: dict[int, float]) -> Group:
    frame = Frame(bars=2, ranges=[(60, 79), (48, 67)], meter=vocab.METER_ID[4, 4], one_line=True)
    group = group_of(frame, 6, seed=3)
    assert isinstance(group.rules, Grammar)
    group.leaning = PartWriting(group.rules, costs)
    return group


def test_candidates_that_end_early_leave_the_memory_of_the_others_as_it_was() -> None:
    together = draws_of(UniformRuntime(), leaning_group(BOTH))
    for index, one in together.items():
        alone = leaning_group(BOTH)
        alone.keep(np.array([index]))
        assert np.array_equal(draws_of(UniformRuntime(), alone)[index].events, one.events)
