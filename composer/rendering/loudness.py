"""How loud a recording is, and the gain that makes all equally loud without clipping.

Knows samples, block by block; no notes, no synthesiser and no file format.

Sources:
    ITU-R BS.1770-4 (2015), Algorithms to measure audio programme loudness and true-peak audio
    level: K-weighting, windows of 0.4 s every 0.1 s, gates at -70 LUFS and 10 LU below the mean.
    B. De Man, Evaluation of implementations of the EBU R128 loudness measurement, 145th AES
    Convention (2018): the standard's filters at any sample rate, as pyloudnorm has them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

Frames: TypeAlias = np.ndarray[tuple[int, int], np.dtype[np.float32]]  # (frames, 2)
Floats: TypeAlias = np.ndarray[tuple[int], np.dtype[np.float64]]

# Peaks of our recordings lie 10 to 17 dB above their loudness, so that the ceiling seldom binds
# (benchmarks/quality/loudness.json).
TARGET_LUFS = -18.0
LOUDNESS_RANGE_LUFS = (-40.0, -14.0)
CEILING_DBFS = -1.0
CEILING = 10 ** (CEILING_DBFS / 20) - 2**-14  # two steps of 16 bits are left for dither
MAX_GAIN_DB = 60.0  # louder would only raise noise
SILENCE = 1e-6  # a peak below it, -120 dBFS, is the synthesiser's own residue

_GATE_LUFS, _RELATIVE_GATE_LU, _OFFSET_LU = -70.0, -10.0, -0.691
_WINDOW_S, _HOP_S = 0.4, 0.1
# Read in stretches, so that long recordings cost no memory. Each begins a second early, for the
# filters to settle, and ends with the last window that begins in it.
_STRETCH_S, _SETTLE_S = 20, 1
_CELL_FRAMES = 64  # between the knots of a limiter's gain
_LIMITER_REACH_S = 0.05  # before and after a peak


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """What was measured of a recording.

    Args:
        loudness_lufs: Integrated; -inf if nothing sounds.
        peaks: The largest sample of every 64 frames, without its sign.
    """

    loudness_lufs: float
    peaks: Floats

    @property
    def peak(self) -> float:
        """The largest sample of all, without its sign."""
        return float(self.peaks.max(initial=0.0))


def measure(blocks: Iterable[Frames], sample_rate_hz: int) -> Levels:
    """Measure a recording.

    Args:
        blocks: In order; all but the last a multiple of 64 frames long.
        sample_rate_hz: At least 8,000.
    """
    meter, peaks = _Meter(sample_rate_hz), []
    for block in blocks:
        meter.add(block)
        peaks.append(_cell_peaks(block))
    found = np.concatenate([np.empty(0), *peaks])
    return Levels(integrated_lufs(meter.finish(), float(found.max(initial=0.0))), found)


def integrated_lufs(powers: Floats, full_scale: float = 1.0) -> float:
    """Return the loudness of a recording from the weighted power of its windows.

    Args:
        powers: Mean squares of both channels, added, one a window.
        full_scale: The sample that counts as full scale for the absolute gate: for a recording that
            is still to be amplified, its own peak.
    """
    gate = full_scale**2 * 10 ** ((_GATE_LUFS - _OFFSET_LU) / 10)
    heard = powers[powers > gate]
    if not len(heard):
        return -math.inf
    heard = heard[heard > heard.mean() * 10 ** (_RELATIVE_GATE_LU / 10)]
    return _OFFSET_LU + 10 * math.log10(heard.mean())


def leveling_gains(levels: Levels, target_lufs: float, sample_rate_hz: int) -> Floats:
    """Return the gain at every 64th frame that brings a recording to a loudness.

    Where the gain would lift a peak over the ceiling, a limiter turns it down around that peak,
    as smoothly as its reach allows; elsewhere the gain is the same throughout.

    Args:
        levels: Of the recording; not silent.
        target_lufs: The loudness to reach.
        sample_rate_hz: Of the recording.
    """
    wanted_db = target_lufs - levels.loudness_lufs
    gain = 10 ** (min(wanted_db, MAX_GAIN_DB) / 20)
    over = np.maximum(levels.peaks * gain / CEILING, 1.0)
    if over.max() == 1.0:
        return np.full(len(over), gain)
    reach = max(1, round(_LIMITER_REACH_S * sample_rate_hz / _CELL_FRAMES))
    return gain * _smoothed(1 / over, reach)


def amplified(block: Frames, gains: Floats, start_frame: int) -> Frames:
    """Return a block of a recording at its new level, within the ceiling.

    Args:
        block: Any frames of the recording.
        gains: Of the whole recording, as `leveling_gains` gives them.
        start_frame: Where the block begins in it.
    """
    frames = np.arange(start_frame, start_frame + len(block))
    knots = (np.arange(len(gains)) + 0.5) * _CELL_FRAMES
    first = max(0, start_frame // _CELL_FRAMES - 1)
    near = slice(first, (start_frame + len(block)) // _CELL_FRAMES + 2)
    gain = np.interp(frames, knots[near], gains[near])
    return np.clip(block * gain[:, None], -CEILING, CEILING).astype(np.float32)


def _smoothed(gains: Floats, reach: int) -> Floats:
    """Widen the dips of a gain and round their edges; no value becomes larger.

    Args:
        gains: One a cell.
        reach: Cells on either side of a dip.
    """
    # A mean of minima, each over a window that still holds the cell and its neighbours.
    padded = np.pad(gains, 2 * reach, mode="edge")
    lows = sliding_window_view(padded, 2 * reach + 1).min(axis=-1)
    kernel = np.hanning(2 * reach + 1)[1:-1]
    smooth = np.convolve(lows, kernel / kernel.sum(), mode="same")
    return np.asarray(smooth[reach:-reach])


def _cell_peaks(block: Frames) -> Floats:
    n_missing = -len(block) % _CELL_FRAMES
    louder = np.pad(np.abs(block).max(axis=1), (0, n_missing))
    return np.asarray(louder.reshape(-1, _CELL_FRAMES).max(axis=1), dtype=np.float64)


class _Meter:
    """Cuts a recording into stretches and collects the power of their windows."""

    def __init__(self, sample_rate_hz: int) -> None:
        # Here, not above: it brings scipy, and the page must not wait for that.
        import pyloudnorm

        self._rate = sample_rate_hz
        self._meter: Any = pyloudnorm.Meter(
            sample_rate_hz, filter_class="DeMan", block_size=_WINDOW_S
        )
        self._kept = [np.zeros((_SETTLE_S * sample_rate_hz, 2), np.float32)]
        self._n_kept = len(self._kept[0])
        self._powers: list[Floats] = []

    def add(self, block: Frames) -> None:
        """Take the next frames."""
        self._kept.append(block)
        self._n_kept += len(block)
        overhang = math.ceil((_WINDOW_S - _HOP_S) * self._rate)
        if self._n_kept >= (_SETTLE_S + _STRETCH_S) * self._rate + overhang:
            kept = np.concatenate(self._kept)
            end = (_SETTLE_S + _STRETCH_S) * self._rate
            self._powers.append(self._measure(kept[: end + overhang])[: round(_STRETCH_S / _HOP_S)])
            self._kept = [kept[end - _SETTLE_S * self._rate :]]
            self._n_kept = len(self._kept[0])

    def finish(self) -> Floats:
        """Return the power of all windows."""
        kept = np.concatenate(self._kept)
        return np.concatenate([*self._powers, self._measure(kept)])

    def _measure(self, frames: Frames) -> Floats:
        """Return the power of the windows of a stretch, those of its first second left out."""
        self._meter.integrated_loudness(frames.astype(np.float64))
        loudness = np.array(self._meter.blockwise_loudness[round(_SETTLE_S / _HOP_S) :])
        return np.asarray(10 ** ((loudness - _OFFSET_LU) / 10))
