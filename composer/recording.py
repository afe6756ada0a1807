"""`Recording`: sound without notes, as engines of sound make it. Knows no file and no engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from composer.errors import OptionError

Samples: TypeAlias = np.ndarray[tuple[int, int], np.dtype[np.float32]]  # (frames, channels), ±1
MAX_RATE_HZ = 192_000


@dataclass(frozen=True, eq=False)
class Recording:
    """Sound.

    Args:
        samples: [frames, channels], 32-bit floats with full scale at ±1; one or two channels.
        rate_hz: Frames a second.

    Raises:
        OptionError: If there is no frame, a sample is no number, or channels or rate are none.
    """

    samples: Samples
    rate_hz: int

    def __post_init__(self) -> None:
        """Check the samples."""
        shape = self.samples.shape
        if len(shape) != 2 or not shape[0] or shape[1] not in (1, 2):
            raise OptionError(f"a recording has frames of one or two channels, got {shape}")
        if not 0 < self.rate_hz <= MAX_RATE_HZ:
            raise OptionError(
                f"`rate_hz` must be from 1 to {MAX_RATE_HZ}, got {str(self.rate_hz)[:20]}"
            )
        if not np.isfinite(self.samples).all():
            raise OptionError("a recording has samples that are no numbers")

    @property
    def channels(self) -> int:
        """1 or 2."""
        return int(self.samples.shape[1])

    @property
    def length_s(self) -> float:
        """Seconds."""
        return len(self.samples) / self.rate_hz

    @property
    def mono(self) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        """The mean of all channels, [frames]."""
        return np.asarray(self.samples.mean(axis=1), dtype=np.float32)
