from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pretty_midi
import pytest
from hypothesis import given

from composer.errors import OptionError
from composer.piece import BEND, Control, Marking, Marks, Note, Part, Piece, TempoChange
from composer.rendering import perform
from composer.rendering.performance import BREATH_S, REPEAT_GAP_S
from composer.rendering.unisons import cut_unisons
from composer.theory import INSTRUMENTS, KEYS, PERCUSSION, Key
from tests.conftest import part_of
from tests.strategies import loose_pieces, pieces


def test_a_quarter_lasts_a_second_at_60_quarters_a_minute(chorale: Piece) -> None:
    played = perform(chorale, tempo_bpm=60, is_expressive=False)
    for part, player in zip(chorale.parts, played.instruments, strict=True):
        written = [
            (float(n.onset_beats), float(n.end_beats), n.pitch, n.velocity) for n in part.notes
        ]
        assert [(n.start, n.end, n.pitch, n.velocity) for n in player.notes] == written


def test_without_a_setting_the_piece_goes_at_its_own_tempo(keyboard_piece: Piece) -> None:
    slow = replace(keyboard_piece, tempo_bpm=45.0)
    end_s = float(slow.end_of_notes_beats) * 60 / 45
    assert perform(slow, is_expressive=False).get_end_time() == pytest.approx(end_s)


def test_every_part_keeps_its_instrument_and_name(chorale: Piece) -> None:
    players = perform(chorale).instruments
    assert [p.program for p in players] == [part.instrument.program for part in chorale.parts]
    assert [p.name for p in players] == ["soprano", "alto", "tenor", "bass"]


def test_a_held_key_is_let_go_before_it_is_struck_again(chorale: Piece) -> None:
    notes = (Note(Fraction(0), 60, Fraction(4)), Note(Fraction(1), 60, Fraction(1)))
    piece = replace(chorale, parts=(Part(chorale.parts[0].instrument, notes),))
    first, second = perform(piece, tempo_bpm=60, is_expressive=False).instruments[0].notes
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


@given(pieces() | loose_pieces())
def test_an_expressive_performance_has_every_note_and_no_other(piece: Piece) -> None:
    for part, player in zip(piece.parts, perform(piece).instruments, strict=True):
        assert [note.pitch for note in player.notes] == [n.pitch for n in cut_unisons(part.notes)]
        assert all(0 <= note.start < note.end for note in player.notes)


@given(pieces() | loose_pieces())
def test_the_order_of_onsets_stays_and_chords_stay_together(piece: Piece) -> None:
    onset_by_start: dict[float, set[Fraction]] = {}
    for part, player in zip(piece.parts, perform(piece).instruments, strict=True):
        for note, played in zip(cut_unisons(part.notes), player.notes, strict=True):
            onset_by_start.setdefault(played.start, set()).add(note.onset_beats)
    assert all(len(onsets) == 1 for onsets in onset_by_start.values())
    onsets = [onset for _, (onset,) in sorted(onset_by_start.items())]
    assert onsets == sorted(set(onsets))


@given(pieces() | loose_pieces())
def test_no_key_is_struck_while_it_is_held(piece: Piece) -> None:
    for player in perform(piece).instruments:
        for note in player.notes:
            later = [n for n in player.notes if n.pitch == note.pitch and n.start > note.start]
            assert all(note.end <= n.start for n in later)


@given(pieces())
def test_without_expression_the_score_is_played_as_written(piece: Piece) -> None:
    for part, player in zip(
        piece.parts, perform(piece, tempo_bpm=60, is_expressive=False).instruments, strict=True
    ):
        assert [(n.start, n.end, n.velocity) for n in player.notes] == [
            (float(n.onset_beats), float(n.end_beats), n.velocity) for n in cut_unisons(part.notes)
        ]


def test_the_same_piece_is_played_alike_twice(chorale: Piece) -> None:
    first, second = (
        [(n.start, n.end, n.velocity) for part in perform(chorale).instruments for n in part.notes]
        for _ in range(2)
    )
    assert first == second


