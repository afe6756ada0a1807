"""Drafts become pieces, or keep a reason."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from composer.candidates import Candidate, Collector, Rejected, find_twins
from composer.engines import Draft
from composer.piece import Piece
from composer.theory import Key
from composer.tokenizer import Events, conditions_of, encode_bars, vocab


def draft_of(piece: Piece, index: int = 0) -> Draft:
    """Return the draft that a piece might have come from."""
    events = np.concatenate([encode_bars(piece), vocab.row(vocab.END)])
    return Draft(
        index=index,
        wishes=conditions_of(piece),
        events=events,
        log_probs=np.zeros(events.shape, np.float32),
        nats_per_note=2.0,
        is_complete=True,
    )


def judged(draft: Draft, collector: Collector | None = None) -> Candidate | Rejected:
    (found,) = (collector or Collector()).collect([draft])
    return found


def test_a_draft_becomes_its_piece(chorale: Piece) -> None:
    found = judged(draft_of(chorale))
    assert isinstance(found, Candidate)
    assert found.piece == replace(chorale, title="")
    assert found.draft.nats_per_note == 2.0


def test_the_wished_spelling_of_the_key_is_kept(chorale: Piece) -> None:
    flat = replace(chorale.transposed(-1), key=Key("Gb", "major"))
    found = judged(draft_of(flat), Collector(Key("Gb", "major")))
    assert isinstance(found, Candidate)
    assert str(found.piece.key) == "Gb major"
    assert [p.notes for p in found.piece.parts] == [p.notes for p in flat.parts]


def test_a_draft_that_never_ended_is_rejected(chorale: Piece) -> None:
    found = judged(replace(draft_of(chorale, 5), is_complete=False))
    assert found == Rejected(5, "it did not come to an end")


@pytest.mark.parametrize(
    "events", [np.empty((0, 4), np.int16), vocab.row(vocab.END), vocab.row(5, 0, 60, 3)]
)
def test_rows_that_spell_no_piece_are_rejected_with_a_reason(
    chorale: Piece, events: Events
) -> None:
    found = judged(replace(draft_of(chorale), events=events))
    assert isinstance(found, Rejected)
    assert "bar line" in found.reason


def test_of_twins_the_one_with_the_lowest_number_stays_whenever_it_came(
    chorale: Piece, keyboard_piece: Piece
) -> None:
    faster = replace(chorale, tempo_bpm=100.0, title="Another")
    found = find_twins({7: chorale, 4: keyboard_piece, 2: faster, 5: chorale})
    reason = "it is the same as candidate 3"
    assert found == (Rejected(5, reason), Rejected(7, reason))
    assert find_twins({1: chorale, 0: keyboard_piece}) == ()


def test_a_part_that_never_sounds_is_a_reason(chorale: Piece) -> None:
    silent = replace(chorale.parts[2], notes=())
    piece = replace(chorale, parts=(*chorale.parts[:2], silent, chorale.parts[3]))
    assert judged(draft_of(piece)) == Rejected(0, "part 3 is silent throughout")
