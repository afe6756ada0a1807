"""compose(): from settings to a ranked composition, with a small random model."""

from __future__ import annotations

import json
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from composer import pipeline
from composer.composition import Composition, count_given_up, replay
from composer.engines import Engine, open_shelf
from composer.errors import CheckpointError, RequestError
from composer.piece import Piece
from composer.pipeline import Progress, compose, compose_steps, menu
from composer.request import Request
from composer.version import VERSION

SETTINGS = {"composer": "Bach", "form": "minuet", "bars": 3, "meter": "3/4", "candidates": 4}


def request_of(**changes: Any) -> Request:
    return Request(**{**SETTINGS, **changes})


@pytest.fixture(scope="module")
def composition(tiny_engine: Engine) -> Composition:
    """Return what came of one request."""
    return compose(request_of(), engine=tiny_engine)


def test_every_candidate_is_ranked_or_rejected_with_a_reason(composition: Composition) -> None:
    found = [one.index for one in (*composition.ranked, *composition.rejected)]
    assert sorted(found) == [0, 1, 2, 3]
    assert all(one.reason for one in composition.rejected)


def test_the_best_comes_first(composition: Composition) -> None:
    order = [(one.n_missed, -one.scorecard.total) for one in composition.ranked]
    assert order == sorted(order)
    assert [one.rank for one in composition.ranked] == list(range(1, len(order) + 1))


def test_what_was_asked_for_is_exact(tiny_engine: Engine) -> None:
    settings = request_of(key="Eb major", meter="6/8", bars=5, parts=2, tempo_bpm=111.0)
    for one in compose(settings, engine=tiny_engine).ranked:
        piece = one.piece
        assert (str(piece.key), str(piece.meter), piece.n_bars) == ("Eb major", "6/8", 5)
        assert (len(piece.parts), piece.tempo_bpm) == (2, 111.0)
        assert (piece.composer, piece.form) == ("Bach", "minuet")


def test_the_same_request_gives_the_same_composition(
    tiny_engine: Engine, composition: Composition
) -> None:
    again = compose(request_of(), engine=tiny_engine)
    assert [one.piece for one in again.ranked] == [one.piece for one in composition.ranked]
    assert [one.scorecard.total for one in again.ranked] == [
        one.scorecard.total for one in composition.ranked
    ]


def test_every_candidate_is_made_again_from_the_json(composition: Composition) -> None:
    text = composition.to_json()
    for one in composition.ranked:
        assert replay(text, one.rank) == one.piece


def test_a_composition_knows_what_made_it(composition: Composition) -> None:
    assert composition.versions["composer"] == VERSION
    assert set(composition.versions) == {"composer", "checkpoint", "vocabulary", "runtime"}
    assert not composition.stopped


def test_progress_comes_first_and_the_composition_last(tiny_engine: Engine) -> None:
    *steps, last = compose_steps(request_of(), engine=tiny_engine)
    assert isinstance(last, Composition)
    assert all(isinstance(step, Progress) for step in steps)
    fractions = [step.fraction for step in steps]
    assert all(0 <= a <= b <= 1 for a, b in pairwise(fractions))
    assert (steps[-1].drawn, steps[-1].wanted, steps[-1].fraction) == (4, 4, 1.0)
    assert all(step.left_s is None or step.left_s >= 0 for step in steps)


def test_a_stop_keeps_what_is_finished(tiny_engine: Engine) -> None:
    drawn: list[int] = []
    steps = compose_steps(
        request_of(candidates=20, parts=1), engine=tiny_engine, should_stop=lambda: drawn[-1] >= 3
    )
    for step in steps:
        if isinstance(step, Composition):
            assert step.stopped
            assert 0 < len(step.ranked) + len(step.rejected) < 20
        else:
            drawn.append(step.drawn)


def test_who_was_given_up_is_written_down_and_the_others_are_made_again(
    tiny_engine: Engine,
) -> None:
    request = request_of(bars=8, candidates=6, prune=50.0, temperature=2.0, min_p=0.0)
    found = compose(request, engine=tiny_engine)
    given_up = [one for one in found.rejected if one.given_up_after_bar == 4]
    assert count_given_up(found.rejected) == len(given_up) >= 1
    assert all("given up after bar 4" in one.reason for one in given_up)
    document = json.loads(found.to_json())
    assert document["request"]["prune"] == 50.0
    assert document["rejected"] == [asdict(one) for one in found.rejected]
    assert replay(found.to_json()) == found.piece
    again = compose(Request.from_dict(document["request"]), engine=tiny_engine)
    assert (again.piece, again.rejected) == (found.piece, found.rejected)


