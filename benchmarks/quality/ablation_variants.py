"""What an equal-time comparison changes, one thing at a time: shape, options, or the model's code.

The last kind lives here and not in the product: it would have to win first.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from composer.models import kinds
from composer.models.config import PRESETS, ModelConfig
from composer.models.event_model import normalise
from composer.models.transformer import Attention, Block, EventTransformer, causal_attention
from composer.tokenizer import vocab
from composer.tokenizer.holes import N_CONDITIONS, Sequence
from composer.training import SamplingOptions, TrainOptions, batches

Change = Callable[[], AbstractContextManager[Any]]
MOST_SHIFTED = 2  # semitones
LAST_SHIFT = vocab.VALUE_SHIFT + 12


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One line of the table.

    Args:
        group: What it varies.
        shape: Entries of the preset's config that change.
        options: Entries of `TrainOptions` that change.
        sampling: Entries of `SamplingOptions` that change.
        change: Enters a context in which the code differs.
    """

    group: str
    shape: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    sampling: dict[str, Any] = field(default_factory=dict)
    change: Change = nullcontext

    def config(self, preset: str) -> ModelConfig:
        """Return the shape."""
        return replace(PRESETS[preset], **self.shape)

    def train_options(self, base: TrainOptions) -> TrainOptions:
        """Return how to train."""
        return replace(base, **self.options, sampling=replace(base.sampling, **self.sampling))


# --- Order of the fields ------------------------------------------------------------------------


class Ordered(EventTransformer):
    """Predicts the fields of a row in another order.

    Args:
        order: Fields, such as (0, 1, 3, 2) for the duration before the pitch.
    """

    def __init__(self, *args: Any, order: tuple[int, ...]) -> None:
        super().__init__(*args)
        self.order = order

    def field_losses(
        self, states: Tensor, nexts: Tensor, counts: Tensor, smoothing: float = 0.0
    ) -> list[Tensor]:
        """As in the model, in the order of the table's fields."""
        losses: dict[int, Tensor] = {}
        for place, one in enumerate(self.order):
            picked = counts[..., one]
            wanted, x = nexts[picked], states[picked]
            if place:
                known = [self.tables[i](wanted[:, i]) for i in self.order[:place]]
                x = x + normalise(torch.stack(known).sum(0))
            logits = self.heads[one](x).float()
            losses[one] = functional.cross_entropy(
                logits, wanted[:, one], reduction="none", label_smoothing=smoothing
            )
        return [losses[one] for one in sorted(losses)]


def ordered(*order: int) -> Change:
    """Predict fields in this order."""
    return partial(patch.object, kinds, "EventTransformer", partial(Ordered, order=order))


# --- Positions ----------------------------------------------------------------------------------


class PolarAttention(Attention):
    """Attention with polar positions, PoPE: what and where do not mix.

    Every feature has a size, softplus of its projection, and an angle that its position alone
    gives; a learned angle, from -2 pi to 0, is added to the keys. Keys and queries are twice as
    wide for it.

    Source:
        A. Gopalakrishnan and others, Decoupling the "What" and "Where" With Polar Coordinate
        Positional Embeddings, arXiv 2509.10534.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        width = config.head_width
        self.lead = nn.Parameter(torch.zeros(config.kv_heads, 1, width))
        steps = torch.arange(width) / width
        self.register_buffer("speeds", config.rope_base**-steps, persistent=False)

    def project(self, x: Tensor, rotary: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """As in the model, queries and keys [B, H or K, T, 2 D]."""
        batch, rows, _ = x.shape
        qkv = self.qkv(x).view(batch, rows, -1, self.head_width).transpose(1, 2)
        q, k, v = qkv.split([self.n_heads, self.n_kv, self.n_kv], dim=1)
        turns = torch.arange(rows, device=x.device)[:, None] * self.speeds
        return _polar(q, turns), _polar(k, turns + self.lead.clamp(-2 * np.pi, 0.0)), v

    def forward(self, x: Tensor, rotary: Tensor) -> Tensor:
        """Attend within whole sequences; scores are scaled by the width of the features."""
        q, k, v = self.project(x, rotary)
        groups = self.n_heads // self.n_kv
        k, v = k.repeat_interleave(groups, dim=1), v.repeat_interleave(groups, dim=1)
        return self.merge(causal_attention(q * 2**0.5, k, v))


def _polar(x: Tensor, angles: Tensor) -> Tensor:
    sizes, angles = functional.softplus(x), angles.to(x.dtype)
    return torch.cat([sizes * angles.cos(), sizes * angles.sin()], dim=-1)


class PolarBlock(Block):
    """A block whose attention knows positions as angles only."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.attention = PolarAttention(config)


