"""Metrics of predicted quantities: how far numbers are from others, and how much of their variance they explain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import ops
from ..errors import ArgumentError, ShapeError
from ..losses import (
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
)
from ..losses.loss import aligned, compared, joined
from ..losses.regression import cosine
from ..masks import mask_of
from ..spec import show_shape
from ..state import Variable
from ..symbolic import spec_of
from .metric import Metric
from .reduction import Mean, MeanMetricWrapper, inputs


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """The cosine of the angle between vectors.

    Args:
        y_true: What is true.
        y_pred: The predictions, in the same shape.
        axis: The axis of the vectors' components.

    Returns:
        A number from -1 to 1, for the same direction, for each sample.

    >>> cosine_similarity([[3.0, 4.0]], [[4.0, 3.0]])
    array([0.96], dtype=float32)
    """
    return cosine(y_true, y_pred, axis)


class MeanSquaredError(MeanMetricWrapper):
    """The mean of the squares of the errors.

    Args:
        name: As for `Metric`.
        dtype: As for `Metric`.

    >>> MeanSquaredError()([[0.0, 1.0], [0.0, 0.0]], [[2.0, 1.0], [0.0, 0.0]])
    array(1., dtype=float32)
    """

    _direction = "down"

    def __init__(self, name: str | None = "mean_squared_error", dtype: Any = None):
        super().__init__(mean_squared_error, name, dtype)


class MeanAbsoluteError(MeanMetricWrapper):
    """The mean of the absolute values of the errors.

    Args:
        name: As for `Metric`.
        dtype: As for `Metric`.

    >>> MeanAbsoluteError()([[0.0, 1.0], [0.0, 0.0]], [[2.0, 1.0], [0.0, 0.0]])
    array(0.5, dtype=float32)
    """

    _direction = "down"

    def __init__(self, name: str | None = "mean_absolute_error", dtype: Any = None):
        super().__init__(mean_absolute_error, name, dtype)


class MeanAbsolutePercentageError(MeanMetricWrapper):
    """The mean of the absolute values of the errors in percent of what is true.

    Args:
        name: As for `Metric`.
        dtype: As for `Metric`.

    >>> MeanAbsolutePercentageError()([[2.0, 10.0]], [[1.0, 10.0]])
    array(25., dtype=float32)
    """

    _direction = "down"

    def __init__(self, name: str | None = "mean_absolute_percentage_error", dtype: Any = None):
        super().__init__(mean_absolute_percentage_error, name, dtype)


class MeanSquaredLogarithmicError(MeanMetricWrapper):
    """The mean of the squares of the differences between log(1 + y).

    Args:
        name: As for `Metric`.
        dtype: As for `Metric`.

    >>> MeanSquaredLogarithmicError()([[1.0, 2.0]], [[3.0, 2.0]])
    array(0.24022652, dtype=float32)
    """

    _direction = "down"

    def __init__(self, name: str | None = "mean_squared_logarithmic_error", dtype: Any = None):
        super().__init__(mean_squared_logarithmic_error, name, dtype)


class LogCoshError(MeanMetricWrapper):
    """The mean of the logarithms of the hyperbolic cosines of the errors.

    Args:
        name: As for `Metric`.
        dtype: As for `Metric`.

    >>> LogCoshError()([[0.0, 0.0]], [[1.0, 0.0]])
    array(0.21689038, dtype=float32)
    """

    _direction = "down"

    def __init__(self, name: str | None = "logcosh", dtype: Any = None):
        super().__init__(log_cosh, name, dtype)


class CosineSimilarity(MeanMetricWrapper):
    """The mean of the cosines of the angles between vectors.

    Args:
        name: As for `Metric`.
        dtype: As for `Metric`.
        axis: The axis of the vectors' components.

    >>> CosineSimilarity()([[3.0, 4.0]], [[4.0, 3.0]])
    array(0.96, dtype=float32)
    """

    _direction = "up"
    not_in_keras_files = ("axis",)

    def __init__(self, name: str | None = "cosine_similarity", dtype: Any = None, axis: int = -1):
        super().__init__(cosine_similarity, name, dtype, axis=axis)


class RootMeanSquaredError(Mean):
    """The root of the mean of the squares of the errors.

    Args:
        name: As for `Metric`.
        dtype: As for `Metric`.

    >>> RootMeanSquaredError()([[0.0, 1.0], [0.0, 0.0]], [[2.0, 1.0], [0.0, 0.0]])
    array(1., dtype=float32)
    """

    _direction = "down"

    def __init__(self, name: str | None = "root_mean_squared_error", dtype: Any = None):
        super().__init__(name=name, dtype=dtype)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Take in a batch.

        Args:
            y_true: What is true.
            y_pred: The predictions, in the same shape.
            sample_weight: A weight for each of them, or for each sample.
        """
        dtype = self.accumulator_dtype
        weights = joined(sample_weight, mask_of(y_pred), dtype)
        y_true, y_pred = compared("RootMeanSquaredError", inputs(y_true, dtype), inputs(y_pred, dtype))
        super().update_state(ops.square(ops.subtract(y_pred, y_true)), weights)

    def result(self) -> Any:
        return ops.sqrt(super().result())


