from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from composer.errors import ScoreFileError
from composer.scoring import measure
from composer.scoring.chords import QUALITIES, find_chords
from composer.scoring.harmony.chord_table import (
    ALL,
    CHORDS_PATH,
    FAMILIES,
    build_chord_table,
    load_chord_table,
    save_chord_table,
)
from composer.scoring.texture import build_texture
from composer.theory import parse_key, pitch_name
from tests.scoring.lines import piece_of, places_of, value_of

# I IV V I and, with the same notes in each bar but for the third chord, I IV #i I.
USUAL = "C5 C5 B4 C5", "G4 A4 G4 G4", "E4 F4 D4 E4", "C3 F3 G3 C3"
ODD = "C5 C5 C#5 C5", "G4 A4 G#4 G4", "E4 F4 E4 E4", "C3 F3 C#3 C3"


@pytest.mark.parametrize("quality", QUALITIES)
@pytest.mark.parametrize("root", range(12))
def test_every_chord_over_its_root_is_named(quality: str, root: int) -> None:
    pitches = [48 + root + note for note in QUALITIES[quality]]
    found = find_chords(build_texture(piece_of(*reversed([_line(pitch) for pitch in pitches]))))
    assert list(QUALITIES)[found.qualities[0]] == quality
    assert found.roots[0] == root


def _line(pitch: int) -> str:
    return pitch_name(pitch, parse_key("C major"))


def test_a_passing_note_does_not_change_the_chord() -> None:
    chords = find_chords(build_texture(piece_of("C5:1/2 D5:1/2", "G4", "E4", "C3")))
    assert (chords.roots[0], list(QUALITIES)[chords.qualities[0]]) == (0, "major")


def test_one_note_is_no_chord() -> None:
    assert not find_chords(build_texture(piece_of("C4 D4", "C3 D3"))).is_known.any()


@pytest.mark.parametrize("rule", ["chord_surprise", "move_surprise"])
def test_usual_chords_surprise_less_than_odd_ones(rule: str) -> None:
    """The usual progressions: I is followed by IV, IV by V, V by I."""
    assert value_of(rule, *USUAL) < value_of(rule, *ODD)
    assert places_of(rule, *USUAL) == ()


def test_an_odd_move_is_named_with_its_place() -> None:
    places = places_of("move_surprise", *ODD)
    assert "F major to C# minor" in {place.note for place in places if place.onset_beats == 2}


def test_a_foreign_note_spoils_a_plain_chord() -> None:
    assert value_of("plain_chords", *USUAL) == 1
    assert value_of("plain_chords", USUAL[0].replace("B4", "C#5"), *USUAL[1:]) == 0.75


def test_harmonic_rhythm_counts_changes_of_chord_and_not_of_notes() -> None:
    assert value_of("harmonic_rhythm", *USUAL) == 1
    assert value_of("harmonic_rhythm", "C5 G4 C5 E5", "G4 E4 G4 G4", "C3 C3 E3 C3") == 0


def test_a_chord_that_stays_over_the_bar_line_works_against_the_meter() -> None:
    """Temperley, p. 51: the bar line wants a new chord."""
    bars = "C5:2 C5:2 | B4:2 C5:2", "G4:2 A4:2 | G4:2 G4:2", "C3:2 F3:2 | G3:2 C3:2"
    assert value_of("held_over_bars", *bars) == 0
    held = "C5:2 B4:2 | B4:2 C5:2", "G4:2 G4:2 | G4:2 G4:2", "C3:2 G3:2 | G3:2 C3:2"
    assert value_of("held_over_bars", *held) == 1


def phrases(last: str) -> tuple[str, ...]:
    """Two phrases; the first ends on a bass of our choice under C and E."""
    return (
        "C5 D5 D5 E5:4 - C5 D5 D5 C5:4",
        "G4 A4 B4 C5:4 - G4 A4 G4 G4:4",
        f"C3 F3 G3 {last}:4 - C3 F3 G3 C3:4",
    )


def test_a_phrase_closes_on_a_triad_in_root_position() -> None:
    assert value_of("phrase_closes", *phrases("C3")) == 1
    assert value_of("phrase_closes", *phrases("D3")) == 0
    place = places_of("phrase_closes", *phrases("D3"))[0]
    assert (place.onset_beats, place.note) == (3, "E5/C5/D3 at the end of a phrase")


def test_a_piece_without_rest_has_no_phrase_to_close() -> None:
    assert math.isnan(value_of("phrase_closes", "C4 D4 E4 F4"))


