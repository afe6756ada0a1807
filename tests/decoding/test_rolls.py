"""Painting: every mix fills exactly the hole, and what a roll costs is found as it is drawn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from composer.decoding.rolls import Canvas, Dice, Manner, Reader, paint_structure, paint_velocities
from composer.decoding.rolls.chances import bit_chances, cell_chances, sigmoid, softmax
from composer.decoding.rolls.passes import cosine_counts, passes_of
from composer.models.fractal.config import HOLD, ONSET, SILENCE, UNKNOWN
from tests.rolls import MIXES, config_of, network_of, random_canvas, random_fractal

FEW = Manner(passes=(4, 3, 2, 2))


@pytest.mark.parametrize(("types", "scan"), MIXES)
def test_every_mix_fills_the_hole_and_nothing_else(types: tuple[str, ...], scan: str) -> None:
    network = network_of(random_fractal(config_of(types, scan)))
    canvas, states, velocities = random_canvas(np.random.default_rng(3))
    dice = Dice(1, np.random.default_rng(5))
    shares = list(paint_structure(network, canvas, FEW, dice, np.random.default_rng(6)))
    made, hole = canvas.states[0], canvas.hole
    assert shares == sorted(shares) and shares[-1] == 1.0
    assert (made[~hole] == states[~hole]).all()
    assert (made[hole] != UNKNOWN).all() and (made[hole] == ONSET).any()
    before = np.pad(made, ((0, 0), (1, 0)))[:, :-1]
    held = hole & (made == HOLD)
    assert (before[held] != SILENCE).all()
    assert np.pad(hole, ((0, 0), (1, 0)))[:, :-1][held].all()  # no given note became longer
    wanted = (hole & (made == ONSET))[None]
    list(paint_velocities(network, canvas, wanted, FEW, dice, np.random.default_rng(7)))
    assert (canvas.velocities[wanted] >= 0).all()
    assert (canvas.velocities[0][~hole] == velocities[~hole]).all()


@pytest.mark.parametrize(("types", "scan"), MIXES)
def test_a_roll_costs_to_draw_what_it_costs_to_read(
    types: tuple[str, ...], scan: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What is made out of turn may leave holds behind silence, which are onsets in the end.
    monkeypatch.setattr(Canvas, "settle", lambda canvas: None)
    network = network_of(random_fractal(config_of(types, scan)))
    canvas, *_ = random_canvas(np.random.default_rng(3))
    again, *_ = random_canvas(np.random.default_rng(3))
    dice = Dice(1, np.random.default_rng(5))
    list(paint_structure(network, canvas, FEW, dice, np.random.default_rng(6)))
    reader = Reader(again, canvas.states, canvas.velocities)
    list(paint_structure(network, again, FEW, reader, np.random.default_rng(6)))
    assert reader.nats == pytest.approx(dice.nats)
    assert (again.states == canvas.states).all()


@given(st.integers(1, 80), st.integers(1, 70))
def test_passes_make_everything_once_and_few_places_first(places: int, passes: int) -> None:
    counts = cosine_counts(places, passes)
    assert sum(counts) == places and min(counts) >= 1 and len(counts) == min(places, passes)
    if places >= 4 * passes > 8:
        assert counts[0] <= counts[-2]


@pytest.mark.parametrize("in_turn", [False, True])
def test_every_open_place_is_made_in_one_pass(in_turn: bool) -> None:
    rng = np.random.default_rng(2)
    wanted = rng.random((7, 16)) < 0.5
    order = rng.permutation(16)
    found = list(passes_of(wanted, order, 5, rng, in_turn=in_turn))
    assert (sum(now.astype(int) for now, _ in found) == wanted).all()
    assert sum(last.astype(int) for _, last in found).tolist() == wanted.any(1).tolist()
    assert len(found) <= (16 if in_turn else 5)


@given(st.floats(0.2, 2.0), st.integers(0, 99))
def test_temperature_keeps_how_much_sounds(temperature: float, seed: int) -> None:
    logits = np.random.default_rng(seed).normal(-2, 2, (50, 3))
    bits = bit_chances(logits[:, 0], temperature, 0.0)
    assert bits.mean() == pytest.approx(sigmoid(logits[:, 0]).mean(), abs=1e-3)
    silent = cell_chances(logits, temperature, 0.0)[:, 0]
    assert silent.mean() == pytest.approx(softmax(logits)[:, 0].mean(), abs=2e-3)


def test_more_passes_than_patches_and_a_warm_guided_manner_work_too() -> None:
    network = network_of(random_fractal(config_of()))
    canvas, states, _ = random_canvas(np.random.default_rng(4))
    manner = Manner(passes=(64, 16, 16, 16), temperature=1.4, guidance=2.0, shifts=(1.0, 0.5, -0.5))
    dice = Dice(1, np.random.default_rng(1))
    list(paint_structure(network, canvas, manner, dice, np.random.default_rng(1)))
    assert (canvas.states[0] != UNKNOWN).all()
    assert (canvas.states[0][~canvas.hole] == states[~canvas.hole]).all()
