"""Negative log-probabilities of given rows under a model, as numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from composer.models.event_model import EventModel


@torch.inference_mode()
def row_nats(
    model: EventModel,
    rows: npt.NDArray[Any],
    nexts: npt.NDArray[Any],
    counts: npt.NDArray[np.bool_],
) -> npt.NDArray[np.float32]:
    """Return the nats of every counted field, [B, T, 4]; 0 where a field does not count.

    Args:
        model: In evaluation mode.
        rows: What is read, ids [B, T, 4].
        nexts: The row after each, ids [B, T, 4].
        counts: Which fields of `nexts` count, [B, T, 4].
    """
    device = next(model.parameters()).device
    picked = torch.from_numpy(counts).to(device)
    states = model(torch.from_numpy(rows.astype(np.int64)).to(device))
    wanted = torch.from_numpy(nexts.astype(np.int64)).to(device)
    nats = torch.zeros(counts.shape, dtype=torch.float32, device=device)
    for field, losses in enumerate(model.field_losses(states, wanted, picked)):
        nats[..., field][picked[..., field]] = losses.float()
    found: npt.NDArray[np.float32] = nats.cpu().numpy()
    return found
