"""A clock that comes in is followed, whatever its jitter."""

from __future__ import annotations

import numpy as np
import pytest

from composer.sounding.following import POSITION, Follower
from composer.sounding.messages import CLOCK, START, STOP

PULSE_S = 60 / 120 / 24


def pulses(n: int, *, from_s: float = 0.0, period_s: float = PULSE_S) -> np.ndarray:
    return from_s + np.arange(n) * period_s


def test_tempo_and_phase_are_found_within_four_beats_under_jitter() -> None:
    rng = np.random.default_rng(1)
    follower = Follower()
    follower.hear(START, 0.0)
    off_s = []
    for n, moment in enumerate(pulses(24 * 64)):
        follower.hear(CLOCK, moment + rng.uniform(-0.002, 0.002))
        if n >= 4 * 24:
            due_s = follower.moment_s((n + 24) / 24)
            assert follower.is_locked and due_s is not None
            off_s.append(abs(due_s - (n + 24) * PULSE_S))
    assert follower.tempo_bpm == pytest.approx(120, rel=0.01)
    assert np.quantile(off_s, 0.95) < 0.01


def test_a_step_of_a_tenth_is_followed_within_two_bars() -> None:
    follower = Follower()
    follower.hear(START, 0.0)
    for moment in pulses(24 * 8):
        follower.hear(CLOCK, moment)
    later = pulses(24 * 8, from_s=24 * 8 * PULSE_S, period_s=PULSE_S / 1.1)
    for moment in later:
        follower.hear(CLOCK, moment)
    assert follower.tempo_bpm == pytest.approx(132, rel=0.01)
    assert follower.beats(later[-1]) == pytest.approx(16 - 1 / 24, abs=0.02)


def test_a_leap_of_the_tempo_is_followed_at_once() -> None:
    follower = Follower()
    follower.hear(START, 0.0)
    for moment in [*pulses(48), *pulses(48, from_s=48 * PULSE_S, period_s=2 * PULSE_S)]:
        follower.hear(CLOCK, moment)
    assert follower.tempo_bpm == pytest.approx(60, rel=0.02)


def test_a_clock_that_stands_still_tells_no_moment() -> None:
    follower = Follower()
    assert follower.moment_s(0) is None and follower.tempo_bpm == 0
    for moment in pulses(30):
        follower.hear(CLOCK, moment)
    assert follower.moment_s(0) is None  # it has not been started
    follower.hear(START, 30 * PULSE_S)
    for moment in pulses(30, from_s=31 * PULSE_S):
        follower.hear(CLOCK, moment)
    assert follower.moment_s(0.0) == pytest.approx(31 * PULSE_S, abs=1e-3)
    follower.hear(STOP, 3.0)
    assert follower.moment_s(0) is None and follower.beats(3.0) is None


def test_a_song_position_is_where_it_goes_on() -> None:
    follower = Follower()
    follower.hear(bytes([POSITION, 16, 0]), 0.0)
    follower.hear(bytes([0xFB]), 0.0)
    for moment in pulses(30):
        follower.hear(CLOCK, moment)
    assert follower.beats(0.0) == pytest.approx(4.0, abs=1e-6)
