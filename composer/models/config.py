"""Kinds and sizes of models, as frozen tables. Knows no framework.

See `PRESETS_OF` for the named ones of every kind.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any, Self

from composer.bundled import CONFIGS
from composer.errors import CheckpointError, OptionError

CELLS = ("mlstm", "slstm", "attention")
NORM_EPSILON = 1e-6  # of what cells read; memories that begin closed read little


@dataclass(frozen=True)
class Stored:
    """A frozen table that is kept as JSON."""

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Rebuild a config.

        Raises:
            CheckpointError: If a name is unknown or missing.
        """
        names = {field.name for field in fields(cls)}
        needed = {field.name for field in fields(cls) if field.default is MISSING}
        if not needed <= set(values) <= names:
            odd = ", ".join(sorted((needed - set(values)) | (set(values) - names)))
            raise CheckpointError(f"the model config has unknown or missing entries: {odd}")
        return cls(**values)


@dataclass(frozen=True, kw_only=True)
class Config(Stored):
    """What models of every kind have.

    Args:
        width: Of the residual stream.
        hidden: Width of the gated feed-forward layer.
        field_hidden: Width of the gated layer in each field's head.
        dropout: Share of activations dropped in training, 0..1.
    """

    width: int
    hidden: int
    field_hidden: int
    dropout: float = 0.1


@dataclass(frozen=True, kw_only=True)
class ModelConfig(Config):
    """Shape of a transformer over events, beside what `Config` says.

    Args:
        layers: Blocks of attention and gated feed-forward.
        heads: Query heads.
        kv_heads: Key/value heads, a divisor of `heads`.
        head_width: Of each attention head.
        rope_base: Base of the rotary wavelengths; 0 turns nothing, so that order is known from the
            causal mask alone (Y. Gelberg et al., DroPE, arXiv 2512.12167).
        max_events: Longest sequence that the rotary tables cover.
    """

    layers: int
    heads: int
    kv_heads: int
    head_width: int = 64
    rope_base: float = 10_000.0
    max_events: int = 8_192

    def __post_init__(self) -> None:
        """Refuse shapes that do not divide, and wavelengths that do not grow."""
        if self.kv_heads < 1 or self.heads % self.kv_heads or self.head_width % 2:
            raise OptionError(
                f"`heads` must be a multiple of `kv_heads` and `head_width` even, "
                f"got {self.heads}, {self.kv_heads}, {self.head_width}"
            )
        if self.rope_base and not 1.0 < self.rope_base < float("inf"):
            raise OptionError(f"`rope_base` must be 0 or above 1, got {self.rope_base}")


@dataclass(frozen=True, kw_only=True)
class XlstmConfig(Config):
    """Shape of an xLSTM over events, beside what `Config` says.

    Args:
        cells: One of `CELLS` a layer, each followed by a gated feed-forward layer.
        heads: Memories of an mLSTM or sLSTM cell, and heads of attention; a divisor of `width`,
            which they share: values have `width / heads` features, queries and keys half of them.
            Heads of attention are as wide as values, and two share keys and values.
        gate_cap: Where the gates' inputs end, by a tangent that is soft.
        input_bias: Of the input gates at the beginning: a memory that begins closed.
        chunk: Rows that are read together; any gives the same.
        window: Rows that cells of attention look back at, the present one included.
        rope_base: Base of the rotary wavelengths of cells of attention, above 1.
    """

    cells: tuple[str, ...]
    heads: int
    gate_cap: float = 15.0
    input_bias: float = -10.0
    chunk: int = 64
    window: int = 256
    rope_base: float = 10_000.0

    def __post_init__(self) -> None:
        """Refuse unknown cells and shapes that do not divide."""
        object.__setattr__(self, "cells", tuple(self.cells))  # JSON has lists
        if not self.cells or not set(self.cells) <= set(CELLS):
            raise OptionError(f"`cells` must be of {', '.join(CELLS)}, got {self.cells}")
        if self.heads < 1 or self.width < 1 or self.width % (2 * self.heads):
            raise OptionError(
                f"`width` must be a multiple of twice `heads`, got {self.width}, {self.heads}"
            )
        if self.chunk < 1 or not 1 <= self.window <= 256 or self.gate_cap <= 0:
            raise OptionError(
                "`chunk` must be 1 or more, `window` 1 to 256 and `gate_cap` above 0, "
                f"got {self.chunk}, {self.window}, {self.gate_cap}"
            )
        if not 1.0 < self.rope_base < float("inf"):
            raise OptionError(f"`rope_base` must be above 1, got {self.rope_base}")

    @property
    def layers(self) -> int:
        """Blocks of a cell and gated feed-forward."""
        return len(self.cells)

    @property
    def value_width(self) -> int:
        """Features of a head's values."""
        return self.width // self.heads

    @property
    def key_width(self) -> int:
        """Features of a head's queries and keys; of an attention head it is the value's width."""
        return self.value_width // 2

    @property
    def kv_heads(self) -> int:
        """Heads of keys and values in cells of attention."""
        return max(1, self.heads // 2)


def _read_presets() -> dict[str, ModelConfig]:
    """Return the shapes in configs/, by file; other files there say nothing of a model."""
    tables = {path.stem: tomllib.loads(path.read_text("utf-8")) for path in CONFIGS.glob("*.toml")}
    found = {
        name: ModelConfig(**table["model"]) for name, table in tables.items() if "model" in table
    }
    return dict(sorted(found.items(), key=lambda item: item[1].width))


PRESETS = _read_presets()
# As many trained numbers as the transformers of these names. Every fourth cell is attention.
_CELLS = ("mlstm", "attention", "mlstm", "mlstm") * 2
XLSTM_PRESETS = {
    "tiny": XlstmConfig(width=64, cells=_CELLS[:2], heads=2, hidden=112, field_hidden=64),
    "small": XlstmConfig(width=256, cells=_CELLS[:6], heads=4, hidden=645, field_hidden=384),
    "base": XlstmConfig(width=512, cells=_CELLS, heads=8, hidden=843, field_hidden=768),
}
KINDS: dict[str, type[ModelConfig] | type[XlstmConfig]] = {
    "transformer": ModelConfig,
    "xlstm": XlstmConfig,
}
PRESETS_OF: dict[str, Mapping[str, ModelConfig | XlstmConfig]] = {
    "transformer": PRESETS,
    "xlstm": XLSTM_PRESETS,
}


def kind_of(config: Config) -> str:
    """Return the name of a config's kind, as in `KINDS`."""
    return next(name for name, kind in KINDS.items() if isinstance(config, kind))


def read_config(values: dict[str, Any]) -> ModelConfig | XlstmConfig:
    """Rebuild a config from what `write_config` wrote; without `kind` it is a transformer's.

    Raises:
        CheckpointError: If the kind, or a name, is unknown or missing.
    """
    values = dict(values)
    kind = values.pop("kind", "transformer")
    if kind not in KINDS:
        raise CheckpointError(
            f"`model.kind` must be one of {', '.join(KINDS)}, got {str(kind)[:40]!r}"
        )
    return KINDS[kind].from_dict(values)


def write_config(config: Config) -> dict[str, Any]:
    """Return JSON values, the kind in front."""
    return {"kind": kind_of(config), **config.to_dict()}
