"""Drafts become pieces, or keep a reason."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from composer.candidates import Candidate, Collector, Rejected, find_twins
from composer.engines import Draft
from composer.novelty import build_index
from composer.piece import Piece
from composer.theory import Key
from composer.tokenizer import Events, conditions_of, encode_bars, vocab
from tests.test_novelty import piece_of, tune


def draft_of(piece: Piece, index: int = 0) -> Draft:
    """Return the draft that a piece might have come from."""
    events = np.concatenate([encode_bars(piece), vocab.row(vocab.END)])
    return Draft(
        index=index,
        wishes=conditions_of(piece),
        events=events,
        log_probs=np.zeros(events.shape, np.float32),
        doubts=np.zeros((len(events), 2), np.float32),
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


def test_a_draft_that_was_given_up_says_after_which_bar(chorale: Piece) -> None:
    draft = draft_of(chorale, 5)
    third = int(np.flatnonzero(draft.events[:, vocab.TIME] == vocab.BAR)[2])
    cut = replace(draft, events=draft.events[: third + 1], is_complete=False, is_given_up=True)
    found = judged(cut)
    assert isinstance(found, Rejected)
    assert (found.index, found.given_up_after_bar) == (5, 2)
    assert "after bar 2" in found.reason


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


def test_a_piece_that_differs_in_a_few_notes_is_a_twin_too(chorale: Piece) -> None:
    def changed(n_notes: int) -> Piece:
        soprano = chorale.parts[0]
        notes = tuple(
            replace(note, pitch=note.pitch + 1) if k < n_notes else note
            for k, note in enumerate(soprano.notes)
        )
        return replace(chorale, parts=(replace(soprano, notes=notes), *chorale.parts[1:]))

    share = 1 / chorale.n_notes
    near, far = changed(int(0.09 / share)), changed(int(0.12 / share) + 1)
    reason = "it is almost the same as candidate 1"
    assert find_twins({0: chorale, 1: near, 2: far}) == (Rejected(1, reason),)


def test_a_part_that_never_sounds_is_a_reason(chorale: Piece) -> None:
    silent = replace(chorale.parts[2], notes=())
    piece = replace(chorale, parts=(*chorale.parts[:2], silent, chorale.parts[3]))
    assert judged(draft_of(piece)) == Rejected(0, "part 3 is silent throughout")


def test_a_copy_of_a_training_piece_is_rejected_and_the_piece_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = piece_of(tune(1), tune(2, low=40))
    index = build_index([("Bach: Invention", known)])
    monkeypatch.setattr("composer.novelty.load_index", lambda: index)
    copy = draft_of(replace(known.transposed(2), key=Key("D", "major")))
    found = judged(copy)
    assert isinstance(found, Rejected)
    assert re.fullmatch(
        r"it copies \d+ notes in a row of Bach: Invention \(bars \d+ to \d+\)", found.reason
    )
    assert isinstance(judged(copy, Collector(may_copy=True)), Candidate)
    assert isinstance(judged(draft_of(piece_of(tune(3)))), Candidate)