class Polar(EventTransformer):
    """The model with polar positions, begun as the model is."""

    def __init__(self, config: ModelConfig, *sizes: Any) -> None:
        super().__init__(config, *sizes)
        for k, block in enumerate(self.blocks):
            new = PolarBlock(config)
            new.load_state_dict(block.state_dict(), strict=False)
            self.blocks[k] = new


def polar() -> AbstractContextManager[Any]:
    """Train with polar positions."""
    return patch.object(kinds, "EventTransformer", Polar)


# --- Register -----------------------------------------------------------------------------------


def _register_shifted(*args: Any) -> Sequence:
    """Draw a sequence as if the piece were written up to `MOST_SHIFTED` semitones off."""
    sequence, rng = _draw_sequence(*args), args[-1]
    conditions = sequence.rows[:N_CONDITIONS, vocab.PITCH]
    at = (conditions > vocab.VALUE_SHIFT) & (conditions <= LAST_SHIFT)
    by = int(rng.integers(-MOST_SHIFTED, MOST_SHIFTED + 1))
    conditions[at] = np.clip(conditions[at] + by, vocab.VALUE_SHIFT + 1, LAST_SHIFT)
    return sequence


_draw_sequence = batches.draw_sequence


def shifted() -> AbstractContextManager[Any]:
    """Train with the condition SHIFT, and so the written register, moved a little."""
    return patch.object(batches, "draw_sequence", _register_shifted)


NO_REARRANGING = {"hole_share": 0.0, "parts_share": 0.0, "theme_share": 0.0}
TWICE_REARRANGING = {
    name: 2 * getattr(SamplingOptions(), name)
    for name in ("hole_share", "parts_share", "theme_share")
}
# Shapes of about as many parameters as SMALL.
VARIANTS = {
    "as it is": Variant(group=""),
    "as it is, another seed": Variant(group="", options={"seed": 1}),
    "4 layers of 320": Variant(
        group="shape", shape={"layers": 4, "width": 320, "heads": 5, "kv_heads": 1, "hidden": 896}
    ),
    "10 layers of 192": Variant(
        group="shape", shape={"layers": 10, "width": 192, "heads": 3, "kv_heads": 1, "hidden": 576}
    ),
    "1 key/value head": Variant(group="shape", shape={"kv_heads": 1}),
    "half the rate": Variant(group="rate", options={"rate": 0.75e-3, "matrix_rate": 0.01}),
    "twice the rate": Variant(group="rate", options={"rate": 3e-3, "matrix_rate": 0.04}),
    "no dropout": Variant(group="dropout", options={"dropout": 0.0}),
    "dropout 0.2": Variant(group="dropout", options={"dropout": 0.2}),
    "forms and composers by notes": Variant(
        group="balance", sampling={"form_power": 1.0, "composer_power": 1.0}
    ),
    "forms and composers nearly alike": Variant(
        group="balance", sampling={"form_power": 0.25, "composer_power": 0.25}
    ),
    "256 rows": Variant(group="length", sampling={"max_rows": 256}),
    "1,024 rows": Variant(group="length", sampling={"max_rows": 1_024}),
    "no holes": Variant(group="holes", sampling=NO_REARRANGING),
    "twice the holes": Variant(group="holes", sampling=TWICE_REARRANGING),
    "register moved": Variant(group="register", change=shifted),
    "duration before pitch": Variant(group="order", change=ordered(0, 1, 3, 2)),
    "pitch before part": Variant(group="order", change=ordered(0, 2, 1, 3)),
    "PoPE": Variant(group="positions", change=polar),
}
