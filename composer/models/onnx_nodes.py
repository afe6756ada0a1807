"""`Graph`: an ONNX graph under construction, node by node. Knows matrices and norms.

Every method adds nodes and returns the name of the output, so that calls nest like functions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

CONTRIB = "com.microsoft"
CONTRIB_KINDS = frozenset(
    {
        "GroupQueryAttention",
        "MatMulIntegerToFloat",
        "QuickGelu",
        "RotaryEmbedding",
        "SkipSimplifiedLayerNormalization",
    }
)
EPSILON = float(np.finfo(np.float32).eps)  # as torch's RMSNorm
INT64, INT32, INT8 = TensorProto.INT64, TensorProto.INT32, TensorProto.INT8
FLOAT = TensorProto.FLOAT
LEVELS = 127  # steps of 8 bits on either side of 0
OPSET = 21
Array = npt.NDArray[np.generic]
Matrix = npt.NDArray[np.float32]


@dataclass
class Graph:
    """A graph under construction.

    Args:
        levels: Steps on either side of 0 to which activations are rounded; 0 leaves matrices and
            activations in fp32.
    """

    levels: int
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: dict[str, onnx.TensorProto] = field(default_factory=dict)

    def node(self, kind: str, inputs: Iterable[str], outputs: int = 1, **attributes: Any) -> str:
        """Add a node; of several outputs the first is named, the others have `.1`, `.2` behind."""
        name = f"{kind}{len(self.nodes)}"
        names = [name, *(f"{name}.{i}" for i in range(1, outputs))]
        self.named_node(kind, inputs, names, **attributes)
        return name

    def named_node(
        self, kind: str, inputs: Iterable[str], outputs: Sequence[str], **attributes: Any
    ) -> None:
        """Add a node whose outputs have names already."""
        domain = CONTRIB if kind in CONTRIB_KINDS else ""
        self.nodes.append(
            helper.make_node(kind, list(inputs), list(outputs), domain=domain, **attributes)
        )

    def constant(self, name: str, values: Any) -> str:
        """Add an initialiser once, and return its name."""
        if name not in self.constants:
            self.constants[name] = numpy_helper.from_array(np.array(values, order="C"), name)
        return name

    def linear(self, x: str, name: str, matrix: Matrix, reach: float | None = None) -> str:
        """Multiply by a matrix [out, in].

        Args:
            x: Rows [..., in].
            name: Of the matrix.
            matrix: In fp32; rounded to 8 bits with a scale for every output, unless `levels` is 0.
            reach: Where rounding of activations ends, on either side of 0; None finds the largest
                of every row, at the price of four nodes more.
        """
        if not self.levels:
            return self.node("MatMul", [x, self.constant(name, matrix.T)])
        if reach is not None:
            return self._product(x, name, matrix, reach)
        peaks = self.last("ReduceMax", self.node("Abs", [x]))
        # A row of zeros is 0 / 0 here, some code, and 0 again when its peak of 0 is put back.
        return self.node(
            "Mul", [self._product(self.node("Div", [x, peaks]), name, matrix, 1.0), peaks]
        )

    def _product(self, x: str, name: str, matrix: Matrix, reach: float) -> str:
        """Round rows and matrix to 8 bits; multiply exactly, and scale."""
        codes, scales = quantise(matrix)
        step = self.constant(f"step.{reach}", np.float32(reach / self.levels))
        zero = self.constant("zero", np.uint8(self.levels + 1))
        rounded = self.node("QuantizeLinear", [x, step, zero])
        inputs = [
            rounded,
            self.constant(f"{name}.codes", codes.T),
            step,
            self.constant(f"{name}.scales", scales),
            zero,
            self.constant("weight_zero", np.int8(0)),
        ]
        return self.node("MatMulIntegerToFloat", inputs)

    def last(self, kind: str, x: str) -> str:
        """Reduce the last dimension to one."""
        return self.node(kind, [x, self.constant("last_axis", np.array([-1]))], keepdims=1)

    def shape(self, x: str, name: str, *dims: int) -> str:
        """Reshape; `name` is that of the shape."""
        return self.node("Reshape", [x, self.constant(f"shape.{name}", np.array(dims, np.int64))])

    def swap(self, x: str) -> str:
        """Swap the first two of three dimensions."""
        return self.node("Transpose", [x], perm=[1, 0, 2])

    def normalise(self, x: str, width: int) -> str:
        """Scale the last dimension to mean square 1."""
        ones = self.constant("ones", np.ones(width, np.float32))
        return self.node("SimplifiedLayerNormalization", [x, ones], axis=-1, epsilon=EPSILON)

    def add_normalised(self, x: str, branch: str, width: int) -> tuple[str, str]:
        """Add a branch to the residual stream; return the stream, and it with mean square 1."""
        if not branch:
            return x, self.normalise(x, width)
        inputs = [x, branch, self.constant("ones", np.ones(width, np.float32))]
        kind = "SkipSimplifiedLayerNormalization"
        normed = self.node(kind, inputs, outputs=4, epsilon=EPSILON)
        return f"{normed}.3", normed

    def gated(self, x: str, name: str, gate_up: Matrix, down: Matrix, reach: float) -> str:
        """SwiGLU of normalised rows."""
        both = self.linear(x, f"{name}.gate_up", gate_up, reach)
        gate = self.node("Split", [both], outputs=2, axis=-1, num_outputs=2)
        silu = self.node("QuickGelu", [gate], alpha=1.0)
        product = self.node("Mul", [silu, f"{gate}.1"])
        # The products have long tails: each row is rounded by its own largest.
        return self.linear(product, f"{name}.down", down)

    def embed(self, ids: Sequence[str], tables: Sequence[Matrix]) -> str:
        """Sum the embeddings of some fields, a tensor of ids each, and normalise the sum."""
        found = ""
        for i, (name, table) in enumerate(zip(ids, tables, strict=True)):
            vectors = self.node("Gather", [self.constant(f"table.{i}", table), name])
            found = self.node("Add", [found, vectors]) if found else vectors
        return self.normalise(found, tables[0].shape[1])

    def model(self, inputs: list[onnx.ValueInfoProto], outputs: list[onnx.ValueInfoProto]) -> bytes:
        """Close the graph and return the file's content."""
        graph = helper.make_graph(
            self.nodes, "composer", inputs, outputs, initializer=list(self.constants.values())
        )
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(CONTRIB, 1)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
        return cast("bytes", model.SerializeToString())


def quantise(matrix: Matrix) -> tuple[Array, Matrix]:
    """Round a matrix [out, in] to 8 bits; return codes -127..127 and a scale for every output."""
    scales = np.abs(matrix).max(-1) / LEVELS
    scales[scales == 0] = 1.0
    return np.rint(matrix / scales[:, None]).astype(np.int8), scales.astype(np.float32)
