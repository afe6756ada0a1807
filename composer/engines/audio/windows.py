"""Long recordings as overlapping windows: where each begins, and what is heard at their seams."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from composer.recording import Recording

_SPECTRUM_S = 0.05  # compared on both sides of a seam
_FLOOR = 1e-5
_OTHERS = 40  # moments elsewhere that a seam is held against


def plan_windows(
    n_frames: int, window: int, overlap: int, edges: Sequence[int] = ()
) -> list[tuple[int, int]]:
    """Return where windows begin and end, in frames; the first begins at 0.

    A window begins at the last edge that leaves the overlap, such as a bar line, where there is one
    behind the beginning of the window before; else exactly the overlap before its end.

    Args:
        n_frames: Of the whole.
        window: Frames that are sampled at once, those of the overlap included.
        overlap: Frames that a window hears of the one before, at least; fewer than `window`.
        edges: Good places to begin, rising.
    """
    found = [(0, min(n_frames, window))]
    while found[-1][1] < n_frames:
        begin, end = found[-1]
        usual = end - overlap
        start = max((edge for edge in edges if begin < edge <= usual), default=usual)
        if start + window <= end:  # a bar longer than a window: no progress from its line
            start = usual
        found.append((start, min(n_frames, start + window)))
    return found


def seam_jump(recording: Recording, at_s: float) -> float:
    """Return how much the spectrum changes at a moment, as a multiple of the usual change.

    1 is what happens anywhere in the recording (the median of moments spread over it).

    Args:
        recording: Longer than a tenth of a second on both sides.
        at_s: The moment.
    """
    size = max(8, round(_SPECTRUM_S * recording.rate_hz))
    last = len(recording.mono) - size
    others = np.linspace(size, last, _OTHERS).astype(int)
    usual = float(np.median([_change(recording.mono, at, size) for at in others]))
    at = min(max(size, round(at_s * recording.rate_hz)), last)
    return _change(recording.mono, at, size) / max(usual, _FLOOR)


def _change(sound: np.ndarray[tuple[int], np.dtype[np.float32]], at: int, size: int) -> float:
    """Return the mean difference between the spectra before and after a moment, in decibels."""
    window = np.hanning(size)
    before, after = (
        20 * np.log10(np.abs(np.fft.rfft(part * window)) + _FLOOR)
        for part in (sound[at - size : at], sound[at : at + size])
    )
    return float(np.abs(before - after).mean())
