"""extend(): more bars behind any piece, with a small random model."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st

from composer.branches import Node, Tree
from composer.composition import replay
from composer.engines import Capabilities, Engine
from composer.errors import OptionError, RequestError
from composer.piece import Note, Part, Piece
from composer.pipeline import Extension, Progress, extend, extend_steps
from composer.pipeline.chunks import ATTEMPTS
from composer.pipeline.extending import chunk_seed, split_bars
from composer.scoring.weights import FamilyWeights
from composer.theory import Meter
from tests.strategies import pieces

FEW = {"candidates": 2, "chunk_bars": 2, "seed": 3}


@pytest.fixture(autouse=True)
def one_take(monkeypatch: pytest.MonkeyPatch) -> None:
    """Close at the first attempt: random notes hardly ever make a cadence."""
    monkeypatch.setattr("composer.pipeline.chunks.ATTEMPTS", 1)


@pytest.fixture(scope="module")
def extension(tiny_engine: Engine, chorale: Piece) -> Extension:
    """Return a chorale with four bars behind it, in two chunks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("composer.pipeline.chunks.ATTEMPTS", 1)
        return extend(chorale, 4, engine=tiny_engine, **FEW)


def assert_given(given_piece: Piece, piece: Piece) -> None:
    """Check that the given notes are the same objects, and that all others lie behind them."""
    for part, own in zip(piece.parts, given_piece.parts, strict=True):
        old, new = part.notes[: len(own.notes)], part.notes[len(own.notes) :]
        assert all(a is b for a, b in zip(old, own.notes, strict=True))
        assert all(note.onset_beats >= given_piece.length_beats for note in new)
        assert (part.instrument, part.name) == (own.instrument, own.name)


def test_what_was_given_comes_back_as_it_was(extension: Extension, chorale: Piece) -> None:
    for one in extension.ranked:
        assert_given(chorale, one.piece)
        assert (one.piece.n_bars, one.piece.meters) == (12, chorale.meters)
        assert one.piece.end_of_notes_beats <= one.piece.length_beats
        assert (one.piece.key, one.piece.title) == (chorale.key, chorale.title)


@settings(max_examples=6, phases=[Phase.generate])
@given(piece=pieces(), bars=st.integers(1, 3))
def test_any_piece_can_be_gone_on_with(tiny_engine: Engine, piece: Piece, bars: int) -> None:
    assume(piece.bars[-1].meter.length_beats <= 4)  # long bars take long to fill at random
    found = extend(piece, bars, engine=tiny_engine, candidates=1, top_k=20).piece
    assert_given(piece, found)
    assert found.n_bars == piece.n_bars + bars
    assert {bar.meter for bar in found.bars[piece.n_bars :]} == {piece.bars[-1].meter}


def test_the_tree_holds_every_candidate_and_stands_at_the_best(extension: Extension) -> None:
    tree = extension.tree
    assert tree.seams() == (9, 11)
    assert [len(chunk.choices) for chunk in tree.chunks] == [2, 2]
    for one in extension.ranked:
        assert tree.piece(Node(1, one.rank)) == one.piece
    assert extension.piece == tree.piece()


def test_the_json_is_replayed_without_a_model(extension: Extension) -> None:
    text = extension.to_json()
    assert replay(text) == extension.piece
    assert replay(text, 2) == extension.ranked[1].piece
    values = json.loads(text)
    assert Tree.from_dict(values["tree"]).to_json() == extension.tree.to_json()
    assert values["chunking"] == {"chunk_bars": 2, "overlap_bars": None, "theme_bars": 0}


def test_the_same_setting_gives_the_same_music(
    tiny_engine: Engine, chorale: Piece, extension: Extension
) -> None:
    again = extend(chorale, 4, engine=tiny_engine, **FEW)
    assert again.tree.to_json() == extension.tree.to_json()
    other = extend(chorale, 4, engine=tiny_engine, **{**FEW, "seed": 4})
    assert other.piece != extension.piece


def test_a_tree_is_gone_on_from_where_it_stands(tiny_engine: Engine, extension: Extension) -> None:
    start = extension.tree.pick(0, 2)
    grown = extend(start, 2, engine=tiny_engine, **FEW)
    assert grown.tree.path() == (Node(0, 2), Node(2, 1))
    assert grown.piece.n_bars == 12
    assert_given(start.given, grown.piece)
    assert grown.tree.piece(Node(1, 1)) == extension.piece


def test_every_chunk_is_judged_with_its_seam(extension: Extension) -> None:
    for one in extension.ranked:
        names = [score.name for score in one.scorecard.scores if score.family == "seam"]
        assert "harmony_distance" in names
    totals = [choice.total for choice in extension.tree.chunks[0].choices]
    assert totals == sorted(totals, reverse=True)


def test_a_close_is_ranked_by_its_cadence_first(extension: Extension) -> None:
    cadences = [one.scorecard["final_cadence"].value for one in extension.ranked]
    assert cadences == sorted(cadences, reverse=True)


