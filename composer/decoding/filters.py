"""Sampling filters: logits in, new logits out. Pure numpy; know neither model nor music.

Shapes: B candidates, V ids.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Logits = npt.NDArray[np.float32]
NEVER = np.float32(-np.inf)
_LEAST_LOG = np.float32(-1e4)  # 0 * -inf is no number


def log_softmax(logits: Logits) -> Logits:
    """Return log-probabilities, [B, V]."""
    shifted = logits - logits.max(-1, keepdims=True)
    found: Logits = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    return found


def log_probs(logits: Logits, ids: npt.NDArray[np.int64]) -> Logits:
    """Return the log-probability of one id a candidate, [B]."""
    shifted = logits - logits.max(-1, keepdims=True)
    found: Logits = shifted[np.arange(len(ids)), ids] - np.log(np.exp(shifted).sum(-1))
    return found


def likelier_neighbours(
    found: Logits, ids: npt.NDArray[np.int64], reach: int
) -> tuple[Logits, npt.NDArray[np.int64]]:
    """Return how much likelier an id near by would have been than the one that was chosen.

    Args:
        found: Log-probabilities, [B, V]; of ids in an order in which neighbours mean something, as
            pitches do.
        ids: Chosen, [B].
        reach: How far a neighbour may lie.

    Returns:
        Nats, at most those by which the choice surprises more than choices on average (its
        surprise less the entropy), 0 where no neighbour is likelier or no surprise is in it, [B];
        and the way to that neighbour, [B].
    """
    every = np.arange(len(ids))
    chosen = found[every, ids]
    entropy = -(np.exp(found) * np.maximum(found, _LEAST_LOG)).sum(-1)
    ways = np.array([way for way in range(-reach, reach + 1) if way])
    there = ids[:, None] + ways
    near = np.where(
        (there >= 0) & (there < found.shape[1]),
        found[every[:, None], there.clip(0, found.shape[1] - 1)],
        NEVER,
    )
    best = near.argmax(-1)
    nats = np.minimum(near[every, best] - chosen, -chosen - entropy)
    return np.maximum(nats, 0.0).astype(np.float32), ways[best]


def guide(asked: Logits, open_: Logits, scale: float) -> Logits:
    """Move logits away from those without conditions: open + scale * (asked - open).

    What a row of logits is short of log-probabilities is one number, and stays one.

    Source: J. Ho and T. Salimans, "Classifier-free diffusion guidance" (2022), arXiv 2207.12598.

    Args:
        asked: Logits with the conditions, [B, V].
        open_: Logits without, [B, V].
        scale: 1 changes nothing.
    """
    return open_ + np.float32(scale) * (asked - open_)


def keep_top_k(logits: Logits, k: int) -> Logits:
    """Keep the k likeliest ids; 0 keeps all."""
    if k <= 0 or k >= logits.shape[-1]:
        return logits
    least = np.partition(logits, -k, axis=-1)[:, -k, None]
    return np.where(logits >= least, logits, -np.inf).astype(np.float32)


def keep_top_p(logits: Logits, p: float) -> Logits:
    """Keep the least set of likeliest ids whose probabilities reach p; 1 keeps all.

    Source: A. Holtzman et al., "The curious case of neural text degeneration" (2020).
    """
    if p >= 1.0:
        return logits
    order = np.argsort(-logits, axis=-1)
    ranked = np.take_along_axis(np.exp(log_softmax(logits)), order, -1)
    drops = np.cumsum(ranked, -1) - ranked >= p
    dropped = np.zeros_like(drops)
    np.put_along_axis(dropped, order, drops, -1)
    return np.where(dropped, -np.inf, logits).astype(np.float32)


def keep_min_p(logits: Logits, p: float) -> Logits:
    """Keep ids at least p times as likely as the likeliest; 0 keeps all.

    Source: N. N. Minh et al., "Turning up the heat: min-p sampling" (2024), arXiv 2407.01082.
    """
    if p <= 0.0:
        return logits
    least = logits.max(-1, keepdims=True) + np.float32(np.log(p))
    return np.where(logits >= least, logits, NEVER)


def choose(logits: Logits, uniform: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Sample one id a candidate by inverting the distribution function.

    Args:
        logits: [B, V]; -inf is never chosen.
        uniform: One number a candidate in [0, 1), [B].
    """
    # Few ids are left as a rule; the others would add nothing to the sums.
    left = np.flatnonzero((logits > NEVER).any(0))
    logits = np.take(logits, left, axis=1)
    weights = np.exp(logits - logits.max(-1, keepdims=True))
    mass = np.cumsum(weights, -1, dtype=np.float64)
    places = (mass <= (uniform * mass[:, -1])[:, None]).sum(-1)
    if (places == len(left)).any():  # the product was rounded up to the whole mass
        last = len(left) - 1 - np.argmax(weights[:, ::-1] > 0, axis=-1)
        places = np.minimum(places, last)
    found: npt.NDArray[np.int64] = left[places]
    return found
