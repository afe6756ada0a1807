from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pretty_midi
import pytest

from composer.errors import OptionError
from composer.piece import Note, Part, Piece
from composer.rendering import perform
from composer.theory import KEYS, Key


def test_a_quarter_lasts_a_second_at_60_quarters_a_minute(chorale: Piece) -> None:
    played = perform(chorale, tempo_bpm=60)
    for part, player in zip(chorale.parts, played.instruments, strict=True):
        written = [
            (float(n.onset_beats), float(n.end_beats), n.pitch, n.velocity) for n in part.notes
        ]
        assert [(n.start, n.end, n.pitch, n.velocity) for n in player.notes] == written


def test_without_a_wish_the_piece_goes_at_its_own_tempo(keyboard_piece: Piece) -> None:
    slow = replace(keyboard_piece, tempo_bpm=45.0)
    end_s = float(slow.end_of_notes_beats) * 60 / 45
    assert perform(slow).get_end_time() == pytest.approx(end_s)


def test_every_part_keeps_its_instrument_and_name(chorale: Piece) -> None:
    players = perform(chorale).instruments
    assert [p.program for p in players] == [part.instrument.program for part in chorale.parts]
    assert [p.name for p in players] == ["soprano", "alto", "tenor", "bass"]


def test_a_held_key_is_let_go_before_it_is_struck_again(chorale: Piece) -> None:
    notes = (Note(Fraction(0), 60, Fraction(4)), Note(Fraction(1), 60, Fraction(1)))
    piece = replace(chorale, parts=(Part(chorale.parts[0].instrument, notes),))
    first, second = perform(piece, tempo_bpm=60).instruments[0].notes
    assert (first.end, second.start, second.end) == (1, 1, 2)


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_the_performance_knows_the_key(chorale: Piece, key: Key) -> None:
    change = perform(replace(chorale, key=key)).key_signature_changes[0]
    name = pretty_midi.key_number_to_key_name(change.key_number)
    assert name.split()[1].lower() == key.mode
    assert change.key_number % 12 == key.tonic_pitch_class


def test_an_empty_piece_is_silence(empty_piece: Piece) -> None:
    assert perform(empty_piece).get_end_time() == 0


def test_a_tempo_that_cannot_be_played_is_refused(chorale: Piece) -> None:
    with pytest.raises(OptionError, match="quarters a minute"):
        perform(chorale, tempo_bpm=float("nan"))
