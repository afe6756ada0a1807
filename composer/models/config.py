"""Sizes of models, as frozen tables. Knows no framework.

See `PRESETS` for the named ones.
"""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass, fields
from typing import Any

from composer.bundled import CONFIGS
from composer.errors import CheckpointError, OptionError


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """Shape of a transformer over events.

    Args:
        width: Of the residual stream.
        layers: Blocks of attention and gated feed-forward.
        heads: Query heads.
        kv_heads: Key/value heads, a divisor of `heads`.
        head_width: Of each attention head.
        hidden: Width of the gated feed-forward layer.
        field_hidden: Width of the gated layer in each field's head.
        dropout: Share of activations dropped in training, 0..1.
        rope_base: Base of the rotary wavelengths; 0 turns nothing, so that order is known from the
            causal mask alone (Y. Gelberg et al., DroPE, arXiv 2512.12167).
        max_events: Longest sequence that the rotary tables cover.
    """

    width: int
    layers: int
    heads: int
    kv_heads: int
    head_width: int = 64
    hidden: int
    field_hidden: int
    dropout: float = 0.1
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

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ModelConfig:
        """Rebuild a config.

        Raises:
            CheckpointError: If a name is unknown or missing.
        """
        names = {field.name for field in fields(cls)}
        if set(values) != names:
            odd = ", ".join(sorted(set(values) ^ names))
            raise CheckpointError(f"the model config has unknown or missing entries: {odd}")
        return cls(**values)


def _read_presets() -> dict[str, ModelConfig]:
    """Return the shapes in configs/, by file; other files there say nothing of a model."""
    tables = {path.stem: tomllib.loads(path.read_text("utf-8")) for path in CONFIGS.glob("*.toml")}
    found = {
        name: ModelConfig(**table["model"]) for name, table in tables.items() if "model" in table
    }
    return dict(sorted(found.items(), key=lambda item: item[1].width))


PRESETS = _read_presets()
