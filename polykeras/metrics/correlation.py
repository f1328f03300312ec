"""Metrics of how predictions and truth vary together."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..losses.loss import compared
from .reduction import MeanMetricWrapper


def _centered(y: Any, axis: Any) -> tuple[Any, Any, Any]:
    """Mean, deviations from it, and the mean of their squares."""
    mean = ops.mean(y, axis=axis, keepdims=True)
    deviation = ops.subtract(y, mean)
    return mean, deviation, ops.mean(ops.square(deviation), axis=axis, keepdims=True)


def pearson_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Pearson's coefficient of correlation.

    Args:
        y_true: What is true.
        y_pred: The predictions, in the same shape.
        axis: The axis along which to correlate.

    Returns:
        A number from -1 to 1 for each sample; NaN where one of the two does not vary.

    >>> pearson_correlation([[1.0, 2.0, 3.0]], [[1.0, 3.0, 2.0]])
    array([0.5], dtype=float32)
    """
    y_true, y_pred = compared("pearson_correlation", y_true, y_pred)
    (_, true, true_variance), (_, predicted, predicted_variance) = (_centered(y, axis) for y in (y_true, y_pred))
    true = ops.divide(true, ops.sqrt(true_variance))
    predicted = ops.divide(predicted, ops.sqrt(predicted_variance))
    return ops.mean(ops.multiply(true, predicted), axis=axis)


def concordance_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Lin's coefficient of concordance: correlation that is lowered by differences in mean and scale.

    Args:
        y_true: What is true.
        y_pred: The predictions, in the same shape.
        axis: The axis along which to correlate.

    Returns:
        A number from -1 to 1 for each sample; 0 where neither varies.

    >>> concordance_correlation([[1.0, 2.0, 3.0]], [[2.0, 3.0, 4.0]])
    array([0.57142854], dtype=float32)
    """
    y_true, y_pred = compared("concordance_correlation", y_true, y_pred)
    (true_mean, true, true_variance), (predicted_mean, predicted, predicted_variance) = (
        _centered(y, axis) for y in (y_true, y_pred)
    )
    covariance = ops.mean(ops.multiply(true, predicted), axis=axis, keepdims=True)
    spread = ops.add(ops.add(true_variance, predicted_variance), ops.square(ops.subtract(true_mean, predicted_mean)))
    # Keras adds epsilon to the divisor, by which the result depends on the unit in which things were measured.
    return ops.squeeze(ops.divide_no_nan(ops.multiply(covariance, 2.0), spread), axis)


class PearsonCorrelation(MeanMetricWrapper):
    """The mean of Pearson's coefficients of correlation of the samples.

    Args:
        name: As for `Metric`.
        dtype: As for `Metric`.
        axis: The axis along which to correlate.

    >>> PearsonCorrelation()([[1.0, 2.0, 3.0]], [[1.0, 3.0, 2.0]])
    array(0.5, dtype=float32)
    """

    _direction = "up"

    def __init__(self, name: str | None = "pearson_correlation", dtype: Any = None, axis: int = -1):
        super().__init__(pearson_correlation, name, dtype, axis=axis)


class ConcordanceCorrelation(MeanMetricWrapper):
    """The mean of Lin's coefficients of concordance of the samples.

    Args:
        name: As for `Metric`.
        dtype: As for `Metric`.
        axis: The axis along which to correlate.

    >>> ConcordanceCorrelation()([[1.0, 2.0, 3.0]], [[2.0, 3.0, 4.0]])
    array(0.57142854, dtype=float32)
    """

    _direction = "up"

    def __init__(self, name: str | None = "concordance_correlation", dtype: Any = None, axis: int = -1):
        super().__init__(concordance_correlation, name, dtype, axis=axis)
