"""Losses of predicted quantities: how far a number is from another."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..dtypes import result_type
from ..settings import settings
from .loss import LossFunctionWrapper, compared

_LOG_2 = 0.6931471805599453


def mean_squared_error(y_true: Any, y_pred: Any) -> Any:
    """The mean of the squares of the errors, along the last axis.

    Args:
        y_true: What is true.
        y_pred: The predictions, in the same shape.

    Returns:
        A number for each sample.

    >>> mean_squared_error([[0.0, 1.0]], [[2.0, 1.0]])
    array([2.], dtype=float32)
    """
    y_true, y_pred = compared("mean_squared_error", y_true, y_pred)
    return ops.mean(ops.square(ops.subtract(y_true, y_pred)), axis=-1)


def mean_absolute_error(y_true: Any, y_pred: Any) -> Any:
    """The mean of the absolute values of the errors, along the last axis.

    Args:
        y_true: What is true.
        y_pred: The predictions, in the same shape.

    Returns:
        A number for each sample.

    >>> mean_absolute_error([[0.0, 1.0]], [[2.0, 1.0]])
    array([1.], dtype=float32)
    """
    y_true, y_pred = compared("mean_absolute_error", y_true, y_pred)
    return ops.mean(ops.abs(ops.subtract(y_true, y_pred)), axis=-1)


def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Any:
    """The mean of the absolute values of the errors in percent of what is true, along the last axis.

    Args:
        y_true: What is true. Numbers closer to 0 than `epsilon` count as that.
        y_pred: The predictions, in the same shape.

    Returns:
        A number for each sample.

    >>> mean_absolute_percentage_error([[2.0, 10.0]], [[1.0, 10.0]])
    array([25.], dtype=float32)
    """
    y_true, y_pred = compared("mean_absolute_percentage_error", y_true, y_pred)
    share = ops.divide(ops.subtract(y_true, y_pred), ops.maximum(ops.abs(y_true), settings.epsilon))
    return ops.multiply(ops.mean(ops.abs(share), axis=-1), 100.0)


def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Any:
    """The mean of the squares of the differences between log(1 + y), along the last axis.

    Args:
        y_true: What is true. Numbers below `epsilon` count as that.
        y_pred: The predictions, in the same shape. Numbers below `epsilon` count as that.

    Returns:
        A number for each sample.

    >>> mean_squared_logarithmic_error([[1.0, 2.0]], [[3.0, 2.0]])
    array([0.24022652], dtype=float32)
    """
    y_true, y_pred = compared("mean_squared_logarithmic_error", y_true, y_pred)
    logarithms = [ops.log1p(ops.maximum(y, settings.epsilon)) for y in (y_pred, y_true)]
    return ops.mean(ops.square(ops.subtract(*logarithms)), axis=-1)


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Minus the cosine of the angle between vectors.

    Args:
        y_true: What is true.
        y_pred: The predictions, in the same shape.
        axis: The axis of the vectors' components.

    Returns:
        A number from -1, for the same direction, to 1 for each sample.

    >>> cosine_similarity([[3.0, 4.0]], [[4.0, 3.0]])
    array([-0.96], dtype=float32)
    """
    return ops.negative(cosine(y_true, y_pred, axis))


def cosine(y_true: Any, y_pred: Any, axis: int) -> Any:
    """The cosine of the angle between vectors."""
    y_true, y_pred = compared("cosine_similarity", y_true, y_pred)
    return ops.sum(ops.multiply(ops.normalize(y_true, axis), ops.normalize(y_pred, axis)), axis=axis)


def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Any:
    """The mean of half the squares of small errors and of a linear function of large ones, along the last axis.

    Args:
        y_true: What is true.
        y_pred: The predictions, in the same shape.
        delta: The error from which on the function is linear.

    Returns:
        A number for each sample.

    >>> huber([[0.0, 0.0]], [[1.0, 3.0]])
    array([1.5], dtype=float32)
    """
    y_true, y_pred = compared("huber", y_true, y_pred)
    size = ops.abs(ops.subtract(y_pred, y_true))
    small = ops.multiply(ops.square(size), 0.5)
    large = ops.subtract(ops.multiply(size, delta), 0.5 * delta * delta)
    return ops.mean(ops.where(ops.less_equal(size, delta), small, large), axis=-1)


