"""Giving up: hopeless candidates end at half of their bars, and nothing else changes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from composer.decoding import Draw
from composer.engines import Compose
from composer.engines.events.engine import EventEngine
from composer.engines.events.surprise import surprise_of
from composer.request import Request
from composer.scoring import score
from composer.tokenizer import conditions_of_request, decode_bars, vocab
from tests.draws import draws_of
from tests.fakes import leave_room_for

BARS, HALF = 8, 4


def request_of(**changes: Any) -> Request:
    conditions = {"composer": "Bach", "form": "chorale", "key": "G minor", "meter": "3/4"}
    facts: dict[str, Any] = {**conditions, "bars": BARS, "candidates": 9, "seed": 11}
    return Request(**facts | changes)


def raw_draws(engine: EventEngine, request: Request) -> list[Draw]:
    return draws_of(engine, Compose(request))


def rows_of_half(draw: Draw) -> int:
    return int(np.flatnonzero(draw.events[:, vocab.TIME] == vocab.BAR)[HALF])


def total_of_half(engine: EventEngine, draw: Draw) -> float:
    conditions = conditions_of_request(request_of())
    rows = slice(0, rows_of_half(draw))
    kept = draw.events[rows], draw.log_probs[rows], draw.doubts[rows]
    surprise = surprise_of(*kept, conditions.key.shift)
    piece = decode_bars(kept[0], replace(conditions, ensemble="choir", parts=4))
    return score(piece, surprise=surprise, standards=engine.standards).total


@pytest.fixture(scope="module")
def whole(tiny_engine: EventEngine) -> list[Draw]:
    """Return all candidates, drawn to their ends."""
    return raw_draws(tiny_engine, request_of())


@pytest.fixture(scope="module")
def least(tiny_engine: EventEngine, whole: list[Draw]) -> float:
    """Return a score that the first half of some candidates reaches, and of others not."""
    totals = sorted(total_of_half(tiny_engine, draw) for draw in whole)
    assert totals[3] < totals[5] < 50
    return (totals[3] + totals[5]) / 2


def assert_same(found: list[Draw], wanted: list[Draw]) -> None:
    for one, other in zip(found, wanted, strict=True):
        assert one.is_given_up == other.is_given_up
        assert np.array_equal(one.events, other.events)
        assert np.array_equal(one.log_probs, other.log_probs)


def test_who_scores_too_low_ends_at_the_bar_line_of_half_and_the_others_stay_bit_for_bit(
    tiny_engine: EventEngine, whole: list[Draw], least: float
) -> None:
    pruned = raw_draws(tiny_engine, request_of(prune=least))
    hopeless = [total_of_half(tiny_engine, draw) < least for draw in whole]
    assert [draw.is_given_up for draw in pruned] == [False, *hopeless[1:]]
    assert 2 < sum(hopeless) < 8
    for found, wanted in zip(pruned, whole, strict=True):
        assert found.is_complete != found.is_given_up
        n_rows = rows_of_half(wanted) + 1 if found.is_given_up else len(wanted.events)
        assert np.array_equal(found.events, wanted.events[:n_rows])
        assert np.array_equal(found.log_probs, wanted.log_probs[:n_rows])


def test_nobody_is_given_up_unless_it_is_asked_for(whole: list[Draw]) -> None:
    assert not any(draw.is_given_up for draw in whole)


def test_the_first_candidate_is_never_given_up(tiny_engine: EventEngine) -> None:
    draws = raw_draws(tiny_engine, request_of(prune=50.0, temperature=2.0, min_p=0.0))
    assert draws[0].is_complete
    assert sum(draw.is_given_up for draw in draws[1:]) > 4


def test_a_piece_whose_half_is_too_short_to_judge_is_drawn_to_its_end(
    tiny_engine: EventEngine,
) -> None:
    request = request_of(bars=BARS - 1, prune=50.0)
    assert all(draw.is_complete for draw in raw_draws(tiny_engine, request))


@pytest.mark.parametrize("workers", ["1", "3"])
def test_who_is_given_up_depends_neither_on_workers_nor_on_the_others(
    tiny_engine: EventEngine, least: float, workers: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pruned = raw_draws(tiny_engine, request_of(prune=least))
    monkeypatch.setenv("COMPOSER_WORKERS", workers)
    many = raw_draws(tiny_engine, request_of(prune=least, candidates=20))
    assert_same(many[:9], pruned)


def test_where_memory_is_short_the_same_are_given_up(
    tiny_engine: EventEngine, least: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = request_of(prune=least)
    wanted = raw_draws(tiny_engine, request)
    leave_room_for(2, tiny_engine.runtime, monkeypatch)
    assert_same(raw_draws(tiny_engine, request), wanted)


def test_progress_comes_to_its_end_though_all_others_are_given_up(
    tiny_engine: EventEngine,
) -> None:
    *_, last = tiny_engine.draw(Compose(request_of(prune=50.0, temperature=2.0, min_p=0.0)))
    assert last.share == 1.0
