"""Pitches, keys, meters and instruments, by the textbook."""

from __future__ import annotations

from fractions import Fraction

import pytest

from composer.errors import OptionError
from composer.theory import (
    ENSEMBLES,
    INSTRUMENTS,
    KEY_PROFILES,
    KEYS,
    LINE_OF_FIFTHS,
    MODES,
    MONOPHONIC_ENSEMBLES,
    Key,
    ensemble_instruments,
    estimate_key,
    key_from_pitch_class,
    key_from_signature,
    name_parts,
    parse_key,
    parse_meter,
    pitch_name,
    spelling_to_pitch_class,
)

SIGNED_KEYS = [key_from_signature(fifths, mode) for fifths in range(-7, 8) for mode in MODES]


def names_of(key: Key) -> str:
    """Spell the twelve pitches above the tonic without octaves."""
    pitches = range(60 + key.tonic_pitch_class, 72 + key.tonic_pitch_class)
    return " ".join(pitch_name(pitch, key).rstrip("0123456789") for pitch in pitches)


@pytest.mark.parametrize("key", SIGNED_KEYS, ids=str)
def test_a_key_comes_back_from_its_signature_and_its_name(key: Key) -> None:
    assert key_from_signature(key.fifths, key.mode) == key
    assert parse_key(str(key)) == key


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("G minor", "G minor"),
        ("f# minor", "F# minor"),
        ("Bb major", "Bb major"),
        ("E-flat", "Eb major"),
        ("e-flat minor", "Eb minor"),
        ("C sharp minor", "C# minor"),
        ("Am", "A minor"),
        ("a", "A minor"),
        ("A", "A major"),
        ("B♭ min", "Bb minor"),
        ("  d maj ", "D major"),
        ("G MAJOR", "G major"),
        ("b minor", "B minor"),
    ],
)
def test_a_key_is_read_as_people_write_it(text: str, key: str) -> None:
    assert str(parse_key(text)) == key


@pytest.mark.parametrize("text", ["", "H minor", "C lydian", "Cbb", "12", "C" * 1000, "G# major"])
def test_a_text_that_names_no_key_is_refused(text: str) -> None:
    with pytest.raises(OptionError) as caught:
        parse_key(text)
    assert len(str(caught.value)) < 120


def test_signatures_are_those_of_the_circle_of_fifths() -> None:
    sharps = {"C": 0, "G": 1, "D": 2, "A": 3, "E": 4, "B": 5, "F#": 6, "C#": 7}
    flats = {"F": -1, "Bb": -2, "Eb": -3, "Ab": -4, "Db": -5, "Gb": -6, "Cb": -7}
    assert all(Key(tonic, "major").fifths == n for tonic, n in (sharps | flats).items())
    assert Key("A", "minor").fifths == 0
    assert Key("C", "minor").fifths == -3


def test_there_are_24_usual_keys_each_with_its_own_tonic() -> None:
    assert len(KEYS) == len(set(KEYS)) == 24
    for mode in MODES:
        assert {key.tonic_pitch_class for key in KEYS if key.mode == mode} == set(range(12))
        assert all(key_from_pitch_class(pc + 12, mode).tonic_pitch_class == pc for pc in range(12))


@pytest.mark.parametrize("key", SIGNED_KEYS, ids=str)
def test_normalising_moves_a_tonic_by_the_shorter_way(key: Key) -> None:
    assert -6 <= key.shift <= 5
    assert key.shift % 12 == key.tonic_pitch_class


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_a_scale_has_seven_degrees_and_minor_two_more(key: Key) -> None:
    assert len(key.scale) == (7 if key.mode == "major" else 9)
    assert {(key.tonic_pitch_class + step) % 12 for step in (0, 7)} <= key.scale


def test_degrees_are_spelled_as_a_musician_writes_them() -> None:
    assert names_of(Key("C", "major")) == "C C# D Eb E F F# G G# A Bb B"
    assert names_of(Key("D", "minor")) == "D Eb E F F# G G# A Bb B C C#"
    assert pitch_name(60) == "C4"
    assert pitch_name(59, Key("Cb", "major")) == "Cb4"
    assert pitch_name(72, Key("C#", "major")) == "B#4"


