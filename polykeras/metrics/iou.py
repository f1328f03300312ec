"""How far predicted regions overlap with true ones: intersection over union."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from .. import ops
from ..dtypes import FLOATS
from ..errors import ArgumentError, ShapeError
from ..losses.loss import aligned, joined, squeeze_or_expand_to_same_rank
from ..masks import mask_of
from ..spec import same_size, show_shape
from ..symbolic import spec_of
from .confusion import sums_by_group
from .metric import Metric
from .reduction import inputs


class IoU(Metric):
    """The mean over some classes of intersection over union: what is true and predicted in what is either.

    Args:
        num_classes: The number of classes.
        target_class_ids: The numbers of the classes that count.
        name: As for `Metric`.
        dtype: As for `Metric`; None for int32. With a dtype of integers the result is in floatx.
        ignore_class: The number of a class whose places do not count.
        sparse_y_true: Whether `y_true` has numbers of classes, rather than one 1 among zeros or probabilities.
        sparse_y_pred: Whether `y_pred` has numbers of classes, rather than probabilities or logits.
        axis: The axis of classes where there is one.

    >>> IoU(num_classes=2, target_class_ids=[0])([0, 0, 1, 1], [0, 1, 0, 1])
    array(0.33333334, dtype=float32)
    """

    _direction = "up"

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Iterable[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ):
        super().__init__(name=name, dtype="int32" if dtype is None else dtype)
        kind = type(self).__name__
        if not hasattr(num_classes, "__index__") or num_classes < 1:
            raise ArgumentError(f"{kind}: expected num_classes to be a whole number from 1 up; got {num_classes!r}.")
        self.num_classes = num_classes
        self.target_class_ids = list(target_class_ids)
        if not self.target_class_ids or not all(0 <= number < num_classes for number in self.target_class_ids):
            raise ArgumentError(
                f"{kind}: expected target_class_ids to be numbers from 0 to {num_classes - 1}; got "
                f"{self.target_class_ids}."
            )
        self.ignore_class = ignore_class
        self.sparse_y_true = sparse_y_true
        self.sparse_y_pred = sparse_y_pred
        self.axis = axis
        # In floats also where the dtype is of integers, as it is by default: Keras makes the weight 0.3 a 0 there.
        self.total_cm = self.add_variable((num_classes, num_classes), ops.zeros, name="total_confusion_matrix")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take in a batch.

        Args:
            y_true: The true classes.
            y_pred: The predicted ones.
            sample_weight: A weight for each place, or for each sample.
        """
        dtype = self.accumulator_dtype
        weights = joined(sample_weight, mask_of(y_pred), dtype)
        true = self._numbers(inputs(y_true, dtype), self.sparse_y_true)
        predicted = self._numbers(inputs(y_pred, dtype), self.sparse_y_pred)
        true, predicted = squeeze_or_expand_to_same_rank(true, predicted)
        shapes = spec_of(true).shape, spec_of(predicted).shape
        if len(shapes[0]) != len(shapes[1]) or not all(map(same_size, *shapes)):
            raise ShapeError(
                f"{type(self).__name__}: expected a predicted class for each true one; got shapes "
                f"{' and '.join(map(show_shape, shapes))}."
            )
        if weights is not None:
            weights, _ = squeeze_or_expand_to_same_rank(weights, true, expand_rank_1=False)
            weights = ops.reshape(ops.broadcast_to(aligned(weights, true, into=True), ops.shape(true)), (-1,))
        true, predicted = ops.reshape(true, (-1,)), ops.reshape(predicted, (-1,))
        size = self.num_classes
        counts = ops.logical_and(_is_class(true, size), _is_class(predicted, size))
        if self.ignore_class is not None:
            counts = ops.logical_and(counts, ops.not_equal(true, self.ignore_class))
        places = ops.where(counts, ops.add(ops.multiply(true, size), predicted), -1)
        self.total_cm.assign_add(ops.reshape(sums_by_group(places, weights, size * size, dtype), (size, size)))

    def _numbers(self, x: Any, sparse: bool) -> Any:
        return ops.cast(x if sparse else ops.argmax(x, axis=self.axis), "int32")

    def result(self) -> Any:
        both = ops.diagonal(self.total_cm)
        either = ops.subtract(ops.add(ops.sum(self.total_cm, axis=0), ops.sum(self.total_cm, axis=1)), both)
        targets = np.asarray(self.target_class_ids, "int32")
        both, either = ops.take(both, targets, axis=0), ops.take(either, targets, axis=0)
        occurring = ops.sum(ops.cast(ops.greater(either, 0), self.accumulator_dtype))
        mean = ops.divide_no_nan(ops.sum(ops.divide_no_nan(both, either)), occurring)
        return ops.cast(mean, self.dtype) if self.dtype in FLOATS else mean

    def get_config(self) -> dict[str, Any]:
        names = ("num_classes", "target_class_ids", "ignore_class", "sparse_y_true", "sparse_y_pred", "axis")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}

    def _config_without(self, *names: str) -> dict[str, Any]:
        return {name: value for name, value in IoU.get_config(self).items() if name not in names}


