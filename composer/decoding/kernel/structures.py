"""What `step.c` reads, as ctypes and numpy see it: a model packed in 8 bits, caches and a session.

The arrays belong to the Python objects, which have to live as long as what points at them.

Shapes: as in step.c.
"""

from __future__ import annotations

import ctypes
from ctypes import POINTER, Structure, c_float, c_int32, c_uint8, c_void_p
from typing import Any

import numpy as np
import numpy.typing as npt

from composer.models import ModelConfig, Weights
from composer.models.onnx_graph import attention_matrices
from composer.models.onnx_nodes import quantise
from composer.models.weights import rotary_table

LANES, QUAD = 16, 4
ZERO = 128
N_FIELDS = 4
Matrix = npt.NDArray[np.float32]


class CMatrix(Structure):
    """`Matrix` of step.c."""

    _fields_ = (
        ("outputs", c_int32),
        ("inputs", c_int32),
        ("codes", POINTER(c_uint8)),
        ("scales", POINTER(c_float)),
    )


class CGated(Structure):
    """`Gated` of step.c."""

    _fields_ = (("gate_up", CMatrix), ("down", CMatrix))


class CBlock(Structure):
    """`Block` of step.c."""

    _fields_ = (("qkv", CMatrix), ("out", CMatrix), ("gated", CGated))


class CHead(Structure):
    """`Head` of step.c."""

    _fields_ = (("gated", CGated), ("logits", CMatrix))


class CModel(Structure):
    """`Model` of step.c."""

    _fields_ = (
        ("width", c_int32),
        ("layers", c_int32),
        ("heads", c_int32),
        ("kv_heads", c_int32),
        ("head_width", c_int32),
        ("sizes", c_int32 * N_FIELDS),
        ("tables", POINTER(c_float) * N_FIELDS),
        ("norm", POINTER(c_float)),
        ("rotary", POINTER(c_float)),
        ("blocks", POINTER(CBlock)),
        ("fields", CHead * N_FIELDS),
    )


class CCache(Structure):
    """`Cache` of step.c."""

    _fields_ = (
        ("slots", c_int32),
        ("capacity", c_int32),
        ("keys", POINTER(c_uint8)),
        ("values", POINTER(c_uint8)),
        ("key_scales", POINTER(c_float)),
        ("value_scales", POINTER(c_float)),
    )


class CSession(Structure):
    """`Session` of step.c."""

    _fields_ = (
        ("candidates", c_int32),
        ("shared_rows", c_int32),
        ("shared", CCache),
        ("own", CCache),
        ("ids", POINTER(c_int32)),
        ("places", POINTER(c_int32)),
        ("lengths", POINTER(c_int32)),
        ("states", POINTER(c_float)),
        ("scratch", c_void_p),
    )


_KINDS: dict[np.dtype[Any], Any] = {
    np.dtype(np.float32): c_float,
    np.dtype(np.int32): c_int32,
    np.dtype(np.uint8): c_uint8,
}


def pointer(array: npt.NDArray[Any]) -> Any:
    """Return where an array begins, with its type; the array must lie in one piece."""
    assert array.flags.c_contiguous
    return array.ctypes.data_as(POINTER(_KINDS[array.dtype]))


