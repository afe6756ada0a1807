"""An `EventTransformer` as ONNX graphs for ONNX Runtime on CPU. Knows weights, not music.

Two kinds of graph: a *trunk* reads rows, keeps keys and values in place (contrib operator
GroupQueryAttention with shared buffers) and gives the states after each candidate's last row; a
*head* gives the logits of one field from a state and the fields already chosen. Sampling stays
outside.

A trunk may look back at a *beginning* that all candidates share: its keys and values stand in
memory once, and the queries of all candidates meet them in one matrix product, where the operator
above would read them again for every candidate. A candidate's own rows then count as one row more,
whose score is the logarithm of their normaliser and whose value is what they gave: the joining of
partial attentions of Hydragen (J. Juravsky et al., 2024, arXiv 2402.05099).

A trunk for steps may keep the candidates' own rows in 8 bits: keys and values are divided by what
the weights let one expect of them, then rounded with a fixed reach. Queries, sums and the shared
beginning stay in fp32.

Matrices are 8 bits with a scale for every output, sums of products exact in 32 bits, and what
activations are rounded by depends on nothing outside their row: no candidate depends on its
neighbours, as it would where one scale serves a whole batch. Tables, norms and the products of
attention stay in fp32. Rows of mean square 1 are rounded with a fixed reach: those of a trained
SMALL go to 5.1, and to 10.6 before the logits; its keys go to 9.9 of their expected size, its
values to 7.4 (docs/log.md).

Shapes: B candidates, T rows, S rows of cache, P rows of a shared beginning, E width, H heads, K
key/value heads, G = H / K, D head width, V ids.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
from onnx import helper

from composer.models.config import ModelConfig
from composer.models.onnx_nodes import FLOAT, INT8, INT32, INT64, LEVELS, Graph, Matrix
from composer.models.weights import Weights, rotary_table

REACH = 6.0
LOGITS_REACH = 12.0
# Steps of keys and values in caches of 8 bits, as shares of their expected size.
CACHE_STEPS = {"k": 10.0 / LEVELS, "v": 8.0 / LEVELS}
FIELDS = ("time", "part", "pitch", "duration")
_value = helper.make_tensor_value_info


def trunk_graph(
    weights: Weights, *, levels: int, is_shared: bool = False, is_int8_cache: bool = False
) -> bytes:
    """Return the trunk as an ONNX model.

    Inputs: the rows' fields `time`, `part`, `pitch`, `duration` [B, T], `last` [B, 1] (index of
    each candidate's last row in T), `seqlens_k` [B] (rows in its cache after this run, less 1),
    `total` (the most of them), and `k0`, `v0` ... [B, K, S, D]; outputs `states` [B, E], and the
    caches as `k0_out`, `v0_out` ... in place.

    Args:
        weights: Of the model.
        levels: See `onnx_nodes.Graph`.
        is_shared: Whether there is a shared beginning. T is then 1; `seqlens_k` is [K * B], caches
            are [K * B, 1, S, D] with the candidates of a head side by side; further inputs are
            `position` of the row, and `shared_k0` [K, D, P] (divided by sqrt(D)), `shared_v0`
            [K, P + 1, D] (zeros at its end) ...
        is_int8_cache: Whether `k0`, `v0` ... are 8 bits (see `CACHE_STEPS`). Right for any T, but
            made for 1: fp32 attends to a whole beginning in a third of the time.
    """
    graph, config = Graph(levels), weights.transformer
    x = graph.embed(FIELDS, tables_of(weights, FIELDS))
    for part, table in zip(("cos", "sin"), rotary_table(config).swapaxes(0, 1), strict=True):
        graph.constant(part, table)
    branch = ""
    for i in range(config.layers):
        x, normed = graph.add_normalised(x, branch, config.width)
        qkv, out = attention_matrices(weights, i, by_group=is_shared)
        y = graph.linear(normed, f"{i}.qkv", qkv, REACH)
        attend = _shared_attention if is_shared else _attention
        y = attend(graph, y, i, config, is_int8_cache=is_int8_cache)
        branch = graph.linear(y, f"{i}.out", out, REACH)
        x, normed = graph.add_normalised(x, branch, config.width)
        branch = gated_branch(graph, weights, normed, f"blocks.{i}.gated", f"blocks.{i}.gated_norm")
    _, normed = graph.add_normalised(x, branch, config.width)
    last = graph.node("GatherND", [normed, "last"], batch_dims=1)
    states = graph.node("Mul", [last, graph.constant("norm", weights["norm"])])
    graph.named_node("Identity", [states], ["states"])
    return graph.model(*_trunk_ends(config, is_shared=is_shared, is_int8_cache=is_int8_cache))


def tables_of(weights: Weights, fields: Sequence[str]) -> list[Matrix]:
    """Return the embeddings of some fields."""
    return [weights[f"tables.{i}"] for i in range(len(fields))]


def gated_branch(graph: Graph, weights: Weights, x: str, name: str, norm: str) -> str:
    """SwiGLU of normalised rows; the norm's weights are put into the matrix."""
    gate_up = weights[f"{name}.gate_up"] * weights[norm]
    return graph.gated(x, name, gate_up, weights[f"{name}.down"], REACH)