def _is_class(x: Any, count: int) -> Any:
    return ops.logical_and(ops.greater_equal(x, 0), ops.less(x, count))


class BinaryIoU(IoU):
    """Intersection over union where a threshold divides predictions into the classes 0 and 1.

    Args:
        target_class_ids: The numbers of the classes that count.
        threshold: The prediction from which on the class is 1.
        name: As for `Metric`.
        dtype: As for `IoU`.

    >>> BinaryIoU(threshold=0.3)([0, 1, 0, 1], [0.1, 0.2, 0.4, 0.7])
    array(0.33333334, dtype=float32)
    """

    def __init__(
        self,
        target_class_ids: Iterable[int] = (0, 1),
        threshold: float = 0.5,
        name: str | None = None,
        dtype: Any = None,
    ):
        super().__init__(2, target_class_ids, name, dtype)
        self.threshold = threshold

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        weights = joined(sample_weight, mask_of(y_pred), self.accumulator_dtype)
        is_one = ops.greater_equal(inputs(y_pred, self.accumulator_dtype), self.threshold)
        super().update_state(y_true, ops.cast(is_one, "int32"), weights)

    def get_config(self) -> dict[str, Any]:
        omitted = ("num_classes", "ignore_class", "sparse_y_true", "sparse_y_pred", "axis")
        return {**self._config_without(*omitted), "threshold": self.threshold}


class MeanIoU(IoU):
    """The mean over all classes of intersection over union: what is true and predicted in what is either.

    Args:
        num_classes: The number of classes.
        name: As for `Metric`.
        dtype: As for `IoU`.
        ignore_class: The number of a class whose places do not count.
        sparse_y_true: Whether `y_true` has numbers of classes, rather than one 1 among zeros or probabilities.
        sparse_y_pred: Whether `y_pred` has numbers of classes, rather than probabilities or logits.
        axis: The axis of classes where there is one.

    >>> MeanIoU(num_classes=2)([0, 0, 1, 1], [0, 1, 0, 1])
    array(0.33333334, dtype=float32)
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ):
        targets = range(num_classes) if hasattr(num_classes, "__index__") else ()
        super().__init__(num_classes, targets, name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        return self._config_without("target_class_ids")


class OneHotIoU(IoU):
    """As `IoU`, where what is true is given as one 1 among zeros.

    Args:
        num_classes: The number of classes.
        target_class_ids: The numbers of the classes that count.
        name: As for `Metric`.
        dtype: As for `IoU`.
        ignore_class: The number of a class whose places do not count.
        sparse_y_pred: Whether `y_pred` has numbers of classes, rather than probabilities or logits.
        axis: The axis of classes.

    >>> OneHotIoU(2, [0])([[1, 0], [0, 1]], [[0.9, 0.1], [0.6, 0.4]])
    array(0.5, dtype=float32)
    """

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Iterable[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ):
        super().__init__(num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        return self._config_without("sparse_y_true")


class OneHotMeanIoU(MeanIoU):
    """As `MeanIoU`, where what is true is given as one 1 among zeros.

    Args:
        num_classes: The number of classes.
        name: As for `Metric`.
        dtype: As for `IoU`.
        ignore_class: The number of a class whose places do not count.
        sparse_y_pred: Whether `y_pred` has numbers of classes, rather than probabilities or logits.
        axis: The axis of classes.

    >>> OneHotMeanIoU(2)([[1, 0], [0, 1]], [[0.9, 0.1], [0.6, 0.4]])
    array(0.25, dtype=float32)
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ):
        super().__init__(num_classes, name, dtype, ignore_class, False, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        return self._config_without("target_class_ids", "sparse_y_true")
