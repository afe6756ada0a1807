"""Fillings drawn in groups: what is new of a draft, and the motion of given parts."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from composer.cells import Blank, cells_of, clear
from composer.engines.events.engine import EventEngine
from composer.engines.events.filling import BesideGiven, GivenLine, filling_drawing
from composer.engines.events.takes import read_rows
from composer.piece import Note, Piece
from composer.tokenizer import vocab
from composer.tokenizer.filling.grammars import HoleGrammar
from tests.fillings import filling_of, takes_of
from tests.strategies import VOCABULARY

QUARTER = 24
COSTS = {7: 5.0, 0: 5.0}


@pytest.fixture
def blank(chorale: Piece) -> Blank:
    """Return the soprano C D (with the tonic on C) over an open bass, three silent bars behind."""
    line = tuple(
        Note(Fraction(beat), pitch - 5, Fraction(1)) for beat, pitch in enumerate((72, 74, 74, 76))
    )
    soprano, bass = replace(chorale.parts[0], notes=line), replace(chorale.parts[3], notes=())
    piece = replace(chorale, parts=(soprano, bass), n_bars=4)
    return clear(piece, cells_of(piece, 1, 4, [1]))


def leaning_of(blank: Blank) -> tuple[HoleGrammar, BesideGiven]:
    """Return rules and leaning of one candidate, at the beginning of bar 1."""
    found = filling_drawing(filling_of(blank), VOCABULARY, 512, hears_given=True)
    rules, _ = found.begin(1)
    assert isinstance(rules, HoleGrammar)
    leaning = BesideGiven(rules, COSTS, GivenLine(blank))
    hear(rules, leaning, vocab.row(vocab.BAR, vocab.SECTION, 129, vocab.METER_ID[4, 4]))
    return rules, leaning


def hear(rules: HoleGrammar, leaning: BesideGiven, row: vocab.Events) -> None:
    rules.accept(row)
    leaning.accept(row)


def weights_at(leaning: BesideGiven, position: int) -> list[int]:
    """Return the pitches below the soprano that the bass is kept from at a position."""
    chosen = np.array([[vocab.POSITION + position, 1]], np.int16)
    weights = leaning.weights(vocab.PITCH, chosen)
    return [] if weights is None else np.flatnonzero(weights[0, :72]).tolist()


def test_a_parallel_with_a_given_part_is_leaned_away_from(blank: Blank) -> None:
    rules, leaning = leaning_of(blank)
    hear(rules, leaning, vocab.row(vocab.POSITION, 1, 53, QUARTER - 1))  # F under C: a fifth
    assert weights_at(leaning, QUARTER) == [55, 67]  # G under D


def test_a_given_part_that_stays_makes_no_parallel(blank: Blank) -> None:
    rules, leaning = leaning_of(blank)
    hear(rules, leaning, vocab.row(vocab.POSITION + QUARTER, 1, 55, QUARTER - 1))
    assert weights_at(leaning, 2 * QUARTER) == []


def test_given_bars_that_are_read_ahead_are_not_heard_twice(blank: Blank) -> None:
    rules, leaning = leaning_of(blank)
    hear(rules, leaning, vocab.row(vocab.POSITION, 1, 53, QUARTER - 1))
    hear(rules, leaning, vocab.row(vocab.GIVEN, vocab.SECTION, 129, vocab.METER_ID[4, 4]))
    assert rules.aside.all()
    assert weights_at(leaning, QUARTER) == [55, 67]


def test_the_record_of_a_take_holds_new_rows_alone(chorale: Piece) -> None:
    parts = (chorale.parts[0], *[replace(part, notes=()) for part in chorale.parts[1:]])
    found = clear(replace(chorale, parts=parts), cells_of(chorale, 1, 8, [1, 2, 3]))
    for take in takes_of(filling_of(found, candidates=3), hears_given=True):
        rows = read_rows(take.record)
        assert not (rows[:, vocab.TIME] == vocab.GIVEN).any()
        assert (rows[vocab.is_note(rows), vocab.PART] > 0).all()
        assert int((rows[:, vocab.TIME] == vocab.BAR).sum()) == 8
        assert take.surprise is not None and take.surprise.nats_per_note > 0


def test_candidates_do_not_depend_on_how_many_there_are(
    tiny_engine: EventEngine, chorale: Piece
) -> None:
    found = clear(chorale, cells_of(chorale, 2, 3))
    few, many = (
        {
            d.index: d
            for step in tiny_engine.draw(filling_of(found, candidates=n))
            for d in step.takes
        }
        for n in (2, 4)
    )
    assert all(few[index].record == many[index].record for index in few)
