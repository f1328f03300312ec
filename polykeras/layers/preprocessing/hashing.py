"""Categories as numbers of bins, by the hash of their names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import ops
from ...errors import ArgumentError
from ...spec import Spec
from ...text import Text
from ..calling import shape_of
from ..configuration import described, whole
from .data_layer import DataLayer, as_input, is_text_input, on_host
from .encoding import check_mode, encoded, refuse_sparse
from .fingerprints import crossed, fingerprints, keyed_hashes

MODES = ("int", "one_hot", "multi_hot", "count")


def check_salt(layer: Any, salt: Any) -> list[int] | None:
    """A key of two words, out of one or two numbers."""
    if salt is None:
        return None
    numbers = list(salt) if isinstance(salt, (tuple, list)) else [salt, salt]
    if len(numbers) != 2 or not all(hasattr(n, "__index__") and 0 <= n < 2**64 for n in numbers):
        raise ArgumentError(
            f"{type(layer).__name__}: expected salt to be a whole number from 0 to 2**64 - 1, or two of them; got "
            f"{salt!r}."
        )
    return [int(number) for number in numbers]


def hashes_of(values: np.ndarray, salt: Sequence[int] | None) -> np.ndarray:
    """The hash of each element: of strings that of their bytes, of numbers that of their digits."""
    items = list(values.reshape(-1)) if values.dtype == object else _digits(values)
    strings = [item if isinstance(item, bytes) else str(item).encode() for item in items]
    found = fingerprints(strings) if salt is None else keyed_hashes(strings, (salt[0], salt[1]))
    return found.reshape(values.shape)


def _digits(values: np.ndarray) -> list[bytes]:
    return [str(number).encode() for number in values.reshape(-1).tolist()]


def check_categories(layer: DataLayer, x: Any) -> None:
    """Categories are strings or whole numbers."""
    if not is_text_input(x) and np.dtype(ops.dtype(x)).kind not in "iub":
        raise ArgumentError(f"{layer.name}: expected strings or whole numbers; got numbers of dtype {ops.dtype(x)}.")


class Hashing(DataLayer):
    """For each category the number of a bin, by the hash of its name: FarmHash's fingerprint, or SipHash with a salt.

    Strings are hashed as UTF-8, whole numbers as their digits. Two categories may share a bin.

    Args:
        num_bins: The number of bins, with that of `mask_value`.
        mask_value: A category that goes into bin 0, where nothing else goes; None for none.
        salt: A whole number, or two, which change the hash; None for none.
        output_mode: "int" for numbers of bins; "one_hot", "multi_hot" or "count" for rows as CategoryEncoding makes.
        sparse: Must be False: no backend here has sparse arrays.
        **kwargs: Arguments of every layer.

    >>> Hashing(3)([["A"], ["B"]])
    array([[1],
           [0]], dtype=int32)
    """

    def __init__(
        self,
        num_bins: int,
        mask_value: Any = None,
        salt: Any = None,
        output_mode: str = "int",
        sparse: bool = False,
        **kwargs: Any,
    ):
        super().__init__(**without_whole_dtype(kwargs))
        refuse_sparse(self, sparse=sparse)
        self.num_bins = whole(self, "num_bins", num_bins)
        if mask_value is not None and self.num_bins < 2:
            raise ArgumentError("Hashing: expected num_bins to be at least 2 with a mask_value; got 1.")
        self.mask_value = mask_value
        self.salt = check_salt(self, salt)
        self.output_mode = check_mode(self, output_mode, MODES)
        self.autocast = False

    def call(self, inputs: Any) -> Any:
        """The numbers of the bins, or rows for them."""
        check_categories(self, inputs)
        dtype = "int32" if self.num_bins < 2**31 else "int64"
        numbers = on_host(self._bins, [inputs], shape_of_categories(inputs), dtype)
        return encoded(numbers, self.output_mode, self.num_bins, self.compute_dtype)

    def _bins(self, values: np.ndarray) -> np.ndarray:
        hashes = hashes_of(values, self.salt)
        if self.mask_value is None:
            return (hashes % np.uint64(self.num_bins)).astype("int64")
        bins = (hashes % np.uint64(self.num_bins - 1)).astype("int64") + 1
        masked = self.mask_value.encode() if isinstance(self.mask_value, str) else self.mask_value
        return np.where(np.asarray(values == masked, bool), 0, bins)

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another layer like this can be made."""
        names = ("num_bins", "salt", "mask_value", "output_mode")
        return {**super().get_config(), **described(self, *names), "sparse": False, **_whole_dtype(self.output_mode)}