def log_cosh(y_true: Any, y_pred: Any) -> Any:
    """The mean of the logarithms of the hyperbolic cosines of the errors, along the last axis.

    Args:
        y_true: What is true.
        y_pred: The predictions, in the same shape.

    Returns:
        A number for each sample.

    >>> log_cosh([[0.0, 0.0]], [[1.0, 0.0]])
    array([0.21689038], dtype=float32)
    """
    y_true, y_pred = compared("log_cosh", y_true, y_pred)
    own = ops.dtype(y_pred)
    error = ops.cast(ops.subtract(y_pred, y_true), result_type(own, "float32"))
    size = ops.abs(error)
    far = ops.subtract(ops.add(size, ops.log1p(ops.exp(ops.multiply(size, -2.0)))), _LOG_2)
    # Errors of 1e-3 have the value 5e-7, of which the difference above leaves nothing in float32: cosh(x) - 1 is
    # 2 sinh(x / 2) squared.
    half = ops.multiply(ops.clip(error, -1.0, 1.0), 0.5)
    near = ops.log1p(ops.multiply(ops.square(ops.sinh(half)), 2.0))
    return ops.cast(ops.mean(ops.where(ops.less(size, 1.0), near, far), axis=-1), own)


class MeanSquaredError(LossFunctionWrapper):
    """The mean of the squares of the errors.

    Args:
        reduction: As for `Loss`.
        name: As for `Loss`.
        dtype: As for `Loss`.

    >>> MeanSquaredError()([[0.0, 1.0], [0.0, 0.0]], [[2.0, 1.0], [0.0, 0.0]])
    array(1., dtype=float32)
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_squared_error",
        dtype: Any = None,
    ):
        super().__init__(mean_squared_error, reduction, name, dtype)


class MeanAbsoluteError(LossFunctionWrapper):
    """The mean of the absolute values of the errors.

    Args:
        reduction: As for `Loss`.
        name: As for `Loss`.
        dtype: As for `Loss`.

    >>> MeanAbsoluteError()([[0.0, 1.0], [0.0, 0.0]], [[2.0, 1.0], [0.0, 0.0]])
    array(0.5, dtype=float32)
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_absolute_error",
        dtype: Any = None,
    ):
        super().__init__(mean_absolute_error, reduction, name, dtype)


class MeanAbsolutePercentageError(LossFunctionWrapper):
    """The mean of the absolute values of the errors in percent of what is true.

    Args:
        reduction: As for `Loss`.
        name: As for `Loss`.
        dtype: As for `Loss`.

    >>> MeanAbsolutePercentageError()([[2.0, 10.0]], [[1.0, 10.0]])
    array(25., dtype=float32)
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_absolute_percentage_error",
        dtype: Any = None,
    ):
        super().__init__(mean_absolute_percentage_error, reduction, name, dtype)


class MeanSquaredLogarithmicError(LossFunctionWrapper):
    """The mean of the squares of the differences between log(1 + y).

    Args:
        reduction: As for `Loss`.
        name: As for `Loss`.
        dtype: As for `Loss`.

    >>> MeanSquaredLogarithmicError()([[1.0, 2.0]], [[3.0, 2.0]])
    array(0.24022652, dtype=float32)
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_squared_logarithmic_error",
        dtype: Any = None,
    ):
        super().__init__(mean_squared_logarithmic_error, reduction, name, dtype)


class CosineSimilarity(LossFunctionWrapper):
    """Minus the cosine of the angle between vectors: -1 where they point in the same direction.

    Args:
        axis: The axis of the vectors' components.
        reduction: As for `Loss`.
        name: As for `Loss`.
        dtype: As for `Loss`.

    >>> CosineSimilarity()([[3.0, 4.0]], [[4.0, 3.0]])
    array(-0.96, dtype=float32)
    """

    not_in_keras_files = ("axis",)

    def __init__(
        self,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "cosine_similarity",
        dtype: Any = None,
    ):
        super().__init__(cosine_similarity, reduction, name, dtype, axis=axis)


class Huber(LossFunctionWrapper):
    """The mean of half the squares of small errors, and of a linear function of large ones.

    Args:
        delta: The error from which on the function is linear.
        reduction: As for `Loss`.
        name: As for `Loss`.
        dtype: As for `Loss`.

    >>> Huber()([[0.0, 0.0]], [[1.0, 3.0]])
    array(1.5, dtype=float32)
    """

    not_in_keras_files = ("delta",)

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "huber_loss",
        dtype: Any = None,
    ):
        super().__init__(huber, reduction, name, dtype, delta=delta)


class LogCosh(LossFunctionWrapper):
    """The mean of the logarithms of the hyperbolic cosines of the errors.

    Args:
        reduction: As for `Loss`.
        name: As for `Loss`.
        dtype: As for `Loss`.

    >>> LogCosh()([[0.0, 0.0]], [[1.0, 0.0]])
    array(0.21689038, dtype=float32)
    """

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str | None = "log_cosh", dtype: Any = None):
        super().__init__(log_cosh, reduction, name, dtype)
