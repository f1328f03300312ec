"""Metrics that add up, or average, what they are given, and those that do so with the values of a function."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from .. import losses, ops
from ..dtypes import FLOATS
from ..losses.loss import (
    Loss,
    aligned,
    as_arrays,
    config_of_wrapper,
    joined,
    squeeze_or_expand_to_same_rank,
    weighted,
    with_function,
)
from ..masks import mask_of
from .metric import Metric


class Sum(Metric):
    """The sum of values.

    Args:
        name: As for `Metric`.
        dtype: As for `Metric`.

    >>> total = Sum()
    >>> total.update_state([1.0, 3.0])
    >>> total([5.0, 7.0], sample_weight=[1.0, 0.0])
    array(9., dtype=float32)
    """

    def __init__(self, name: str | None = "sum", dtype: Any = None):
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_variable((), ops.zeros, name="total")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Take in values.

        Args:
            values: The values.
            sample_weight: A weight for each of them, or for each sample.
        """
        values, weights = values_and_weights(values, sample_weight, self.accumulator_dtype)
        self.total.assign_add(ops.sum(values if weights is None else weighted(values, weights)))

    def result(self) -> Any:
        return ops.cast(self.total, self.dtype)


class Mean(Metric):
    """The mean of values, each sample the mean of its own.

    Args:
        name: As for `Metric`.
        dtype: As for `Metric`.

    >>> mean = Mean()
    >>> mean.update_state([1.0, 3.0])
    >>> mean([5.0, 7.0], sample_weight=[1.0, 0.0])
    array(3., dtype=float32)
    """

    def __init__(self, name: str | None = "mean", dtype: Any = None):
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_variable((), ops.zeros, name="total")
        self.count = self.add_variable((), ops.zeros, name="count")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Take in values.

        Args:
            values: The values.
            sample_weight: A weight for each of them, or for each sample.
        """
        values, weights = values_and_weights(values, sample_weight, self.accumulator_dtype)
        shape = ops.shape(values)
        in_a_sample = math.prod(shape[1:])
        if weights is None:
            self.total.assign_add(ops.divide(ops.sum(values), in_a_sample))
            self.count.assign_add(ops.cast(shape[0] if shape else 1, self.accumulator_dtype))
        else:
            # Every value has a weight. In Keras a single number counts as one sample, however many there are, so that
            # the mean of batches of different sizes with the weight 1 is not the one without weights.
            self.total.assign_add(ops.divide(ops.sum(weighted(values, weights)), in_a_sample))
            self.count.assign_add(ops.divide(ops.sum(ops.broadcast_to(weights, shape)), in_a_sample))

    def result(self) -> Any:
        return ops.cast(ops.divide_no_nan(self.total, self.count), self.dtype)


def values_and_weights(values: Any, sample_weight: Any, dtype: str) -> tuple[Any, Any]:
    """Values in a dtype, and their weights in as many axes, with the mask of the values; None where all count."""
    # Keras takes a mask into account where there are weights too, and forgets it where there are none.
    weights = joined(sample_weight, mask_of(values), dtype)
    values = ops.convert_to_tensor(values, dtype)
    if weights is None:
        return values, None
    values, weights = squeeze_or_expand_to_same_rank(values, weights)
    return values, aligned(weights, values, into=True)


def inputs(structure: Any, dtype: str) -> Any:
    """The arrays of a structure: floats in the dtype of a metric's sums, integers as they are."""

    def as_input(x: Any) -> Any:
        return ops.cast(x, dtype) if ops.dtype(x) in FLOATS else x

    return as_arrays(structure, as_input)


class MeanMetricWrapper(Mean):
    """The mean of the values that a function gives for samples.

    Args:
        fn: A function of `y_true` and `y_pred` that returns the value of each sample.
        name: As for `Metric`.
        dtype: As for `Metric`.
        **kwargs: Further arguments of the function.

    >>> metric = MeanMetricWrapper(lambda y_true, y_pred: ops.abs(y_true - y_pred), name="distance")
    >>> metric([1.0, 2.0], [1.0, 4.0])
    array(1., dtype=float32)
    """

    not_in_keras_files: tuple[str, ...] = ()
    """Arguments that Keras leaves out of configurations, at least where they have their defaults."""

    def __init__(self, fn: Callable[..., Any], name: str | None = None, dtype: Any = None, **kwargs: Any):
        super().__init__(name=name, dtype=dtype)
        self._fn = fn
        self._arguments = kwargs
        if type(self) is not MeanMetricWrapper:
            vars(self).update(kwargs)
        elif isinstance(fn, Loss) or getattr(losses, getattr(fn, "__name__", ""), None) is fn:
            self._direction = "down"

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take in a batch.

        Args:
            y_true: What is true.
            y_pred: The predictions. If they carry a mask, what it leaves out does not count.
            sample_weight: A weight for each value of the function, or for each sample.
        """
        dtype = self.accumulator_dtype
        weights = joined(sample_weight, mask_of(y_pred), dtype)
        values = self._fn(inputs(y_true, dtype), inputs(y_pred, dtype), **self._arguments)
        super().update_state(values, weights)

    def get_config(self) -> dict[str, Any]:
        return config_of_wrapper(self, super().get_config(), self._fn, self._arguments, self.not_in_keras_files)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        return cls(**with_function(config))
