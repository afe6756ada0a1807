"""What the model said of rows is told of notes, where they sound."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from composer.decoding import Draw
from composer.engines import Compose
from composer.engines.events.engine import EventEngine
from composer.engines.events.surprise import surprise_of
from composer.engines.events.takes import read_rows
from composer.piece import Note, Part, Piece
from composer.request import Request
from composer.scoring import Surprise
from composer.theory import Key
from composer.tokenizer import vocab
from tests.draws import draw_of


def surprise(draw: Draw, shift: int = 0) -> Surprise:
    return surprise_of(draw.events, draw.log_probs, draw.doubts, shift)


def test_the_surprise_of_a_bar_counts_its_own_rows_and_no_section(chorale: Piece) -> None:
    draw = draw_of(chorale)
    log_probs = np.full(draw.events.shape, -1.0, np.float32)
    found = surprise(replace(draw, log_probs=log_probs)).nats_per_bar
    n_notes = [
        sum(note.onset_beats // 4 == bar for part in chorale.parts for note in part.notes)
        for bar in range(8)
    ]
    # Four fields a note, and three of the bar's own row; END is of the last bar.
    expected = [4 + 3 / n for n in n_notes[:-1]] + [4 + 7 / n_notes[-1]]
    assert found == pytest.approx(expected)


def test_a_bar_without_notes_has_no_surprise(keyboard_piece: Piece) -> None:
    longer = replace(keyboard_piece, n_bars=keyboard_piece.n_bars + 1)
    found = surprise(draw_of(longer)).nats_per_bar
    assert np.isnan(found).tolist() == [False] * 8 + [True]


def test_a_doubt_is_told_of_its_note(chorale: Piece) -> None:
    piece = replace(chorale.transposed(2), key=Key("D", "major"))
    draw = draw_of(piece)
    doubts = draw.doubts.copy()
    rows = np.flatnonzero(vocab.is_note(draw.events))
    doubts[rows[0]] = 2.0, -1
    doubts[rows[-1]] = 5.0, 2
    found = surprise(replace(draw, doubts=doubts), piece.key.shift)
    # A nat is free; weak doubts count, but are not worth a mark.
    assert found.doubt_per_note == pytest.approx((1.0 + 4.0) / len(rows))
    (one,) = found.doubts
    note = max(
        (note.onset_beats, part, note.pitch)
        for part, lines in enumerate(piece.parts)
        for note in lines.notes
        if note.onset_beats == max(n.onset_beats for p in piece.parts for n in p.notes)
    )
    assert (one.onset_beats, one.part, one.pitch) == note
    assert (one.likelier, one.bar) == (note[2] + 2, piece.n_bars - 1)


def test_what_is_tied_over_is_doubted_once(chorale: Piece) -> None:
    long = Part(chorale.parts[0].instrument, (Note(Fraction(0), 60, Fraction(24)),))
    draw = draw_of(replace(chorale, parts=(long,)))
    is_note = vocab.is_note(draw.events)
    assert is_note.sum() == 2
    doubts = np.where(is_note[:, None], np.float32([5.0, 1.0]), np.float32(0))
    found = surprise(replace(draw, doubts=doubts))
    assert len(found.doubts) == 1
    assert found.doubt_per_note == pytest.approx(4.0)


def test_a_piece_is_read_as_it_was_drawn(tiny_engine: EventEngine) -> None:
    request = Request(form="chorale", bars=4, candidates=3, seed=5, part_writing=0.0)
    takes = [take for step in tiny_engine.draw(Compose(request)) for take in step.takes]
    found = {take.music: take for take in takes if take.music is not None}
    assert found
    for (piece, take), heard in zip(found.items(), tiny_engine.read(list(found)), strict=True):
        assert heard is not None and take.surprise is not None
        # END and the order of notes that begin together aside, the same rows in the same order.
        if np.array_equal(read_rows(take.record)[:-1], draw_of(piece).events[:-1]):
            doubt = take.surprise.doubt_per_note
            assert heard.doubt_per_note == pytest.approx(doubt, abs=1e-3)


def test_what_cannot_be_written_is_not_read(tiny_engine: EventEngine, chorale: Piece) -> None:
    crowd = replace(chorale, parts=chorale.parts * 5)
    found = tiny_engine.read([crowd, chorale])
    assert found[0] is None
    assert found[1] is not None
    assert len(found[1].nats_per_bar) == chorale.n_bars
