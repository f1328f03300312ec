"""Numbers as the numbers of the bins in which they lie."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import ops
from ...errors import ArgumentError
from ...spec import Spec
from ..configuration import described, whole
from .data_layer import DataLayer, batches_of, not_adapted
from .encoding import check_mode, encoded, encoded_shape, refuse_sparse

MODES = ("int", "one_hot", "multi_hot", "count")


class Quantiles:
    """A summary of numbers, from which quantiles can be read within a tolerance: values, and how many each stands for.

    Args:
        tolerance: The share of all numbers by which a quantile may be off.
    """

    def __init__(self, tolerance: float):
        self._tolerance = tolerance
        self._values = self._weights = np.empty(0, "float32")

    def add(self, numbers: np.ndarray) -> None:
        """Take in more numbers."""
        ordered = np.sort(numbers.reshape(-1))
        apart = max(ordered.size / (1.0 / self._tolerance), 1)
        chosen = ordered[math.floor(apart) - 1 :: math.floor(apart)]
        values = np.concatenate([self._values, chosen])
        weights = np.concatenate([self._weights, np.full(chosen.shape, apart, "float32")])
        order = np.argsort(values)
        self._values, self._weights = _thinned(values[order], weights[order], self._tolerance)

    def bounds(self, bins: int) -> list[float]:
        """The numbers between bins that hold the same number of numbers each."""
        return _thinned(self._values, self._weights, 1.0 / bins)[0][:-1].tolist()


def _thinned(values: np.ndarray, weights: np.ndarray, step: float) -> tuple[np.ndarray, np.ndarray]:
    """The values at shares of the whole that are a step apart, and what lies between them."""
    if values.size * step < 1:
        return values, weights
    total = weights.cumsum()
    shares, wanted = total / total[-1], step + np.arange(0.0, 1.0, step)
    below = np.interp(wanted, shares, total)
    return np.interp(wanted, shares, values).astype("float32"), np.diff(below, prepend=0).astype("float32")


class Discretization(DataLayer):
    """For each number the bin in which it lies.

    Args:
        bin_boundaries: The numbers between the bins, in ascending order. A bin begins at its lower bound; the first
            and the last bin have no end.
        num_bins: The number of bins, where `adapt` finds bounds between which there is the same amount of data.
        epsilon: The share of the data by which such a bound may be off.
        output_mode: "int" for numbers of bins; "one_hot", "multi_hot" or "count" for rows as CategoryEncoding makes.
        sparse: Must be False: no backend here has sparse arrays.
        dtype: A dtype, or a DTypePolicy.
        name: A name; None for one that is made up.

    >>> Discretization([0.0, 1.0])([[-1.5, 0.0, 0.5, 7.0]])
    array([[0, 1, 1, 2]], dtype=int32)
    """

    def __init__(
        self,
        bin_boundaries: Sequence[float] | None = None,
        num_bins: int | None = None,
        epsilon: float = 0.01,
        output_mode: str = "int",
        sparse: bool = False,
        dtype: Any = None,
        name: str | None = None,
    ):
        super().__init__(name=name, dtype=dtype)
        refuse_sparse(self, sparse=sparse)
        self.output_mode = check_mode(self, output_mode, MODES)
        if (num_bins is None) == (bin_boundaries is None):
            raise ArgumentError(
                f"Discretization: expected either bin_boundaries or num_bins; got bin_boundaries={bin_boundaries!r} "
                f"and num_bins={num_bins!r}."
            )
        if num_bins is not None:
            whole(self, "num_bins", num_bins)
        if not 0 < epsilon < 1:
            raise ArgumentError(f"Discretization: expected epsilon to be between 0 and 1; got {epsilon!r}.")
        self.num_bins = num_bins
        self.epsilon = epsilon
        self.input_bin_boundaries = None if bin_boundaries is None else [float(bound) for bound in bin_boundaries]
        self.bin_boundaries = self.input_bin_boundaries
        if self.bin_boundaries is not None and sorted(self.bin_boundaries) != self.bin_boundaries:
            raise ArgumentError(f"Discretization: expected bin_boundaries in ascending order; got {bin_boundaries!r}.")

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Choose the bounds so that there is the same amount of data in each bin; those chosen before are forgotten.

        Args:
            data: An array, or batches: a `tf.data.Dataset`, a `DataLoader`, a generator, a `PyDataset`.
            steps: How many batches to look at; None for all.
        """
        if self.num_bins is None:
            raise ArgumentError(f"{self.name}: bin_boundaries were given. Make a layer with num_bins to adapt it.")
        quantiles = Quantiles(self.epsilon)
        for batch in batches_of(self, data, steps):
            quantiles.add(batch.astype("float32"))
        self.bin_boundaries = quantiles.bounds(self.num_bins)

    @property
    def is_adapted(self) -> bool:
        """Whether there are bounds."""
        return self.bin_boundaries is not None

    def call(self, inputs: Any) -> Any:
        """The numbers of the bins, or rows for them."""
        bounds, bins = self._bounds(), self._bins()
        x = ops.cast(inputs, self.compute_dtype)
        numbers = ops.digitize(x, ops.cast(np.array(bounds, "float64"), self.compute_dtype))
        return encoded(numbers, self.output_mode, bins, self.compute_dtype)

    def compute_output_spec(self, inputs: Any) -> Any:
        """The Spec of the numbers or rows."""
        dtype = "int32" if self.output_mode == "int" else self.compute_dtype
        return Spec(encoded_shape(inputs.shape, self.output_mode, self._bins()), dtype)

    def _bounds(self) -> list[float]:
        if self.bin_boundaries is None:
            raise not_adapted(self, "bin_boundaries")
        return self.bin_boundaries

    def _bins(self) -> int:
        return len(self._bounds()) + 1 if self.num_bins is None else self.num_bins

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another layer like this can be made."""
        return {
            "bin_boundaries": self.bin_boundaries,
            "num_bins": self.num_bins,
            "sparse": False,
            **described(self, "epsilon", "output_mode", "name"),
            "dtype": self.dtype_policy.name,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Discretization:
        """A layer made from its configuration, which has the bounds that `adapt` found, too."""
        bounds = config.get("bin_boundaries")
        if bounds is None or config.get("num_bins") is None:
            return cls(**config)
        layer = cls(**{**config, "bin_boundaries": None})
        layer.bin_boundaries = list(bounds)
        return layer
