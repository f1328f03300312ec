"""Metrics of how often predictions are right."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..dtypes import INTEGERS
from ..errors import ArgumentError, ShapeError
from ..losses.loss import check_fitting, squeeze_or_expand_to_same_rank
from ..settings import settings
from ..spec import same_size, show_shape
from ..symbolic import spec_of
from .reduction import MeanMetricWrapper


def _as_numbers(matches: Any) -> Any:
    return ops.cast(matches, settings.floatx)


def accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where a prediction equals what is true, else 0.

    Args:
        y_true: What is true.
        y_pred: The predictions, in the same shape.

    Returns:
        A number for each prediction.

    >>> accuracy([1, 2], [1, 3])
    array([1., 0.], dtype=float32)
    """
    y_true, y_pred = squeeze_or_expand_to_same_rank(ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred))
    check_fitting("accuracy", "y_true and y_pred", y_true, y_pred)
    return _as_numbers(ops.equal(y_true, y_pred))


def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Any:
    """1 where a probability lies on the right side of a threshold, else 0.

    Args:
        y_true: 0 or 1.
        y_pred: The probabilities, in the same shape.
        threshold: The probability above which the prediction is 1.

    Returns:
        A number for each prediction.

    >>> binary_accuracy([0, 1], [0.25, 0.25])
    array([1., 0.], dtype=float32)
    """
    y_true, y_pred = squeeze_or_expand_to_same_rank(ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred))
    check_fitting("binary_accuracy", "y_true and y_pred", y_true, y_pred)
    return _as_numbers(ops.equal(y_true, ops.cast(ops.greater(y_pred, threshold), ops.dtype(y_true))))


def categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where the true class has the greatest prediction, else 0.

    Args:
        y_true: One 1 among zeros, or probabilities, with the classes on the last axis.
        y_pred: The predictions, in the same shape.

    Returns:
        A number for each sample.

    >>> categorical_accuracy([[0, 1], [0, 1]], [[0.25, 0.75], [0.75, 0.25]])
    array([1., 0.], dtype=float32)
    """
    return sparse_categorical_accuracy(ops.argmax(ops.convert_to_tensor(y_true), axis=-1), y_pred)


def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where the true class has the greatest prediction, else 0.

    Args:
        y_true: The numbers of the true classes.
        y_pred: The predictions, with the classes on the last axis.

    Returns:
        A number for each sample.

    >>> sparse_categorical_accuracy([1, 1], [[0.25, 0.75], [0.75, 0.25]])
    array([1., 0.], dtype=float32)
    """
    y_true, y_pred = _numbers_and_predictions("sparse_categorical_accuracy", y_true, y_pred)
    return _without_last_of_one(_as_numbers(ops.equal(y_true, ops.argmax(y_pred, axis=-1))))


def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Any:
    """1 where the prediction for the true class is among the greatest, else 0.

    Args:
        y_true: One 1 among zeros, or probabilities, with the classes on the last axis.
        y_pred: The predictions, in the same shape.
        k: How many predictions count as the greatest.

    Returns:
        A number for each sample.

    >>> top_k_categorical_accuracy([[0, 1, 0], [0, 0, 1]], [[0.5, 0.4, 0.1], [0.5, 0.4, 0.1]], k=2)
    array([1., 0.], dtype=float32)
    """
    return sparse_top_k_categorical_accuracy(ops.argmax(ops.convert_to_tensor(y_true), axis=-1), y_pred, k)


def sparse_top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5, from_sorted_ids: bool = False) -> Any:
    """1 where the prediction for the true class is among the greatest, else 0.

    Args:
        y_true: The numbers of the true classes.
        y_pred: The predictions, with the classes on the last axis.
        k: How many predictions count as the greatest.
        from_sorted_ids: Whether `y_pred` has the numbers of classes instead, the likeliest first.

    Returns:
        A number for each sample.

    >>> sparse_top_k_categorical_accuracy([1, 2], [[0.5, 0.4, 0.1], [0.5, 0.4, 0.1]], k=2)
    array([1., 0.], dtype=float32)
    """
    shape = ops.shape(y_true)
    y_true, y_pred = _numbers_and_predictions("sparse_top_k_categorical_accuracy", y_true, y_pred)
    if from_sorted_ids:
        matches = ops.any(ops.equal(ops.expand_dims(y_true, -1), y_pred[..., :k]), axis=-1)
    else:
        if ops.dtype(y_true) not in INTEGERS:
            y_true = ops.cast(y_true, "int32")
        matches = ops.in_top_k(y_true, y_pred, k)
    return ops.reshape(_as_numbers(matches), shape)


