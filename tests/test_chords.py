"""Chord symbols and progressions: read, written again, and what belongs to them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from composer.chords import CHORD_TONES, KIND_BY_SUFFIX, Chord, parse_chord, parse_progression
from composer.errors import OptionError
from composer.request import Request
from composer.theory import LINE_OF_FIFTHS

CHORDS = st.builds(
    Chord,
    st.sampled_from(LINE_OF_FIFTHS),
    st.sampled_from(sorted(CHORD_TONES)),
    st.sampled_from(["", "C", "F#", "Bb"]),
)


@given(CHORDS)
def test_a_symbol_is_read_as_it_is_written(chord: Chord) -> None:
    assert parse_chord(str(chord)) == chord


def test_every_kind_that_musicxml_names_has_its_notes() -> None:
    assert KIND_BY_SUFFIX.keys() <= CHORD_TONES.keys()


@pytest.mark.parametrize(
    ("text", "notes"),
    [
        ("G", {7, 11, 2}),
        ("Bbm7/F", {10, 1, 5, 8}),
        ("C♯°7", {1, 4, 7, 10}),
        ("FΔ", {5, 9, 0, 4}),
        ("A-7b5", {9, 0, 3, 7}),
        ("D/E", {2, 6, 9, 4}),
    ],
)
def test_a_symbol_names_its_pitch_classes(text: str, notes: set[int]) -> None:
    assert parse_chord(text).pitch_classes == notes


@given(st.lists(st.lists(st.none() | CHORDS, min_size=1, max_size=4), min_size=1, max_size=5))
def test_a_progression_is_read_as_it_is_written(bars: list[list[Chord | None]]) -> None:
    text = " | ".join(" ".join("N.C." if c is None else str(c) for c in bar) for bar in bars)
    found = parse_progression(text)
    for index, bar in enumerate(bars):
        for place, chord in enumerate(bar):
            assert found.at(index, place / len(bar)) == chord
    assert parse_progression(str(found)) == found
    request = Request(chords=text)
    assert Request.from_dict(request.to_dict()) == request


def test_chords_share_their_bar_are_held_and_repeat() -> None:
    found = parse_progression("|| Em . C D7 | % \n . |")
    assert [str(chord) for chord in found.bar(0)] == ["Em", "Em", "C", "D7"]
    assert found.bar(1) == found.bar(0) and [str(chord) for chord in found.bar(2)] == ["D7"]
    assert found.bar(3) == found.bar(0)
    assert found.bar(-1) == (None,)  # an upbeat


@pytest.mark.parametrize("text", ["|", "H", "G minor", "Gxyz", "G | " * 600, "C " * 40, "c", 7, []])
def test_what_is_no_progression_is_refused_in_a_sentence(text: object) -> None:
    with pytest.raises(OptionError, match="`chords`"):
        Request(chords=text)  # type: ignore[arg-type]
