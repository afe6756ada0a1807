from __future__ import annotations

from collections import Counter
from fractions import Fraction
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from composer.piece import Note
from composer.rendering.voices import split_voices

NOTES = st.lists(
    st.builds(
        Note,
        onset_beats=st.integers(0, 24).map(lambda n: Fraction(n, 2)),
        pitch=st.integers(40, 80),
        duration_beats=st.integers(1, 12).map(lambda n: Fraction(n, 2)),
    ),
    max_size=14,
).map(sorted)
BAR_LINES = [Fraction(4 * i) for i in range(6)]


def note(onset: int, end: int, pitch: int) -> Note:
    return Note(Fraction(onset), pitch, Fraction(end - onset))


@given(NOTES)
def test_every_note_stands_in_one_voice_and_no_voice_overlaps(notes: list[Note]) -> None:
    voices = split_voices(notes, BAR_LINES)
    indices = Counter(i for voice in voices for chord in voice for i in chord.indices)
    assert indices == Counter(range(len(notes)))
    assert all(a.end_beats <= b.onset_beats for voice in voices for a, b in pairwise(voice))


@given(NOTES)
def test_there_are_as_many_voices_as_different_notes_sound_at_once(notes: list[Note]) -> None:
    chords = Counter((n.onset_beats, n.end_beats, n.pitch) for n in notes)
    layers = Counter()
    for (onset, end, _), times in chords.items():
        layers[onset, end] = max(layers[onset, end], times)
    most = max(
        (sum(n for (a, b), n in layers.items() if a <= onset < b) for onset, _ in layers), default=0
    )
    assert len(split_voices(notes, BAR_LINES)) == most


def test_what_begins_and_ends_together_is_a_chord() -> None:
    (voice,) = split_voices([note(0, 1, 60), note(0, 1, 64), note(1, 2, 62)], BAR_LINES)
    assert [chord.indices for chord in voice] == [(0, 1), (2,)]


def test_the_higher_line_is_the_first_voice_bar_by_bar() -> None:
    notes = [note(0, 4, 48), note(1, 2, 72), note(4, 8, 72), note(5, 6, 48)]
    upper, lower = split_voices(notes, BAR_LINES)
    assert [chord.indices for chord in upper] == [(1,), (2,)]
    assert [chord.indices for chord in lower] == [(0,), (3,)]


def test_a_held_note_keeps_its_voice_across_the_bar_line() -> None:
    notes = sorted([note(0, 8, 60), note(0, 2, 72), note(4, 6, 50)])
    voices = split_voices(notes, BAR_LINES)
    assert [len(voice) for voice in voices] == [2, 1] or [len(v) for v in voices] == [1, 2]
