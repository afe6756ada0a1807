"""Fractal checkpoints on disk: the same files as those of event models, with another config."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from composer.models.fractal.model import FractalModel
from composer.models.saving import write_checkpoint


def save_fractal(
    folder: Path,
    model: FractalModel,
    vocabulary: dict[str, Any],
    notes: dict[str, Any],
    menu: list[dict[str, Any]] | None = None,
    *,
    dtype: torch.dtype = torch.bfloat16,
) -> None:
    """Write a checkpoint; old weights in the folder are replaced.

    Args:
        folder: Made if missing.
        model: Its weights are rounded to `dtype`.
        vocabulary: JSON values; its names are those of the conditions.
        notes: JSON values.
        menu: JSON rows.
        dtype: bfloat16 halves the size.
    """
    arrays = {
        name: w.detach().to(dtype).contiguous().cpu() for name, w in model.state_dict().items()
    }
    facts = {
        "engine": "fractal",
        "parameters": model.n_parameters,
        "model": {"kind": "fractal", **model.config.to_dict()},
    }
    write_checkpoint(folder, arrays, facts, vocabulary, notes, menu=menu)