@pytest.mark.parametrize("key", SIGNED_KEYS, ids=str)
def test_every_pitch_is_spelled_and_sounds_as_it_is_spelled(key: Key) -> None:
    for pitch in range(21, 109):
        name = pitch_name(pitch, key)
        octave = int(name.lstrip("ABCDEFGb#"))
        spelling = name[: -len(str(octave))]
        step = spelling_to_pitch_class(spelling[0]) + spelling.count("#") - spelling.count("b")
        assert step + 12 * (octave + 1) == pitch


def test_the_line_of_fifths_rises_by_fifths() -> None:
    classes = [spelling_to_pitch_class(name) for name in LINE_OF_FIFTHS]
    assert all((b - a) % 12 == 7 for a, b in zip(classes, classes[1:], strict=False))


@pytest.mark.parametrize(
    ("text", "meter", "length", "pulse"),
    [
        ("4/4", "4/4", 4, 1),
        ("C", "4/4", 4, 1),
        ("C|", "2/2", 4, 2),
        (" 6/8 ", "6/8", 3, Fraction(3, 2)),
        ("3/8", "3/8", Fraction(3, 2), Fraction(1, 2)),
        ("9/8", "9/8", Fraction(9, 2), Fraction(3, 2)),
        ("3/2", "3/2", 6, 2),
        ("15/32", "15/32", Fraction(15, 8), Fraction(3, 8)),
    ],
)
def test_a_meter_has_its_length_and_its_pulse(
    text: str, meter: str, length: Fraction, pulse: Fraction
) -> None:
    found = parse_meter(text)
    assert (str(found), found.length_beats, found.pulse_beats) == (meter, length, pulse)


@pytest.mark.parametrize("text", ["", "4", "4/5", "0/4", "65/4", "-3/4", "4/0", "3/4/5", "³/4"])
def test_a_text_that_is_no_time_signature_is_refused(text: str) -> None:
    with pytest.raises(OptionError, match="time signature"):
        parse_meter(text)


@pytest.mark.parametrize("ensemble", [*ENSEMBLES, "", "a band of kazoos"])
@pytest.mark.parametrize("n_parts", range(1, 17))
def test_every_ensemble_has_an_instrument_a_part(ensemble: str, n_parts: int) -> None:
    instruments = ensemble_instruments(ensemble, n_parts)
    assert len(instruments) == n_parts
    assert set(instruments) <= set(INSTRUMENTS.values())
    if ensemble in ("choir", "string quartet"):
        assert [i.low for i in instruments] == sorted((i.low for i in instruments), reverse=True)


def test_old_keyboard_music_is_for_the_harpsichord() -> None:
    assert {i.name for i in ensemble_instruments("keyboard", 2, "Bach")} == {"harpsichord"}
    assert {i.name for i in ensemble_instruments("keyboard", 2, "Chopin")} == {"piano"}
    assert set(ENSEMBLES) > MONOPHONIC_ENSEMBLES


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_a_profile_is_recognised_as_its_own_key(key: Key) -> None:
    profile = KEY_PROFILES[key.mode]
    tonic = key.tonic_pitch_class
    durations = [profile[(pitch_class - tonic) % 12] for pitch_class in range(12)]
    found, margin = estimate_key(durations)
    assert found == key
    assert margin > 0


def test_the_last_bass_note_decides_between_relatives() -> None:
    white_keys = [
        1.0 if pitch_class in Key("C", "major").scale else 0.0 for pitch_class in range(12)
    ]
    assert str(estimate_key(white_keys, 0)[0]) == "C major"
    assert str(estimate_key(white_keys, 9)[0]) == "A minor"


def test_nothing_tells_keys_apart_in_silence() -> None:
    assert estimate_key([0.0] * 12)[1] == 0
    with pytest.raises(OptionError, match="twelve durations, got 3"):
        estimate_key([1, 2, 3])


def test_parts_that_play_the_same_are_told_apart() -> None:
    def names(*instruments: str) -> list[str]:
        return name_parts([("", INSTRUMENTS[name]) for name in instruments])

    assert names("violin", "violin", "viola") == ["violin I", "violin II", "viola"]
    assert names("solo voice", "piano", "piano")[1:] == ["piano, right hand", "piano, left hand"]
    assert names("piano", "piano", "piano") == ["piano I", "piano II", "piano III"]
    assert names("piano", "flute", "piano") == ["piano I", "flute", "piano II"]
    assert name_parts([("Oboe d'amore", INSTRUMENTS["oboe"])]) == ["Oboe d'amore"]
