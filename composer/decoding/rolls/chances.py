"""Logits -> chances: temperature that keeps how much is made, and patches that are not empty."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
STEPS = 30  # of halving, from 16 nats


def sigmoid(x: Floats) -> Floats:
    """Return the logistic function."""
    return 0.5 * (1 + np.tanh(0.5 * np.asarray(x, np.float64)))


def bit_chances(logits: npt.ArrayLike, temperature: float, shift: float) -> Floats:
    """Return the chance of every bit.

    A temperature other than 1 decides which bits are set more or less clearly, but leaves the
    expected number of them: with few patches that sound, it would otherwise empty the roll.

    Args:
        logits: Of bits that are decided together, [n].
        temperature: Above 0.
        shift: Added to the logits first.
    """
    plain = np.asarray(logits, np.float64) + shift
    if temperature == 1.0 or not plain.size:
        return sigmoid(plain)
    wanted = float(sigmoid(plain).mean())
    return sigmoid(plain / temperature + _offset(plain / temperature, wanted))


def cell_chances(logits: npt.ArrayLike, temperature: float, shift: float) -> Floats:
    """Return the chances of silence, onset and hold, [n, 3]; see `bit_chances`.

    Args:
        logits: [n, 3].
        temperature: Above 0; the expected number of silent cells stays.
        shift: Added to the logits of onsets.
    """
    plain = np.asarray(logits, np.float64) + np.array([0.0, shift, 0.0])
    chances = softmax(plain)
    if temperature == 1.0 or not len(plain):
        return chances
    sharp = plain / temperature
    sounding = np.logaddexp(sharp[:, 1], sharp[:, 2]) - sharp[:, 0]
    sharp[:, 1:] += _offset(sounding, float(1 - chances[:, 0].mean()))
    return softmax(sharp)


def softmax(logits: Floats) -> Floats:
    """Return chances along the last axis."""
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    return np.asarray(powers / powers.sum(-1, keepdims=True))


def _offset(logits: Floats, wanted: float) -> float:
    """Return what is added to logits so that their chances have a mean."""
    low, high = -16.0, 16.0
    for _ in range(STEPS):
        middle = (low + high) / 2
        if float(sigmoid(logits + middle).mean()) < wanted:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def none_behind(silent: Floats, now: npt.NDArray[np.bool_]) -> Floats:
    """Return the chance that no place from each on sounds, [N, K + 1].

    Args:
        silent: Chance that a place is silent, [N, K].
        now: Places that are decided; all others do not count.
    """
    factors = np.where(now, silent, 1.0)
    behind = np.cumprod(factors[:, ::-1], 1)[:, ::-1]
    return np.concatenate([behind, np.ones((len(silent), 1))], 1)
