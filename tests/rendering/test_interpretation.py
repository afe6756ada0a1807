from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from statistics import fmean, pstdev
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings

from composer.corpus.midi import read_midi_bytes
from composer.piece import Marking, MeterChange, Piece
from composer.rendering import perform
from composer.rendering.dynamics import plan_levels
from composer.rendering.interpretation import interpret, tempo_word
from composer.rendering.midi import midi_bytes
from composer.rendering.musicxml import musicxml_bytes
from composer.rendering.phrases import find_phrases
from composer.rendering.sounding import sounding
from composer.theory import INSTRUMENTS, Meter, ensemble_instruments
from tests.conftest import part_of
from tests.strategies import loose_pieces, pieces


def piece_of(form: str, instruments: list[str], *lines: str, like: Piece) -> Piece:
    parts = tuple(
        part_of(INSTRUMENTS[name], line) for name, line in zip(instruments, lines, strict=True)
    )
    return replace(like, parts=parts, form=form, n_bars=0)


# Two phrases, the second higher and fuller, each closed by a long note.
MELODY = "C4 D4 E4 F4 | E4 D4 C4:2 | G5:1/2 A5:1/2 B5:1/2 A5:1/2 G5 A5 | B5 A5 G5:2"
BASS = "C3:2 G3:2 | C3:2 C3:2 | C3:1/2 E3:1/2 G3:1/2 E3:1/2 C3:2 | G2:2 C3:2"


@pytest.fixture
def duo(chorale: Piece) -> Piece:
    return piece_of("sonata", ["violin", "cello"], MELODY, BASS, like=chorale)


@pytest.fixture
def nocturne(chorale: Piece) -> Piece:
    return piece_of("nocturne", ["piano", "piano"], MELODY, BASS, like=chorale)


def velocities(piece: Piece) -> list[int]:
    return [note.velocity for part in sounding(piece).parts for note in part.notes]


def kinds(piece: Piece, index: int = 0) -> list[str]:
    return [one.kind for one in piece.parts[index].markings]


def test_a_player_varies_the_loudness_by_a_dozen_and_more(
    chorale: Piece, duo: Piece, nocturne: Piece
) -> None:
    """The spread was 4, and what was handed out had a velocity of 80 throughout."""
    for piece in (chorale, duo, nocturne):
        assert pstdev(velocities(piece)) == 0
        played = interpret(piece)
        assert pstdev(velocities(played)) >= 12
        back = read_midi_bytes(midi_bytes(played))
        assert pstdev([n.velocity for part in back.parts for n in part.notes]) >= 12


@given(pieces() | loose_pieces())
@settings(max_examples=30)
def test_nothing_is_read_into_a_piece_twice_and_its_notes_stay(piece: Piece) -> None:
    once = interpret(piece)
    # One velocity for all notes is a file's way of stating none.
    assert interpret(once) == once or len({n.velocity for p in once.parts for n in p.notes}) == 1
    for part, played in zip(piece.parts, once.parts, strict=True):
        bare = [replace(note, velocity=80, marks=None) for note in played.notes]
        assert sorted(bare) == sorted(replace(note, velocity=80) for note in part.notes)


def test_a_piece_of_no_known_form_gets_velocities_and_no_marks(duo: Piece) -> None:
    played = interpret(replace(duo, form=""))
    assert not any(part.markings for part in played.parts)
    assert pstdev(velocities(played)) > 0


def test_what_a_piece_says_itself_stays(duo: Piece) -> None:
    marked = replace(duo.parts[0], markings=(Marking(Fraction(0), "dynamic", "pp"),))
    played = interpret(replace(duo, parts=(marked, duo.parts[1])))
    assert [part.markings for part in played.parts] == [marked.markings, ()]
    notes = tuple(replace(n, velocity=40 + i) for i, n in enumerate(duo.parts[0].notes))
    loud = replace(duo, parts=(replace(duo.parts[0], notes=notes), duo.parts[1]), form="")
    assert interpret(loud) == loud


def test_the_higher_and_fuller_phrase_is_louder_and_an_echo_softer(duo: Piece) -> None:
    first, second = plan_levels(duo, find_phrases(duo))
    order = ["p", "mp", "mf", "f"]
    assert order.index(second.mark) > order.index(first.mark)
    line = "C5 D5 E5 F5 | E5 D5 C5:2 | C5 D5 E5 F5 | E5 D5 C5:2"
    echo = replace(duo, parts=(part_of(INSTRUMENTS["violin"], line),))
    first, second = plan_levels(echo, find_phrases(echo))
    assert order.index(second.mark) == order.index(first.mark) - 1