def test_repeated_notes_are_let_go_before_they_are_struck_again(chorale: Piece) -> None:
    part = part_of(INSTRUMENTS["flute"], "C5 C5 C5 D5 E5:4")
    notes = perform(replace(chorale, parts=(part,)), tempo_bpm=60).instruments[0].notes
    gaps = [later.start - note.end for note, later in zip(notes, notes[1:], strict=False)]
    assert gaps[:2] == pytest.approx([REPEAT_GAP_S] * 2) and gaps[2:] == pytest.approx([0, 0])


def test_players_breathe_between_phrases(chorale: Piece) -> None:
    part = part_of(INSTRUMENTS["flute"], "C5 D5 E5 F5 | G5 A5 G5:2 | C5 D5 E5 F5 | G5 A5 G5:2")
    notes = perform(replace(chorale, parts=(part,), n_bars=0), tempo_bpm=60).instruments[0].notes
    assert notes[7].start - notes[6].end == pytest.approx(BREATH_S)


def test_a_new_tempo_holds_from_where_it_stands(chorale: Piece) -> None:
    tempos = (TempoChange(Fraction(4), 30.0),)
    piece = replace(chorale, tempo_bpm=60.0, tempos=tempos)
    starts = {round(n.start, 3) for n in perform(piece, is_expressive=False).instruments[0].notes}
    onsets = {note.onset_beats for note in chorale.parts[0].notes}
    assert starts == {round(float(o if o < 4 else 4 + 2 * (o - 4)), 3) for o in onsets}
    twice = perform(piece, tempo_bpm=120, is_expressive=False)
    assert twice.get_end_time() == pytest.approx(
        perform(piece, is_expressive=False).get_end_time() / 2
    )
    longer = perform(piece).get_end_time() / perform(replace(piece, tempos=())).get_end_time()
    assert longer > 1.5


def test_pedals_bends_and_drums_are_played(chorale: Piece) -> None:
    controls = (Control(Fraction(1), 64, 127), Control(Fraction(2), BEND, 4096))
    lines = (replace(chorale.parts[0], controls=controls, channel=3), *chorale.parts[1:])
    hand = replace(chorale.parts[1], channel=3)
    drums = Part(PERCUSSION, chorale.parts[0].notes[:2])
    piece = replace(chorale, parts=(lines[0], hand, *lines[2:]), percussion=(drums,))
    players = perform(piece, tempo_bpm=60, is_expressive=False).instruments
    for player in players[:2]:  # they share a channel
        assert [(c.number, c.value, c.time) for c in player.control_changes] == [(64, 127, 1.0)]
        assert [(bend.pitch, bend.time) for bend in player.pitch_bends] == [(4096, 2.0)]
    assert [player.is_drum for player in players] == [False] * 4 + [True]


def test_dynamics_articulations_and_pedal_lines_are_heard(chorale: Piece) -> None:
    notes = tuple(
        Note(Fraction(i), 60 + i, Fraction(1), marks=Marks(signs=signs) if signs else None)
        for i, signs in enumerate([(), ("staccato",), ("accent",), ()])
    )
    markings = (
        Marking(Fraction(0), "dynamic", "p"),
        Marking(Fraction(0), "pedal", "", Fraction(2)),
        Marking(Fraction(3), "dynamic", "ff"),
    )
    part = Part(INSTRUMENTS["piano"], notes, markings=markings)
    piece = replace(chorale, parts=(part,), n_bars=0)
    (player,) = perform(piece, tempo_bpm=60, is_expressive=False).instruments
    assert [note.velocity for note in player.notes] == [49, 49, 65, 112]
    assert [note.end - note.start for note in player.notes] == pytest.approx([1, 0.5, 1, 1])
    assert [(c.number, c.value, c.time) for c in player.control_changes] == [
        (64, 127, 0.0),
        (64, 0, 2.0),
    ]
