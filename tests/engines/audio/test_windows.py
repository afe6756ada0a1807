from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from composer.engines.audio.windows import plan_windows, seam_jump
from composer.recording import Recording


@given(
    n_frames=st.integers(1, 3_000),
    window=st.integers(10, 500),
    share=st.floats(0.0, 0.5),
    bar=st.integers(1, 700),
)
def test_windows_cover_everything_in_order_and_overlap(
    n_frames: int, window: int, share: float, bar: int
) -> None:
    overlap = int(window * share)
    edges = range(0, n_frames, bar)
    found = plan_windows(n_frames, window, overlap, edges)
    assert found[0][0] == 0 and found[-1][1] == n_frames
    for (begin, end), (start, until) in zip(found, found[1:], strict=False):
        assert begin < start <= end - overlap or start == end - overlap
        assert until > end and until - start <= window


def test_windows_begin_at_bar_lines_where_they_can() -> None:
    assert plan_windows(100, 40, 10, range(0, 100, 12)) == [(0, 40), (24, 64), (48, 88), (72, 100)]
    assert plan_windows(100, 40, 10, [0, 90]) == [(0, 40), (30, 70), (60, 100)]


def test_a_jump_is_told_from_a_sound_that_goes_on() -> None:
    time_s = np.arange(64_000) / 32_000
    tone = np.sin(2 * np.pi * 440 * time_s) + 0.05 * np.random.default_rng(1).normal(size=64_000)
    cut = np.where(time_s < 1, tone, 0.3 * np.sin(2 * np.pi * 1_234 * time_s))
    steady, broken = (Recording(sound[:, None].astype(np.float32), 32_000) for sound in (tone, cut))
    assert 0.5 < seam_jump(steady, 1.0) < 2.0
    assert seam_jump(broken, 1.0) > 3.0