def test_without_a_whole_cadence_a_close_is_drawn_again(
    tiny_engine: Engine, chorale: Piece, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("composer.pipeline.chunks.ATTEMPTS", ATTEMPTS)
    monkeypatch.setattr("composer.pipeline.chunks._cadence", lambda _: 0.0)
    found = extend(chorale, 1, engine=tiny_engine, candidates=1)
    indices = {one.index for one in (*found.ranked, *found.rejected)}
    assert indices == set(range(ATTEMPTS))


def test_a_chunk_with_too_few_points_is_drawn_again(
    tiny_engine: Engine, chorale: Piece, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("composer.pipeline.chunks.ATTEMPTS", ATTEMPTS)
    monkeypatch.setattr("composer.pipeline.chunks._cadence", lambda _: 1.0)
    options = {"engine": tiny_engine, "candidates": 1, "chunk_bars": 1, "seed": 3}

    def indices_of_first_chunk(floor: float) -> set[int]:
        monkeypatch.setattr(FamilyWeights, "floor", floor)
        return {choice.index for choice in extend(chorale, 2, **options).tree.chunks[0].choices}

    assert indices_of_first_chunk(floor=0.0) == {0}
    assert indices_of_first_chunk(floor=101.0) == set(range(ATTEMPTS))


def test_progress_rises_over_all_chunks(tiny_engine: Engine, chorale: Piece) -> None:
    *steps, last = extend_steps(chorale, 4, engine=tiny_engine, **FEW)
    assert isinstance(last, Extension)
    assert all(isinstance(step, Progress) for step in steps)
    fractions = [step.fraction for step in steps if isinstance(step, Progress)]
    assert all(0 <= a <= b <= 1 for a, b in pairwise(fractions))
    assert (fractions[-1], steps[-1].drawn, steps[-1].wanted) == (1.0, 4, 4)  # type: ignore[union-attr]


def stop_after(n_asked: int) -> Callable[[], bool]:
    asked: list[int] = []
    return lambda: asked.append(0) or len(asked) > n_asked  # type: ignore[func-returns-value]


def test_a_stop_keeps_the_chunks_that_are_finished(tiny_engine: Engine, chorale: Piece) -> None:
    with pytest.raises(RequestError, match="stopped before the first"):
        list(extend_steps(chorale, 4, engine=tiny_engine, should_stop=lambda: True, **FEW))
    steps = list(extend_steps(chorale, 4, engine=tiny_engine, **FEW))
    of_first = 1 + sum(isinstance(step, Progress) and step.fraction < 0.5 for step in steps)
    stopping = extend_steps(chorale, 4, engine=tiny_engine, should_stop=stop_after(of_first), **FEW)
    *_, last = stopping
    assert isinstance(last, Extension)
    assert last.stopped
    assert last.piece.n_bars == 10
    assert_given(chorale, last.piece)


def test_a_pinned_theme_changes_what_is_read(
    tiny_engine: Engine, chorale: Piece, extension: Extension
) -> None:
    settings: dict[str, Any] = {**FEW, "theme_bars": 1, "overlap_bars": 1}
    found = extend(chorale, 4, engine=tiny_engine, **settings)
    assert found.chunking.theme_bars == 1
    assert found.piece != extension.piece


def test_many_parts_and_unknown_names_are_no_hindrance(tiny_engine: Engine, chorale: Piece) -> None:
    crowd = replace(chorale, parts=chorale.parts * 4, composer="x" * 150, ensemble="")
    assert extend(crowd, 1, engine=tiny_engine, candidates=1).piece.n_bars == 9
    with pytest.raises(RequestError, match="cannot be gone on with: .* 1 to 16 parts"):
        extend(replace(crowd, parts=crowd.parts * 2), 1, engine=tiny_engine)


def test_a_meter_without_an_id_is_refused_in_one_sentence(
    tiny_engine: Engine, keyboard_piece: Piece
) -> None:
    odd = replace(keyboard_piece, meters=(replace(keyboard_piece.meters[0], meter=Meter(30, 4)),))
    with pytest.raises(RequestError, match="30/4 has no id") as caught:
        extend(replace(odd, n_bars=1), 1, engine=tiny_engine)
    assert "event" not in str(caught.value)


def test_given_notes_may_sound_into_the_new_bars(tiny_engine: Engine, chorale: Piece) -> None:
    soprano = chorale.parts[0]
    long = Note(soprano.notes[-1].onset_beats, 67, soprano.notes[-1].duration_beats * 2)
    part = Part(soprano.instrument, (*soprano.notes[:-1], long))
    piece = replace(chorale, parts=(part,))
    found = extend(piece, 1, engine=tiny_engine, candidates=1).piece
    assert (found.parts, found.n_bars) == (piece.parts, 9)


@pytest.mark.parametrize(
    "options", [{"bars": 0}, {"bars": 513}, {"bars": 4, "chunk_bars": 99}, {"bars": 4, "tune": 1}]
)
def test_a_setting_that_will_not_do_is_refused(
    tiny_engine: Engine, chorale: Piece, options: dict[str, Any]
) -> None:
    with pytest.raises(OptionError):
        extend(chorale, engine=tiny_engine, **options)


def test_an_engine_that_cannot_extend_says_so(chorale: Piece) -> None:
    class Whole(Engine):
        capabilities = Capabilities(good_for="nothing else", asks=("Compose",))

    with pytest.raises(RequestError, match="can only compose whole pieces; choose one that can go"):
        extend(chorale, 1, engine=Whole())


@given(st.integers(1, 512), st.integers(1, 64))
def test_chunks_are_as_few_and_as_equal_as_can_be(bars: int, chunk_bars: int) -> None:
    lengths = split_bars(bars, chunk_bars)
    assert sum(lengths) == bars
    assert max(lengths) <= chunk_bars
    assert max(lengths) - min(lengths) <= 1
    assert len(lengths) == -(-bars // chunk_bars)


def test_no_two_chunks_share_their_random_numbers() -> None:
    seeds = {chunk_seed(seed, depth) for seed in (0, 1, 2**31 - 1) for depth in range(9)}
    assert len(seeds) == 27
