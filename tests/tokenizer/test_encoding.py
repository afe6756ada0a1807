"""Piece -> events -> piece, note for note."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from composer.errors import TokenError
from composer.piece import MeterChange, Note, Part, Piece
from composer.theory import INSTRUMENTS, KEYS, Key, Meter
from composer.tokenizer import (
    Events,
    Vocabulary,
    conditions_of,
    decode,
    decode_bars,
    encode,
    encode_bars,
    quantise,
    vocab,
)
from composer.tokenizer.encoding import _grid_notes
from composer.tokenizer.folding import tokens_to_score, unfold, unit_of
from composer.tokenizer.holes import N_CONDITIONS
from composer.tokenizer.sections import bar_numbers
from composer.units import is_on_grid
from tests.strategies import VOCABULARY, any_rows, loose_pieces, pieces, replace_parts

PIANO = INSTRUMENTS["piano"]


@given(pieces())
def test_a_piece_on_the_grid_comes_back_note_for_note(piece: Piece) -> None:
    assert decode(encode(piece, VOCABULARY), VOCABULARY, key=piece.key) == piece


@given(pieces())
def test_decoding_reads_the_notes_that_the_remi_tokens_spell(piece: Piece) -> None:
    music = encode_bars(piece)
    is_bar = music[:, vocab.TIME] == vocab.BAR
    lengths = vocab.BAR_POSITIONS[music[is_bar, vocab.DURATION] - vocab.METER]
    unit = unit_of(lengths.tolist())
    folded = music.copy()
    folded[is_bar, vocab.DURATION] = lengths // unit
    tracks = tokens_to_score(unfold(folded, unit), unit).tracks
    spelled = [
        (note.time, note.duration, track.program, note.pitch)
        for track in tracks
        for note in track.notes
    ]
    read = [(n.onset, n.length, n.part, n.pitch) for n in _grid_notes(music, 0)]
    assert sorted(read) == sorted(spelled)


@given(loose_pieces())
def test_a_piece_off_the_grid_comes_back_quantised(piece: Piece) -> None:
    assert decode(encode(piece, VOCABULARY), VOCABULARY, key=piece.key) == quantise(piece)


@given(loose_pieces())
def test_quantising_moves_nothing_twice_and_nothing_far(piece: Piece) -> None:
    moved = quantise(piece)
    assert quantise(moved) == moved
    assert all(
        is_on_grid(note.onset_beats, note.duration_beats)
        for part in moved.parts
        for note in part.notes
    )
    for part, before in zip(moved.parts, piece.parts, strict=True):
        pairs = zip(part.notes, sorted(before.notes), strict=True)
        assert all(abs(a.onset_beats - b.onset_beats) <= Fraction(1, 24) for a, b in pairs)


@given(pieces())
def test_the_rows_of_a_piece_are_its_conditions_bars_notes_and_end(piece: Piece) -> None:
    rows = encode(piece, VOCABULARY)
    time = rows[:, vocab.TIME]
    assert time[:N_CONDITIONS].tolist() == list(vocab.CONDITION.values())
    assert int((time == vocab.BAR).sum()) == piece.n_bars
    assert time[-1] == vocab.END
    long = [n for p in piece.parts for n in p.notes if n.duration_beats > 16]
    tied = (rows[:, vocab.PART] >= vocab.TIED) & vocab.is_note(rows)
    assert int((vocab.is_note(rows) & ~tied).sum()) == piece.n_notes
    assert bool(tied.any()) == bool(long)


@given(pieces())
def test_every_id_of_a_piece_fits_its_table(piece: Piece) -> None:
    rows = encode(piece, VOCABULARY)
    assert rows.dtype == np.int16
    assert (rows >= 0).all()
    assert (rows.max(0) < vocab.TABLE_SIZES).all()
    music = rows[N_CONDITIONS:]
    written = music[np.isin(music[:, vocab.TIME], (vocab.END, vocab.BAR), invert=True)]
    assert (written < vocab.WRITTEN_SIZES).all()


@given(st.one_of(pieces(), loose_pieces()))
def test_the_notes_of_a_bar_rise_by_position_part_pitch_and_length(piece: Piece) -> None:
    rows = encode_bars(piece)
    keys = [(bar, *row) for bar, row in zip(bar_numbers(rows), rows.tolist(), strict=True)]
    assert keys == sorted(keys)


@given(pieces())
def test_bars_count_down_to_the_last(piece: Piece) -> None:
    rows = encode_bars(piece)
    left = rows[rows[:, vocab.TIME] == vocab.BAR, vocab.PITCH].tolist()
    assert left == [vocab.bars_left_id(n) for n in reversed(range(piece.n_bars))]


def test_one_piece_in_every_key_has_the_same_notes(chorale: Piece) -> None:
    rows = encode_bars(chorale)
    for key in KEYS[:12]:
        moved = chorale.transposed(key.shift - chorale.key.shift)
        assert np.array_equal(encode_bars(replace(moved, key=key)), rows)


def test_the_chorale_and_the_minuet_come_back(chorale: Piece, keyboard_piece: Piece) -> None:
    for piece in (chorale, keyboard_piece):
        found = decode(encode(piece, VOCABULARY), VOCABULARY)
        assert [part.notes for part in found.parts] == [part.notes for part in piece.parts]
        assert (found.key, found.meters, found.n_bars) == (piece.key, piece.meters, piece.n_bars)


@settings(max_examples=300)
@given(any_rows())
def test_any_rows_give_a_piece_or_an_error_with_its_place(rows: Events) -> None:
    try:
        piece = decode(rows, VOCABULARY)
    except TokenError as error:
        assert 0 <= error.position <= len(rows)
    else:
        assert piece.n_notes > 0
        assert piece.n_bars == int((rows[:, vocab.TIME] == vocab.BAR).sum()) or vocab.END in rows


@given(pieces())
def test_a_piece_needs_no_conditions_and_no_end_to_be_read(piece: Piece) -> None:
    rows = encode_bars(piece)
    assert decode_bars(rows, conditions_of(piece), key=piece.key) == piece


def test_notes_that_meet_at_one_position_rise_by_pitch(chorale: Piece) -> None:
    """Such notes once kept the order that they had before they were moved."""
    notes = (Note(Fraction(1), 67, Fraction(1)), Note(Fraction(101, 100), 60, Fraction(1)))
    rows = encode_bars(replace_parts(chorale, Part(PIANO, notes)))
    pitches = rows[vocab.is_note(rows), vocab.PITCH].tolist()
    assert pitches == [60 + 5, 67 + 5]


def test_a_late_grace_note_begins_another_bar() -> None:
    """A note moved to the closing bar line once broke the count of bars."""
    notes = (Note(Fraction(0), 60, Fraction(1)), Note(Fraction(399, 100), 62, Fraction(1, 100)))
    piece = Piece(
        (Part(PIANO, notes),), (MeterChange(Fraction(0), Meter(4, 4)),), Key("C", "major")
    )
    assert piece.n_bars == 1
    assert decode(encode(piece, VOCABULARY), VOCABULARY).n_bars == quantise(piece).n_bars == 2


def test_a_note_after_the_last_bar_is_refused(chorale: Piece) -> None:
    with pytest.raises(TokenError, match="after the last of 4 bars"):
        encode(replace(chorale, n_bars=4), VOCABULARY)


def test_a_pitch_that_leaves_midi_in_c_is_refused(chorale: Piece) -> None:
    low = Part(PIANO, (Note(Fraction(0), 2, Fraction(1)),))
    with pytest.raises(TokenError, match="pitch 2 leaves 0-127"):
        encode(replace(replace_parts(chorale, low), key=Key("F", "major")), VOCABULARY)


def test_a_meter_without_an_id_is_refused(chorale: Piece) -> None:
    odd = replace(chorale, meters=(MeterChange(Fraction(0), Meter(31, 32)),))
    with pytest.raises(TokenError, match="31/32"):
        encode(odd, VOCABULARY)


def test_a_continuation_without_a_beginning_is_a_note_itself(vocabulary: Vocabulary) -> None:
    bar = vocab.row(vocab.BAR, duration=vocab.METER_ID[4, 4])
    tied = vocab.row(vocab.POSITION + 24, vocab.TIED + 1, 60, 23)
    piece = decode(np.concatenate([bar, tied]), vocabulary)
    assert [part.notes for part in piece.parts[:2]] == [
        (),
        (Note(Fraction(1), 60, Fraction(1)),),
    ]
