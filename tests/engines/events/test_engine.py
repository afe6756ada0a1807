"""The engine of the event transformer: asks in, draws and takes out."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from composer import extend, infill, pipeline
from composer.decoding import Draw
from composer.engines import Compose, Step, Take
from composer.engines.events.drawing import groups_for, slide, split
from composer.engines.events.engine import EventEngine, build_frame
from composer.engines.events.surprise import nats_per_note
from composer.engines.shelf import open_engine
from composer.errors import OutOfMemory, RequestError
from composer.models import load_checkpoint
from composer.models.config import XLSTM_PRESETS
from composer.models.kinds import new_model
from composer.models.saving import save_checkpoint
from composer.piece import Piece
from composer.request import Request
from composer.theory import ENSEMBLES, INSTRUMENTS
from composer.tokenizer import Conditions, encode, vocab
from composer.tokenizer.holes import N_CONDITIONS
from tests.draws import draws_of
from tests.fakes import UniformRuntime, leave_room_for
from tests.strategies import MENU, VOCABULARY, pieces

CONDITION_ROWS = {
    "composer": "Bach",
    "form": "chorale",
    "bars": 2,
    "key": "G minor",
    "meter": "3/4",
}


def request_of(**changes: Any) -> Request:
    facts: dict[str, Any] = {**CONDITION_ROWS, "candidates": 3, "seed": 11}
    return Request(**facts | changes)


def raw_draws(engine: EventEngine, request: Request) -> list[Draw]:
    return draws_of(engine, Compose(request))


def takes_of(engine: EventEngine, request: Request) -> list[Take]:
    found = [take for step in engine.draw(Compose(request)) for take in step.takes]
    return sorted(found, key=lambda take: take.index)


def assert_same(a: list[Draw], b: list[Draw]) -> None:
    for one, other in zip(a, b, strict=True):
        assert np.array_equal(one.events, other.events)
        assert np.array_equal(one.log_probs, other.log_probs)


def test_a_request_gives_as_many_draws_as_it_asks_for(tiny_engine: EventEngine) -> None:
    draws = raw_draws(tiny_engine, request_of(candidates=9))
    assert [draw.index for draw in draws] == list(range(9))
    assert all(draw.is_complete for draw in draws)


def test_a_draw_is_a_piece_with_the_asked_key_meter_bars_and_parts(
    tiny_engine: EventEngine,
) -> None:
    for take in takes_of(tiny_engine, request_of()):
        piece = take.music
        assert isinstance(piece, Piece)
        assert (str(piece.key), str(piece.meter), piece.n_bars) == ("G minor", "3/4", 2)
        assert (piece.composer, piece.form, piece.ensemble) == ("Bach", "chorale", "choir")
        voices = [INSTRUMENTS[name] for name in ("soprano", "alto", "tenor", "bass")]
        assert [part.instrument for part in piece.parts] == voices
        for part in piece.parts:
            low, high = part.instrument.low, part.instrument.high
            assert all(low <= note.pitch <= high for note in part.notes)
            assert part.is_monophonic


def test_the_same_request_gives_the_same_draws_bit_for_bit(tiny_engine: EventEngine) -> None:
    assert_same(raw_draws(tiny_engine, request_of()), raw_draws(tiny_engine, request_of()))


def test_a_candidate_of_a_full_group_does_not_depend_on_later_groups(
    tiny_engine: EventEngine,
) -> None:
    few = raw_draws(tiny_engine, request_of(candidates=8, bars=1))
    more = raw_draws(tiny_engine, request_of(candidates=11, bars=1))
    assert_same(few, more[:8])


def test_candidates_of_one_request_differ(tiny_engine: EventEngine) -> None:
    draws = raw_draws(tiny_engine, request_of(candidates=4))
    assert len({draw.events.tobytes() for draw in draws}) == 4


def test_progress_rises_to_the_end(tiny_engine: EventEngine) -> None:
    steps: list[Step] = list(tiny_engine.draw(Compose(request_of(candidates=9))))
    shares = [step.share for step in steps]
    assert all(a <= b for a, b in pairwise(shares))
    assert shares[-1] == 1.0
    assert sum(len(step.takes) for step in steps) == 9


def test_a_long_piece_slides_through_a_small_window(tiny_folder: Path) -> None:
    checkpoint = load_checkpoint(tiny_folder)
    runtime = UniformRuntime()
    engine = EventEngine(replace(checkpoint, notes={"max_rows": 40}), runtime)
    (take,) = takes_of(engine, request_of(candidates=1, bars=40))
    assert take.complete
    assert len(runtime.beginnings) > 3
    assert take.music is not None and take.music.n_bars == 40


def test_guided_and_filtered_draws_are_complete_too(tiny_engine: EventEngine) -> None:
    options = {"guidance": 2.0, "top_k": 20, "top_p": 0.9, "min_p": 0.05, "temperature": 0.8}
    draws = raw_draws(tiny_engine, request_of(candidates=2, **options))
    assert all(draw.is_complete for draw in draws)


@pytest.mark.parametrize("ensemble", ENSEMBLES)
def test_every_ensemble_may_be_asked_for_in_any_number_of_parts(
    tiny_engine: EventEngine, ensemble: str
) -> None:
    for parts in (1, 5, None):
        conditions = request_of(ensemble=ensemble, parts=parts, candidates=1, bars=1)
        (take,) = takes_of(tiny_engine, conditions)
        assert take.music is not None
        assert parts in (None, len(take.music.parts))


def test_a_condition_outside_the_menu_is_refused_before_anything_is_drawn(
    tiny_engine: EventEngine,
) -> None:
    with pytest.raises(RequestError, match="not on the menu"):
        next(iter(tiny_engine.draw(Compose(request_of(composer="Nobody")))))


def test_a_frame_has_the_ranges_of_the_asked_key() -> None:
    request = request_of(key="A major", bars=7)
    frame = build_frame(request, Conditions(ensemble="choir", parts=2, shift=-3))
    soprano, bass = INSTRUMENTS["soprano"], INSTRUMENTS["bass"]
    assert frame.ranges == [(soprano.low + 3, soprano.high + 3), (bass.low + 3, bass.high + 3)]
    assert (frame.bars, frame.one_line) == (7, True)


@given(pieces(), st.integers(16, 80))
def test_what_is_read_again_fits_and_ends_with_the_last_rows(piece: Piece, budget: int) -> None:
    rows = encode(piece, VOCABULARY)[:-1]
    again = slide(rows, budget)
    assert len(again) <= max(budget, N_CONDITIONS + 1)
    assert np.array_equal(again[:N_CONDITIONS], rows[:N_CONDITIONS])
    gap, tail = again[N_CONDITIONS], again[N_CONDITIONS + 1 :]
    assert gap[vocab.TIME] == vocab.GAP
    assert np.array_equal(tail, rows[len(rows) - len(tail) :])


@given(pieces())
def test_the_gap_counts_the_bars_that_are_left_out(piece: Piece) -> None:
    again = slide(encode(piece, VOCABULARY)[:-1], 40)
    n_kept = int((again[:, vocab.TIME] == vocab.BAR).sum())
    left_out = vocab.bars_left_id(piece.n_bars - n_kept)
    assert again[N_CONDITIONS, vocab.PITCH] == left_out


def test_a_bar_that_is_longer_than_the_room_is_cut_and_the_others_are_left_out() -> None:
    """The worked example of `slide`: bars of 10, 4, 6 and 5 rows, then of 20 in the last place."""
    note = vocab.row(vocab.POSITION)
    for last, n_left_out, n_kept in ((5, 2, 11), (20, 4, 14)):
        bars = [[vocab.row(vocab.BAR), *[note] * (n - 1)] for n in (10, 4, 6, last)]
        rows = np.concatenate([*[vocab.row(vocab.CONDITION["form"])] * 8, *sum(bars, [])])
        gap = vocab.row(vocab.GAP, pitch=vocab.bars_left_id(n_left_out))
        assert np.array_equal(slide(rows, 23), np.concatenate([rows[:8], gap, rows[-n_kept:]]))


def test_surprise_is_a_mean_over_notes_without_the_plan_of_sections() -> None:
    events = np.concatenate(
        [vocab.row(vocab.BAR), vocab.row(2, 0, 60, 5), vocab.row(8, 0, 62, 5), vocab.row(vocab.END)]
    )
    log_probs = np.full((4, 4), -0.5, np.float32)
    assert nats_per_note(events, log_probs) == pytest.approx(15 * 0.5 / 2)
    assert nats_per_note(events[:1], log_probs[:1]) == pytest.approx(1.5)


def test_workers_side_by_side_draw_what_one_alone_draws(
    tiny_engine: EventEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = request_of(candidates=20)
    monkeypatch.setenv("COMPOSER_WORKERS", "1")
    alone = raw_draws(tiny_engine, request)
    monkeypatch.setenv("COMPOSER_WORKERS", "3")
    assert_same(raw_draws(tiny_engine, request), alone)


def test_a_candidate_is_the_same_among_few_and_many(tiny_engine: EventEngine) -> None:
    many = raw_draws(tiny_engine, request_of(candidates=40))
    assert_same(raw_draws(tiny_engine, request_of(candidates=1)), many[:1])


def test_requests_side_by_side_give_what_each_gives_alone(tiny_engine: EventEngine) -> None:
    requests = [request_of(candidates=9, seed=seed, bars=4) for seed in range(4)]
    alone = [raw_draws(tiny_engine, request) for request in requests]
    with ThreadPoolExecutor(len(requests)) as pool:
        together = list(pool.map(partial(raw_draws, tiny_engine), requests))
    for a, b in zip(alone, together, strict=True):
        assert_same(a, b)


@pytest.mark.parametrize("n", [1, 7, 16, 17, 100, 130, 256])
@pytest.mark.parametrize("n_groups", [1, 2, 6])
def test_groups_are_as_many_as_asked_for_if_their_sizes_allow_it(n: int, n_groups: int) -> None:
    low, high = 8, 64
    groups = split(n, (low, high), n_groups)
    assert [index for group in groups for index in group] == list(range(n))
    assert all(low <= len(group) <= high for group in groups[:-1])
    assert len(groups) <= max(n_groups, -(-n // high))


@pytest.mark.parametrize(("splits_freely", "n_groups"), [(True, 5), (False, 2)])
def test_groups_follow_the_workers_where_they_change_nothing(
    splits_freely: bool, n_groups: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMPOSER_WORKERS", "5")
    runtime = UniformRuntime(splits_freely=splits_freely)
    assert len(groups_for(runtime, 60)) == n_groups


def test_where_memory_is_short_groups_are_halved_and_candidates_stay_the_same(
    tiny_engine: EventEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = request_of(candidates=11)
    wanted = raw_draws(tiny_engine, request)
    leave_room_for(3, tiny_engine.runtime, monkeypatch)
    assert_same(raw_draws(tiny_engine, request), wanted)


def test_a_machine_without_room_for_one_candidate_says_so(
    tiny_engine: EventEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tiny_engine, "runtime", UniformRuntime(max_size=0))
    with pytest.raises(OutOfMemory, match="no room"):
        raw_draws(tiny_engine, request_of())


def test_a_checkpoint_of_an_xlstm_composes_extends_and_fills(
    chorale: Piece, tmp_path: Path
) -> None:
    """Through the same engine, which never begins anew: 40 bars in one window of 48 rows."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = new_model(XLSTM_PRESETS["tiny"], vocab.TABLE_SIZES, vocab.WRITTEN_SIZES)
    save_checkpoint(tmp_path, model, VOCABULARY.to_dict(), {"max_rows": 48}, menu=MENU)
    engine = open_engine(tmp_path)
    assert isinstance(engine, EventEngine)
    (draw,) = raw_draws(engine, request_of(candidates=1, bars=40))
    assert draw.is_complete and len(draw.events) > 48
    longer = extend(chorale, 2, engine=engine, candidates=2, seed=1)
    assert longer.piece.n_bars == chorale.n_bars + 2
    filled = infill(chorale, 3, 3, engine=engine, candidates=2, seed=1)
    assert filled.piece.n_bars == chorale.n_bars


def test_the_meter_is_one_that_the_form_has_with_this_composer() -> None:
    meters = {
        str(one.piece.meter)
        for seed in range(3)
        for one in pipeline.compose(
            Request(composer="Chopin", form="mazurka", bars=4, candidates=8, seed=seed)
        ).ranked
    }
    assert meters == {"3/4"}
    asked = Request(composer="Chopin", form="mazurka", meter="4/4", bars=4, candidates=1)  # type: ignore[arg-type]
    assert str(pipeline.compose(asked).piece.meter) == "4/4"
