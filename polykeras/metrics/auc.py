"""The area under a curve that the counts of all thresholds make."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import ops
from ..errors import ArgumentError, ShapeError
from ..settings import settings
from ..spec import show_shape
from ..state import Variable
from ..symbolic import spec_of
from .confusion import Counts, as_thresholds, count, predictions
from .metric import Metric
from .operating_points import even_thresholds, precision, sensitivity

_CURVES = ("ROC", "PR", "PRGAIN")
_METHODS = ("interpolation", "majoring", "minoring")


class AUC(Metric):
    """The area under a curve, in sums of so many steps.

    Args:
        num_thresholds: The number of thresholds, of which the first is just below 0 and the last just above 1.
        curve: "ROC" for sensitivity over 1 - specificity, "PR" for precision over recall, "PRGAIN" for their gains
            (Flach and Kull, NeurIPS 2015).
        summation_method: What the height of a step is: "interpolation" for the mean of both sides (under "PR" what
            Davis and Goadrich, ICML 2006, have), "minoring" for the smaller and "majoring" for the greater of the two.
        name: As for `Metric`.
        dtype: As for `Metric`.
        thresholds: The thresholds between the first and the last; None for evenly spaced ones.
        multi_label: Whether each column of the predictions has a curve of its own, of whose areas the result is the
            mean.
        num_labels: The number of columns; None for what the first batch has.
        label_weights: The weights of the columns.
        from_logits: Whether predictions are logits, whose logistic function the probabilities are.

    >>> AUC(num_thresholds=3)([0, 0, 1, 1], [0, 0.5, 0.3, 0.9])
    array(0.75, dtype=float32)
    """

    _direction = "up"
    true_positives: Variable
    false_positives: Variable
    true_negatives: Variable
    false_negatives: Variable

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: Any = None,
        thresholds: Any = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Any = None,
        from_logits: bool = False,
    ):
        super().__init__(name=name, dtype=dtype)
        self.curve = _one_of("curve", str(curve).upper(), _CURVES)
        self.summation_method = _one_of("summation_method", str(summation_method).lower(), _METHODS)
        if thresholds is None:
            if num_thresholds <= 1:
                raise ArgumentError(f"AUC: expected num_thresholds to be a number from 2 up; got {num_thresholds!r}.")
            inner = even_thresholds(num_thresholds)[1:-1]
        else:
            inner = sorted(as_thresholds("AUC", thresholds, 0.5)) if len(thresholds) else []
        self.num_thresholds = len(inner) + 2
        self.thresholds = [-settings.epsilon, *map(float, inner), 1.0 + settings.epsilon]
        self._thresholds_given = thresholds is not None
        if num_labels and not multi_label:
            raise ArgumentError("AUC: num_labels is for multi_label=True only. Leave it out, or set that.")
        self.multi_label = multi_label
        self.num_labels = num_labels
        self.label_weights = None if label_weights is None else [float(weight) for weight in label_weights]
        self.from_logits = from_logits
        self._built = False
        if not multi_label or num_labels:
            self.build((None, num_labels), (None, num_labels))

    def build(self, y_true_shape: Sequence[Any], y_pred_shape: Sequence[Any]) -> None:
        if self._built:
            return
        shape: tuple[int, ...] = (self.num_thresholds,)
        if self.multi_label:
            if len(y_pred_shape) != 2 or not isinstance(y_pred_shape[1], int):
                raise ShapeError(
                    f"AUC: expected y_pred of shape (batch, labels) with multi_label=True; got "
                    f"{show_shape(y_pred_shape)}."
                )
            self._check_labels(y_pred_shape[1])
            shape = (self.num_thresholds, y_pred_shape[1])
        for kind in Counts._fields:
            setattr(self, kind, self.add_variable(shape, ops.zeros, name=kind))
        self._built = True

    def _check_labels(self, labels: Any) -> None:
        if self.label_weights is not None and labels != len(self.label_weights):
            raise ShapeError(
                f"AUC: expected predictions for as many labels as there are label_weights, {len(self.label_weights)}; "
                f"got {labels}."
            )

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take in a batch.

        Args:
            y_true: What is true: 0 or 1.
            y_pred: The predicted probabilities, in the same shape.
            sample_weight: A weight for each of them, or for each sample.
        """
        dtype = self.accumulator_dtype
        y_true, y_pred, weights = predictions("AUC", y_true, y_pred, sample_weight, dtype)
        shape = spec_of(y_pred).shape
        self.build(shape, shape)
        if self.label_weights is not None and not self.multi_label:
            self._check_labels(shape[-1] if len(shape) > 1 else 1)
            of_labels = ops.broadcast_to(ops.convert_to_tensor(self.label_weights, dtype), ops.shape(y_pred))
            weights = of_labels if weights is None else ops.multiply(weights, of_labels)
        if self.from_logits:
            y_pred = ops.sigmoid(y_pred)
        counts = count(y_true, ops.clip(y_pred, 0.0, 1.0), weights, self.thresholds, by_label=self.multi_label)
        for kind in Counts._fields:
            getattr(self, kind).assign_add(getattr(counts, kind))

    def result(self) -> Any:
        if not self._built:
            return ops.zeros((), dtype=self.dtype)
        if self.curve == "PR" and self.summation_method == "interpolation":
            steps = self._interpolated_precision()
        else:
            x, y = self._points()
            steps = ops.multiply(ops.subtract(x[:-1], x[1:]), self._heights(y[:-1], y[1:]))
        areas = ops.sum(steps, axis=0)
        if self.multi_label and self.label_weights is None:
            areas = ops.mean(areas)
        elif self.multi_label:
            weights = ops.convert_to_tensor(self.label_weights, self.accumulator_dtype)
            areas = ops.divide_no_nan(ops.sum(ops.multiply(areas, weights)), ops.sum(weights))
        return ops.cast(areas, self.dtype)

    def _points(self) -> tuple[Any, Any]:
        """The curve's coordinates at the thresholds."""
        if self.curve == "ROC":
            negatives = ops.add(self.false_positives, self.true_negatives)
            return ops.divide_no_nan(self.false_positives, negatives), sensitivity(self)
        if self.curve == "PR":
            return sensitivity(self), precision(self)
        right = self.true_positives.value
        odds = ops.divide_no_nan(
            ops.add(right, self.false_negatives), ops.add(self.true_negatives, self.false_positives)
        )
        gain_of_recall, gain_of_precision = (
            ops.subtract(1.0, ops.multiply(odds, ops.divide_no_nan(wrong, right)))
            for wrong in (self.false_negatives, self.false_positives)
        )
        none = ops.equal(right, 0)
        gain_of_recall = ops.maximum(ops.where(none, 0, gain_of_recall), 0)
        return gain_of_recall, ops.where(none, 1, gain_of_precision)

    def _heights(self, left: Any, right: Any) -> Any:
        if self.summation_method == "interpolation":
            return ops.divide(ops.add(left, right), 2.0)
        return (ops.minimum if self.summation_method == "minoring" else ops.maximum)(left, right)

    def _interpolated_precision(self) -> Any:
        """The areas of the steps under precision over recall, where both counts change at a constant rate."""
        right = self.true_positives.value
        predicted = ops.add(right, self.false_positives)
        more_right = ops.subtract(right[:-1], right[1:])
        slope = ops.divide_no_nan(more_right, ops.maximum(ops.subtract(predicted[:-1], predicted[1:]), 0))
        intercept = ops.subtract(right[1:], ops.multiply(slope, predicted[1:]))
        some = ops.logical_and(ops.greater(predicted[:-1], 0), ops.greater(predicted[1:], 0))
        growth = ops.where(some, ops.divide_no_nan(predicted[:-1], predicted[1:]), 1)
        area = ops.multiply(slope, ops.add(more_right, ops.multiply(intercept, ops.log(growth))))
        return ops.divide_no_nan(area, ops.add(right, self.false_negatives)[1:])

    def get_config(self) -> dict[str, Any]:
        own = {
            "num_thresholds": self.num_thresholds,
            "curve": self.curve,
            "summation_method": self.summation_method,
            "multi_label": self.multi_label,
            "num_labels": self.num_labels,
            "label_weights": self.label_weights,
            "from_logits": self.from_logits,
        }
        if self._thresholds_given:
            own["thresholds"] = self.thresholds[1:-1]
        return {**super().get_config(), **own}


def _one_of(name: str, value: str, known: tuple[str, ...]) -> str:
    if value not in known:
        raise ArgumentError(f"AUC: expected {name} to be one of {', '.join(known)}; got {value!r}.")
    return value
