"""Learning rate over a run: warm-up, then a cosine to a share of its peak."""

from __future__ import annotations

import math


def rate_at(progress: float, *, warmup: float, floor: float = 0.05) -> float:
    """Return the share of the peak learning rate.

    Args:
        progress: Share of the run that is done, 0..1.
        warmup: Share of the run that warms up, linearly from 0.
        floor: Share of the peak at the end.
    """
    if progress < warmup:
        return progress / warmup
    done = min(1.0, (progress - warmup) / (1.0 - warmup))
    return floor + (1.0 - floor) * 0.5 * (1.0 + math.cos(math.pi * done))
