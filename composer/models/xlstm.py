"""The xLSTM: a trunk for rows of events whose memory does not grow. Knows no music.

Blocks as in xLSTM-7B (M. Beck et al., arXiv 2503.13427): a cell, then SwiGLU, each on a normalised
residual stream; no convolution; queries and keys half as wide as values; gates whose inputs a soft
cap bounds. A cell is an mLSTM (`models.mlstm`), an sLSTM (M. Beck et al., arXiv 2405.04517), whose
rows depend on one another through its output and which therefore can follow a state, at the price
of reading row by row; or attention to the last rows, kept in a ring.

What a cell remembers is a tuple of tensors, the batch first, of the same size after any number of
rows. Order is known from the recurrences; only cells of attention have positions, which are rotary.

Shapes: B batch, H heads, G heads of shared keys and values, T rows, E width, K features of queries
and keys, V of values (E / H), W rows of a ring.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from composer.models.config import NORM_EPSILON, XlstmConfig
from composer.models.event_model import EventModel, GatedLayer
from composer.models.mlstm import chunkwise, recurrent
from composer.models.transformer import causal_attention, rotary_turns, rotate

FORGET_BIASES = (3.0, 6.0)  # of the first and the last head: they forget at different speed
Memory = tuple[Tensor, ...]


class HeadNorm(nn.Module):
    """Scale every head to mean square 1, and each of its features by a weight."""

    def __init__(self, config: XlstmConfig) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(config.width))

    def forward(self, x: Tensor) -> Tensor:
        """[B, T, H, V] -> [B, T, E]."""
        normed = functional.rms_norm(x.float(), x.shape[-1:], eps=NORM_EPSILON)
        return normed.flatten(2) * self.weight


class Cell(ABC, nn.Module):
    """What stands where a transformer has attention."""

    @abstractmethod
    def empty(self, x: Tensor) -> Memory:
        """Return what is remembered before the first of rows [B, T, E]."""

    def whole(self, x: Tensor) -> Tensor:
        """Read whole sequences, [B, T, E] -> [B, T, E]."""
        found: Tensor = self(x, self.empty(x))[0]
        return found


class Mlstm(Cell):
    """A matrix of memory a head; see `models.mlstm`."""

    def __init__(self, config: XlstmConfig) -> None:
        super().__init__()
        self.config = config
        self.project = nn.Linear(config.width, 3 * config.width, bias=False)
        self.gates = nn.Linear(config.width, 2 * config.heads)
        self.norm = HeadNorm(config)
        self.out = nn.Linear(config.width, config.width, bias=False)

    def begin(self) -> None:
        """Let gates depend on nothing yet: closed, and forgetting at the speed of their head."""
        nn.init.zeros_(self.gates.weight)
        with torch.no_grad():
            entering, forgetting = self.gates.bias.chunk(2)
            entering.fill_(self.config.input_bias)
            forgetting.copy_(torch.linspace(*FORGET_BIASES, self.config.heads))

    def empty(self, x: Tensor) -> Memory:
        """Return what is remembered at the beginning, [B, H, K, V]."""
        config = self.config
        shape = len(x), config.heads, config.key_width, config.value_width
        return (torch.zeros(shape, device=x.device),)

    def forward(self, x: Tensor, memory: Memory) -> tuple[Tensor, Memory]:
        """Read rows [B, T, E]; return what they give, [B, T, E], and what is remembered."""
        config = self.config
        half = config.width // 2
        *qkv, out_gate = self.project(x).split([half, half, config.width, config.width], dim=-1)
        q, k, v = (part.unflatten(-1, (config.heads, -1)).transpose(1, 2) for part in qkv)
        capped = config.gate_cap * torch.tanh(self.gates(x).float() / config.gate_cap)
        log_input, log_forget = functional.logsigmoid(capped).transpose(1, 2).chunk(2, dim=1)
        known = q, k, v, log_input, log_forget, memory[0]
        if x.shape[1] == 1:
            read, kept = recurrent(*known)
        else:
            read, kept = chunkwise(*known, chunk=config.chunk)
        found: Tensor = self.out(torch.sigmoid(out_gate) * self.norm(read.transpose(1, 2)))
        return found, (kept,)


class Slstm(Cell):
    """Cells of one number each, whose gates see what the cells of their head gave before."""

    def __init__(self, config: XlstmConfig) -> None:
        super().__init__()
        self.config = config
        head = config.value_width
        self.project = nn.Linear(config.width, 4 * config.width, bias=False)
        self.recurrent = nn.Parameter(torch.empty(config.heads, head, 4 * head))
        self.bias = nn.Parameter(torch.zeros(4 * config.width))
        self.norm = HeadNorm(config)
        self.out = nn.Linear(config.width, config.width, bias=False)

    def begin(self) -> None:
        """Forget slowly at first."""
        nn.init.normal_(self.recurrent, std=self.config.value_width**-0.5)
        with torch.no_grad():
            forget = self.bias.view(self.config.heads, 4, -1)[:, 2]
            forget.copy_(torch.linspace(*FORGET_BIASES, forget.shape[1]).expand_as(forget))

    def empty(self, x: Tensor) -> Memory:
        """Return cells, normalisers, output and maxima at the beginning, [B, H, V] each."""
        shape = len(x), self.config.heads, self.config.value_width
        return tuple(torch.zeros(shape, device=x.device) for _ in range(4))

    def forward(self, x: Tensor, memory: Memory) -> tuple[Tensor, Memory]:
        """Read rows [B, T, E] one after another; see `Mlstm.forward`."""
        entering = self.project(x).float() + self.bias
        entering = entering.unflatten(-1, (self.config.heads, -1))  # [B, T, H, 4 V]
        found = []
        for row in entering.unbind(1):
            memory = self._step(row, memory)
            found.append(memory[2])
        given: Tensor = self.out(self.norm(torch.stack(found, 1)))
        return given, memory

    def _step(self, row: Tensor, memory: Memory) -> Memory:
        """Go on by one row, [B, H, 4 V].

        The input gate is an exponential: cells, normalisers and gates are divided by the largest
        so far (`top`, as a logarithm), which cancels in cells / normalisers.
        """
        cell, norm, given, top = memory
        back = torch.einsum("bhv,hvg->bhg", given, self.recurrent.float())
        inner, entering, forgetting, out = (row + back).chunk(4, dim=-1)
        cap = self.config.gate_cap
        entering = cap * torch.tanh(entering / cap)
        kept = functional.logsigmoid(forgetting) + top
        new_top = torch.maximum(kept, entering)
        forget, enter = (kept - new_top).exp(), (entering - new_top).exp()
        cell = forget * cell + enter * inner.tanh()
        norm = forget * norm + enter
        return cell, norm, out.sigmoid() * cell / norm.clamp_min(NORM_EPSILON), new_top


class WindowAttention(Cell):
    """Attention to the last W rows, the present one included, whose keys and values fill a ring.

    As in a transformer: rotary positions and grouped queries. Keys are kept as they were turned;
    only distances count, so that rows may be numbered for ever.
    """

    def __init__(self, config: XlstmConfig) -> None:
        super().__init__()
        self.config = config
        self.project = nn.Linear(
            config.width, (config.heads + 2 * config.kv_heads) * config.value_width, bias=False
        )
        self.out = nn.Linear(config.heads * config.value_width, config.width, bias=False)

    def begin(self) -> None:
        """Begin as every matrix does."""

    def empty(self, x: Tensor) -> Memory:
        """Return keys and values of the ring, [B, G, W, V], and how many rows were read, [B]."""
        config = self.config
        shape = len(x), config.kv_heads, config.window, config.value_width
        ring = torch.zeros(shape, device=x.device)
        return ring, ring.clone(), torch.zeros(len(x), dtype=torch.int64, device=x.device)

    def whole(self, x: Tensor) -> Tensor:
        """Read whole sequences without a ring, [B, T, E] -> [B, T, E]."""
        q, k, v = self._project(x, torch.arange(x.shape[1], device=x.device)[None])
        return self._merge(causal_attention(q, *self._shared(k, v), window=self.config.window))

    def forward(self, x: Tensor, memory: Memory) -> tuple[Tensor, Memory]:
        """Read rows [B, T, E]; see `Mlstm.forward`."""
        window, (keys, values, n_read) = self.config.window, memory
        places = n_read[:, None] + torch.arange(x.shape[1], device=x.device)  # [B, T]
        q, k, v = self._project(x, places)
        hidden = torch.cat([self._hidden_ring(places, n_read), self._hidden_new(places)], dim=2)
        bias = torch.zeros(hidden.shape, dtype=q.dtype, device=x.device)
        known = torch.cat([keys.to(k.dtype), k], dim=2), torch.cat([values.to(v.dtype), v], dim=2)
        y = functional.scaled_dot_product_attention(
            q, *self._shared(*known), attn_mask=bias.masked_fill(hidden, float("-inf"))[:, None]
        )
        slots = (places[:, -window:] % window)[:, None, :, None].expand_as(k[:, :, -window:])
        keys = keys.scatter(2, slots, k[:, :, -window:].to(keys.dtype))
        values = values.scatter(2, slots, v[:, :, -window:].to(values.dtype))
        return self._merge(y), (keys, values, n_read + x.shape[1])

    def _project(self, x: Tensor, places: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return queries [B, H, T, V], and keys and values [B, G, T, V], turned at their places."""
        config = self.config
        heads = self.project(x).unflatten(-1, (-1, config.value_width)).transpose(1, 2)
        q, k, v = heads.split([config.heads, config.kv_heads, config.kv_heads], dim=1)
        turns = rotary_turns(places, config.value_width, config.rope_base)[:, None]
        return rotate(q, turns), rotate(k, turns), v

    def _shared(self, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Give keys and values to every head that shares them."""
        groups = self.config.heads // self.config.kv_heads
        return k.repeat_interleave(groups, dim=1), v.repeat_interleave(groups, dim=1)

    def _merge(self, y: Tensor) -> Tensor:
        """Join heads, [B, H, T, V] -> [B, T, E]."""
        joined: Tensor = self.out(y.transpose(1, 2).flatten(2))
        return joined

    def _hidden_ring(self, places: Tensor, n_read: Tensor) -> Tensor:
        """Return which slots of the ring a new row may not see, [B, T, W].

        In a ring of 4 slots that has read 6 rows lie rows 4, 5, 2 and 3. The next one, row 6, may
        see rows 3 to 6; so row 2 is hidden from it, and from row 7 rows 2 and 3.
        """
        window = self.config.window
        last = n_read[:, None] - 1
        slots = torch.arange(window, device=places.device)
        rows = last - (last - slots) % window  # [B, W]; below 0 where nothing was written yet
        return (rows < 0)[:, None] | (rows[:, None] <= places[..., None] - window)

    def _hidden_new(self, places: Tensor) -> Tensor:
        """Return which new rows a new row may not see, [B, T, T]."""
        ahead = places[:, None, :] - places[:, :, None]
        return (ahead > 0) | (ahead <= -self.config.window)


KINDS: dict[str, type[Mlstm] | type[Slstm] | type[WindowAttention]] = {
    "mlstm": Mlstm,
    "slstm": Slstm,
    "attention": WindowAttention,
}


class Block(nn.Module):
    """A cell, then the gated layer, each on a normalised residual stream."""

    def __init__(self, kind: str, config: XlstmConfig) -> None:
        super().__init__()
        self.cell_norm = nn.RMSNorm(config.width)
        self.cell = KINDS[kind](config)
        self.gated_norm = nn.RMSNorm(config.width)
        self.gated = GatedLayer(config.width, config.hidden)
        self.dropout = nn.Dropout(config.dropout)

    @property
    def ends(self) -> tuple[nn.Linear, nn.Linear]:
        """The last matrices of both branches."""
        return self.cell.out, self.gated.down

    def read(self, x: Tensor, memory: Memory) -> tuple[Tensor, Memory]:
        """Read rows [B, T, E]; return what they become, and what the cell remembers."""
        y, memory = self.cell(self.cell_norm(x), memory)
        x = x + y
        return x + self.dropout(self.gated(self.gated_norm(x))), memory

    def forward(self, x: Tensor) -> Tensor:
        """Read whole sequences, [B, T, E] -> [B, T, E]."""
        x = x + self.cell.whole(self.cell_norm(x))
        out: Tensor = x + self.dropout(self.gated(self.gated_norm(x)))
        return out


class EventXlstm(EventModel):
    """Rows of events -> distributions of the next row; see `EventModel`."""

    config: XlstmConfig

    def __init__(
        self, config: XlstmConfig, table_sizes: tuple[int, ...], written_sizes: tuple[int, ...]
    ) -> None:
        blocks = [Block(kind, config) for kind in config.cells]
        super().__init__(config, table_sizes, written_sizes, blocks)
        for block in blocks:
            block.cell.begin()

    def trunk(self, x: Tensor) -> Tensor:
        """Run all blocks over whole sequences, [B, T, E] -> [B, T, E]."""
        for block in self.blocks:
            x = self.through(block, x)
        return x

    def empty(self, batch: int) -> list[Memory]:
        """Return what all cells remember before the first row."""
        x = next(self.parameters()).new_zeros(batch, 1, self.config.width)
        return [block.cell.empty(x) for block in cast("Iterable[Any]", self.blocks)]

    def read(self, rows: Tensor, memories: list[Memory]) -> tuple[Tensor, list[Memory]]:
        """Go on by rows [B, T, F]; return the last one's state, [B, E], and what is remembered.

        One row is a step of the recurrence, many are read chunk by chunk.
        """
        x, kept = self.embed(rows), []
        for block, memory in zip(cast("Iterable[Block]", self.blocks), memories, strict=True):
            x, memory = block.read(x, memory)
            kept.append(memory)
        return self.norm(x[:, -1]), kept