def attention_matrices(weights: Weights, layer: int, *, by_group: bool) -> tuple[Matrix, Matrix]:
    """Return the matrices of queries, keys and values, and of the output.

    Values are divided by their usual size, so that they and the attention's output can be rounded
    with a fixed reach, and the output matrix makes it good; keys likewise, and the queries make it
    good. `by_group` puts each key/value head behind the query heads that share it.
    """
    config, name = weights.transformer, f"blocks.{layer}.attention"
    n_heads, n_kv, width = config.heads, config.kv_heads, config.head_width
    qkv = weights[f"{name}.qkv"] * weights[f"{name}_norm"]
    sizes = np.linalg.norm(qkv[-n_kv * width :], axis=1).clip(1e-6)
    qkv[-n_kv * width :] /= sizes[:, None]
    each = n_heads // n_kv
    _even_out_keys(qkv, config)
    out = weights[f"{name}.out"] * sizes.reshape(n_kv, width).repeat(each, 0).ravel()
    if by_group:
        q, k, v = np.split(qkv, [n_heads * width, (n_heads + n_kv) * width])
        groups = [part.reshape(n_kv, -1, qkv.shape[1]) for part in (q, k, v)]
        qkv = np.concatenate(groups, axis=1).reshape(qkv.shape)
    return qkv, out


def _even_out_keys(qkv: Matrix, config: ModelConfig) -> None:
    """Divide keys by their usual size and multiply queries by it, in place.

    The two channels that are turned together share a size, so that turning does not notice.
    """
    n_kv, pairs = config.kv_heads, config.head_width // 2
    each = config.heads // n_kv
    heads = qkv.reshape(config.heads + 2 * n_kv, 2, pairs, -1)
    keys = heads[config.heads : config.heads + n_kv]
    sizes = np.sqrt(np.square(keys).sum((1, 3)) / 2).clip(1e-6)[:, None, :, None]
    keys /= sizes
    heads[: config.heads] *= sizes.repeat(each, 0)


def _attention(
    graph: Graph, qkv: str, layer: int, config: ModelConfig, *, is_int8_cache: bool
) -> str:
    # Where scores are asked for, ONNX Runtime 1.31 takes a path that is faster for one row on
    # caches of 8 bits: 0.7 to 0.8 of the time.
    scores = f"scores{layer}" if is_int8_cache else ""
    heads = config.heads, config.kv_heads
    return _own_attention(graph, qkv, layer, heads, scores, is_int8_cache=is_int8_cache)


def _own_attention(
    graph: Graph,
    qkv: str,
    layer: int,
    heads: tuple[int, int],
    scores: str,
    *,
    is_int8_cache: bool,
) -> str:
    """Attend to the rows of a candidate's own cache.

    Args:
        graph: Under construction.
        qkv: Queries, keys and values of the new rows.
        layer: 0 or more.
        heads: Query heads, and key/value heads.
        scores: Name of the scores' output; empty where none is wanted.
        is_int8_cache: See `trunk_graph`.
    """
    caches, y = [f"k{layer}", f"v{layer}"], f"attention{layer}"
    inputs = [qkv, "", "", *caches, "seqlens_k", "total", "cos", "sin"]
    options: dict[str, int | str] = {"qk_output": 1} if scores else {}
    if is_int8_cache:
        steps = [
            graph.constant(f"{kind}.step", np.array([step], np.float32))
            for kind, step in CACHE_STEPS.items()
        ]
        inputs += ["", "", "", *steps]
        options |= {"kv_cache_bit_width": 8}
        options |= {f"{kind}_quant_type": "PER_TENSOR" for kind in CACHE_STEPS}
    graph.named_node(
        "GroupQueryAttention",
        inputs,
        [y, *(f"{name}_out" for name in caches), *filter(None, [scores])],
        num_heads=heads[0],
        kv_num_heads=heads[1],
        do_rotary=1,
        **options,
    )
    return y


