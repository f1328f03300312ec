"""Weights in the format of safetensors: a table in JSON, and the arrays one after another."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from ..backend import numpy_dtype
from ..errors import SerializationError
from ..files import replacing
from .archive import plain_data
from .hdf5_types import refuse
from .hdf5_writer import GroupToWrite
from .sources import FileSource

DTYPES = {
    "BOOL": "bool",
    "U8": "uint8",
    "I8": "int8",
    "U16": "uint16",
    "I16": "int16",
    "U32": "uint32",
    "I32": "int32",
    "U64": "uint64",
    "I64": "int64",
    "F16": "float16",
    "BF16": "bfloat16",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2",
    "F32": "float32",
    "F64": "float64",
    "C64": "complex64",
}
NAMES = {name: code for code, name in DTYPES.items()}
LARGEST_TABLE = 10**8


def save(groups: GroupToWrite, path: Path) -> None:
    """Write all arrays of groups under their paths."""
    arrays = dict(_flat(groups, ""))
    table: dict[str, Any] = {"__metadata__": {"format": "polykeras"}}
    offset = 0
    for name, x in arrays.items():
        code = NAMES.get(str(x.dtype))
        if code is None:
            raise SerializationError(f"save_weights: safetensors has no dtype {x.dtype}, which {name} has.")
        size = prod(x.shape) * numpy_dtype(str(x.dtype)).itemsize
        table[name] = {"dtype": code, "shape": list(x.shape), "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(table).encode()
    text = text.ljust(len(text) + 7 & ~7)
    with replacing(path) as place, open(place, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for x in arrays.values():
            values = np.ascontiguousarray(np.asarray(x))
            file.write(values.reshape(-1).view(np.uint8).data)


def _flat(groups: GroupToWrite, path: str) -> Iterator[tuple[str, Any]]:
    for name, member in groups.items():
        if isinstance(member, GroupToWrite):
            yield from _flat(member, f"{path}{name}/")
        else:
            yield f"{path}{name}", member


class Tensor:
    """An array in a file, which is read when somebody asks for it."""

    def __init__(self, source: FileSource, path: str, dtype: np.dtype, shape: tuple[int, ...], start: int):
        self.path = path
        self.dtype = dtype
        self.shape = shape
        self._source = source
        self._start = start

    @property
    def nbytes(self) -> int:
        """How much memory the elements take."""
        return prod(self.shape) * self.dtype.itemsize

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        values = np.empty(self.shape, self.dtype)
        if values.nbytes:
            self._source.read_into(self._start, values.reshape(-1).view(np.uint8).data)
        return values if dtype is None else values.astype(dtype, copy=False)


def tensors(source: FileSource) -> dict[str, Tensor]:
    """The arrays of a file by name, when the table has been checked."""
    if source.size < 8:
        raise refuse("a file of safetensors has at least 8 bytes")
    length = struct.unpack("<Q", source.read(0, 8))[0]
    if length > min(LARGEST_TABLE, source.size - 8):
        raise refuse(f"the table should have {length} bytes, but the file has {source.size}")
    table = plain_data(source.read(8, length), "the table of a file of safetensors")
    if not isinstance(table, dict):
        raise refuse("the table of a file of safetensors is none")
    found = [(name, _tensor(source, name, row, 8 + length)) for name, row in table.items() if name != "__metadata__"]
    end = 8 + length
    for _, tensor in sorted(found, key=lambda pair: (pair[1]._start, pair[1].nbytes)):
        if tensor._start != end:
            raise refuse(f"{tensor.path} lies over another array, or there is a gap before it")
        end += tensor.nbytes
    if end != source.size:
        raise refuse(f"the arrays end at byte {end}, but the file has {source.size}")
    return dict(found)


def _tensor(source: FileSource, name: str, row: Any, base: int) -> Tensor:
    is_row = isinstance(row, Mapping) and {"dtype", "shape", "data_offsets"} <= set(row)
    if not is_row or row["dtype"] not in DTYPES:
        raise refuse(f"{name} is not described as an array of a known dtype")
    shape, offsets = row["shape"], row["data_offsets"]
    numbers = [*shape, *offsets] if isinstance(shape, list) and isinstance(offsets, list) else [None]
    if len(offsets) != 2 or not all(type(number) is int and 0 <= number < 2**63 for number in numbers):
        raise refuse(f"{name} has a shape or place that is none")
    tensor = Tensor(source, name, numpy_dtype(DTYPES[row["dtype"]]), tuple(shape), base + offsets[0])
    if tensor.nbytes != offsets[1] - offsets[0] or base + offsets[1] > source.size or len(shape) > 32:
        raise refuse(f"{name} declares shape {tuple(shape)}, {tensor.nbytes} bytes, but {offsets} are stored")
    return tensor


def groups(source: FileSource) -> dict[str, Any]:
    """The arrays of a file in groups, by the parts of their names."""
    root: dict[str, Any] = {}
    for path, tensor in tensors(source).items():
        *outer, name = path.split("/")
        group = root
        for part in outer:
            group = group.setdefault(part, {})
            if not isinstance(group, dict):
                raise refuse(f"{path} lies in an array")
        if name in group:
            raise refuse(f"{path} is there twice")
        group[name] = tensor
    return root