def _numbers_and_predictions(name: str, y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """The numbers of classes in the shape of the predictions without the axis of classes."""
    y_true, y_pred = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
    true, predicted = spec_of(y_true).shape, spec_of(y_pred).shape
    if len(true) == len(predicted) and true and same_size(true[-1], 1):
        y_true, true = ops.squeeze(y_true, -1), true[:-1]
    if len(true) != len(predicted) - 1 or not all(map(same_size, true, predicted)):
        raise ShapeError(
            f"{name}: expected a class for each prediction, in the shape of y_pred without its last axis; got y_true "
            f"of shape {show_shape(true)} and y_pred of shape {show_shape(predicted)}."
        )
    return y_true, y_pred


def _without_last_of_one(x: Any) -> Any:
    shape = spec_of(x).shape
    return ops.squeeze(x, -1) if len(shape) > 1 and same_size(shape[-1], 1) else x


class Accuracy(MeanMetricWrapper):
    """How often predictions equal what is true.

    Args:
        name: As for `Metric`.
        dtype: As for `Metric`.

    >>> Accuracy()([1, 2, 3, 4], [0, 2, 3, 4])
    array(0.75, dtype=float32)
    """

    _direction = "up"

    def __init__(self, name: str | None = "accuracy", dtype: Any = None):
        super().__init__(accuracy, name, dtype)


class BinaryAccuracy(MeanMetricWrapper):
    """How often probabilities lie on the right side of a threshold.

    Args:
        name: As for `Metric`.
        dtype: As for `Metric`.
        threshold: The probability above which the prediction is 1.

    >>> BinaryAccuracy()([1, 1, 0, 0], [0.98, 1.0, 0.0, 0.6])
    array(0.75, dtype=float32)
    """

    _direction = "up"

    def __init__(self, name: str | None = "binary_accuracy", dtype: Any = None, threshold: float = 0.5):
        super().__init__(binary_accuracy, name, dtype, threshold=threshold)


class CategoricalAccuracy(MeanMetricWrapper):
    """How often the true class, given as one 1 among zeros, has the greatest prediction.

    Args:
        name: As for `Metric`.
        dtype: As for `Metric`.

    >>> CategoricalAccuracy()([[0, 1], [0, 1]], [[0.25, 0.75], [0.75, 0.25]])
    array(0.5, dtype=float32)
    """

    _direction = "up"

    def __init__(self, name: str | None = "categorical_accuracy", dtype: Any = None):
        super().__init__(categorical_accuracy, name, dtype)


class SparseCategoricalAccuracy(MeanMetricWrapper):
    """How often the true class, given as a number, has the greatest prediction.

    Args:
        name: As for `Metric`.
        dtype: As for `Metric`.

    >>> SparseCategoricalAccuracy()([1, 1], [[0.25, 0.75], [0.75, 0.25]])
    array(0.5, dtype=float32)
    """

    _direction = "up"

    def __init__(self, name: str | None = "sparse_categorical_accuracy", dtype: Any = None):
        super().__init__(sparse_categorical_accuracy, name, dtype)


class TopKCategoricalAccuracy(MeanMetricWrapper):
    """How often the prediction for the true class, given as one 1 among zeros, is among the greatest.

    Args:
        k: How many predictions count as the greatest.
        name: As for `Metric`.
        dtype: As for `Metric`.

    >>> TopKCategoricalAccuracy(k=2)([[0, 1, 0], [0, 0, 1]], [[0.5, 0.4, 0.1], [0.5, 0.4, 0.1]])
    array(0.5, dtype=float32)
    """

    _direction = "up"

    def __init__(self, k: int = 5, name: str | None = "top_k_categorical_accuracy", dtype: Any = None):
        super().__init__(top_k_categorical_accuracy, name, dtype, k=_positive("TopKCategoricalAccuracy", k))


class SparseTopKCategoricalAccuracy(MeanMetricWrapper):
    """How often the prediction for the true class, given as a number, is among the greatest.

    Args:
        k: How many predictions count as the greatest.
        name: As for `Metric`.
        dtype: As for `Metric`.
        from_sorted_ids: Whether predictions are the numbers of classes instead, the likeliest first.

    >>> SparseTopKCategoricalAccuracy(k=2)([1, 2], [[0.5, 0.4, 0.1], [0.5, 0.4, 0.1]])
    array(0.5, dtype=float32)
    """

    _direction = "up"
    not_in_keras_files = ("from_sorted_ids",)

    def __init__(
        self,
        k: int = 5,
        name: str | None = "sparse_top_k_categorical_accuracy",
        dtype: Any = None,
        from_sorted_ids: bool = False,
    ):
        k = _positive("SparseTopKCategoricalAccuracy", k)
        super().__init__(sparse_top_k_categorical_accuracy, name, dtype, k=k, from_sorted_ids=from_sorted_ids)


def _positive(name: str, k: Any) -> int:
    if not isinstance(k, int) or k < 1:
        raise ArgumentError(f"{name}: expected k to be a whole number from 1 up; got {k!r}.")
    return k