class HashedCrossing(DataLayer):
    """For each combination of several categories the number of a bin, by the hash of all of them.

    Args:
        num_bins: The number of bins.
        output_mode: "int" for numbers of bins, "one_hot" for a row for each.
        sparse: Must be False: no backend here has sparse arrays.
        name: A name; None for one that is made up.
        dtype: A dtype, or a DTypePolicy.
        **kwargs: Arguments of every layer.

    >>> HashedCrossing(5)((["A", "B", "A"], [101, 101, 102]))
    array([1, 4, 3])
    """

    def __init__(
        self,
        num_bins: int,
        output_mode: str = "int",
        sparse: bool = False,
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ):
        super().__init__(**without_whole_dtype({"name": name, "dtype": dtype, **kwargs}))
        refuse_sparse(self, sparse=sparse)
        self.num_bins = whole(self, "num_bins", num_bins)
        self.output_mode = check_mode(self, output_mode, ("int", "one_hot"))
        self.autocast = False

    def prepared(self, x: Any) -> Any:
        """The features, each by itself."""
        if not isinstance(x, (list, tuple)) or len(x) < 2:
            raise ArgumentError(f"{self.name}: expected a list of at least two features; got a {type(x).__name__}.")
        return tuple(map(as_input, x))

    def call(self, inputs: Any) -> Any:
        """The numbers of the bins, or rows for them."""
        for feature in inputs:
            check_categories(self, feature)
        shapes = [shape_of_categories(feature) for feature in inputs]
        if len(set(shapes)) > 1 or len(shapes[0]) > 2 or (len(shapes[0]) == 2 and shapes[0][1] != 1):
            raise ArgumentError(
                f"{self.name}: expected features of one shape, (), (batch,) or (batch, 1); got "
                f"{', '.join(map(str, shapes))}."
            )
        hashed = [on_host(_hashes, [x], shapes[0], "int64") if is_text_input(x) else x for x in inputs]
        numbers = on_host(self._bins, hashed, shapes[0], "int64")
        return encoded(numbers, self.output_mode, self.num_bins, self.compute_dtype)

    def _bins(self, *features: np.ndarray) -> np.ndarray:
        columns = [x.astype("int64").view("uint64") for x in features]
        return (crossed(columns) % np.uint64(self.num_bins)).astype("int64")

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another layer like this can be made."""
        names = ("num_bins", "output_mode", "name")
        dtype = {"dtype": self.dtype_policy.name, **_whole_dtype(self.output_mode)}
        return {**described(self, *names), "sparse": False, **dtype}


def _hashes(strings: np.ndarray) -> np.ndarray:
    """The hashes of strings, as numbers that every backend has."""
    return hashes_of(strings, None).view("int64")


def shape_of_categories(x: Any) -> tuple[int | None, ...]:
    """The shape of strings or numbers, None for sizes that are not known yet."""
    if isinstance(x, Text):
        return x.shape
    if is_text_input(x) and not isinstance(x, Spec):
        return tuple(x.shape)
    return tuple(size if isinstance(size, int) else None for size in shape_of(x))


def _whole_dtype(output_mode: str) -> dict[str, str]:
    """The dtype that Keras wants in the configuration of a layer that gives whole numbers."""
    return {"dtype": "int64"} if output_mode == "int" else {}


def without_whole_dtype(options: dict[str, Any]) -> dict[str, Any]:
    """Arguments of a layer: whole numbers are its results by nature, and no dtype in which it computes."""
    dtype = options.get("dtype")
    name = dtype.get("config", {}).get("name") if isinstance(dtype, dict) else dtype
    return {**options, "dtype": None} if isinstance(name, str) and name.startswith("int") else options
