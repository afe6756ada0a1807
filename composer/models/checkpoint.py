"""Checkpoints on disk: config.json, vocabulary.json and weights in safetensors shards under 9 MB.

Nothing is ever unpickled. `config.json` names the shards with their SHA-256, so that a truncated or
changed file is refused at start with one line.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load, save
from torch import Tensor

from composer.errors import CheckpointError, OptionError
from composer.models.config import ModelConfig
from composer.models.transformer import EventTransformer

MAX_SHARD_BYTES = 8_500_000
FORMAT = 1


@dataclass(frozen=True)
class Checkpoint:
    """A model with what it needs to be used.

    Args:
        model: In evaluation mode, float32.
        vocabulary: As JSON values; `tokenizer.Vocabulary` reads it.
        notes: Free facts kept in config.json: training, data.
        menu: What may be wished for, as JSON rows; empty if the checkpoint has none.
        evaluation: What `evaluate --keep` found, as JSON values; empty before that.
        fingerprint: Twelve hexadecimal digits over the weights.
    """

    model: EventTransformer
    vocabulary: dict[str, Any]
    notes: dict[str, Any]
    menu: list[dict[str, Any]]
    evaluation: dict[str, Any]
    fingerprint: str


def save_checkpoint(
    folder: Path,
    model: EventTransformer,
    vocabulary: dict[str, Any],
    notes: dict[str, Any],
    *,
    menu: list[dict[str, Any]] | None = None,
    dtype: torch.dtype = torch.bfloat16,
) -> None:
    """Write a checkpoint; old shards of the folder are replaced.

    Args:
        folder: Made if missing.
        model: Its weights are rounded to `dtype`.
        vocabulary: JSON values.
        notes: JSON values.
        menu: JSON rows.
        dtype: bfloat16 halves the size at no measurable loss.
    """
    folder.mkdir(parents=True, exist_ok=True)
    weights = {
        name: w.detach().to(dtype).contiguous().cpu() for name, w in model.state_dict().items()
    }
    shards = [save(shard) for shard in _shards(weights)]
    for old in folder.glob("weights-*.safetensors"):
        old.unlink()
    digests = {}
    for index, data in enumerate(shards):
        name = f"weights-{index + 1}-of-{len(shards)}.safetensors"
        (folder / name).write_bytes(data)
        digests[name] = hashlib.sha256(data).hexdigest()
    config = {
        "format": FORMAT,
        "engine": "transformer",
        "parameters": model.n_parameters,
        "model": model.config.to_dict(),
        "table_sizes": list(model.table_sizes),
        "written_sizes": list(model.written_sizes),
        "shards": digests,
        "notes": notes,
    }
    _write_json(folder / "config.json", config)
    _write_json(folder / "vocabulary.json", vocabulary)
    _write_json(folder / "menu.json", {"rows": menu or []})


def load_checkpoint(folder: Path, device: str = "cpu") -> Checkpoint:
    """Read a checkpoint and check it.

    Raises:
        CheckpointError: If a file is missing, damaged, or does not fit the others.
    """
    config = _read_json(folder / "config.json")
    try:
        model = EventTransformer(
            ModelConfig.from_dict(config["model"]),
            tuple(config["table_sizes"]),
            tuple(config["written_sizes"]),
        )
        weights: dict[str, Tensor] = {}
        for name, digest in config["shards"].items():
            weights |= load(_checked_bytes(folder / Path(name).name, digest))
        model.load_state_dict({name: w.float() for name, w in weights.items()})
        notes = dict(config.get("notes", {}))
    except (KeyError, TypeError, ValueError, RuntimeError, AttributeError, OptionError) as error:
        reason = str(error).splitlines()[0][:200]
        raise CheckpointError(
            f"the checkpoint {folder.name} does not fit its config: {reason}"
        ) from error
    digests = json.dumps(config["shards"], sort_keys=True)
    return Checkpoint(
        model=_moved(model.eval(), device),
        vocabulary=_read_json(folder / "vocabulary.json"),
        notes=notes,
        menu=_read_menu(folder),
        evaluation=_read_evaluation(folder),
        fingerprint=hashlib.sha256(digests.encode()).hexdigest()[:12],
    )


def _moved(model: EventTransformer, device: str) -> EventTransformer:
    try:
        return model.to(device)
    except (RuntimeError, AssertionError) as error:  # torch asserts that it was built for CUDA
        raise CheckpointError(
            f"the device {device[:40]!r} cannot be used here; leave COMPOSER_DEVICE out for the CPU"
        ) from error


def save_evaluation(folder: Path, report: dict[str, Any]) -> Path:
    """Keep an evaluation beside the weights that it measured."""
    path = folder / "evaluation.json"
    _write_json(path, report)
    return path


def _read_menu(folder: Path) -> list[dict[str, Any]]:
    rows = _read_json(folder / "menu.json").get("rows", [])
    if not isinstance(rows, list):
        raise CheckpointError("menu.json holds no rows")
    return rows


def _read_evaluation(folder: Path) -> dict[str, Any]:
    is_there = (folder / "evaluation.json").exists()
    return _read_json(folder / "evaluation.json") if is_there else {}


def _shards(weights: dict[str, Tensor]) -> list[dict[str, Tensor]]:
    """Split weights by size, in order."""
    shards: list[dict[str, Tensor]] = [{}]
    used = 0
    for name, weight in weights.items():
        size = weight.numel() * weight.element_size()
        if used + size > MAX_SHARD_BYTES and shards[-1]:
            shards.append({})
            used = 0
        shards[-1][name] = weight
        used += size
    return shards


def _checked_bytes(path: Path, digest: str) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CheckpointError(
            f"the checkpoint lacks {path.name}; fetch the folder again"
        ) from error
    if hashlib.sha256(data).hexdigest() != digest:
        raise CheckpointError(
            f"{path.name} is damaged (its SHA-256 differs); fetch the folder again"
        )
    return data


def _read_json(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(
            f"the checkpoint has no readable {path.name} in {path.parent.name}"
        ) from error
    if not isinstance(values, dict):
        raise CheckpointError(f"{path.name} holds no table")
    return values


def _write_json(path: Path, values: dict[str, Any]) -> None:
    path.write_text(json.dumps(values, indent=1, ensure_ascii=False) + "\n", "utf-8")
