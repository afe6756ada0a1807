from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from composer.errors import ComposerError, RequestError
from composer.piece import Marks, Piece, Written
from composer.scoring import score
from composer.ui.shared import marked, score_view
from composer.ui.shared.marked import Selection, read_caret, read_edits, read_selection
from tests.strategies import pieces

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)


def shown(piece: Piece) -> dict[str, Any]:
    return json.loads(score_view.show(piece, score(piece, form=piece.form)))


def untouched(piece: Piece) -> dict[str, Any]:
    data = shown(piece)
    return {"id": data["id"], "parts": [part["notes"] for part in data["parts"]]}


@given(pieces())
def test_what_is_shown_comes_back_note_for_note(piece: Piece) -> None:
    assert read_edits(untouched(piece), piece) == piece


@given(pieces())
def test_the_cursor_never_runs_back(piece: Piece) -> None:
    data = shown(piece)
    for (beats, seconds), (later_beats, later_s) in pairwise(data["knots"]):
        assert later_beats > beats and later_s >= seconds
    onsets = [onset for onset, _, _ in data["bars"]]
    assert onsets == sorted(set(onsets)) and len(onsets) == piece.n_bars


def test_nothing_painted_changes_nothing(chorale: Piece) -> None:
    assert read_edits(None, chorale) is chorale


def test_a_painted_note_is_exact(chorale: Piece) -> None:
    edits = untouched(chorale)
    edits["parts"][3] = [["8/24", 43, "8/24", 80]]
    (note,) = read_edits(edits, chorale).parts[3].notes
    assert (note.onset_beats, note.duration_beats) == (Fraction(1, 3), Fraction(1, 3))


def test_notes_of_another_piece_are_refused(chorale: Piece, keyboard_piece: Piece) -> None:
    with pytest.raises(RequestError):
        read_edits(untouched(keyboard_piece), chorale)
    moved = untouched(chorale) | {"id": "0"}
    with pytest.raises(RequestError, match="another piece"):
        read_edits(moved, chorale)


def written_at(piece: Piece) -> Piece:
    """Return a piece whose first note is spelled, written and slurred by hand."""
    soprano = piece.parts[0]
    marks = Marks(spelling="Cb", written=(Written("quarter"),), signs=("staccato",))
    notes = (replace(soprano.notes[0], pitch=71, marks=marks), *soprano.notes[1:])
    return replace(piece, parts=(replace(soprano, notes=notes), *piece.parts[1:]))


def test_what_is_written_at_notes_outlives_painting_elsewhere(chorale: Piece) -> None:
    """A stroke of the brush once took spelling, articulations and syllables from all notes."""
    piece = written_at(chorale)
    edits = untouched(piece)
    edits["parts"][3].pop()
    painted = read_edits(edits, piece)
    assert painted.parts[0] == piece.parts[0]
    assert painted.parts[3].notes == piece.parts[3].notes[:-1]


def test_a_note_is_respelled_moved_and_lengthened_with_its_signs(chorale: Piece) -> None:
    piece = written_at(chorale)
    first = untouched(piece)["parts"][0][0]
    cases = (
        ([*first[:4], 0, "B"], Marks("B", (Written("quarter"),), signs=("staccato",))),
        (
            [first[0], 72, *first[2:4], 0, ""],
            Marks(written=(Written("quarter"),), signs=("staccato",)),
        ),
        ([*first[:2], "2", first[3], 0, "Cb"], Marks("Cb", signs=("staccato",))),
        ([*first[:4], None, "Cb"], Marks("Cb")),
        ([*first[:4], None, ""], None),
    )
    for row, marks in cases:
        edits = untouched(piece)
        edits["parts"][0][0] = row
        assert read_edits(edits, piece).parts[0].notes[0].marks == marks


def test_the_note_at_the_caret_is_found_among_painted_ones(chorale: Piece) -> None:
    note = chorale.parts[1].notes[2]
    row = ["48/24", note.pitch, "1", 80, None, ""]
    assert read_caret({"part": 1, "row": row}, chorale) == (1, note)
    for nothing in (None, {}, {"part": 9, "row": row}, {"part": 1, "row": ["1/0", 60]}):
        assert read_caret(nothing, chorale) is None


def test_a_note_beyond_the_end_is_refused(chorale: Piece) -> None:
    edits = untouched(chorale)
    edits["parts"][0].append(["31", 70, "2", 80])
    with pytest.raises(RequestError, match="beyond the end"):
        read_edits(edits, chorale)


@given(JSON)
def test_whatever_comes_as_edits_is_read_or_refused_in_words(chorale: Piece, value: Any) -> None:
    for sent in (value, untouched(chorale) | {"parts": value}):
        try:
            read_edits(sent, chorale)
        except ComposerError as error:
            assert "\n" not in str(error)


@given(JSON)
def test_whatever_comes_as_a_selection_is_read_or_refused(chorale: Piece, value: Any) -> None:
    sent = {"first_bar": 1, "last_bar": 2, "parts": value}
    for odd in (value, sent):
        try:
            found = read_selection(odd, chorale)
        except RequestError:
            continue
        assert found is None or 1 <= found.first_bar <= found.last_bar <= chorale.n_bars


def test_bars_and_parts_are_selected(chorale: Piece) -> None:
    sent = {"first_bar": 2, "last_bar": 4, "parts": [3, 0, 3]}
    assert read_selection(sent, chorale) == Selection(2, 4, (0, 3))
    assert read_selection(None, chorale) is None


def test_equal_parts_get_numbers_and_odd_names_are_tamed(keyboard_piece: Piece) -> None:
    assert score_view.part_names(keyboard_piece) == ["piano, right hand", "piano, left hand"]


def test_findings_carry_their_place_and_their_words(chorale: Piece) -> None:
    card = score(chorale, form="chorale")
    found = json.loads(score_view.show(chorale, card))["findings"]
    assert len(found) == sum(len(one.places) for one in card.scores)
    assert all(entry["words"] and entry["onset"] >= 0 for entry in found)


def test_a_silent_piece_is_shown(empty_piece: Piece) -> None:
    assert shown(empty_piece)["knots"] == []


def test_a_selection_and_a_turn_go_along(chorale: Piece) -> None:
    first, again = (score_view.show(chorale, turn=turn) for turn in (1, 2))
    assert first != again and json.loads(first)["id"] == json.loads(again)["id"]
    shown = json.loads(score_view.show(chorale, selected=Selection(2, 3, (0, 1))))
    assert marked.read_selection(shown["selected"], chorale) == Selection(2, 3, (0, 1))


def test_an_upbeat_is_bar_0(upbeat_chorale: Piece) -> None:
    assert shown(upbeat_chorale)["first_number"] == 0
    sent = {"first_bar": 0, "last_bar": 7, "parts": [0]}
    assert read_selection(sent, upbeat_chorale) == Selection(0, 7, (0,))
    with pytest.raises(RequestError, match="bars 0 to 7"):
        read_selection(sent | {"last_bar": 8}, upbeat_chorale)


def test_a_selection_stays_where_an_upbeat_goes(chorale: Piece, upbeat_chorale: Piece) -> None:
    place = Selection(0, 2, (1,))
    moved = marked.renumbered(place, upbeat_chorale, chorale)
    assert moved == Selection(1, 3, (1,))
    assert marked.renumbered(moved, chorale, upbeat_chorale) == place
