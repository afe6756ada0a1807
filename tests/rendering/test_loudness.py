from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyloudnorm
import pytest
from hypothesis import given
from hypothesis import strategies as st

from composer.rendering.loudness import (
    CEILING,
    CEILING_DBFS,
    MAX_GAIN_DB,
    Levels,
    amplified,
    leveling_gains,
    measure,
)

RATE_HZ = 8_000
Frames = np.ndarray[Any, np.dtype[np.float32]]


def noise(length_s: float, level: float = 0.1) -> Frames:
    rng = np.random.default_rng(3)
    swell = np.linspace(0.2, 1, round(length_s * RATE_HZ))[:, None]
    return (level * swell * rng.standard_normal((len(swell), 2))).astype(np.float32)


def tone(length_s: float, hz: float = 997.0, rate_hz: int = 48_000) -> Frames:
    wave = np.sin(2 * np.pi * hz * np.arange(round(length_s * rate_hz)) / rate_hz)
    return np.column_stack([wave, np.zeros_like(wave)]).astype(np.float32)


def blocks_of(frames: Frames, n_frames: int = 64 * 50) -> list[Frames]:
    return [frames[start : start + n_frames] for start in range(0, len(frames), n_frames)]


def leveled(frames: Frames, target_lufs: float) -> Frames:
    gains = leveling_gains(measure([frames], RATE_HZ), target_lufs, RATE_HZ)
    blocks = blocks_of(frames)
    starts = np.cumsum([0, *map(len, blocks)])
    return np.concatenate(
        [amplified(block, gains, int(start)) for block, start in zip(blocks, starts, strict=False)]
    )


def test_a_full_scale_tone_in_one_channel_reads_as_the_standard_says() -> None:
    """BS.1770-4, annex 1: a 0 dBFS sine of 997 Hz in one front channel gives -3.01 LKFS."""
    assert measure([tone(5)], 48_000).loudness_lufs == pytest.approx(-3.01, abs=0.02)


@pytest.mark.parametrize("length_s", [0.5, 1, 19.9, 20.1, 45.3, 65])
def test_stretches_are_read_as_the_whole(length_s: float) -> None:
    frames = noise(length_s)
    whole = pyloudnorm.Meter(RATE_HZ, filter_class="DeMan").integrated_loudness(
        frames.astype(np.float64)
    )
    assert measure(blocks_of(frames), RATE_HZ).loudness_lufs == pytest.approx(whole, abs=0.05)


def test_silence_has_no_loudness() -> None:
    levels = measure([np.zeros((RATE_HZ, 2), np.float32)], RATE_HZ)
    assert levels.loudness_lufs == -math.inf and levels.peak == 0


def test_a_recording_softer_than_the_gate_is_measured_too() -> None:
    """What is still to be amplified may lie below -70 LUFS."""
    loud, soft = (measure([noise(3, level)], RATE_HZ) for level in (0.1, 1e-6))
    assert soft.loudness_lufs == pytest.approx(loud.loudness_lufs - 100, abs=0.01)


@pytest.mark.parametrize("target_lufs", [-30.0, -18.0])
def test_a_recording_comes_out_as_loud_as_asked(target_lufs: float) -> None:
    after = measure([leveled(noise(5), target_lufs)], RATE_HZ)
    assert after.loudness_lufs == pytest.approx(target_lufs, abs=0.1)


def test_where_no_peak_is_too_high_the_gain_is_the_same_throughout() -> None:
    frames = noise(3)
    ratio = leveled(frames, -30)[frames != 0] / frames[frames != 0]
    assert np.ptp(ratio) < 1e-4


@given(st.lists(st.tuples(st.integers(0, 15_999), st.floats(0.1, 60)), max_size=8))
def test_no_sample_goes_over_the_ceiling(clicks: list[tuple[int, float]]) -> None:
    frames = noise(2, 0.01)
    for frame, height in clicks:
        frames[frame] = height
    gains = leveling_gains(measure([frames], RATE_HZ), -14, RATE_HZ)
    knots = (np.arange(len(gains)) + 0.5) * 64
    gain = np.interp(np.arange(len(frames)), knots, gains)
    assert np.abs(frames * gain[:, None]).max() <= CEILING * (1 + 1e-6)
    assert 20 * math.log10(np.abs(leveled(frames, -14)).max()) <= CEILING_DBFS


def test_a_limiter_turns_a_peak_down_smoothly_and_leaves_the_rest() -> None:
    frames = noise(4, 0.02)
    frames[16_000] = 0.9
    levels = measure([frames], RATE_HZ)
    gains = leveling_gains(levels, -18, RATE_HZ)
    assert gains[0] == pytest.approx(gains.max()) == pytest.approx(gains[-1])
    assert gains[250] < gains.max() and np.abs(np.diff(gains)).max() < gains.max() / 4


def test_noise_is_not_raised_without_end() -> None:
    gains = leveling_gains(Levels(-100.0, np.full(10, 1e-5)), -18, RATE_HZ)
    assert gains.max() == pytest.approx(10 ** (MAX_GAIN_DB / 20))
