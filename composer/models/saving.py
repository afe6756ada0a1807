"""Writing checkpoints: weights in safetensors shards under 9 MB, with config, vocabulary, menu."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor

from composer.models.checkpoint import FORMAT, write_json
from composer.models.config import kind_of, write_config
from composer.models.event_model import EventModel

MAX_SHARD_BYTES = 8_500_000


def save_checkpoint(
    folder: Path,
    model: EventModel,
    vocabulary: dict[str, Any],
    notes: dict[str, Any],
    *,
    menu: list[dict[str, Any]] | None = None,
    dtype: torch.dtype = torch.bfloat16,
    shard_bytes: int = MAX_SHARD_BYTES,
) -> None:
    """Write a checkpoint; old shards of the folder are replaced.

    Args:
        folder: Made if missing.
        model: Its weights are rounded to `dtype`.
        vocabulary: JSON values.
        notes: JSON values.
        menu: JSON rows.
        dtype: bfloat16 halves the size at no measurable loss.
        shard_bytes: Largest size of a file of weights, unless one array alone is larger.
    """
    weights = {
        name: w.detach().to(dtype).contiguous().cpu() for name, w in model.state_dict().items()
    }
    facts = {
        "engine": kind_of(model.config),
        "parameters": model.n_parameters,
        "model": write_config(model.config),
        "table_sizes": list(model.table_sizes),
        "written_sizes": list(model.written_sizes),
    }
    write_checkpoint(folder, weights, facts, vocabulary, notes, menu=menu, shard_bytes=shard_bytes)


def write_checkpoint(
    folder: Path,
    weights: dict[str, Tensor],
    facts: dict[str, Any],
    vocabulary: dict[str, Any],
    notes: dict[str, Any],
    *,
    menu: list[dict[str, Any]] | None = None,
    shard_bytes: int = MAX_SHARD_BYTES,
) -> None:
    """Write weights in shards, and what belongs to them.

    Args:
        folder: As in `save_checkpoint`, and so are all below.
        weights: By name.
        facts: Of config.json: the engine, and what its model is.
        vocabulary: JSON values.
        notes: JSON values.
        menu: JSON rows.
        shard_bytes: Largest size of a file of weights.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shards = [save(shard) for shard in _shards(weights, shard_bytes)]
    for old in folder.glob("weights-*.safetensors"):
        old.unlink()
    digests = {}
    for index, data in enumerate(shards):
        name = f"weights-{index + 1}-of-{len(shards)}.safetensors"
        (folder / name).write_bytes(data)
        digests[name] = hashlib.sha256(data).hexdigest()
    config = {"format": FORMAT, **facts, "shards": digests, "notes": notes}
    write_json(folder / "config.json", config)
    write_json(folder / "vocabulary.json", vocabulary)
    write_json(folder / "menu.json", {"rows": menu or []})


def _shards(weights: dict[str, Tensor], shard_bytes: int) -> list[dict[str, Tensor]]:
    """Split weights by size, in order."""
    shards: list[dict[str, Tensor]] = [{}]
    used = 0
    for name, weight in weights.items():
        size = weight.numel() * weight.element_size()
        if used + size > shard_bytes and shards[-1]:
            shards.append({})
            used = 0
        shards[-1][name] = weight
        used += size
    return shards
