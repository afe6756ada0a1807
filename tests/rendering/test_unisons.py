from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from composer.piece import Note
from composer.rendering.unisons import cut_unisons

POSITIONS = st.integers(0, 60).map(lambda position: Fraction(position, 24))
NOTES = st.lists(
    st.builds(
        Note,
        onset_beats=POSITIONS,
        pitch=st.integers(60, 63),
        duration_beats=POSITIONS.map(lambda beats: beats + Fraction(1, 24)),
    )
)


def test_a_note_ends_where_its_pitch_is_struck_again() -> None:
    long, short = Note(Fraction(0), 60, Fraction(4)), Note(Fraction(1), 60, Fraction(1))
    assert cut_unisons([long, short]) == (Note(Fraction(0), 60, Fraction(1)), short)


def test_of_two_equal_strokes_the_longest_stays() -> None:
    short, long = Note(Fraction(0), 60, Fraction(1)), Note(Fraction(0), 60, Fraction(2), 50)
    assert cut_unisons([long, short, short]) == (long,)


@given(NOTES)
def test_no_key_is_struck_while_it_is_held(notes: list[Note]) -> None:
    for note in (cut := cut_unisons(notes)):
        later = [n for n in cut if n.pitch == note.pitch and n.onset_beats > note.onset_beats]
        assert all(note.end_beats <= n.onset_beats for n in later)


@given(NOTES)
def test_every_stroke_is_kept_once_and_in_order(notes: list[Note]) -> None:
    cut = cut_unisons(notes)
    assert [(n.onset_beats, n.pitch) for n in cut] == sorted(
        {(n.onset_beats, n.pitch) for n in notes}
    )


@given(NOTES)
def test_cutting_twice_changes_nothing(notes: list[Note]) -> None:
    assert cut_unisons(cut_unisons(notes)) == cut_unisons(notes)
