"""The runtime for accelerators: one step of fixed shape, replayed as a CUDA graph, in bf16.

Every tensor of a step keeps its place, so that a step is one launch instead of some two hundred;
the cache is read whole, with a mask behind the last row. Candidates that are done are computed
along in vain until half of the places are empty; then the others move together. On a CPU the same
steps run without a graph, for rehearsal and tests.

Shapes: B places, T rows, S cached rows, H query heads, K key/value heads, G = H / K, D head width,
E width, V ids.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy, deepcopy
from typing import Any, Self, cast

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from composer.decoding.runtimes.base import Floats, Ints, Rows, filled_left
from composer.errors import OutOfMemory
from composer.models.transformer import Attention, Block, EventTransformer, rotate

WARM_UP_RUNS = 2  # before a graph is captured, so that libraries have chosen their kernels


class StaticRuntime:
    """Runs an `EventTransformer` on an accelerator.

    Args:
        model: On its device; a copy in `dtype` is made.
        dtype: Of weights and cache; bf16 on an accelerator and fp32 on a CPU by default.
    """

    name = "torch"
    # Candidates drawn together, at least and at most: a step costs nearly the same for all of them.
    group_sizes = (64, 256)
    splits_freely = False

    def __init__(self, model: EventTransformer, dtype: torch.dtype | None = None) -> None:
        self.sizes, self.window = model.written_sizes, model.config.max_events
        self.device = next(model.parameters()).device
        is_cpu = self.device.type == "cpu"
        self.dtype = dtype or (torch.float32 if is_cpu else torch.bfloat16)
        self.model = deepcopy(model).to(self.dtype).eval()

    def begin(self, beginnings: Sequence[Rows], room: int) -> StaticSession:
        """Read the beginnings of a group; see `base.Runtime`.

        Raises:
            OutOfMemory: If the accelerator has no room for so many candidates.
        """
        with _room():
            return StaticSession(self, beginnings, room)


class Replayed:
    """A function of tensors that keep their places; one launch where there are CUDA graphs.

    It is captured when it is first called: a session that is only forked needs no graph.
    """

    def __init__(self, function: Callable[[], Tensor], device: torch.device) -> None:
        self._function, self._is_captured = function, device.type == "cuda"
        self._graph: torch.cuda.CUDAGraph | None = None

    def _capture(self) -> torch.cuda.CUDAGraph:
        stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(WARM_UP_RUNS):
                self._function()
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self._output = self._function()
        return graph

    def __call__(self) -> Tensor:
        """Return the output; the next call overwrites it.

        Raises:
            OutOfMemory: If the accelerator has no room for the graph.
        """
        if not self._is_captured:
            return self._function()
        if self._graph is None:
            with _room():
                self._graph = self._capture()
        self._graph.replay()
        return self._output


class StaticSession:
    """A group in progress; see `base.Session`."""

    alive: Tensor  # [living] places of the candidates

    @torch.inference_mode()
    def __init__(self, runtime: StaticRuntime, beginnings: Sequence[Rows], room: int) -> None:
        rows, n_filling = filled_left(beginnings)
        self.runtime, self.model, self.device = runtime, runtime.model, runtime.device
        config = self.model.config
        shape = (config.layers, 2, len(rows), config.kv_heads, room, config.head_width)
        self.cache = torch.zeros(shape, device=self.device, dtype=runtime.dtype)
        filled = torch.arange(room)[None, :] < torch.from_numpy(n_filling)[:, None]
        self.filled = filled.to(self.device)  # [B, S]
        self.length = rows.shape[1]
        self.states = self._read(self._ids(rows), torch.arange(self.length, device=self.device))
        self._place()

    @property
    def n_bytes(self) -> int:
        """What is remembered of the rows of all candidates."""
        return self.cache.nbytes

    @torch.inference_mode()
    def field_logits(self, field: int, chosen: Rows) -> Floats:
        """Return logits of a field of the next row, [B, V]."""
        self.chosen[self.alive, :field] = self._ids(chosen)
        logits = self._heads[field]()[self.alive]
        found: Floats = logits.float().cpu().numpy()
        return found

    @torch.inference_mode()
    def append(self, rows: Rows) -> None:
        """Read one row a candidate, [B, 4]."""
        self.rows[self.alive, 0] = self._ids(rows)
        self.position.fill_(self.length)
        self.states.copy_(self._step())
        self.length += 1

    @torch.inference_mode()
    def keep(self, places: Ints) -> None:
        """Go on with some of the candidates only.

        Raises:
            OutOfMemory: If the accelerator has no room to move them together.
        """
        alive = self.alive.cpu().numpy()[places]
        if 2 * len(alive) > len(self.states):
            self.alive = self._ids(alive)
        else:
            self._move_together(alive)

    @torch.inference_mode()
    def fork(self, places: Ints) -> Self:
        """Return a session of its own that goes on from these candidates.

        Raises:
            OutOfMemory: If the accelerator has no room for so many.
        """
        found = copy(self)
        found._move_together(self.alive.cpu().numpy()[places])
        return found

    def _move_together(self, alive: Ints) -> None:
        with _room():
            index = self._ids(alive)
            self.cache = self.cache.index_select(2, index)
            self.filled = self.filled.index_select(0, index)
            self.states = self.states.index_select(0, index)
            self._place()

    def _place(self) -> None:
        """Give all tensors of a step their places."""
        n = len(self.states)
        self.alive = torch.arange(n, device=self.device)
        self.rows = torch.zeros(n, 1, 4, dtype=torch.int64, device=self.device)
        self.chosen = torch.zeros(n, 4, dtype=torch.int64, device=self.device)
        self.position = torch.full((1,), self.length, device=self.device)
        self._step = Replayed(lambda: self._read(self.rows, self.position), self.device)
        self._heads = [
            Replayed(lambda i=i: self._head(i), self.device)  # type: ignore[misc]
            for i in range(len(self.model.written_sizes))
        ]

    def _head(self, field: int) -> Tensor:
        return self.model.field_logits(field, self.states, self.chosen[:, :field])

    def _ids(self, ids: Any) -> Tensor:
        return torch.from_numpy(np.asarray(ids, np.int64)).to(self.device)

    def _read(self, rows: Tensor, positions: Tensor) -> Tensor:
        """Run the trunk over new rows [B, T, 4] at positions [T]; return the last states [B, E]."""
        x = self.model.embed(rows)
        rotary = self.model.rotary.index_select(0, positions)
        places = torch.arange(self.cache.shape[4], device=self.device)
        hidden = (places > positions[:, None])[None] | self.filled[:, None]  # [B, T, S]
        # A row of filling sees itself, so that its softmax is defined.
        hidden &= places != positions[:, None]
        for layer, block in enumerate(cast("Iterable[Block]", self.model.blocks)):
            y = block.attention_norm(x)
            x = x + self._attend(block.attention, y, rotary, positions, layer, hidden)
            x = x + block.gated(block.gated_norm(x))
        states: Tensor = self.model.norm(x[:, -1])
        return states

    def _attend(
        self,
        attention: Attention,
        x: Tensor,
        rotary: Tensor,
        positions: Tensor,
        layer: int,
        hidden: Tensor,
    ) -> Tensor:
        """Attend from new rows to the whole cache, [B, T, E] -> [B, T, E]."""
        batch, n_new, _ = x.shape
        width, n_kv = attention.head_width, attention.n_kv
        qkv = attention.qkv(x).view(batch, n_new, -1, width).transpose(1, 2)
        n_rotated = attention.n_heads + n_kv
        rotated = rotate(qkv[:, :n_rotated], rotary)
        keys, values = self.cache[layer].unbind(0)
        keys.index_copy_(2, positions, rotated[:, attention.n_heads :])
        values.index_copy_(2, positions, qkv[:, n_rotated:])
        # The queries that share a key head are further rows of one product: [B, K, G * T, D].
        queries = rotated[:, : attention.n_heads].reshape(batch, n_kv, -1, width)
        groups = attention.n_heads // n_kv
        bias = torch.zeros_like(hidden, dtype=x.dtype).masked_fill_(hidden, float("-inf"))
        y = functional.scaled_dot_product_attention(
            queries, keys, values, attn_mask=bias[:, None].repeat(1, 1, groups, 1)
        )
        return attention.merge(y.reshape(batch, attention.n_heads, n_new, width))


@contextmanager
def _room() -> Iterator[None]:
    """Say in one sentence that the accelerator is full."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        torch.cuda.empty_cache()
        raise OutOfMemory(
            "the accelerator has no room for so many candidates at once; ask for fewer, or for a "
            "shorter piece"
        ) from error
