"""The transformer: a trunk of attention for rows of events. Knows no music.

A decoder-only transformer with rotary positions (Su et al., arXiv 2104.09864), RMSNorm (Zhang and
Sennrich, arXiv 1910.07467), SwiGLU (Shazeer, arXiv 2002.05202) and grouped-query attention (Ainslie
et al., arXiv 2305.13245).

Shapes: B batch, T rows, E width, H query heads, K key/value heads, D head width.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from composer.models.config import ModelConfig
from composer.models.event_model import EventModel, GatedLayer
from composer.models.weights import rotary_table


class Attention(nn.Module):
    """Grouped-query self-attention with rotary positions."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.n_heads, self.n_kv, self.head_width = config.heads, config.kv_heads, config.head_width
        n_out = (config.heads + 2 * config.kv_heads) * config.head_width
        self.qkv = nn.Linear(config.width, n_out, bias=False)
        self.out = nn.Linear(config.heads * config.head_width, config.width, bias=False)

    def project(self, x: Tensor, rotary: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return rotated queries [B, H, T, D] and keys [B, K, T, D], and values [B, K, T, D]."""
        batch, rows, _ = x.shape
        qkv = self.qkv(x).view(batch, rows, -1, self.head_width).transpose(1, 2)
        q, k, v = qkv.split([self.n_heads, self.n_kv, self.n_kv], dim=1)
        return rotate(q, rotary), rotate(k, rotary), v

    def forward(self, x: Tensor, rotary: Tensor) -> Tensor:
        """Attend within whole sequences, [B, T, E] -> [B, T, E]."""
        q, k, v = self.project(x, rotary)
        groups = self.n_heads // self.n_kv
        k, v = k.repeat_interleave(groups, dim=1), v.repeat_interleave(groups, dim=1)
        return self.merge(causal_attention(q, k, v))

    def merge(self, y: Tensor) -> Tensor:
        """Join heads, [B, H, T, D] -> [B, T, E]."""
        joined: Tensor = self.out(y.transpose(1, 2).flatten(2))
        return joined


class Block(nn.Module):
    """Attention, then the gated layer, each on a normalised residual stream."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.attention_norm = nn.RMSNorm(config.width)
        self.attention = Attention(config)
        self.gated_norm = nn.RMSNorm(config.width)
        self.gated = GatedLayer(config.width, config.hidden)
        self.dropout = nn.Dropout(config.dropout)

    @property
    def ends(self) -> tuple[nn.Linear, nn.Linear]:
        """The last matrices of both branches."""
        return self.attention.out, self.gated.down

    def forward(self, x: Tensor, rotary: Tensor) -> Tensor:
        """[B, T, E] -> [B, T, E]."""
        x = x + self.attention(self.attention_norm(x), rotary)
        out: Tensor = x + self.dropout(self.gated(self.gated_norm(x)))
        return out


class EventTransformer(EventModel):
    """Rows of events -> distributions of the next row; see `EventModel`."""

    config: ModelConfig
    rotary: Tensor

    def __init__(
        self, config: ModelConfig, table_sizes: tuple[int, ...], written_sizes: tuple[int, ...]
    ) -> None:
        blocks = [Block(config) for _ in range(config.layers)]
        super().__init__(config, table_sizes, written_sizes, blocks)
        self.register_buffer("rotary", torch.from_numpy(rotary_table(config)), persistent=False)

    def trunk(self, x: Tensor) -> Tensor:
        """Run all blocks over whole sequences, [B, T, E] -> [B, T, E]."""
        rotary = self.rotary[: x.shape[1]]
        for block in self.blocks:
            x = self.through(block, x, rotary)
        return x


def causal_attention(q: Tensor, k: Tensor, v: Tensor, window: int | None = None) -> Tensor:
    """Attend to the past and the present, [B, H, T, D] each -> [B, H, T, D].

    With a `window` rows see that many at most, themselves included.

    On CPU and to 1,024 rows plain matrix products take 0.55 of the time of torch's fused kernel,
    forward and backward (bf16, T = 512; docs/log.md).
    """
    rows = q.shape[-2]
    is_long = q.device.type != "cpu" or rows > 1024
    if is_long and window is None:
        return functional.scaled_dot_product_attention(q, k, v, is_causal=True)
    hidden = torch.full((rows, rows), float("-inf"), dtype=q.dtype, device=q.device)
    unseen = hidden.triu(1) if window is None else hidden.triu(1) + hidden.tril(-window)
    if is_long:
        return functional.scaled_dot_product_attention(q, k, v, attn_mask=unseen)
    weights: Tensor = (q @ k.transpose(-1, -2)) * q.shape[-1] ** -0.5 + unseen
    return weights.softmax(-1) @ v


def rotary_turns(places: Tensor, width: int, base: float) -> Tensor:
    """Return cosines and sines of heads' angles at places [..., T], [..., T, 2, D / 2].

    In double precision, since a stream may have read any number of rows.
    """
    rates = base ** -(torch.arange(0, width, 2, device=places.device).double() / width)
    angles = places[..., None] * rates
    return torch.stack([angles.cos(), angles.sin()], dim=-2).float()


def rotate(x: Tensor, rotary: Tensor) -> Tensor:
    """Turn pairs of features by their position's angles, [B, H, T, D] -> [B, H, T, D]."""
    cos, sin = rotary.to(x.dtype).unbind(-2)
    a, b = x.chunk(2, dim=-1)
    return torch.cat([a * cos - b * sin, a * sin + b * cos], dim=-1)