def test_a_stop_keeps_what_is_finished_beside_those_given_up(
    tiny_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMPOSER_WORKERS", "1")
    # In two groups of 35, each of which goes on with one at least.
    request = request_of(bars=8, candidates=70, prune=50.0, temperature=2.0, min_p=0.0)
    drawn: list[int] = [0]
    steps = compose_steps(request, engine=tiny_engine, should_stop=lambda: drawn[-1] >= 35)
    for step in steps:
        if isinstance(step, Composition):
            assert step.stopped
            ranked, rejected = (
                [one.index for one in found] for found in (step.ranked, step.rejected)
            )
            assert sorted(ranked + rejected) == list(range(35))
            assert ranked
            assert count_given_up(step.rejected) > 0
        else:
            drawn.append(step.drawn)


def test_a_stop_before_anything_is_finished_says_so(tiny_engine: Engine) -> None:
    with pytest.raises(RequestError, match="stopped before the first candidate"):
        list(compose_steps(request_of(), engine=tiny_engine, should_stop=lambda: True))


@pytest.mark.parametrize(
    "settings",
    [{"composer": "Nobody"}, {"form": "tango"}, {"composer": "Mozart", "form": "chorale"}],
)
def test_a_setting_outside_the_menu_is_refused_in_one_sentence(
    tiny_engine: Engine, settings: dict[str, str]
) -> None:
    with pytest.raises(RequestError, match="on the menu") as caught:
        compose(request_of(**settings), engine=tiny_engine)
    assert "\n" not in str(caught.value)


def test_open_conditions_are_decided_by_the_seed(tiny_engine: Engine) -> None:
    settings = {"composer": None, "form": None, "meter": None, "parts": 1, "candidates": 1}

    def piece_of(seed: int) -> Piece:
        return compose(request_of(seed=seed, **settings), engine=tiny_engine).piece

    found = {seed: piece_of(seed) for seed in (1, 2, 5)}
    again = piece_of(2)
    assert again == found[2]
    assert all((piece.composer, piece.form) != ("", "") for piece in found.values())
    assert len({str(piece.key) + piece.form for piece in found.values()}) > 1


def test_a_stop_after_rejections_only_tells_their_reason(
    tiny_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMPOSER_WORKERS", "1")
    monkeypatch.setattr("composer.engines.events.engine.MAX_ROWS_PER_BAR", 1)
    drawn: list[int] = [0]
    steps = compose_steps(  # in two groups of 40
        request_of(candidates=80), engine=tiny_engine, should_stop=lambda: drawn[-1] > 0
    )
    with pytest.raises(RequestError, match="none of 40 candidates became a piece"):
        drawn.extend(step.drawn for step in steps)


def test_when_no_candidate_becomes_a_piece_the_reason_is_told(
    tiny_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("composer.engines.events.engine.MAX_ROWS_PER_BAR", 1)
    with pytest.raises(RequestError, match="none of 4 candidates became a piece .it did not come"):
        compose(request_of(), engine=tiny_engine)


def test_the_menu_is_that_of_the_engine(tiny_engine: Engine) -> None:
    assert [row.pieces for row in menu(tiny_engine)] == [60, 30, 10]


@pytest.fixture
def fresh_default() -> Any:
    """Let the default engine be loaded anew, before and after."""
    open_shelf.cache_clear()
    yield
    open_shelf.cache_clear()


@pytest.mark.usefixtures("fresh_default")
def test_the_environment_names_another_checkpoint(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMPOSER_CHECKPOINT", str(tiny_folder))
    assert len(menu()) == 3
    assert pipeline.default_engine() is pipeline.default_engine()


@pytest.mark.usefixtures("fresh_default")
def test_a_checkpoint_that_is_not_there_is_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMPOSER_CHECKPOINT", str(tmp_path / "nowhere"))
    with pytest.raises(CheckpointError, match=r"no readable config.json in nowhere"):
        menu()
