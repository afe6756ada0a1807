"""The fractal model in numpy, for painting without torch; a test holds both to the same numbers.

Shapes as in `model`, whose methods these are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from composer.models.fractal.config import (
    CHANNELS,
    CHILDREN,
    FINE,
    FIXED_CONDITIONS,
    N_BAR_PLACES,
    N_STATES,
    N_VELOCITIES,
    ONSET,
    PATCH,
    FractalConfig,
    scan_order,
)
from composer.models.weights import Array

Value = TypeVar("Value", bound=np.generic)
Ints = npt.NDArray[np.integer]
Bools = npt.NDArray[np.bool_]
EPSILON = np.float32(np.finfo(np.float32).eps)
ROPE_BASE = 100.0
HEAD = 32  # features of a head, at least
KERNEL = (7, 5)


class Network:
    """What each level says of what is unknown in a roll.

    Args:
        config: Its shape.
        arrays: By the names of the torch model.
    """

    def __init__(self, config: FractalConfig, arrays: Mapping[str, Array]) -> None:
        self.config, self._arrays = config, arrays
        self.conditions = (*FIXED_CONDITIONS, *config.names)
        self.order = np.array(scan_order(FINE, FINE, config.scan))

    def is_ar(self, level: int) -> bool:
        """Whether a level goes on place by place."""
        return self.config.generator_types[level] == "ar"

    def embed_conditions(self, ids: Mapping[str, Ints]) -> Array:
        """Return what is asked of each roll, name -> [B] in, [B, E] out."""
        found = sum(self._table(name)[ids[name]] for name in self.conditions)
        return _normalise(np.asarray(found, np.float32))

    def stem(self, cells: Array, columns: Ints, tonic: Ints, asked: Array, low: int) -> Array:
        """Read rolls as far as they are known, [B, H, W, 6] -> [B, H/4, W/4, E]."""
        x = self._linear("read_fine", fine_patches(cells))
        rows = np.arange(x.shape[1]) + low // FINE
        degrees = degree(FINE * rows[None], tonic[:, None])
        x += (self._table("fine_row")[rows] + self._table("fine_degree")[degrees])[:, :, None]
        b = len(columns)
        places = columns[..., 0].reshape(b, -1, FINE) + N_BAR_PLACES * np.arange(FINE)
        edges = columns[:, ::FINE]
        about = self._table("fine_place")[places].sum(2)
        about += self._table("since")[edges[..., 1]] + self._table("until")[edges[..., 2]]
        x += (about + self._linear("stem_conditions", asked)[:, None])[:, None]
        for index in range(self.config.stem_blocks):
            name = f"mixers.{index}"
            mixed = self._convolve(x, self._arrays[f"{name}.conv.weight"])
            x += self._gated(f"{name}.gated", self._norm(f"{name}.norm", mixed))
        return self._norm("stem_norm", x)

    def coarse(self, stem: Array, content: Array | None, asked: Array, low: int) -> Array:
        """Return the state of every patch of 16, [B, P, E]."""
        rows, columns = stem.shape[1] // FINE, stem.shape[2] // FINE
        context = self._linear("coarse_stem", children(stem).reshape(len(stem), rows * columns, -1))
        context += asked[:, None]
        context += self._table("row")[(np.arange(rows) + low // PATCH).repeat(columns)]
        held = None
        if content is not None:
            inputs = children(self._linear("read_fine", fine_patches(content)))
            held = self._linear("coarse_content", inputs.reshape(len(stem), rows * columns, -1))
        known = np.ones(context.shape[:2], np.bool_)
        order = np.array(scan_order(rows, columns, self.config.scan))
        width = context.shape[-1] // max(1, context.shape[-1] // HEAD)
        return self._generate(0, context, held, known, order, _rotary(rows, columns, width))

    def fine(self, above: Array, stem: Array, content: Array, known: Bools) -> Array:
        """Return the states of the patches of 4 within some patches of 16, [N, 16, E]."""
        context = self._linear("fine_above", above)[:, None] + self._linear("fine_stem", stem)
        context += self._table("fine_child")
        return self._generate(1, context, self._linear("fine_content", content), known, self.order)

    def cells(self, above: Array, stem: Array, places: Ints, own: Ints, content: Ints) -> Array:
        """Return logits of the cells within some patches of 4, [M, 16, 3]."""
        context = (self._linear("cell_above", above) + self._linear("cell_stem", stem))[:, None]
        context = context + self._table("cell_child") + self._table("cell_own")[own]
        for index, name in enumerate(("cell_degree", "cell_place", "cell_left")):
            context += self._table(name)[places[..., index]]
        held = self._table("cell_content")[np.minimum(content, N_STATES - 1)]
        states = self._generate(2, context, held, content < N_STATES, self.order)
        return self._linear("generators.2.logits", states)

    def velocities(self, above: Array, stem: Array, states: Ints, content: Ints) -> Array:
        """Return logits of the velocities in some patches of 4, [M, 16, 32]."""
        context = (self._linear("loud_above", above) + self._linear("loud_stem", stem))[:, None]
        context = context + self._table("loud_child") + self._table("loud_state")[states]
        held = self._table("loud_content")[content]
        known = (content < N_VELOCITIES) | (states != ONSET)
        found = self._generate(3, context, held, known, self.order)
        return self._linear("generators.3.logits", found)

    def bits(self, level: int, states: Array) -> Array:
        """Return logits of whether anything unknown sounds there, [..., E] -> [...]."""
        found: Array = self._linear(f"generators.{level}.logits", states)[..., 0]
        return found

    def _generate(
        self,
        level: int,
        context: Array,
        content: Array | None,
        known: Bools,
        order: Ints,
        rotary: tuple[Array, Array] | None = None,
    ) -> Array:
        name = f"generators.{level}"
        nothing = self._arrays[f"{name}.nothing"]
        if content is None:
            held = np.broadcast_to(nothing, context.shape)
        else:
            held = np.where(known[..., None], content, nothing)
        if not self.is_ar(level):
            return self._run(level, context + held, rotary, is_causal=False)
        first = np.broadcast_to(nothing, held[:, :1].shape)
        before = np.concatenate([first, held[:, order[:-1]]], 1)
        turned = None if rotary is None else (rotary[0][order], rotary[1][order])
        states = self._run(level, context[:, order] + before, turned, is_causal=True)
        return states[:, np.argsort(order)]

    def _run(
        self, level: int, x: Array, rotary: tuple[Array, Array] | None, *, is_causal: bool
    ) -> Array:
        n, places, width = x.shape
        heads = max(1, width // HEAD)
        future = np.triu(np.full((places, places), -np.inf, np.float32), 1)
        for index in range(self.config.blocks[level]):
            name = f"generators.{level}.blocks.{index}"
            normed = self._norm(f"{name}.attention_norm", x)
            qkv = self._linear(f"{name}.qkv", normed).reshape(n, places, 3, heads, -1)
            q, k, v = qkv.transpose(2, 0, 3, 1, 4)
            if rotary is not None:
                q, k = _turn(q, rotary), _turn(k, rotary)
            weights = q @ k.transpose(0, 1, 3, 2)
            weights *= np.float32(q.shape[-1] ** -0.5)
            if is_causal:
                weights += future
            weights -= weights.max(-1, keepdims=True)
            np.exp(weights, out=weights)
            weights /= weights.sum(-1, keepdims=True)
            mixed = (weights @ v).transpose(0, 2, 1, 3).reshape(n, places, width)
            x = x + self._linear(f"{name}.out", mixed)
            x += self._gated(f"{name}.gated", self._norm(f"{name}.gated_norm", x))
        return self._norm(f"generators.{level}.norm", x)

    def _table(self, name: str) -> Array:
        return self._arrays[f"tables.{name}.weight"]

    def _linear(self, name: str, x: Array) -> Array:
        weight, bias = self._arrays[f"{name}.weight"], self._arrays.get(f"{name}.bias")
        # One product of two matrices, where numpy would make one of each in a batch.
        found = (x.reshape(-1, x.shape[-1]) @ weight.T).reshape(*x.shape[:-1], -1)
        if bias is not None:
            found += bias
        return found

    def _norm(self, name: str, x: Array) -> Array:
        return _normalise(x) * self._arrays[f"{name}.weight"]

    def _gated(self, name: str, x: Array) -> Array:
        both = self._linear(f"{name}.gate_up", x)
        half = both.shape[-1] // 2
        gate, up = both[..., :half], both[..., half:]
        return self._linear(f"{name}.down", gate / (1 + np.exp(-gate)) * up)

    @staticmethod
    def _convolve(x: Array, weight: Array) -> Array:
        """Return every feature convolved by itself, [B, R, C, E], rolls one after another."""
        rows, columns = KERNEL
        high, wide = x.shape[1:3]
        around = ((rows // 2,) * 2, (columns // 2,) * 2, (0, 0))
        found = np.zeros_like(x)
        part = np.empty_like(x[0])
        for roll, out in zip(x, found, strict=True):
            padded = np.pad(roll, around)
            for row in range(rows):
                for column in range(columns):
                    seen = padded[row : row + high, column : column + wide]
                    np.multiply(seen, weight[:, 0, row, column], out=part)
                    out += part
        return found


def read_cells(states: Ints, velocities: Ints) -> Array:
    """Return how cells are read, [..., H, W, 6]; see `model.read_cells`."""
    found = np.zeros((*states.shape, CHANNELS), np.float32)
    for state in range(N_STATES + 1):
        found[..., state] = states == state
    is_known = velocities >= 0
    found[..., -2] = (velocities + np.float32(0.5)) / np.float32(N_VELOCITIES) * is_known
    found[..., -1] = is_known
    return found


def fine_patches(cells: Array) -> Array:
    """Return what each patch of 4 holds, [B, H, W, 6] -> [B, H/4, W/4, 96]."""
    b, h, w, c = cells.shape
    cut = cells.reshape(b, h // FINE, FINE, w // FINE, FINE, c)
    return cut.transpose(0, 1, 3, 2, 4, 5).reshape(b, h // FINE, w // FINE, -1)


def children(x: npt.NDArray[Value]) -> npt.NDArray[Value]:
    """Sort a grid into blocks of four by four, [B, R, C, ...] -> [B, R/4 C/4, 16, ...]."""
    b, r, c, *rest = x.shape
    cut = x.reshape(b, r // FINE, FINE, c // FINE, FINE, *rest).swapaxes(2, 3)
    return cut.reshape(b, (r // FINE) * (c // FINE), CHILDREN, *rest)


def degree(pitch: Ints, tonic: Ints) -> Ints:
    """Return semitones above the tonic, 0..11, or 12 where the tonic is unknown."""
    return np.where(tonic < 12, (pitch - tonic) % 12, 12)


def _normalise(x: Array) -> Array:
    return np.asarray(x / np.sqrt(np.mean(x * x, -1, keepdims=True) + EPSILON), np.float32)


def _rotary(rows: int, columns: int, width: int) -> tuple[Array, Array]:
    n = width // 4
    speeds = ROPE_BASE ** (-np.arange(n) / n)
    shape = (rows, columns, n)
    row = np.broadcast_to(np.arange(rows)[:, None, None] * speeds, shape)
    column = np.broadcast_to(np.arange(columns)[None, :, None] * speeds, shape)
    angles = np.concatenate([row, column], -1).reshape(rows * columns, -1)
    return np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)


def _turn(x: Array, rotary: tuple[Array, Array]) -> Array:
    half = x.shape[-1] // 2
    a, b = x[..., :half], x[..., half:]
    cos, sin = rotary
    return np.concatenate([a * cos - b * sin, a * sin + b * cos], -1)
