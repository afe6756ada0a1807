"""The trunk of an xLSTM of mLSTM cells and attention as ONNX graphs for ONNX Runtime on CPU.

One graph takes a step, another reads a chunk of a beginning; heads are those of every model.
Matrices are 8 bits as in `onnx_graph`; gates and what is remembered stay in fp32, where an error
would stay for as long as the memory.

A ring of W slots remembers the last rows that cells of attention look back at: row n lies in slot
n % W. Where rows lie, and which are hidden from which, is the same in all layers and comes from
outside.

Shapes: B candidates, L rows of a chunk, E width, H heads, G heads of shared keys and values, K
features of queries and keys, V of values and of attention's queries and keys.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx
from onnx import helper

from composer.errors import CheckpointError
from composer.models.config import NORM_EPSILON, XlstmConfig
from composer.models.onnx_graph import FIELDS, REACH, gated_branch, tables_of
from composer.models.onnx_nodes import FLOAT, INT64, Graph
from composer.models.weights import Weights

SLOTS = ("k_slots", "v_slots")
_Shape = list[str | int | None]
_value = helper.make_tensor_value_info


def config_for_graphs(weights: Weights) -> XlstmConfig:
    """Return the shape of a model that the graphs can run.

    Raises:
        CheckpointError: If it is no xLSTM, or has cells of other kinds.
    """
    config = weights.config
    if not isinstance(config, XlstmConfig) or "slstm" in config.cells:
        raise CheckpointError(
            "only an xLSTM of mLSTM cells and attention runs as ONNX graphs; use torch"
        )
    return config


def memory_shapes(config: XlstmConfig) -> dict[str, tuple[int, ...]]:
    """Return what the graphs remember of a candidate, by name."""
    matrix = config.heads, config.key_width, config.value_width
    keys = config.kv_heads, config.value_width, config.window
    values = config.kv_heads, config.window, config.value_width
    found: dict[str, tuple[int, ...]] = {}
    for i, kind in enumerate(config.cells):
        found |= {f"memory{i}": matrix} if kind == "mlstm" else {f"k{i}": keys, f"v{i}": values}
    return found


@dataclass
class _Cell:
    """The nodes of one cell: how what is projected becomes what is read.

    Args:
        graph: Under construction.
        config: Of the model.
        rows: L of a graph for chunks, 0 of one for steps.
    """

    graph: Graph
    config: XlstmConfig
    rows: int

    def heads(self, x: str, width: int, name: str) -> str:
        """Let heads come before rows, [B, L, H * width] -> [B, H, L, width]."""
        shaped = self.graph.shape(x, name, -1, max(1, self.rows), self.config.heads, width)
        return self.graph.node("Transpose", [shaped], perm=[0, 2, 1, 3])

    def gate(self, gates: str, part: int) -> str:
        """Return one of the gates' inputs, [B, H, L, 1]."""
        heads = self.config.heads
        ends = [self.graph.constant(f"end{i}", np.array([i * heads], np.int64)) for i in (0, 1, 2)]
        axis = self.graph.constant("last_axis", np.array([-1]))
        found = self.graph.node("Slice", [gates, ends[part], ends[part + 1], axis])
        return self.heads(found, 1, "gate")

    def step(self, q: str, k: str, v: str, gates: str, layer: int) -> str:
        """Go on by one row; `memory{layer}_out` is written where `memory{layer}` was."""
        graph = self.graph
        enter, forget = (graph.node("Sigmoid", [self.gate(gates, part)]) for part in (0, 1))
        key = graph.node("Transpose", [graph.node("Mul", [k, enter])], perm=[0, 1, 3, 2])
        kept = graph.node("Mul", [forget, f"memory{layer}"])
        added = graph.node("Mul", [key, v])  # [B, H, K, 1] and [B, H, 1, V]
        graph.named_node("Add", [kept, added], [f"memory{layer}_out"])
        return graph.node("MatMul", [q, f"memory{layer}_out"])

    def chunk(self, q: str, k: str, v: str, gates: str, layer: int) -> str:
        """Go on by a chunk; see `mlstm.chunkwise`. Rows of filling enter and forget nothing."""
        graph, rows = self.graph, self.rows
        enter, forget = (self._log_sigmoid(self.gate(gates, part)) for part in (0, 1))
        forget = graph.node("Mul", [forget, "is_row"])  # [B, H, L, 1]
        enter = graph.node("Add", [enter, "log_is_row"])
        across = graph.node("Transpose", [enter], perm=[0, 1, 3, 2])
        later = graph.constant("later", np.tril(np.ones((rows, rows), np.float32), -1))
        ahead = graph.constant("ahead", np.triu(np.full((rows, rows), -np.inf, np.float32), 1))
        axis = graph.constant("row_axis", np.array(2, np.int64))
        sums = graph.node("CumSum", [graph.node("Mul", [forget, later]), axis])
        decays = graph.node("Add", [graph.node("Add", [sums, ahead]), across])
        weights = graph.node("Exp", [decays])  # [B, H, L, L]
        keys = graph.node("Transpose", [k], perm=[0, 1, 3, 2])
        within = graph.node("Mul", [graph.node("MatMul", [q, keys]), weights])
        left = graph.node("Exp", [graph.node("CumSum", [forget, axis])])  # [B, H, L, 1]
        before = graph.node("MatMul", [graph.node("Mul", [q, left]), f"memory{layer}"])
        read = graph.node("Add", [graph.node("MatMul", [within, v]), before])
        last = graph.constant("last_row", np.array([rows - 1], np.int64))
        last_weights, last_left = (graph.node("Gather", [x, last], axis=2) for x in (weights, left))
        added = graph.node("MatMul", [graph.node("Mul", [keys, last_weights]), v])
        kept = graph.node("Mul", [last_left, f"memory{layer}"])
        graph.named_node("Add", [kept, added], [f"memory{layer}_out"])
        return read

    def _log_sigmoid(self, x: str) -> str:
        return self.graph.node("Neg", [self.graph.node("Softplus", [self.graph.node("Neg", [x])])])


