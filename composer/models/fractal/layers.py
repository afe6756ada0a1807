"""Attention, convolution and gated layers of the fractal model.

Shapes: N rows, K places, E width.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from composer.models.event_model import GatedLayer

HEAD_WIDTH = 16  # at least; two axes of rotary positions need a multiple of four
ROPE_BASE = 100.0  # patches: 64 of them are four minutes of music


def n_heads(width: int) -> int:
    """Return how many heads share a width."""
    return max(1, width // 32)


class Block(nn.Module):
    """Attention, then the gated layer, each on a normalised residual stream."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.heads = n_heads(width)
        self.attention_norm = nn.RMSNorm(width)
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.gated_norm = nn.RMSNorm(width)
        self.gated = GatedLayer(width, 2 * width)

    def forward(self, x: Tensor, is_causal: bool, rotary: tuple[Tensor, Tensor] | None) -> Tensor:
        """[N, K, E] -> [N, K, E]; places beyond a causal one are not read."""
        n, places, width = x.shape
        qkv = self.qkv(self.attention_norm(x)).view(n, places, 3, self.heads, -1)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        if rotary is not None:
            q, k = rotate(q, *rotary), rotate(k, *rotary)
        y = attend(q, k, v, is_causal)
        x = x + self.out(y.transpose(1, 2).reshape(n, places, width))
        out: Tensor = x + self.gated(self.gated_norm(x))
        return out


def attend(q: Tensor, k: Tensor, v: Tensor, is_causal: bool) -> Tensor:
    """Attend, [N, H, K, D] each; few places are quicker as plain products."""
    places = q.shape[-2]
    if places > 512:
        return functional.scaled_dot_product_attention(q, k, v, is_causal=is_causal)
    weights = (q @ k.transpose(-1, -2)) * q.shape[-1] ** -0.5
    if is_causal:
        weights = weights + torch.full((places, places), float("-inf"), dtype=q.dtype).triu(1)
    mixed: Tensor = weights.softmax(-1) @ v
    return mixed


def rotary_tables(rows: int, columns: int, width: int) -> tuple[Tensor, Tensor]:
    """Return cosines and sines of places of a grid, [rows * columns, width / 2] each.

    Half of the pairs of features turn with the row, half with the column.
    """
    n = width // 4
    speeds = ROPE_BASE ** (-torch.arange(n) / n)
    row = torch.arange(rows)[:, None, None] * speeds
    column = torch.arange(columns)[None, :, None] * speeds
    shape = (rows, columns, n)
    angles = torch.cat([row.expand(shape), column.expand(shape)], -1).flatten(0, 1)
    return angles.cos(), angles.sin()


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn pairs of features by their place's angles, [N, H, K, D] -> [N, H, K, D]."""
    a, b = x.chunk(2, dim=-1)
    cos, sin = cos.to(x.dtype), sin.to(x.dtype)
    return torch.cat([a * cos - b * sin, a * sin + b * cos], dim=-1)


class Mixer(nn.Module):
    """Convolution over patches of 4, each feature by itself, then the gated layer."""

    KERNEL = (7, 5)  # an octave up and down, half a bar of 4/4 back and on

    def __init__(self, width: int) -> None:
        super().__init__()
        rows, columns = self.KERNEL
        self.conv = nn.Conv2d(
            width, width, self.KERNEL, padding=(rows // 2, columns // 2), groups=width, bias=False
        )
        self.norm = nn.RMSNorm(width)
        self.gated = GatedLayer(width, 2 * width)

    def forward(self, x: Tensor) -> Tensor:
        """[B, R, C, E] -> [B, R, C, E]."""
        mixed = self.conv(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        out: Tensor = x + self.gated(self.norm(mixed.to(x.dtype)))
        return out


class Generator(nn.Module):
    """One level: the states of a patch's places from what is known of them.

    A masked generator reads every place that is known, and a mark in all others. One that goes on
    place by place reads in each what the place before it holds.

    Args:
        width: Of its stream.
        n_blocks: How many.
        kind: `mar` or `ar`.
        n_out: Values of which one is predicted at every place.
    """

    def __init__(self, width: int, n_blocks: int, kind: str, n_out: int) -> None:
        super().__init__()
        self.is_causal = kind == "ar"
        self.blocks = nn.ModuleList(Block(width) for _ in range(n_blocks))
        self.norm = nn.RMSNorm(width)
        self.logits = nn.Linear(width, n_out)
        self.nothing = nn.Parameter(torch.zeros(width))  # not known yet, or nothing before

    def quieten(self) -> None:
        """Begin with blocks that add little and logits that say the same of every place."""
        for block in cast("list[Block]", self.blocks):
            for last in (block.out, block.gated.down):
                last.weight.data /= (2 * len(self.blocks)) ** 0.5
        nn.init.zeros_(self.logits.weight)

    def forward(
        self,
        context: Tensor,
        content: Tensor,
        known: Tensor,
        order: Tensor,
        rotary: tuple[Tensor, Tensor] | None = None,
    ) -> Tensor:
        """Return the state of every place, [N, K, E].

        Args:
            context: What is said of each place from above, [N, K, E].
            content: What each place holds, as far as it is known, [N, K, E].
            known: Which do, booleans [N, K].
            order: In which places are made, [K].
            rotary: Of every place, if positions turn.
        """
        content = torch.where(known[..., None], content, self.nothing.to(content.dtype))
        if not self.is_causal:
            return self.run(context + content, rotary)
        before = torch.cat([self.nothing.expand_as(content[:, :1]), content[:, order[:-1]]], 1)
        turned = None if rotary is None else (rotary[0][order], rotary[1][order])
        states = self.run(context[:, order] + before, turned)
        back = torch.argsort(order)
        return states[:, back]

    def run(self, x: Tensor, rotary: tuple[Tensor, Tensor] | None) -> Tensor:
        """Run all blocks."""
        for block in self.blocks:
            x = block(x, self.is_causal, rotary)
        states: Tensor = self.norm(x)
        return states
