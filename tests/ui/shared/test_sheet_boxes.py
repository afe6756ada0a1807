from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import pytest

from composer.piece import MeterChange, Note, Part, Piece, Repeat
from composer.rendering.sheet import NARROW, WIDE, Layout, sheet_pages
from composer.theory import INSTRUMENTS, Key, Meter
from composer.ui.shared.sheet_boxes import bar_boxes, head_places, step_of


@pytest.mark.parametrize("layout", [WIDE, NARROW])
@pytest.mark.parametrize("name", ["chorale", "keyboard_piece", "empty_piece"])
def test_every_bar_has_its_place_on_a_page(
    name: str, layout: Layout, request: pytest.FixtureRequest
) -> None:
    piece: Piece = request.getfixturevalue(name)
    boxes = [box for page in bar_boxes(sheet_pages(piece, layout=layout), piece) for box in page]
    assert [box["bar"] for box in boxes] == list(range(1, piece.n_bars + 1))
    for box in boxes:
        assert 0 <= box["x"] < box["x"] + box["w"] <= 1 and 0 <= box["y"] < box["y"] + box["h"] <= 1


def box_onsets(piece: Piece, number: int) -> set[Fraction]:
    bar = piece.bars[number - 1]
    onsets = {note.onset_beats for part in piece.parts for note in part.notes}
    return {onset for onset in onsets if bar.onset_beats <= onset < bar.end_beats}


def test_the_cursor_goes_from_note_to_note_to_the_bar_line(chorale: Piece) -> None:
    for box in bar_boxes(sheet_pages(chorale, layout=WIDE), chorale)[0]:
        assert len(box["knots"]) == len(box_onsets(chorale, box["bar"])) + 1
        for (beats, x), (later_beats, later_x) in pairwise(box["knots"]):
            assert later_beats > beats and later_x > x


def test_pages_of_another_piece_have_no_cursor(chorale: Piece) -> None:
    pages = sheet_pages(chorale, layout=WIDE)
    short = replace(chorale, n_bars=2)
    assert bar_boxes(pages, short) == [[] for _ in pages]
    assert bar_boxes(["<svg/>"], chorale) == [[]]


def test_boxes_bear_the_numbers_that_are_printed(upbeat_chorale: Piece) -> None:
    pages = sheet_pages(upbeat_chorale, layout=WIDE)
    boxes = [box for page in bar_boxes(pages, upbeat_chorale) for box in page]
    assert [box["bar"] for box in boxes] == list(range(8))


def test_a_bar_that_a_repeat_cuts_has_two_boxes_and_heads_a_step_apart(chorale: Piece) -> None:
    cut = replace(chorale, repeats=(Repeat(Fraction(7), "backward"),))
    (page,) = sheet_pages(cut, layout=WIDE, tells_notes=True)
    (boxes,), (heads,) = bar_boxes([page], cut), head_places([page])
    assert [box["bar"] for box in boxes] == [1, 2, *range(2, chorale.n_bars + 1)]
    assert [box["onset"] for box in boxes[:4]] == [0, 4, 7, 8]
    first_bar = [y for _, y, onset, _, part in heads if part == 0 and onset < 4]
    steps = [(first_bar[0] - y) / step_of(page) for y in first_bar]
    assert step_of("<svg/>") == 0 and all(abs(one - round(one)) < 0.05 for one in steps)


def test_the_cursor_waits_at_the_first_head_of_an_upbeat(upbeat_chorale: Piece) -> None:
    upbeat = bar_boxes(sheet_pages(upbeat_chorale, layout=WIDE), upbeat_chorale)[0][0]
    (start, x), (onset, head), *_ = upbeat["knots"]
    assert (start, onset) == (0, 3)
    assert x == head > upbeat["x"]


@pytest.mark.parametrize("name", ["chorale", "keyboard_piece", "upbeat_chorale"])
def test_every_head_tells_the_note_that_it_shows(name: str, request: pytest.FixtureRequest) -> None:
    piece: Piece = request.getfixturevalue(name)
    pages = sheet_pages(piece, layout=WIDE, tells_notes=True)
    heads = [head for page in head_places(pages) for head in page]
    assert len(heads) == sum(page.count('class="notehead"') for page in pages)
    told = {(part, onset, pitch) for _, _, onset, pitch, part in heads}
    assert told == {
        (index, round(float(note.onset_beats), 4), note.pitch)
        for index, part in enumerate(piece.parts)
        for note in part.notes
    }
    assert all(0 < x < 1 and 0 < y < 1 for x, y, *_ in heads)


def test_heads_of_a_transposing_part_and_of_odd_times_tell_how_they_sound() -> None:
    clarinet = INSTRUMENTS["clarinet"]
    notes = (Note(Fraction(0), 60, Fraction(9, 20)), Note(Fraction(7, 12), 62, Fraction(5, 12)))
    part = Part(clarinet, notes, transposition=-2)
    piece = Piece((part,), (MeterChange(Fraction(0), Meter(4, 4)),), Key("C", "major"), n_bars=1)
    pages = sheet_pages(piece, layout=WIDE, tells_notes=True)
    found = [head[2:] for page in head_places(pages) for head in page]
    assert found[0] == (0.0, 60, 0)
    assert (round(7 / 12, 4), 62, 0) in found


def test_a_sheet_that_tells_no_notes_has_no_ids_of_them(chorale: Piece) -> None:
    pages = sheet_pages(chorale, layout=WIDE)
    assert head_places(pages) == [[] for _ in pages]
    assert "sound_" not in "".join(pages)
