"""What bars are to the bars before them: every relation by an example, and what holds of any."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from composer.piece import Piece
from composer.theory import Key, Meter
from composer.tokenizer import encode_bars, vocab
from composer.tokenizer.bar_layouts import CADENCE, SOURCE, Layout, read_layout
from composer.tokenizer.layout_rows import layout_to_text
from tests.strategies import GridNotes, make_piece, pieces

THEME = [(0, 24, 60), (24, 12, 64), (36, 12, 62), (48, 48, 67)]


def tune(notes: GridNotes, *, up: int = 0, pitches: dict[int, int] | None = None) -> GridNotes:
    """Return a bar's notes, moved, some of them at another pitch by their place."""
    return [
        (onset, length, (pitches or {}).get(place, pitch) + up)
        for place, (onset, length, pitch) in enumerate(notes)
    ]


def layout_of(*bars: GridNotes, bass: list[GridNotes] | None = None) -> Layout:
    """Return the layout of bars in 4/4 in C major."""
    lines = [bars, bass] if bass else [bars]
    parts = [
        [(96 * place + o, length, p) for place, bar in enumerate(line) for o, length, p in bar]
        for line in lines
    ]
    piece = make_piece([Meter(4, 4)] * len(bars), parts, key=Key("C", "major"), ensemble="")
    return read_layout(encode_bars(piece))


def text_of(*bars: GridNotes) -> str:
    return layout_to_text(layout_of(*bars))


OTHER = [(0, 48, 71), (48, 24, 55), (72, 24, 79)]


@pytest.mark.parametrize(
    ("bar", "word"),
    [
        (THEME, "=2"),
        (tune(THEME, up=2), "~2+2"),
        (tune(THEME, up=-12), "~2-12"),
        # A sequence within the key: steps of one and two semitones, but the same line.
        ([(0, 24, 62), (24, 12, 65), (36, 12, 64), (48, 48, 69)], "~2+2"),
        # The same line with other intervals is moved by no one distance.
        ([(0, 24, 60), (24, 12, 69), (36, 12, 62), (48, 48, 72)], "~2"),
        # Of four notes one is another: three of five in common; and the contour is broken.
        (tune(THEME, pitches={3: 59}), "n2"),
        # Unevenly spaced onsets come back under a line that goes elsewhere.
        ([(0, 24, 72), (24, 12, 69), (36, 12, 71), (48, 48, 65)], "r2"),
        (OTHER, "."),
    ],
)
def test_a_bar_takes_up_an_earlier_one(bar: GridNotes, word: str) -> None:
    assert text_of(THEME, [(0, 96, 74)], bar).split() == [".", ".", word]


def test_evenly_spaced_onsets_are_no_rhythm_to_take_up() -> None:
    first = [(24 * place, 24, pitch) for place, pitch in enumerate((60, 64, 62, 67))]
    second = [(24 * place, 24, pitch) for place, pitch in enumerate((72, 71, 74, 65))]
    assert text_of(first, second) == ". ."


def test_a_contour_is_taken_up_in_another_rhythm() -> None:
    line = [60, 64, 62, 67, 65, 69, 67, 72]
    first = [(12 * place, 12, pitch) for place, pitch in enumerate(line)]
    second = [note for place, note in enumerate(tune(first, up=3)) if place not in (6, 7)]
    second = [(o, n, p + (p % 2)) for o, n, p in second]
    assert text_of(first, second) == ". c1"


def test_of_several_bars_the_one_that_goes_on_is_taken_up_or_else_the_latest() -> None:
    a, b, c = THEME, OTHER, [(0, 24, 77), (24, 24, 62), (48, 48, 76)]
    assert text_of(a, a, b) == ". =1 ."
    # The last two bars go on behind the fourth: a b c | a b c, though `a` stands nearer as well.
    assert text_of(a, b, c, a, a, b) == ". . . =3 =1 =4"
    assert text_of(a, b, a, c, a, b) == ". . =2 . =2 =4"


def test_bars_of_fewer_than_three_onsets_are_always_new() -> None:
    assert text_of(THEME, [(0, 96, 60)], [(0, 96, 60)]) == ". . ."


def test_lines_and_notes_are_looked_for_everywhere_rhythm_and_contour_in_sixteen_bars() -> None:
    rest = [[(0, 96, 50 + place)] for place in range(16)]
    rhythm = [(0, 24, 72), (24, 12, 69), (36, 12, 71), (48, 48, 65)]
    assert text_of(THEME, *rest, rhythm).split()[-1] == "."
    assert text_of(THEME, *rest[1:], rhythm).split()[-1] == "r16"
    assert text_of(THEME, *rest, THEME).split()[-1] == "=17"


def cadences(upper: list[GridNotes], lower: list[GridNotes]) -> list[int]:
    found: list[int] = layout_of(*upper, bass=lower)[:, CADENCE].tolist()
    return found


def test_a_bar_closes_where_its_bass_falls_a_fifth_into_a_rest() -> None:
    upper = [[(0, 24, 74), (24, 24, 71), (48, 48, 72)], [(0, 24, 76), (24, 24, 77), (48, 24, 79)]]
    bass = [[(0, 24, 55), (24, 24, 55), (48, 48, 48)], [(0, 24, 52), (24, 24, 50), (48, 24, 52)]]
    assert cadences(upper, bass) == [1, 0]
    # The same rest over a bass that goes by step to the third is no close.
    assert cadences(upper, [[(0, 24, 50), (24, 24, 50), (48, 48, 52)], bass[1]]) == [0, 0]
    # Nor is the same bass where the music goes on.
    onward = [[*upper[0][:2], (48, 24, 72), (72, 24, 74)], upper[1]]
    assert cadences(onward, bass) == [0, 0]


def test_the_last_onset_of_a_piece_may_close_however_short_its_bar() -> None:
    upper = [[(0, 24, 71), (24, 24, 74), (48, 24, 72)]]
    assert cadences(upper, [[(0, 24, 55), (24, 24, 55), (48, 24, 48)]]) == [1]
    assert cadences(upper, [[(0, 24, 55), (24, 24, 55), (48, 24, 53)]]) == [0]


@settings(max_examples=60)
@given(pieces())
def test_every_bar_takes_up_at_most_one_bar_before_it(piece: Piece) -> None:
    rows = encode_bars(piece)
    layout = read_layout(rows)
    assert layout.shape == (piece.n_bars, 4)
    assert (layout[:, SOURCE] < np.arange(piece.n_bars)).all()
    assert set(layout[:, 2].tolist()) <= {0, *vocab.TRANSPOSITIONS}
    is_new = layout[:, SOURCE] < 0
    assert (layout[is_new, 1] == -1).all()
    assert (layout[~is_new, 1] >= 0).all()


@settings(max_examples=30)
@given(pieces())
def test_a_piece_played_twice_repeats_every_bar_that_has_enough_notes(piece: Piece) -> None:
    rows = encode_bars(piece)
    twice = read_layout(np.concatenate([rows, rows]))[piece.n_bars :]
    repeats = vocab.RELATIONS.index("repeat")
    for index, (source, relation, _, _) in enumerate(twice.tolist()):
        bar = vocab.is_note(rows) & (np.cumsum(rows[:, vocab.TIME] == vocab.BAR) - 1 == index)
        onsets = {(t, p % vocab.MAX_PARTS) for t, p in rows[bar, :2].tolist()}
        assert (source >= 0 and relation == repeats) == (len(onsets) >= 3)