def _shared_attention(
    graph: Graph, qkv: str, layer: int, config: ModelConfig, *, is_int8_cache: bool
) -> str:
    """Attend to the shared beginning and to a candidate's own rows."""
    n_kv, width = config.kv_heads, config.head_width
    each = config.heads // n_kv
    grouped = graph.swap(graph.shape(qkv, "candidates", -1, n_kv, (each + 2) * width))
    rows = graph.shape(grouped, "rows", -1, 1, (each + 2) * width)  # [K * B, 1, (G + 2) * D]
    scores = f"scores{layer}"
    own = _own_attention(graph, rows, layer, (each, 1), scores, is_int8_cache=is_int8_cache)
    own = graph.shape(own, "queries", n_kv, -1, width)  # [K, B * G, D]
    own_score = graph.shape(graph.last("ReduceLogSumExp", scores), "sums", n_kv, -1, 1)
    ends = graph.constant("q_kv", np.array([each * width, 2 * width], np.int64))
    query = graph.node("Split", [rows, ends], outputs=2, axis=-1)
    turned = graph.node("RotaryEmbedding", [query, "position", "cos", "sin"])
    products = graph.node(
        "MatMul", [graph.shape(turned, "queries", n_kv, -1, width), f"shared_k{layer}"]
    )
    weights = graph.node("Softmax", [graph.node("Concat", [products, own_score], axis=-1)], axis=-1)
    own_weight = graph.node("Slice", [weights, *_ends_of_last(graph)])
    # The shared values end with a row of zeros, for the candidate's own weight.
    shared = graph.node("MatMul", [weights, f"shared_v{layer}"])
    joined = graph.node("Add", [shared, graph.node("Mul", [own, own_weight])])
    back = graph.swap(graph.shape(joined, "groups", n_kv, -1, each * width))
    return graph.shape(back, "flat", -1, 1, config.heads * width)


def _ends_of_last(graph: Graph) -> list[str]:
    """Return begin, end and axis of a slice: the last of the last dimension."""
    ends = {"last_index": -1, "open_end": np.iinfo(np.int64).max, "last_axis": -1}
    return [graph.constant(name, np.array([i], np.int64)) for name, i in ends.items()]


def _trunk_ends(
    config: ModelConfig, *, is_shared: bool, is_int8_cache: bool
) -> tuple[list[onnx.ValueInfoProto], list[onnx.ValueInfoProto]]:
    kv_heads, batch = (1, "KB") if is_shared else (config.kv_heads, "B")
    kind = INT8 if is_int8_cache else FLOAT
    shape: list[str | int | None] = [batch, kv_heads, "S", config.head_width]
    names = [f"{part}{i}" for i in range(config.layers) for part in "kv"]
    inputs = [
        *(_value(name, INT64, ["B", "T"]) for name in FIELDS),
        _value("last", INT64, ["B", 1]),
        _value("seqlens_k", INT32, [batch]),
        _value("total", INT32, [1]),
        *(_value(name, kind, shape) for name in names),
    ]
    if is_shared:
        inputs.append(_value("position", INT64, [1]))
        sizes: dict[str, list[str | int | None]] = {"k": [config.kv_heads, config.head_width, "P"]}
        sizes["v"] = [config.kv_heads, "P + 1", config.head_width]
        inputs += [_value(f"shared_{name}", FLOAT, sizes[name[0]]) for name in names]
    outputs = [_value(f"{name}_out", kind, shape) for name in names]
    return inputs, [_value("states", FLOAT, ["B", config.width]), *outputs]


def head_graph(weights: Weights, field: int, *, levels: int) -> bytes:
    """Return the head of one field as an ONNX model.

    Inputs: `states` [B, E] and the fields already chosen, `time`, `part` ... [B]; output `logits`
    [B, V].
    """
    graph, width = Graph(levels), weights.config.width
    name, known, x = f"heads.{field}", FIELDS[:field], "states"
    if field:
        x = graph.node("Add", [x, graph.embed(known, tables_of(weights, known))])
    normed = graph.normalise(x, width)
    branch = gated_branch(graph, weights, normed, f"{name}.gated", f"{name}.norm")
    _, normed = graph.add_normalised(x, branch, width)
    matrix = weights[f"{name}.logits"] * weights[f"{name}.logits_norm"]
    logits = graph.linear(normed, "logit_matrix", matrix, LOGITS_REACH)
    graph.named_node("Identity", [logits], ["logits"])
    inputs = [_value("states", FLOAT, ["B", width]), *(_value(n, INT64, ["B"]) for n in known)]
    return graph.model(inputs, [_value("logits", FLOAT, ["B", weights.written_sizes[field]])])


def saturation_graph() -> tuple[int, bytes]:
    """Return the largest sum of 64 products of 8 bits, and a graph that computes it."""
    graph, n = Graph(LEVELS), 64
    ones = graph.constant("rows", np.full((1, n), 255, np.uint8))
    matrix = graph.constant("matrix", np.full((n, 16), LEVELS, np.int8))
    products = graph.node("MatMulInteger", [ones, matrix])
    graph.named_node("Identity", [products], ["products"])
    return 255 * LEVELS * n, graph.model([], [_value("products", INT32, [1, 16])])
