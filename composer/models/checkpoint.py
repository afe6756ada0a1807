"""Checkpoints on disk: config.json, vocabulary.json and weights in safetensors shards under 9 MB.

Nothing is ever unpickled. `config.json` names the shards with their SHA-256, so that a truncated or
changed file is refused at start with one line.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from composer.errors import CheckpointError, OptionError
from composer.models.config import read_config
from composer.models.weights import Array, Weights, read_shard

if TYPE_CHECKING:
    from composer.models.event_model import EventModel

FORMAT = 1


@dataclass(frozen=True)
class Checkpoint:
    """A model with what it needs to be used.

    Args:
        weights: In fp32.
        vocabulary: As JSON values; `tokenizer.Vocabulary` reads it.
        notes: Free facts kept in config.json: training, data.
        menu: What may be asked for, as JSON rows; empty if the checkpoint has none.
        evaluation: What `evaluate --keep` found, as JSON values; empty before that.
        fingerprint: Twelve hexadecimal digits over the weights.
        sampling: What `sweep --keep` found, by form, as JSON values; empty before that.
    """

    weights: Weights
    vocabulary: dict[str, Any]
    notes: dict[str, Any]
    menu: list[dict[str, Any]]
    evaluation: dict[str, Any]
    fingerprint: str
    sampling: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def model(self) -> EventModel:
        """The model for torch, in evaluation mode; built, and torch loaded, when asked for."""
        from composer.models.kinds import model_of

        return model_of(self.weights)


def load_checkpoint(folder: Path) -> Checkpoint:
    """Read a checkpoint and check it.

    Raises:
        CheckpointError: If a file is missing, damaged, or does not fit the others.
    """
    config = read_json(folder / "config.json")
    with misfits_named(folder):
        weights = Weights(
            read_config(config["model"]),
            tuple(config["table_sizes"]),
            tuple(config["written_sizes"]),
            read_arrays(folder, config),
        )
        notes = dict(config.get("notes", {}))
    return Checkpoint(
        weights=weights,
        vocabulary=read_json(folder / "vocabulary.json"),
        notes=notes,
        menu=_read_menu(folder),
        evaluation=_read_evaluation(folder),
        fingerprint=fingerprint_of(folder),
        sampling=load_sampling(folder),
    )


@contextmanager
def misfits_named(folder: Path) -> Iterator[None]:
    """Say of whatever is missing or misshapen that a checkpoint does not fit its config.

    Raises:
        CheckpointError: In one line, in place of what was raised.
    """
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, OptionError) as error:
        reason = str(error).splitlines()[0][:200]
        raise CheckpointError(
            f"the checkpoint {folder.name} does not fit its config: {reason}"
        ) from error


def read_arrays(folder: Path, config: dict[str, Any]) -> dict[str, Array]:
    """Return all weights by name, from the shards that a config names.

    Raises:
        CheckpointError: If one is missing or damaged.
    """
    arrays: dict[str, Array] = {}
    for name, digest in config["shards"].items():
        arrays |= read_shard(checked_bytes(folder / Path(name).name, digest))
    return arrays


def fingerprint_of(folder: Path) -> str:
    """Return twelve hexadecimal digits over the weights of a checkpoint, whatever its engine.

    Raises:
        CheckpointError: If the folder holds none.
    """
    try:
        digests = json.dumps(read_json(folder / "config.json")["shards"], sort_keys=True)
    except KeyError as error:
        raise CheckpointError(f"the config.json in {folder.name} names no weights") from error
    return hashlib.sha256(digests.encode()).hexdigest()[:12]


def save_evaluation(folder: Path, report: dict[str, Any]) -> Path:
    """Keep an evaluation beside the weights that it measured."""
    path = folder / "evaluation.json"
    write_json(path, report)
    return path


def load_sampling(folder: Path) -> dict[str, Any]:
    """Return what is kept of sweeps by form; empty if the file is missing or cannot be read."""
    try:
        return read_json(folder / "sampling.json")
    except CheckpointError:
        return {}


def save_sampling(folder: Path, by_form: dict[str, Any]) -> Path:
    """Keep what sweeps found beside the weights that they measured."""
    path = folder / "sampling.json"
    write_json(path, by_form)
    return path


def _read_menu(folder: Path) -> list[dict[str, Any]]:
    rows = read_json(folder / "menu.json").get("rows", [])
    if not isinstance(rows, list):
        raise CheckpointError("menu.json holds no rows")
    return rows


def _read_evaluation(folder: Path) -> dict[str, Any]:
    is_there = (folder / "evaluation.json").exists()
    return read_json(folder / "evaluation.json") if is_there else {}


def checked_bytes(path: Path, digest: str) -> bytes:
    """Read a file whose SHA-256 is known.

    Raises:
        CheckpointError: If it is missing or another one.
    """
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


def read_json(path: Path) -> dict[str, Any]:
    """Read a table.

    Raises:
        CheckpointError: If the file is missing or holds none.
    """
    try:
        values = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(
            f"the checkpoint has no readable {path.name} in {path.parent.name}"
        ) from error
    if not isinstance(values, dict):
        raise CheckpointError(f"{path.name} holds no table")
    return values


def write_json(path: Path, values: dict[str, Any]) -> None:
    """Write values as every file of a checkpoint writes them."""
    path.write_text(json.dumps(values, indent=1, ensure_ascii=False) + "\n", "utf-8")
