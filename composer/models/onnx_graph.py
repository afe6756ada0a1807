"""An `EventTransformer` as ONNX graphs for ONNX Runtime on CPU. Knows weights, not music.

Two kinds of graph: the *trunk* reads rows, keeps keys and values in place (contrib operator
GroupQueryAttention with shared buffers) and gives the states after each candidate's last row; a
*head* gives the logits of one field from a state and the fields already chosen. Sampling stays
outside.

Weights of matrices are 8 bits, in blocks of 32 along the input with a scale each (contrib operator
MatMulNBits); it scales activations row by row, so that no candidate depends on its neighbours.
Tables and norms stay in fp32.

Shapes: B candidates, T rows, S rows of cache, E width, K key/value heads, D head width, V ids.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor

from composer.models.transformer import (
    Attention,
    Block,
    EventTransformer,
    FieldHead,
    GatedLayer,
)

BLOCK = 32  # inputs that share a scale; the least that MatMulNBits has kernels for
CONTRIB = "com.microsoft"
EPSILON = float(np.finfo(np.float32).eps)  # as torch's RMSNorm
INT64, INT32, FLOAT = TensorProto.INT64, TensorProto.INT32, TensorProto.FLOAT
OPSET = 21
Array = npt.NDArray[np.generic]


@dataclass
class Graph:
    """A graph under construction; every method adds a node and returns the name of its output.

    Args:
        is_int8: Whether matrices are quantised.
    """

    is_int8: bool
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: dict[str, onnx.TensorProto] = field(default_factory=dict)

    def node(self, kind: str, inputs: Iterable[str], outputs: int = 1, **attributes: Any) -> str:
        """Add a node; of several outputs the first is named, the others have `.1`, `.2` behind."""
        name = f"{kind}{len(self.nodes)}"
        domain = CONTRIB if kind in _CONTRIB_KINDS else ""
        names = [name, *(f"{name}.{i}" for i in range(1, outputs))]
        self.nodes.append(helper.make_node(kind, list(inputs), names, domain=domain, **attributes))
        return name

    def constant(self, name: str, values: Array) -> str:
        """Add an initialiser once, and return its name."""
        if name not in self.constants:
            self.constants[name] = numpy_helper.from_array(np.array(values, order="C"), name)
        return name

    def weight(self, name: str, tensor: Tensor) -> str:
        """Add a tensor in fp32."""
        return self.constant(name, tensor.detach().float().cpu().numpy())

    def linear(self, x: str, name: str, weight: Tensor) -> str:
        """Multiply by a matrix [out, in]."""
        matrix = weight.detach().float().cpu().numpy()
        if not self.is_int8 or matrix.shape[1] % BLOCK:
            return self.node("MatMul", [x, self.constant(name, matrix.T)])
        packed, scales = quantise(matrix)
        inputs = [x, self.constant(f"{name}.q", packed), self.constant(f"{name}.scale", scales)]
        n_out, n_in = matrix.shape
        shape = {"K": n_in, "N": n_out, "bits": 8, "block_size": BLOCK}
        return self.node("MatMulNBits", inputs, **shape, accuracy_level=4)

    def rms_norm(self, x: str, name: str, weight: Tensor) -> str:
        """Normalise and scale the last dimension."""
        inputs = [x, self.weight(name, weight)]
        return self.node("SimplifiedLayerNormalization", inputs, axis=-1, epsilon=EPSILON)

    def gated(self, x: str, name: str, layer: GatedLayer) -> str:
        """SwiGLU."""
        both = self.linear(x, f"{name}.gate_up", layer.gate_up.weight)
        gate = self.node("Split", [both], outputs=2, axis=-1, num_outputs=2)
        silu = self.node("QuickGelu", [gate], alpha=1.0)
        product = self.node("Mul", [silu, f"{gate}.1"])
        return self.linear(product, f"{name}.down", layer.down.weight)

    def embed(self, rows: str, tables: list[Tensor]) -> str:
        """Sum the embeddings of some fields of rows [..., F] and normalise the sum."""
        found = ""
        for i, table in enumerate(tables):
            index = self.constant(f"field.{i}", np.array(i, np.int64))
            ids = self.node("Gather", [rows, index], axis=-1)
            vectors = self.node("Gather", [self.weight(f"table.{i}", table), ids], axis=0)
            found = self.node("Add", [found, vectors]) if found else vectors
        ones = self.constant("ones", np.ones(tables[0].shape[1], np.float32))
        return self.node("SimplifiedLayerNormalization", [found, ones], axis=-1, epsilon=EPSILON)

    def model(self, inputs: list[onnx.ValueInfoProto], outputs: list[onnx.ValueInfoProto]) -> bytes:
        """Close the graph and return the file's content."""
        graph = helper.make_graph(
            self.nodes, "composer", inputs, outputs, initializer=list(self.constants.values())
        )
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(CONTRIB, 1)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
        return cast("bytes", model.SerializeToString())


_CONTRIB_KINDS = frozenset(
    {"MatMulNBits", "GroupQueryAttention", "QuickGelu", "SkipSimplifiedLayerNormalization"}
)