def padded(n: int) -> int:
    """Return a count rounded up to whole blocks of 16."""
    return -(-n // LANES) * LANES


def pack(matrix: Matrix) -> tuple[npt.NDArray[np.uint8], Matrix]:
    """Round a matrix [out, in] to 8 bits as step.c wants it.

    Returns:
        Codes [out / 16, in / 4, 16, 4] and scales [out], where `out` is rounded up to 16.
    """
    codes, scales = quantise(matrix)
    more = padded(len(matrix)) - len(matrix)
    shifted = np.pad(codes.astype(np.int16) + ZERO, ((0, more), (0, 0)), constant_values=ZERO)
    blocks = shifted.astype(np.uint8).reshape(-1, LANES, matrix.shape[1] // QUAD, QUAD)
    return np.ascontiguousarray(blocks.swapaxes(1, 2)), np.pad(scales, (0, more))


def fits(config: ModelConfig) -> bool:
    """Whether a model can be packed: its matrices are whole blocks of 16."""
    widths = (config.width, config.head_width, config.hidden, config.field_hidden)
    return not any(width % LANES for width in widths)


class PackedModel:
    """A model's weights as step.c reads them.

    Args:
        weights: Of a model that `fits`.
    """

    def __init__(self, weights: Weights) -> None:
        # All in one piece, for which numpy asks for large pages: the weights of a step are read
        # from end to end, and with small pages 25 million take a tenth to a fifth longer.
        self._arena = np.empty(sum(array.nbytes for array in weights.arrays.values()), np.uint8)
        self._n_bytes = 0
        self.config = config = weights.transformer
        self._weights = weights
        blocks = (CBlock * config.layers)(*(self._block(i) for i in range(config.layers)))
        self._blocks = blocks
        self._tables = [np.ascontiguousarray(weights[f"tables.{i}"]) for i in range(N_FIELDS)]
        self._rotary = rotary_table(config)
        self.struct = CModel(
            width=config.width,
            layers=config.layers,
            heads=config.heads,
            kv_heads=config.kv_heads,
            head_width=config.head_width,
            sizes=(c_int32 * N_FIELDS)(*weights.table_sizes),
            tables=(POINTER(c_float) * N_FIELDS)(*map(pointer, self._tables)),
            norm=self._keep(weights["norm"]),
            rotary=pointer(self._rotary),
            blocks=ctypes.cast(blocks, POINTER(CBlock)),
            fields=(CHead * N_FIELDS)(*(self._head(i) for i in range(N_FIELDS))),
        )
        self.written_sizes = weights.written_sizes
        self.at = ctypes.byref(self.struct)

    def _keep(self, array: npt.NDArray[Any]) -> Any:
        """Copy an array into the arena, from the next 64 bytes on; return where it is."""
        first = self._n_bytes + -(self._arena.ctypes.data + self._n_bytes) % 64
        self._n_bytes = first + array.nbytes
        place = self._arena[first : self._n_bytes].view(array.dtype).reshape(array.shape)
        place[...] = array
        return pointer(place)

    def _matrix(self, matrix: Matrix) -> CMatrix:
        codes, scales = pack(matrix)
        return CMatrix(len(scales), matrix.shape[1], self._keep(codes), self._keep(scales))

    def _gated(self, name: str, norm: str) -> CGated:
        gate_up = self._weights[f"{name}.gate_up"] * self._weights[norm]
        return CGated(self._matrix(gate_up), self._matrix(self._weights[f"{name}.down"]))

    def _block(self, layer: int) -> CBlock:
        qkv, out = attention_matrices(self._weights, layer, by_group=False)
        gated = self._gated(f"blocks.{layer}.gated", f"blocks.{layer}.gated_norm")
        return CBlock(self._matrix(qkv), self._matrix(out), gated)

    def _head(self, field: int) -> CHead:
        name = f"heads.{field}"
        logits = self._weights[f"{name}.logits"] * self._weights[f"{name}.logits_norm"]
        return CHead(self._gated(f"{name}.gated", f"{name}.norm"), self._matrix(logits))


class PackedCache:
    """Keys and values of some candidates.

    Args:
        config: Of the model.
        slots: Candidates that there is room for.
        capacity: Rows that each may have; rounded up to whole blocks of 16.
    """

    def __init__(self, config: ModelConfig, slots: int, capacity: int) -> None:
        rows = padded(max(1, capacity))
        shape = config.layers, slots, config.kv_heads
        width = config.head_width
        # Memory that nothing was written to costs nothing.
        self._keys = np.zeros((*shape, rows // LANES, width * LANES), np.uint8)
        self._values = np.zeros((*shape, width // LANES, rows * LANES), np.uint8)
        self._scales = [np.zeros((*shape, rows), np.float32) for _ in range(2)]
        self._arrays: list[npt.NDArray[Any]] = [self._keys, self._values, *self._scales]
        self.capacity = rows
        self.struct = CCache(slots, rows, *map(pointer, self._arrays))

    @property
    def n_bytes(self) -> int:
        """Of all slots."""
        return sum(array.nbytes for array in self._arrays)

    def copy(self, other: PackedCache, slots: npt.NDArray[Any], n_rows: int) -> None:
        """Take over the first rows of another cache's slots, in this order."""
        n = padded(n_rows)
        self._keys[..., : n // LANES, :] = other._keys[:, slots, :, : n // LANES]
        self._values[..., : n * LANES] = other._values[:, slots, ..., : n * LANES]
        for own, scales in zip(self._scales, other._scales, strict=True):
            own[..., :n] = scales[:, slots, :, :n]