def test_the_sheet_says_what_is_played(duo: Piece) -> None:
    root = ElementTree.fromstring(musicxml_bytes(interpret(duo)))
    upper = root.findall("part")[0]
    assert [one.text for one in upper.iter("words")] == [tempo_word(duo)]
    assert len(list(upper.iter("dynamics"))) == 2
    assert [one.get("type") for one in upper.iter("wedge")] == ["crescendo", "stop"]
    assert len(list(upper.iter("slur"))) >= 2


def test_a_crescendo_on_the_sheet_is_one_in_the_ear(duo: Piece) -> None:
    (hairpin,) = (one for one in interpret(duo).parts[0].markings if one.kind == "crescendo")
    notes = sounding(interpret(duo)).parts[0].notes
    bar = [n for n in notes if hairpin.onset_beats - 4 <= n.onset_beats < hairpin.onset_beats]
    after = [n for n in notes if n.onset_beats > hairpin.onset_beats + 4]
    assert fmean(n.velocity for n in after) > fmean(n.velocity for n in bar)
    assert fmean(n.velocity for n in perform(duo).instruments[0].notes) > 0


def test_chorales_have_fermatas_at_the_ends_of_their_lines_and_nothing_else(
    chorale: Piece,
) -> None:
    played = interpret(chorale)
    assert not any(part.markings for part in played.parts)
    ends = [phrase.end_beats for phrase in find_phrases(chorale)]
    for part in played.parts:
        held = [note.end_beats for note in part.notes if note.marks]
        assert held == ends
    root = ElementTree.fromstring(musicxml_bytes(played))
    assert len(list(root.iter("fermata"))) == 4 * len(ends)


@pytest.mark.parametrize("form", ["fugue", "motet", "mass", "invention"])
def test_forms_that_print_no_dynamics_get_none(duo: Piece, form: str) -> None:
    assert kinds(interpret(replace(duo, form=form))) == ["words"]


def test_old_dances_go_from_level_to_level_at_once(duo: Piece) -> None:
    assert "crescendo" not in kinds(interpret(replace(duo, form="minuet")))


def test_two_hands_have_one_row_of_dynamics_and_one_pedal(nocturne: Piece) -> None:
    played = interpret(nocturne)
    assert "dynamic" in kinds(played) and "dynamic" not in kinds(played, 1)
    right, left = (part.controls for part in played.parts)
    assert right == left and {one.kind for one in left} == {64}
    values = [one.value for one in left]
    assert values[::2] == [127] * (len(values) // 2) and set(values[1::2]) == {0}
    times = [one.onset_beats for one in left]
    assert times == sorted(times)


def test_harpsichords_have_no_dynamics_and_no_pedal(nocturne: Piece) -> None:
    parts = [replace(p, instrument=INSTRUMENTS["harpsichord"]) for p in nocturne.parts]
    played = interpret(replace(nocturne, parts=tuple(parts), form="sonata"))
    assert "dynamic" not in kinds(played) and not any(p.controls for p in played.parts)
    assert set(velocities(played)) == {80}


@pytest.mark.parametrize(
    ("tempo_bpm", "meter", "word"),
    [
        (40, (4, 4), "Largo"),
        (72, (4, 4), "Andante"),
        (72, (6, 8), "Largo"),
        (138, (3, 4), "Allegro"),
        (208, (2, 1), "Adagio"),
        (200, (2, 4), "Presto"),
    ],
)
def test_the_word_of_a_tempo_goes_by_the_pulse(duo: Piece, tempo_bpm, meter, word: str) -> None:
    meters = (MeterChange(Fraction(0), Meter(*meter)),)
    assert tempo_word(replace(duo, tempo_bpm=float(tempo_bpm), meters=meters)) == word


def test_violins_stay_in_the_treble_clef_and_violas_in_their_own(chorale: Piece) -> None:
    lines = ["G3 A3 B3 G3", "G3 A3 G3 G3", "A4 B4 A4 G4", "C3 D3 E3 C3"]
    players = ensemble_instruments("string quartet", 4)
    parts = tuple(part_of(one, line) for one, line in zip(players, lines, strict=True))
    root = ElementTree.fromstring(musicxml_bytes(replace(chorale, parts=parts, n_bars=0)))
    assert [sign.text for sign in root.iterfind("part/measure/attributes/clef/sign")] == [
        "G", "G", "C", "F",
    ]  # fmt: skip