def quantise(matrix: npt.NDArray[np.float32]) -> tuple[Array, Array]:
    """Round a matrix [N, K] to 8 bits with a scale for every `BLOCK` inputs.

    Returns:
        Codes [N, K / BLOCK, BLOCK] with 128 for 0, and scales [N * K / BLOCK].
    """
    blocks = matrix.reshape(len(matrix), -1, BLOCK)
    scales = np.abs(blocks).max(-1) / 127
    scales[scales == 0] = 1.0
    codes = np.rint(blocks / scales[..., None]) + 128
    return codes.astype(np.uint8), scales.astype(np.float32).reshape(-1)


def trunk_graph(model: EventTransformer, *, is_int8: bool) -> bytes:
    """Return the trunk as an ONNX model.

    Inputs: `rows` [B, T, 4], `last` [B, 1] (index of each candidate's last row in T), `seqlens_k`
    [B] (rows in its cache after this run, less 1), `total` (the most of them), and `k0`, `v0` ...
    [B, K, S, D]; outputs `states` [B, E], and the caches as `k0_out`, `v0_out` ... in place.
    """
    graph = Graph(is_int8)
    tables = [cast("Tensor", table.weight) for table in model.tables]
    x = graph.embed("rows", tables)
    rotary = model.rotary.cpu().numpy()
    for i, part in enumerate(("cos", "sin")):
        graph.constant(part, rotary[:, i])
    branch = ""
    for i, block in enumerate(cast("Iterable[Block]", model.blocks)):
        x, normed = _add_norm(graph, x, branch, f"{i}.attention_norm", block.attention_norm.weight)
        branch = _attention(graph, normed, i, block.attention)
        x, normed = _add_norm(graph, x, branch, f"{i}.gated_norm", block.gated_norm.weight)
        branch = graph.gated(normed, f"{i}.gated", block.gated)
    _, normed = _add_norm(graph, x, branch, "norm", cast("Tensor", model.norm.weight))
    states = graph.node("GatherND", [normed, "last"], batch_dims=1)
    graph.nodes.append(helper.make_node("Identity", [states], ["states"]))
    return graph.model(*_trunk_ends(model))


def _add_norm(graph: Graph, x: str, branch: str, name: str, weight: Tensor) -> tuple[str, str]:
    """Add a branch to the residual stream; return stream and its normalised form."""
    if not branch:
        return x, graph.rms_norm(x, name, weight)
    inputs = [x, branch, graph.weight(name, weight)]
    normed = graph.node("SkipSimplifiedLayerNormalization", inputs, outputs=4, epsilon=EPSILON)
    return f"{normed}.3", normed


def _attention(graph: Graph, x: str, layer: int, attention: Attention) -> str:
    qkv = graph.linear(x, f"{layer}.qkv", attention.qkv.weight)
    caches = [f"k{layer}", f"v{layer}"]
    y = f"attention{layer}"
    graph.nodes.append(
        helper.make_node(
            "GroupQueryAttention",
            [qkv, "", "", *caches, "seqlens_k", "total", "cos", "sin"],
            [y, *(f"{name}_out" for name in caches)],
            domain=CONTRIB,
            num_heads=attention.n_heads,
            kv_num_heads=attention.n_kv,
            do_rotary=1,
        )
    )
    return graph.linear(y, f"{layer}.out", attention.out.weight)


def _trunk_ends(
    model: EventTransformer,
) -> tuple[list[onnx.ValueInfoProto], list[onnx.ValueInfoProto]]:
    config = model.config
    shape: list[str | int | None] = ["B", config.kv_heads, "S", config.head_width]
    names = [f"{kind}{i}" for i in range(config.layers) for kind in "kv"]
    value = helper.make_tensor_value_info
    inputs = [
        value("rows", INT64, ["B", "T", 4]),
        value("last", INT64, ["B", 1]),
        value("seqlens_k", INT32, ["B"]),
        value("total", INT32, [1]),
        *(value(name, FLOAT, shape) for name in names),
    ]
    outputs = [value(f"{name}_out", FLOAT, shape) for name in names]
    return inputs, [value("states", FLOAT, ["B", config.width]), *outputs]


def head_graph(model: EventTransformer, field_index: int, *, is_int8: bool) -> bytes:
    """Return the head of one field as an ONNX model.

    Inputs: `states` [B, E] and, but for the first field, `chosen` [B, field]; output `logits`.
    """
    graph = Graph(is_int8)
    head = cast("FieldHead", model.heads[field_index])
    value = helper.make_tensor_value_info
    inputs = [value("states", FLOAT, ["B", model.config.width])]
    x = "states"
    if field_index:
        tables = [cast("Tensor", model.tables[i].weight) for i in range(field_index)]
        x = graph.node("Add", [x, graph.embed("chosen", tables)])
        inputs.append(value("chosen", INT64, ["B", field_index]))
    branch = graph.gated(graph.rms_norm(x, "norm", head.norm.weight), "gated", head.gated)
    _, normed = _add_norm(graph, x, branch, "logits_norm", head.logits_norm.weight)
    logits = graph.linear(normed, "logits.weight", head.logits.weight)
    graph.nodes.append(helper.make_node("Identity", [logits], ["logits"]))
    return graph.model(inputs, [value("logits", FLOAT, ["B", model.written_sizes[field_index]])])