class R2Score(Metric):
    """The share of the variance of what is true that predictions explain.

    Args:
        class_aggregation: What becomes of several outputs: "uniform_average" for their mean,
            "variance_weighted_average" for one in which those count more that vary more, None for a score for each.
        num_regressors: The number of independent variables, for the adjusted score; 0 for the score as it is. While
            there are too few samples for an adjusted score, the result is the score as it is.
        name: As for `Metric`.
        dtype: As for `Metric`.

    >>> R2Score()([[1.0], [4.0], [3.0]], [[2.0], [4.0], [4.0]])
    array(0.57142854, dtype=float32)
    """

    _direction = "up"
    num_samples: Variable
    mean: Variable
    squared_deviations: Variable
    residual: Variable
    count: Variable

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str | None = "r2_score",
        dtype: Any = None,
    ):
        super().__init__(name=name, dtype=dtype)
        known = ("uniform_average", "variance_weighted_average", None)
        if class_aggregation not in known:
            raise ArgumentError(
                f"R2Score: expected class_aggregation to be one of {', '.join(map(repr, known))}; got "
                f"{class_aggregation!r}."
            )
        if num_regressors < 0:
            raise ArgumentError(f"R2Score: expected num_regressors to be a number from 0 up; got {num_regressors!r}.")
        self.class_aggregation = class_aggregation
        self.num_regressors = num_regressors
        self.num_samples = self.add_variable((), ops.zeros, name="num_samples")
        self._built = False

    def build(self, y_true_shape: Sequence[Any], y_pred_shape: Sequence[Any]) -> None:
        if self._built:
            return
        if len(y_pred_shape) != 2 or len(y_true_shape) != 2 or not isinstance(y_pred_shape[1], int):
            raise ShapeError(
                "R2Score: expected y_true and y_pred of shape (batch, outputs); got "
                f"{show_shape(y_true_shape)} and {show_shape(y_pred_shape)}."
            )
        for name in ("mean", "squared_deviations", "residual", "count"):
            setattr(self, name, self.add_variable((y_pred_shape[1],), ops.zeros, name=name))
        self._built = True

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take in a batch.

        Args:
            y_true: What is true, of shape (batch, outputs).
            y_pred: The predictions, in the same shape.
            sample_weight: A weight for each sample, or for each output of each.
        """
        dtype = self.accumulator_dtype
        weights = joined(sample_weight, mask_of(y_pred), dtype)
        y_true, y_pred = (ops.cast(inputs(y, dtype), dtype) for y in (y_true, y_pred))
        y_true, y_pred = compared("R2Score", y_true, y_pred)
        self.build(spec_of(y_true).shape, spec_of(y_pred).shape)
        weights = ops.ones_like(y_true) if weights is None else aligned(weights, y_true, into=True)
        weights = ops.broadcast_to(weights, ops.shape(y_true))
        # Two sets of samples become one by their means and squared deviations (Chan, Golub, LeVeque 1979). Sums of
        # squares, of which Keras subtracts the square of the sum, lose all digits where the mean is large.
        count = ops.sum(weights, axis=0)
        mean = ops.divide_no_nan(ops.sum(ops.multiply(y_true, weights), axis=0), count)
        deviations = ops.sum(ops.multiply(ops.square(ops.subtract(y_true, mean)), weights), axis=0)
        together = ops.add(self.count, count)
        share = ops.divide_no_nan(count, together)
        distance = ops.subtract(mean, self.mean)
        between = ops.multiply(ops.multiply(ops.square(distance), self.count), share)
        self.squared_deviations.assign_add(ops.add(deviations, between))
        self.mean.assign_add(ops.multiply(distance, share))
        self.residual.assign_add(ops.sum(ops.multiply(ops.square(ops.subtract(y_true, y_pred)), weights), axis=0))
        self.count.assign(together)
        # An adjusted score is about samples; Keras counts every output of each.
        self.num_samples.assign_add(ops.cast(ops.shape(y_true)[0], dtype))

    def result(self) -> Any:
        if not self._built:
            return ops.zeros((), dtype=self.dtype)
        rounding = ops.multiply(self.mean, 4 * float(np.finfo(self.accumulator_dtype).eps))
        varies = ops.greater(self.squared_deviations, ops.multiply(ops.square(rounding), self.count))
        # Where nothing varies, what is predicted exactly is all explained: 1, where the quotient would be NaN.
        constant = ops.logical_and(ops.equal(self.residual, 0), ops.greater(self.count, 0))
        explained = ops.subtract(1.0, ops.divide_no_nan(self.residual, self.squared_deviations))
        scores = ops.where(varies, explained, ops.cast(constant, self.accumulator_dtype))
        if self.class_aggregation == "uniform_average":
            scores = ops.mean(scores)
        elif self.class_aggregation == "variance_weighted_average":
            variance = self.squared_deviations.value
            scores = ops.divide_no_nan(ops.sum(ops.multiply(variance, scores)), ops.sum(variance))
        return ops.cast(self._adjusted(scores), self.dtype)

    def _adjusted(self, scores: Any) -> Any:
        if not self.num_regressors:
            return scores
        samples = ops.subtract(self.num_samples, 1.0)
        freedom = ops.subtract(samples, float(self.num_regressors))
        unexplained = ops.multiply(ops.subtract(1.0, scores), samples)
        return ops.where(ops.greater(freedom, 0), ops.subtract(1.0, ops.divide_no_nan(unexplained, freedom)), scores)

    def get_config(self) -> dict[str, Any]:
        arguments = {"class_aggregation": self.class_aggregation, "num_regressors": self.num_regressors}
        return {**super().get_config(), **arguments}
