"""The tree of chunks: grown, walked, undone, saved and replayed note for note."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings

from composer.branches import BEGINNING, Choice, Chunk, Node, Tree
from composer.composition import replay
from composer.errors import RequestError
from composer.piece import Piece
from composer.stitching import silent, trim
from tests.strategies import legal_pieces


def chunk_of(piece: Piece, first: int, last: int, *others: tuple[int, int]) -> Chunk:
    """Return some bars of a piece as a chunk; other bars of it as the other candidates."""
    spans = [(first, last), *others]
    choices = tuple(
        Choice(trim(piece, *span), 90.0 - rank, rank, 1.5, ("a reason",), {"mine": rank})
        for rank, span in enumerate(spans)
    )
    return Chunk(BEGINNING, last - first + 1, piece.key, choices)


@pytest.fixture
def tree(chorale: Piece) -> Tree:
    """Return the first two bars of a chorale with two chunks of two bars behind them."""
    grown = Tree.of(trim(chorale, 1, 2)).grow(chunk_of(chorale, 3, 4, (5, 6)))
    return grown.grow(chunk_of(chorale, 5, 6, (7, 8), (1, 2)))


def test_the_way_to_the_present_place_is_the_piece(tree: Tree, chorale: Piece) -> None:
    assert tree.piece() == trim(chorale, 1, 6)
    assert (tree.here, tree.path()) == (Node(1, 1), (Node(0, 1), Node(1, 1)))
    assert tree.seams() == (3, 5)


def test_seams_after_an_upbeat_are_told_as_printed(upbeat_chorale: Piece) -> None:
    grown = Tree.of(trim(upbeat_chorale, 1, 2)).grow(chunk_of(upbeat_chorale, 3, 4))
    assert grown.seams() == (2,)


def test_given_notes_are_the_same_objects(tree: Tree) -> None:
    for part, given_part in zip(tree.piece().parts, tree.given.parts, strict=True):
        assert all(a is b for a, b in zip(part.notes, given_part.notes, strict=False))


def test_another_candidate_gives_another_piece(tree: Tree, chorale: Piece) -> None:
    other = tree.pick(1, 2).piece()
    assert trim(other, 1, 4) == trim(chorale, 1, 4)
    assert trim(other, 5, 6) == trim(chorale, 7, 8)


def test_composing_on_from_an_earlier_place_keeps_what_was_there(
    tree: Tree, chorale: Piece
) -> None:
    grown = tree.pick(0, 2).grow(chunk_of(chorale, 7, 8))
    assert (grown.children(Node(0, 1)), grown.children(Node(0, 2))) == ((1,), (2,))
    assert grown.piece(Node(1, 1)) == tree.piece()
    assert trim(grown.piece(), 3, 6) == trim(chorale, 5, 8)


def test_undo_and_redo_walk_over_the_visits(tree: Tree) -> None:
    moved = tree.pick(1, 3).go_to(BEGINNING)
    assert [moved.undo().here, moved.undo().undo().here] == [Node(1, 3), Node(1, 1)]
    assert moved.undo().redo() == moved == moved.redo()
    assert moved.undo().undo().undo().undo().undo().here == BEGINNING


def test_a_new_visit_forgets_what_could_be_redone(tree: Tree) -> None:
    moved = tree.pick(1, 2).undo().pick(1, 3)
    assert moved.redo() == moved
    assert moved.undo().here == Node(1, 1)
    assert moved.go_to(moved.here) is moved


@pytest.mark.parametrize("place", [(2, 1), (1, 0), (1, 4), (-2, 1), (-1, 1)])
def test_a_place_that_is_not_there_is_refused(tree: Tree, place: tuple[int, int]) -> None:
    with pytest.raises(RequestError, match="the tree has no candidate"):
        tree.go_to(Node(*place))


def test_a_saved_tree_is_replayed_note_for_note(tree: Tree) -> None:
    moved = tree.pick(0, 2).undo()
    again = Tree.from_json(moved.to_json())
    assert again.to_json() == moved.to_json()
    assert (again.here, again.redo().here) == (moved.here, Node(0, 2))
    for chunk, found in enumerate(moved.chunks):
        for rank in range(1, len(found.choices) + 1):
            assert again.piece(Node(chunk, rank)) == moved.piece(Node(chunk, rank))


@settings(max_examples=25)
@given(legal_pieces())
def test_any_given_piece_comes_back_exactly(piece: Piece) -> None:
    assert Tree.from_json(Tree.of(piece).to_json()).piece() == piece


def test_a_tree_may_begin_with_those_who_play_alone(chorale: Piece) -> None:
    players = Tree(silent(chorale), 0)
    with pytest.raises(RequestError, match="no bar at the beginning"):
        players.piece()
    grown = players.grow(chunk_of(chorale, 1, 8))
    assert Tree.from_json(grown.to_json()).piece().parts == chorale.parts
    assert grown.seams() == (1,)


def test_composition_json_with_a_tree_is_replayed(tree: Tree) -> None:
    text = json.dumps({"format": 2, "tree": tree.to_dict()})
    assert replay(text) == tree.piece()
    assert replay(text, 3) == tree.piece(Node(1, 3))
    with pytest.raises(RequestError, match="no candidate 4"):
        replay(text, 4)


def spoiled(values: dict[str, Any], kind: str) -> Any:
    first = values["chunks"][0]
    changes: dict[str, Any] = {
        "format": lambda: values.update(format=9),
        "parent": lambda: values["chunks"][1].update(parent=[1, 1]),
        "bars": lambda: first.update(bars=7),
        "music": lambda: first["choices"][0].update(music={"parts": 3}),
        "record": lambda: first["choices"][0].update(record=7),
        "key": lambda: first.update(key="H major"),
        "total": lambda: first["choices"][0].update(total=float("nan")),
        "visit": lambda: values.update(visit=99),
        "visits": lambda: values.update(visits=[[5, 5]], visit=0),
        "given": lambda: values.update(given={}),
        "given_bars": lambda: values.update(given_bars=1),
        "chunks": lambda: values.update(chunks=3),
    }
    changes[kind]()
    return values


@pytest.mark.parametrize(
    "kind",
    ["format", "parent", "bars", "music", "record", "key", "total", "visit", "visits", "given",
     "given_bars", "chunks"],
)  # fmt: skip
def test_a_spoiled_tree_is_refused_in_one_sentence(tree: Tree, kind: str) -> None:
    with pytest.raises(RequestError, match="holds no tree of chunks"):
        Tree.from_dict(spoiled(json.loads(tree.to_json()), kind))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "3", '{"format": 1}'])
def test_other_text_is_no_tree(text: str) -> None:
    with pytest.raises(RequestError, match="tree"):
        Tree.from_json(text)