def closing(*last: str) -> tuple[str, ...]:
    """A chorale's phrase; its last chord is of our choice."""
    lines = ("C5 D5 D5", "G4 A4 B4", "E4 F4 G4", "C3 F3 G3")
    return tuple(f"{line} {end}" for line, end in zip(lines, last, strict=True))


@pytest.mark.parametrize(
    ("last", "value", "words"),
    [
        (("C5:4", "G4:4", "E4:4", "C3:4"), 1, "complete triad, in order, 4 quarters long"),
        (("C5:4", "C5:4", "G4:4", "C3:4"), 2 / 3, "no triad with its third, in order"),
        (("C5:4", "E4:4", "G4:4", "C3:4"), 2 / 3, "a complete triad, voices crossed"),
        (("C5", "G4", "E4", "C3"), 5 / 6, "1 quarters long"),
    ],
)
def test_a_last_chord_is_complete_uncrossed_and_long(last, value: float, words: str) -> None:
    assert value_of("last_chord", *closing(*last)) == pytest.approx(value)
    assert words in places_of("last_chord", *closing(*last))[0].note


def test_two_voices_may_end_on_an_octave() -> None:
    assert math.isnan(value_of("last_chord", "C5 D5 B4 C5", "C4 F3 G3 C3"))


def in_keys(*tonics: str) -> tuple[str, ...]:
    """Two bars of I IV V I in every key."""
    chords = {
        "C": "C4+E4+G4 F4+A4+C5 G4+B4+D5 C4+E4+G4",
        "G": "G4+B4+D5 C4+E4+G4 D4+F#4+A4 G4+B4+D5",
        "F#": "F#4+A#4+C#5 B3+D#4+F#4 C#4+F4+G#4 F#4+A#4+C#5",
    }
    line = " ".join(f"{chords[tonic]} {chords[tonic]}" for tonic in tonics)
    return (line, line.replace("5", "4"))


def test_far_keys_lie_farther_away_than_near_ones() -> None:
    home, near, far = (
        value_of("modulation_distance", *in_keys("C", "C", tonic, tonic, "C", "C"))
        for tonic in ("C", "G", "F#")
    )
    assert home == 0 < near < far


def test_a_far_key_is_named_with_its_bars() -> None:
    places = places_of("modulation_distance", *in_keys("C", "C", "F#", "F#", "C", "C"))
    assert [(place.bar, place.note) for place in places] == [(5, "in F# major"), (7, "in F# major")]


def test_a_piece_that_ends_abroad_does_not_return() -> None:
    assert value_of("return_home", *in_keys("C", "G", "G", "C", "C")) == 1
    assert value_of("return_home", *in_keys("C", "C", "G", "G", "G")) == 0.5
    assert value_of("return_home", *in_keys("C", "C", "F#", "F#", "F#")) == 0


def test_notes_are_foreign_to_the_key_of_their_bars_and_not_of_the_piece() -> None:
    modulating = in_keys("C", "C", "F#", "F#", "F#", "C", "C")
    assert value_of("foreign_notes", *modulating) < value_of("scale_share", *modulating) / 10
    assert value_of("foreign_notes", *in_keys("C", "C", "C")) == 0


def test_few_bars_have_no_keys_on_the_way() -> None:
    assert math.isnan(value_of("modulation_distance", *in_keys("C")))


def test_a_table_of_chords_is_saved_and_loaded_alike(chorale, tmp_path: Path) -> None:
    table = build_chord_table([chorale])
    loaded = load_chord_table(save_chord_table(table, tmp_path / "chords.json"))
    assert set(loaded) == {"chorales", ALL}
    assert table[ALL].chords[0].argmax() == 0  # I in major
    for bits in loaded["chorales"]:
        assert np.exp2(-bits).sum(axis=(1, 2)) == pytest.approx(1)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"qualities": [], "families": {}}'])
def test_a_file_that_holds_no_chords_is_refused_in_a_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "other.json"
    path.write_text(text)
    with pytest.raises(ScoreFileError, match=r"other\.json"):
        load_chord_table(path)


def test_the_bundled_chords_know_all_families_and_fit_in_a_small_file() -> None:
    assert set(load_chord_table()) == {*FAMILIES, ALL}
    assert CHORDS_PATH.stat().st_size < 50_000


def test_a_form_is_compared_with_the_chords_of_its_family(chorale) -> None:
    values = {
        form: measure(replace(chorale, form=form))["move_surprise"].value
        for form in ("chorale", "mazurka")
    }
    assert values["chorale"] < values["mazurka"]