@dataclass
class _Attention:
    """The nodes of one cell of attention; see `_Cell`.

    Keys lie in the ring as columns, so that scores are one product of matrices: [B, G, V, W].
    """

    graph: Graph
    config: XlstmConfig
    rows: int

    def branch(self, weights: Weights, normed: str, layer: int) -> str:
        """Return what the cell adds to the residual stream."""
        graph, config, name = self.graph, self.config, f"blocks.{layer}.cell"
        heads, shared, width = config.heads, config.kv_heads, config.value_width
        matrix = weights[f"{name}.project"] * weights[f"blocks.{layer}.cell_norm"]
        matrix[: heads * width] *= width**-0.5  # the queries
        projected = graph.linear(normed, f"{layer}.project", matrix, REACH)
        shaped = graph.shape(projected, "all", -1, max(1, self.rows), heads + 2 * shared, width)
        by_head = graph.node("Transpose", [shaped], perm=[0, 2, 1, 3])
        sizes = graph.constant("turned", np.array([heads + shared, shared], np.int64))
        split = graph.node("Split", [by_head, sizes], outputs=2, axis=1)
        turned = graph.node("RotaryEmbedding", [split, "places", "cos", "sin"])
        sizes = graph.constant("queries", np.array([heads, shared], np.int64))
        query = graph.node("Split", [turned, sizes], outputs=2, axis=1)
        # Heads that share keys are rows of one matrix: [B, G, H / G * L, V].
        q = graph.shape(query, "shared", -1, shared, heads // shared * max(1, self.rows), width)
        k = graph.node("Transpose", [f"{query}.1"], perm=[0, 1, 3, 2])
        keys, values = self._remember(k, f"{split}.1", layer)
        scores = graph.node("Add", [graph.node("MatMul", [q, keys]), "unseen"])
        read = graph.node("MatMul", [graph.node("Softmax", [scores], axis=-1), values])
        back = graph.shape(read, "unshared", -1, heads, max(1, self.rows), width)
        joined = graph.node("Transpose", [back], perm=[0, 2, 1, 3])
        flat = graph.shape(joined, "flat_heads", -1, max(1, self.rows), config.width)
        return graph.linear(flat, f"{layer}.out", weights[f"{name}.out"])

    def _remember(self, k: str, v: str, layer: int) -> tuple[str, str]:
        """Write new rows into the ring; return the keys and values that they may see.

        A step writes its row where the one lies that it does not see any more, and sees the ring.
        The rows of a chunk see the ring as it was and one another, and the new ring is gathered
        from both.
        """
        graph, ring = self.graph, (f"k{layer}", f"v{layer}")
        if not self.rows:
            for kept, new, slots, axis in zip(ring, (k, v), SLOTS, (3, 2), strict=True):
                graph.named_node("ScatterElements", [kept, slots, new], [f"{kept}_out"], axis=axis)
            return f"{ring[0]}_out", f"{ring[1]}_out"
        known = []
        for kept, new, axis in zip(ring, (k, v), (3, 2), strict=True):
            known.append(graph.node("Concat", [kept, new], axis=axis))
            graph.named_node("Gather", [known[-1], "gathered"], [f"{kept}_out"], axis=axis)
        return known[0], known[1]


def xlstm_trunk_graph(weights: Weights, *, levels: int, rows: int = 0) -> bytes:
    """Return the trunk as an ONNX model.

    Inputs: the rows' fields `time`, `part`, `pitch`, `duration` [B, L] (L = 1 for steps) and what
    is remembered, as `memory_shapes` names it; for chunks `is_row` and `log_is_row` [L, 1], 1 and 0
    for rows, 0 and -inf for filling behind them, and `last` [1], the index of the last row.
    Outputs: `states` [B, E] after the last row, and `memory0_out` ..., which for steps may lie
    where the inputs lie.

    With attention, further inputs of steps are `cos` and `sin` [B, V / 2] of the candidates' rows,
    `places` [B, 1] with 0 to B - 1, `unseen` [B, 1, 1, W], 0 or -inf, and the slots of the rows,
    `k_slots` [B, G, V, 1] and `v_slots` [B, G, 1, V]; of chunks `cos` and `sin` [L, V / 2],
    `places` [B, L] with 0 to L - 1, `unseen` [H / G * L, W + L], and `gathered` [W], where the rows
    of the new ring lie in the old one with the chunk behind it.

    Args:
        weights: Of the model.
        levels: See `onnx_nodes.Graph`.
        rows: L of a graph for chunks, 0 for steps.

    Raises:
        CheckpointError: If there are cells of other kinds.
    """
    graph, config = Graph(levels), config_for_graphs(weights)
    cell, attention = _Cell(graph, config, rows), _Attention(graph, config, rows)
    x = graph.embed(FIELDS, tables_of(weights, FIELDS))
    branch = ""
    for i in range(config.layers):
        x, normed = graph.add_normalised(x, branch, config.width)
        if config.cells[i] == "mlstm":
            branch = _cell_branch(cell, weights, normed, i)
        else:
            branch = attention.branch(weights, normed, i)
        x, normed = graph.add_normalised(x, branch, config.width)
        branch = gated_branch(graph, weights, normed, f"blocks.{i}.gated", f"blocks.{i}.gated_norm")
    _, normed = graph.add_normalised(x, branch, config.width)
    last = "last" if rows else graph.constant("first_row", np.array([0], np.int64))
    at_last = graph.node("Gather", [normed, last], axis=1)
    states = graph.node("Mul", [at_last, graph.constant("norm", weights["norm"])])
    graph.named_node("Reshape", [states, graph.constant("flat", [-1, config.width])], ["states"])
    return graph.model(*_ends(config, rows))


def _cell_branch(cell: _Cell, weights: Weights, normed: str, layer: int) -> str:
    """Return what one cell adds to the residual stream."""
    graph, config, name = cell.graph, cell.config, f"blocks.{layer}.cell"
    norm = weights[f"blocks.{layer}.cell_norm"]
    matrix = weights[f"{name}.project"] * norm
    matrix[: config.width // 2] *= config.key_width**-0.5  # the queries
    projected = graph.linear(normed, f"{layer}.project", matrix, REACH)
    sizes = np.array([config.width // 2, config.width // 2, config.width, config.width], np.int64)
    split = graph.node("Split", [projected, graph.constant("sizes", sizes)], outputs=4, axis=-1)
    q, k = (cell.heads(part, config.key_width, "keys") for part in (split, f"{split}.1"))
    v = cell.heads(f"{split}.2", config.value_width, "values")
    capped = _capped_gates(graph, weights, normed, name, layer, config.gate_cap)
    way = cell.chunk if cell.rows else cell.step
    read = graph.node("Transpose", [way(q, k, v, capped, layer)], perm=[0, 2, 1, 3])
    ones = graph.constant("head_ones", np.ones(config.value_width, np.float32))
    kind = "SimplifiedLayerNormalization"
    normed_read = graph.node(kind, [read, ones], axis=-1, epsilon=NORM_EPSILON)
    flat = graph.shape(normed_read, "flat_heads", -1, max(1, cell.rows), config.width)
    opened = graph.node("Mul", [flat, graph.node("Sigmoid", [f"{split}.3"])])
    return graph.linear(opened, f"{layer}.out", weights[f"{name}.out"] * weights[f"{name}.norm"])


def _capped_gates(
    graph: Graph, weights: Weights, normed: str, name: str, layer: int, cap: float
) -> str:
    """Return the inputs of both gates of all heads, [B, L, 2 H]."""
    matrix = weights[f"{name}.gates"] * weights[f"blocks.{layer}.cell_norm"] / cap
    bias = weights.arrays[f"{name}.gates.bias"] / cap
    inputs = graph.node("MatMul", [normed, graph.constant(f"{layer}.gates", matrix.T)])
    inputs = graph.node("Add", [inputs, graph.constant(f"{layer}.gates.bias", bias)])
    return graph.node("Mul", [graph.node("Tanh", [inputs]), graph.constant("cap", np.float32(cap))])


def _ends(
    config: XlstmConfig, rows: int
) -> tuple[list[onnx.ValueInfoProto], list[onnx.ValueInfoProto]]:
    kept: dict[str, _Shape] = {name: ["B", *shape] for name, shape in memory_shapes(config).items()}
    inputs = [_value(name, INT64, ["B", max(1, rows)]) for name in FIELDS]
    inputs += [_value(name, FLOAT, shape) for name, shape in kept.items()]
    if rows:
        inputs += [_value(name, FLOAT, [rows, 1]) for name in ("is_row", "log_is_row")]
        inputs.append(_value("last", INT64, [1]))
    if "attention" in config.cells:
        inputs += _attention_inputs(config, rows)
    outputs = [_value("states", FLOAT, ["B", config.width])]
    return inputs, [*outputs, *(_value(f"{name}_out", FLOAT, kept[name]) for name in kept)]


def _attention_inputs(config: XlstmConfig, rows: int) -> list[onnx.ValueInfoProto]:
    shared, width, window = config.kv_heads, config.value_width, config.window
    turns = [_value(name, FLOAT, [rows if rows else "B", width // 2]) for name in ("cos", "sin")]
    places = _value("places", INT64, ["B", max(1, rows)])
    if rows:
        seen: _Shape = [config.heads // shared * rows, window + rows]
        return [*turns, places, _value("unseen", FLOAT, seen), _value("gathered", INT64, [window])]
    slots: tuple[_Shape, _Shape] = ["B", shared, width, 1], ["B", shared, 1, width]
    return [
        *(*turns, places, _value("unseen", FLOAT, ["B", 1, 1, window])),
        *(_value(name, INT64, shape) for name, shape in zip(SLOTS, slots, strict=True)),
    ]
