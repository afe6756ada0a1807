"""The engine's loop: same seed, same rows; complete pieces through any window."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch

from composer.decoding import DecodingOptions, Draw, draw
from composer.decoding.runtimes.torch_runtime import TorchRuntime
from composer.models.transformer import EventTransformer
from composer.piece import Piece
from composer.theory import Meter
from composer.tokenizer import Conditions, Events, decode_bars, encode_bars, vocab
from composer.tokenizer.conditions import meter_id, part_ranges
from composer.tokenizer.holes import N_CONDITIONS
from composer.tokenizer.masks import Frame
from tests.fakes import ScriptedRuntime, UniformRuntime, draws_of, group_of

FRAME = Frame(bars=3, ranges=[(50, 80), (40, 60)], meter=vocab.METER_ID[4, 4])


def assert_same(a: Draw, b: Draw) -> None:
    assert np.array_equal(a.events, b.events)
    assert np.array_equal(a.log_probs, b.log_probs)


def script_of(piece: Piece) -> Events:
    return np.concatenate([encode_bars(piece), vocab.row(vocab.END)])


@pytest.fixture
def runtime(tiny_model: EventTransformer) -> TorchRuntime:
    """Return the small random model, ready to run."""
    return TorchRuntime(tiny_model)


def test_the_same_seed_gives_the_same_rows_bit_for_bit(runtime: TorchRuntime) -> None:
    first, again = (draws_of(runtime, group_of(FRAME, 3, seed=4)) for _ in range(2))
    for index in range(3):
        assert_same(first[index], again[index])


def test_another_seed_or_number_gives_other_rows(runtime: TorchRuntime) -> None:
    found = [*draws_of(runtime, group_of(FRAME, 2, seed=4)).values()]
    found += draws_of(runtime, group_of(FRAME, 1, seed=5)).values()
    assert len({draw.events.tobytes() for draw in found}) == 3


def test_a_likely_script_is_said_word_for_word(chorale: Piece) -> None:
    ranges = [(low + 5, high + 5) for low, high in part_ranges("choir", 4)]
    frame = Frame(bars=8, ranges=ranges, meter=meter_id(chorale.meter), one_line=True)
    found = draws_of(ScriptedRuntime([script_of(chorale)] * 2), group_of(frame, 2))
    for one in found.values():
        assert one.is_complete
        assert np.array_equal(one.events, script_of(chorale))


def test_candidates_end_when_they_are_complete_and_the_others_go_on() -> None:
    steps = list(draw(UniformRuntime(), group_of(FRAME, 6, seed=1), DecodingOptions()))
    finished = [found for step in steps for found in step]
    assert sorted(found.index for found in finished) == list(range(6))
    for n_rows, step in enumerate(steps, start=1):
        assert all(len(found.events) == n_rows and found.is_complete for found in step)
    assert len(steps) == max(len(found.events) for found in finished)


def test_a_candidate_that_never_ends_comes_out_incomplete() -> None:
    found = draws_of(UniformRuntime(), group_of(FRAME, 2, max_rows=5))
    assert [len(one.events) for one in found.values()] == [5, 5]
    assert not any(one.is_complete for one in found.values())


@pytest.mark.parametrize("window", [32, 40, 64])
def test_a_window_slides_and_the_piece_is_complete(window: int) -> None:
    runtime = UniformRuntime()
    frame = Frame(bars=12, ranges=[(50, 80), (40, 60)], meter=vocab.METER_ID[3, 4])
    found = draws_of(runtime, group_of(frame, 3, window=window))
    assert len(runtime.beginnings) > 1
    for one in found.values():
        piece = decode_bars(one.events, Conditions(parts=2))
        assert one.is_complete
        assert piece.n_bars == 12


def test_what_is_read_again_is_the_conditions_a_gap_and_the_last_rows() -> None:
    runtime = UniformRuntime()
    found = draws_of(runtime, group_of(Frame(bars=9, ranges=[(40, 80)]), 1, window=48))[0]
    first = runtime.beginnings[0][0]
    for (again,) in runtime.beginnings[1:]:
        assert len(again) <= 24
        assert np.array_equal(again[:N_CONDITIONS], first)
        assert again[N_CONDITIONS, vocab.TIME] == vocab.GAP
        tail = again[N_CONDITIONS + 1 :].tobytes()
        assert tail in found.events.tobytes()


def test_a_slid_window_changes_no_candidate_of_a_model_that_looks_nowhere() -> None:
    frame = Frame(bars=8, ranges=[(50, 80)])
    whole = draws_of(UniformRuntime(), group_of(frame, 2, seed=3, window=512))
    slid = draws_of(UniformRuntime(), group_of(frame, 2, seed=3, window=32))
    assert_same(whole[0], slid[0])
    assert_same(whole[1], slid[1])


def test_guidance_runs_and_one_is_no_guidance(runtime: TorchRuntime) -> None:
    plain = draws_of(runtime, group_of(FRAME, 2), DecodingOptions(guidance=1.0))
    guided = draws_of(runtime, group_of(FRAME, 2, window=40), DecodingOptions(guidance=2.0))
    assert all(found.is_complete for found in (plain | guided).values())


def test_without_conditions_there_is_nothing_that_guidance_could_pull_by(
    runtime: TorchRuntime, tiny_model: EventTransformer
) -> None:
    """Equal prefixes mean equal distributions, and nothing to be pulled by."""
    group = group_of(FRAME, 2, seed=2)
    assert np.array_equal(group.prefix, group.open_prefix)
    plain = draws_of(runtime, group)
    guided = draws_of(runtime, group_of(FRAME, 2, seed=2), DecodingOptions(guidance=3.0))
    assert all(np.array_equal(plain[i].events, guided[i].events) for i in range(2))


@pytest.mark.parametrize(
    "options",
    [
        DecodingOptions(),
        DecodingOptions(temperature=0.5, top_k=5, top_p=0.9, min_p=0.1, guidance=2.0),
    ],
    ids=["plain", "filtered"],
)
def test_log_probs_are_the_models_own_without_cache_filters_or_guidance(
    tiny_model: EventTransformer, options: DecodingOptions
) -> None:
    group = group_of(FRAME, 2, seed=9)
    found = draws_of(TorchRuntime(tiny_model), group, options)[1]
    rows = np.concatenate([group.prefix, found.events])[None].astype(np.int64)
    with torch.inference_mode():
        states = tiny_model(torch.from_numpy(rows))[0, N_CONDITIONS - 1 : -1]
        for field, size in enumerate(vocab.WRITTEN_SIZES):
            events = torch.from_numpy(found.events.astype(np.int64))
            logits = tiny_model.field_logits(field, states, events[:, :field])
            ids = events[:, field]
            counts = (ids < size).numpy()
            wanted = logits.log_softmax(-1)[torch.arange(len(ids)), ids.clamp(max=size - 1)]
            np.testing.assert_allclose(
                found.log_probs[counts, field], wanted.numpy()[counts], atol=1e-4
            )
            assert (found.log_probs[~counts, field] == 0).all()


def test_a_low_temperature_with_one_id_kept_is_greedy(runtime: TorchRuntime) -> None:
    first, second = draws_of(runtime, group_of(FRAME, 2), DecodingOptions(top_k=1)).values()
    assert np.array_equal(first.events, second.events)


def test_an_asked_meter_keeps_its_likelihood_and_given_bars_left_do_not_count() -> None:
    found = draws_of(UniformRuntime(), group_of(FRAME, 1))[0]
    is_bar = found.events[:, vocab.TIME] == vocab.BAR
    assert found.log_probs[is_bar, vocab.DURATION] == pytest.approx(
        -np.log(vocab.N_DURATION_WRITTEN)
    )
    assert (found.log_probs[is_bar, vocab.PITCH] == 0).all()
    assert found.events[is_bar, vocab.PITCH].tolist() == [vocab.bars_left_id(n) for n in (2, 1, 0)]


def test_time_never_runs_back_within_a_bar() -> None:
    assert Meter(*vocab.METERS[FRAME.meter - vocab.METER]) == Meter(4, 4)
    for one in draws_of(UniformRuntime(), group_of(FRAME, 4, seed=7)).values():
        for a, b in pairwise(one.events[:-1]):
            if vocab.BAR not in (a[vocab.TIME], b[vocab.TIME]):
                assert tuple(a[:3]) < tuple(b[:3])
