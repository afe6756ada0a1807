"""compose_plan(): section by section, with a small random model."""

from __future__ import annotations

from dataclasses import replace

import pytest

from composer.composition import replay
from composer.engines import Engine
from composer.errors import RequestError
from composer.piece import Piece
from composer.pipeline import Extension, compose_plan, compose_plan_steps
from composer.pipeline.sections import _scales
from composer.plans import Plan, PlannedSection
from composer.stitching import trim
from composer.theory import Key, parse_key

SETTINGS = {"composer": "Bach", "form": "minuet", "candidates": 2, "seed": 2, "parts": 2}
G, D = Key("G", "major"), Key("D", "major")
ROWS = (
    PlannedSection(label="A", bars=2, key=G),
    PlannedSection(label="B", bars=3, key=D),
    PlannedSection(label="A2", bars=2, key=D, material="repeat", of="A"),
    PlannedSection(label="A3", bars=2, key=G, material="vary", of="A"),
)


@pytest.fixture(autouse=True)
def one_take(monkeypatch: pytest.MonkeyPatch) -> None:
    """Close at the first attempt: random notes hardly ever make a cadence."""
    monkeypatch.setattr("composer.pipeline.chunks.ATTEMPTS", 1)


@pytest.fixture(scope="module")
def planned(tiny_engine: Engine) -> Extension:
    """Return a piece of four sections."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("composer.pipeline.chunks.ATTEMPTS", 1)
        return compose_plan(Plan("mine", ROWS), engine=tiny_engine, chunk_bars=2, **SETTINGS)


def test_every_section_has_its_bars_and_its_key(planned: Extension) -> None:
    tree = planned.tree
    found = [
        (tree.chunks[place.chunk].label, tree.chunks[place.chunk].bars) for place in tree.path()
    ]
    assert found == [("A", 2), ("B", 1), ("B", 2), ("A2", 2), ("A3", 2)]
    assert [str(chunk.key)[0] for chunk in tree.chunks] == ["G", "D", "D", "D", "G"]
    assert (planned.piece.n_bars, planned.piece.key) == (9, G)


def test_a_repeat_is_the_same_music_in_the_new_key(planned: Extension) -> None:
    first, again = trim(planned.piece, 1, 2), trim(planned.piece, 6, 7)
    steps = {
        (b.pitch - a.pitch, b.onset_beats - a.onset_beats, b.duration_beats - a.duration_beats)
        for one, other in zip(first.parts, again.parts, strict=True)
        for a, b in zip(one.notes, other.notes, strict=True)
    }
    assert len(steps) == 1
    assert steps.pop()[0] % 12 == 7


def test_the_plan_is_kept_and_the_piece_replayed(planned: Extension) -> None:
    assert planned.plan is not None
    assert Plan.from_dict(planned.to_dict()["plan"]) == planned.plan
    assert replay(planned.to_json()) == planned.piece


def test_given_music_may_be_the_first_section(tiny_engine: Engine, chorale: Piece) -> None:
    rows = (
        PlannedSection(label="A", bars=8, key=G),
        PlannedSection(label="A2", bars=8, key=G, material="repeat", of="A"),
    )
    found = compose_plan(Plan("twice", rows), chorale, engine=tiny_engine)
    assert trim(found.piece, 9, 16) == replace(chorale)
    assert all(
        a is b
        for part, own in zip(found.piece.parts, chorale.parts, strict=True)
        for a, b in zip(part.notes, own.notes, strict=False)
    )


def test_given_music_of_another_length_is_refused(tiny_engine: Engine, chorale: Piece) -> None:
    with pytest.raises(RequestError, match="give section A 8 bars"):
        compose_plan(Plan("mine", ROWS), chorale, engine=tiny_engine)
    alone = Plan("one", (PlannedSection(label="A", bars=8, key=G),))
    with pytest.raises(RequestError, match="add a row"):
        compose_plan(alone, chorale, engine=tiny_engine)


def test_a_form_outside_the_menu_is_refused(tiny_engine: Engine) -> None:
    with pytest.raises(RequestError, match="on the menu"):
        compose_plan(Plan("mine", ROWS), engine=tiny_engine, form="tango")


def test_a_stop_keeps_the_sections_that_are_there(tiny_engine: Engine) -> None:
    asked: list[int] = []
    steps = compose_plan_steps(
        Plan("mine", ROWS),
        engine=tiny_engine,
        chunk_bars=2,
        should_stop=lambda: len(asked) > 8,
        **SETTINGS,
    )
    found = [step for step in steps if not asked.append(0)]  # type: ignore[func-returns-value]
    assert isinstance(found[-1], Extension)
    assert found[-1].stopped
    assert 2 <= found[-1].piece.n_bars < 9


def test_a_section_in_a_new_key_begins_with_a_pivot_bar() -> None:
    pivot, *others = _scales(parse_key("C major"), parse_key("G major"), 0, 3)
    assert pivot == {0, 2, 4, 7, 9, 11}
    assert others == [frozenset({7, 9, 11, 0, 2, 4, 6})] * 2
    assert _scales(parse_key("C major"), parse_key("G major"), 2, 1) == others[:1]
