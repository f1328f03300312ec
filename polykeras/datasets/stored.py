"""Files of arrays, read without running anything that they carry."""

from __future__ import annotations

import gzip
import io
import math
import pickle
import zipfile
from typing import Any, BinaryIO

import numpy as np

from ..errors import UnsafeFileError

_MODULES = {"numpy.core.multiarray": "numpy._core.multiarray"}
_ALLOWED = {("numpy", "ndarray"), ("numpy", "dtype"), ("numpy._core.multiarray", "_reconstruct")}
"""What a pickle of arrays and of lists is made of."""


class ArrayUnpickler(pickle.Unpickler):
    """Makes arrays, lists, numbers and texts of a pickle, and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        module = _MODULES.get(module, module)
        if (module, name) not in _ALLOWED:
            raise UnsafeFileError(
                f"a file of arrays asks for {module}.{name}, which is no part of an array. Delete it: it is damaged, "
                "or not what it should be."
            )
        return super().find_class(module, name)


def read_npz(path: str) -> dict[str, np.ndarray]:
    """The arrays of a file, of objects too.

    Args:
        path: The file.

    Returns:
        The arrays by name.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.endswith(".npy")]
            return {name.removesuffix(".npy"): _read_npy(io.BytesIO(archive.read(name))) for name in names}
    except (zipfile.BadZipFile, pickle.UnpicklingError, EOFError) as error:
        raise UnsafeFileError(f"{path} is damaged: {error}. Delete it, and get it again.") from error


def _read_npy(file: BinaryIO) -> np.ndarray:
    version = np.lib.format.read_magic(file)
    read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read_header(file)
    if dtype.hasobject:
        return np.asarray(ArrayUnpickler(file).load(), object).reshape(shape)
    file.seek(0)
    return np.lib.format.read_array(file, allow_pickle=False)


def read_idx(path: str) -> np.ndarray:
    """The array of bytes in a compressed file of the format IDX.

    Args:
        path: The file.

    Returns:
        The array.
    """
    try:
        with gzip.open(path, "rb") as file:
            content = file.read()
    except (gzip.BadGzipFile, EOFError) as error:
        raise UnsafeFileError(f"{path} is damaged: {error}. Delete it, and get it again.") from error
    axes = content[3] if len(content) > 3 else 0
    begin = 4 + 4 * axes
    shape = np.frombuffer(content[4:begin], ">u4")
    if content[:3] != b"\0\0\x08" or len(content) != begin + math.prod(map(int, shape)):
        raise UnsafeFileError(f"{path} is no complete file of bytes in the format IDX. Delete it, and get it again.")
    return np.frombuffer(content, np.uint8, offset=begin).reshape(shape)
