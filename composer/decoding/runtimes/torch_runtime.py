"""The reference runtime: the torch model with a key/value cache.

Shapes: B candidates, T rows, S cached rows, H query heads, K key/value heads, D head width,
E width.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy
from typing import Any, Self, cast

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from composer.decoding.runtimes.base import CPU_GROUP_SIZES, Floats, Ints, Rows, filled_left
from composer.models.transformer import Attention, Block, EventTransformer, rotate


class TorchRuntime:
    """Runs an `EventTransformer`.

    Args:
        model: In evaluation mode; never changed.
        threads: CPU threads for the whole process. A step of a small model is too short to share:
            two threads gain a tenth where the machine is idle, and lose much where it is not.
    """

    name = "torch"
    group_sizes = CPU_GROUP_SIZES
    splits_freely = False

    def __init__(self, model: EventTransformer, threads: int = 1) -> None:
        self.model = model.eval()
        self.sizes, self.window = model.written_sizes, model.config.max_events
        torch.set_num_threads(threads)

    def begin(self, beginnings: Sequence[Rows], room: int) -> TorchSession:
        """Read the beginnings of a group; see `base.Runtime`."""
        return TorchSession(self.model, beginnings, room)


class TorchSession:
    """A group in progress; see `base.Session`."""

    @torch.inference_mode()
    def __init__(self, model: EventTransformer, beginnings: Sequence[Rows], room: int) -> None:
        rows, n_filling = filled_left(beginnings)
        self.model = model
        config = model.config
        self.blocks = cast("Iterable[Block]", model.blocks)
        self.device = next(model.parameters()).device
        self.length = 0
        shape = (config.layers, 2, len(rows), config.kv_heads, room, config.head_width)
        self.cache = torch.zeros(shape, device=self.device)
        # Filling on the left moves a beginning as a whole; rotary positions are relative.
        filled = torch.arange(room)[None, :] < torch.from_numpy(n_filling)[:, None]
        self.bias = torch.zeros(len(rows), 1, 1, room, device=self.device)
        self.bias.masked_fill_(filled[:, None, None].to(self.device), float("-inf"))
        self.has_filling = bool(n_filling.any())
        self.states = self._read(self._ids(rows))

    @property
    def n_bytes(self) -> int:
        """What is remembered of the rows of all candidates."""
        return self.cache.nbytes

    @torch.inference_mode()
    def field_logits(self, field: int, chosen: Rows) -> Floats:
        """Return logits of a field of the next row, [B, V]."""
        logits = self.model.field_logits(field, self.states, self._ids(chosen))
        found: Floats = logits.float().cpu().numpy()
        return found

    @torch.inference_mode()
    def append(self, rows: Rows) -> None:
        """Read one row a candidate, [B, 4]."""
        self.states = self._read(self._ids(rows)[:, None])

    @torch.inference_mode()
    def keep(self, places: Ints) -> None:
        """Go on with some of the candidates only."""
        index = torch.from_numpy(places).to(self.device)
        self.cache = self.cache.index_select(2, index)
        self.bias = self.bias.index_select(0, index)
        self.states = self.states.index_select(0, index)

    def fork(self, places: Ints) -> Self:
        """Return a session of its own that goes on from these candidates."""
        found = copy(self)
        found.keep(places)  # copies all that steps change
        return found

    def _ids(self, rows: Any) -> Tensor:
        return torch.from_numpy(np.asarray(rows, np.int64)).to(self.device)

    def _read(self, rows: Tensor) -> Tensor:
        """Run the trunk over new rows [B, T, 4]; return the state after the last, [B, E]."""
        x = self.model.embed(rows)
        end = self.length + rows.shape[1]
        rotary = self.model.rotary[self.length : end]
        mask = self._mask(rows.shape[1], end)
        for layer, block in enumerate(self.blocks):
            x = x + self._attend(block.attention, block.attention_norm(x), rotary, layer, mask)
            x = x + block.gated(block.gated_norm(x))
        self.length = end
        states: Tensor = self.model.norm(x[:, -1])
        return states

    def _mask(self, n_new: int, end: int) -> Tensor | None:
        """Return what is added to attention weights, [B, 1, T, S]; None where all may be seen."""
        if n_new == 1:
            return self.bias[..., :end] if self.has_filling else None
        future = torch.full((n_new, end), float("-inf"), device=self.device).triu(1 + self.length)
        # A row of filling sees itself, so that its softmax is defined.
        itself = torch.eye(n_new, end, dtype=torch.bool, device=self.device)
        return (self.bias[..., :end] + future).masked_fill(itself, 0.0)

    def _attend(
        self, attention: Attention, x: Tensor, rotary: Tensor, layer: int, mask: Tensor | None
    ) -> Tensor:
        """Attend from new rows to all cached ones, [B, T, E] -> [B, T, E]."""
        batch, n_new, _ = x.shape
        end = self.length + n_new
        qkv = attention.qkv(x).view(batch, n_new, -1, attention.head_width).transpose(1, 2)
        n_rotated = attention.n_heads + attention.n_kv
        rotated = rotate(qkv[:, :n_rotated], rotary)
        keys, values = self.cache[layer].unbind(0)
        keys[:, :, self.length : end] = rotated[:, attention.n_heads :]
        values[:, :, self.length : end] = qkv[:, n_rotated:]
        y = _grouped_attention(
            rotated[:, : attention.n_heads], keys[:, :, :end], values[:, :, :end], mask
        )
        return attention.merge(y)


def _grouped_attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
    """Attend without copying keys for every query head.

    The queries of a group are stacked as further rows of one product:
    [B, H, T, D] and [B, K, S, D] -> [B, H, T, D].
    """
    batch, n_heads, n_new, width = q.shape
    n_kv, groups = k.shape[1], n_heads // k.shape[1]
    if n_new > 1:
        k, v = k.repeat_interleave(groups, 1), v.repeat_interleave(groups, 1)
        return functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
    stacked = q.reshape(batch, n_kv, groups, width)
    weights: Tensor = (stacked @ k.transpose(-1, -2)) * width**-0.5  # [B, K, G, S]
    if mask is not None:
        weights = weights + mask
    return (weights.softmax(-1) @ v).reshape(batch, n_heads, 1, width)
