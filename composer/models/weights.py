"""`Weights`: a model's arrays by name, with its shape, as numpy. Knows no framework.

What runs the model elsewhere (ONNX Runtime) is built from these, so that composing on a CPU need
not load torch, which takes longer than drawing the first candidates.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import deserialize

from composer.errors import CheckpointError
from composer.models.config import ModelConfig, XlstmConfig

Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Weights:
    """A model's weights in fp32.

    Args:
        config: Its shape.
        table_sizes: Ids of each field that may be read.
        written_sizes: Ids of each field that may be written.
        arrays: By the names of torch's `state_dict`.

    Raises:
        CheckpointError: If an array is missing, superfluous or of another shape.
    """

    config: ModelConfig | XlstmConfig
    table_sizes: tuple[int, ...]
    written_sizes: tuple[int, ...]
    arrays: Mapping[str, Array]

    def __post_init__(self) -> None:
        """Compare names and shapes with what the config asks for."""
        wanted = dict(shapes(self.config, self.table_sizes, self.written_sizes))
        found = {name: array.shape for name, array in self.arrays.items()}
        odd = sorted(name for name in wanted | found if wanted.get(name) != found.get(name))
        if odd:
            raise CheckpointError(
                f"{len(odd)} weights do not fit the config, such as {odd[0][:60]}: "
                f"{found.get(odd[0])}, not {wanted.get(odd[0])}"
            )

    @property
    def transformer(self) -> ModelConfig:
        """The shape, where what runs the model knows transformers only.

        Raises:
            CheckpointError: If the model is of another kind.
        """
        if not isinstance(self.config, ModelConfig):
            raise CheckpointError("this runtime runs transformers only; choose another one")
        return self.config

    def __getitem__(self, name: str) -> Array:
        """Return an array by its name, `.weight` left out."""
        return self.arrays[f"{name}.weight"]


Shapes = Iterator[tuple[str, tuple[int, ...]]]


def shapes(
    config: ModelConfig | XlstmConfig,
    table_sizes: tuple[int, ...],
    written_sizes: tuple[int, ...],
) -> Shapes:
    """Yield name and shape of every weight of a model."""
    width = config.width
    for i, size in enumerate(table_sizes):
        yield f"tables.{i}.weight", (size, width)
    for i in range(config.layers):
        name = f"blocks.{i}"
        if isinstance(config, ModelConfig):
            yield f"{name}.attention_norm.weight", (width,)
            yield from _attention_shapes(f"{name}.attention", config)
        else:
            yield f"{name}.cell_norm.weight", (width,)
            yield from _cell_shapes(f"{name}.cell", config.cells[i], config)
        yield f"{name}.gated_norm.weight", (width,)
        yield from _gated_shapes(f"{name}.gated", width, config.hidden)
    yield "norm.weight", (width,)
    for i, size in enumerate(written_sizes):
        yield f"heads.{i}.norm.weight", (width,)
        yield from _gated_shapes(f"heads.{i}.gated", width, config.field_hidden)
        yield f"heads.{i}.logits_norm.weight", (width,)
        yield f"heads.{i}.logits.weight", (size, width)


def _attention_shapes(name: str, config: ModelConfig) -> Shapes:
    heads_width = config.heads * config.head_width
    kv_width = 2 * config.kv_heads * config.head_width
    yield f"{name}.qkv.weight", (heads_width + kv_width, config.width)
    yield f"{name}.out.weight", (config.width, heads_width)


def _cell_shapes(name: str, kind: str, config: XlstmConfig) -> Shapes:
    width, head = config.width, config.value_width
    shared = 2 * config.kv_heads * head
    projected = {"mlstm": 3 * width, "slstm": 4 * width, "attention": width + shared}
    yield f"{name}.project.weight", (projected[kind], width)
    if kind == "mlstm":
        yield f"{name}.gates.weight", (2 * config.heads, width)
        yield f"{name}.gates.bias", (2 * config.heads,)
    if kind == "slstm":
        yield f"{name}.recurrent", (config.heads, head, 4 * head)
        yield f"{name}.bias", (4 * width,)
    if kind != "attention":
        yield f"{name}.norm.weight", (width,)
    yield f"{name}.out.weight", (width, width)


def _gated_shapes(name: str, width: int, hidden: int) -> Shapes:
    yield f"{name}.gate_up.weight", (2 * hidden, width)
    yield f"{name}.down.weight", (width, hidden)


def read_shard(data: bytes) -> dict[str, Array]:
    """Return the arrays of a safetensors file in fp32; numpy itself knows no bf16.

    Raises:
        CheckpointError: If the bytes are no such file.
    """
    try:
        return {name: _as_fp32(entry) for name, entry in deserialize(data)}  # type: ignore[no-untyped-call]
    except Exception as error:  # the library's own error has no public name
        raise CheckpointError(f"a shard of weights cannot be read: {str(error)[:80]}") from error


def _as_fp32(entry: dict[str, Any]) -> Array:
    shape, data = entry["shape"], bytes(entry["data"])
    if entry["dtype"] == "BF16":  # the upper half of an fp32
        wide = np.frombuffer(data, "<u2").astype(np.uint32) << 16
        return wide.view(np.float32).reshape(shape)
    kind = {"F16": "<f2", "F32": "<f4"}[entry["dtype"]]
    return np.frombuffer(data, np.dtype(kind)).astype(np.float32).reshape(shape)


def rotary_table(config: ModelConfig) -> Array:
    """Return cosines and sines of every position, [max_events, 2, D / 2]."""
    half = config.head_width // 2
    frequencies = np.zeros(half)
    if config.rope_base:
        frequencies = np.exp(-math.log(config.rope_base) * np.arange(half) / half)
    angles = np.outer(np.arange(config.max_events), frequencies)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
