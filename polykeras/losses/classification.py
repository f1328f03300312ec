"""Losses of predicted classes: cross entropies, and what is related to them."""

from __future__ import annotations

import warnings
from typing import Any

from .. import ops
from ..dtypes import INTEGERS, inexact, result_type
from ..errors import ArgumentError
from ..masks import set_mask
from ..settings import settings
from ..spec import normalize_axis, same_size
from ..symbolic import spec_of
from .loss import LossFunctionWrapper, check_fitting, compared, takes_classes


def _smoothed(y_true: Any, label_smoothing: float, count: Any) -> Any:
    """Probabilities drawn towards equal ones for so many classes."""
    if not label_smoothing:
        return y_true
    each = ops.divide(label_smoothing, ops.cast(count, ops.dtype(y_true)))
    return ops.add(ops.multiply(y_true, 1.0 - label_smoothing), each)


def _two_classes(name: str, y_true: Any, y_pred: Any, label_smoothing: float) -> tuple[Any, Any]:
    y_true, y_pred = compared(name, y_true, y_pred)
    shape = ops.shape(y_pred)
    return _smoothed(ops.broadcast_to(y_true, shape), label_smoothing, 2), y_pred


def _many_classes(name: str, y_true: Any, y_pred: Any, label_smoothing: float, axis: int) -> tuple[Any, Any]:
    if isinstance(axis, bool):
        raise ArgumentError(f"{name}: expected axis to be a whole number; got {axis}.")
    y_true, y_pred = compared(name, y_true, y_pred)
    count = spec_of(y_pred).shape[normalize_axis(axis, len(spec_of(y_pred).shape))]
    if isinstance(count, int) and count == 1:
        warnings.warn(
            f"{name}: y_pred has one class on axis {axis}, whose probability is always 1. For a single probability "
            "there is binary_crossentropy.",
            SyntaxWarning,
            stacklevel=3,
        )
    # The classes are those on `axis`; Keras smooths by the size of the last axis.
    return _smoothed(ops.broadcast_to(y_true, ops.shape(y_pred)), label_smoothing, ops.shape(y_true)[axis]), y_pred


def binary_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Any:
    """The mean along an axis of the cross entropies of probabilities that something is so.

    Args:
        y_true: The true probabilities, often 0 and 1.
        y_pred: The predicted ones, in the same shape.
        from_logits: Whether `y_pred` has logits, whose logistic function the probabilities are.
        label_smoothing: How far to move the true probabilities towards 0.5: 0 for not at all, 1 for all the way.
        axis: The axis of the mean.

    Returns:
        A number for each sample.

    >>> binary_crossentropy([[0.0, 1.0]], [[0.5, 0.25]])
    array([1.0397208], dtype=float32)
    """
    y_true, y_pred = _two_classes("binary_crossentropy", y_true, y_pred, label_smoothing)
    return ops.mean(ops.binary_crossentropy(y_true, y_pred, from_logits), axis=axis)


def binary_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """As `binary_crossentropy`, where what is predicted well counts less (Lin et al., arXiv 1708.02002).

    Args:
        y_true: The true probabilities, often 0 and 1.
        y_pred: The predicted ones, in the same shape.
        apply_class_balancing: Whether to weigh the two classes.
        alpha: The weight of what is so; what is not so has 1 - alpha.
        gamma: The power of the predicted probability of what is false, by which the cross entropy is multiplied.
        from_logits: Whether `y_pred` has logits, whose logistic function the probabilities are.
        label_smoothing: How far to move the true probabilities towards 0.5.
        axis: The axis of the mean.

    Returns:
        A number for each sample.

    >>> binary_focal_crossentropy([[0.0, 1.0]], [[0.5, 0.25]])
    array([0.4765387], dtype=float32)
    """
    y_true, y_pred = _two_classes("binary_focal_crossentropy", y_true, y_pred, label_smoothing)
    values = ops.binary_crossentropy(y_true, y_pred, from_logits)
    # With logits nothing is rounded to 0 or 1 on the way, as it is where they become probabilities first.
    so, not_so = (ops.sigmoid(y_pred), ops.sigmoid(ops.negative(y_pred))) if from_logits else (y_pred, 1.0 - y_pred)
    missed = ops.add(ops.multiply(y_true, not_so), ops.multiply(ops.subtract(1.0, y_true), so))
    values = ops.multiply(values, ops.power(missed, gamma))
    if apply_class_balancing:
        balance = ops.add(ops.multiply(y_true, alpha), ops.multiply(ops.subtract(1.0, y_true), 1.0 - alpha))
        values = ops.multiply(values, balance)
    return ops.mean(values, axis=axis)


def categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Any:
    """The cross entropy of probabilities of classes.

    Args:
        y_true: The true probabilities, often one 1 among zeros.
        y_pred: The predicted ones, in the same shape.
        from_logits: Whether `y_pred` has logits, whose softmax the probabilities are.
        label_smoothing: How far to move the true probabilities towards equal ones.
        axis: The axis of classes.

    Returns:
        A number for each sample.

    >>> categorical_crossentropy([[0.0, 1.0]], [[0.75, 0.25]])
    array([1.3862944], dtype=float32)
    """
    y_true, y_pred = _many_classes("categorical_crossentropy", y_true, y_pred, label_smoothing, axis)
    return ops.categorical_crossentropy(y_true, y_pred, from_logits, axis)


def categorical_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """As `categorical_crossentropy`, where what is predicted well counts less (Lin et al., arXiv 1708.02002).

    Args:
        y_true: The true probabilities, often one 1 among zeros.
        y_pred: The predicted ones, in the same shape.
        alpha: A factor, or one for each class.
        gamma: The power of 1 minus the predicted probability, by which the cross entropy is multiplied.
        from_logits: Whether `y_pred` has logits, whose softmax the probabilities are.
        label_smoothing: How far to move the true probabilities towards equal ones.
        axis: The axis of classes.

    Returns:
        A number for each sample.

    >>> categorical_focal_crossentropy([[0.0, 1.0]], [[0.75, 0.25]])
    array([0.19494765], dtype=float32)
    """
    y_true, y_pred = _many_classes("categorical_focal_crossentropy", y_true, y_pred, label_smoothing, axis)
    own = ops.dtype(y_pred)
    y_true, y_pred = (ops.cast(y, result_type(own, "float32")) for y in (y_true, y_pred))
    if from_logits:  # the logarithm of a softmax that was rounded to 0 would tell nothing
        logarithm = ops.log_softmax(y_pred, axis)
        missed = ops.negative(ops.expm1(logarithm))
    else:
        share = ops.divide(y_pred, ops.sum(y_pred, axis=axis, keepdims=True))
        share = ops.clip(share, settings.epsilon, 1.0 - settings.epsilon)
        logarithm, missed = ops.log(share), ops.subtract(1.0, share)
    factor = ops.multiply(ops.power(missed, gamma), ops.cast(alpha, ops.dtype(missed)))
    return ops.cast(ops.negative(ops.sum(factor * y_true * logarithm, axis=axis)), own)


def _class_numbers(y_true: Any, y_pred: Any, axis: int) -> tuple[Any, Any]:
    """The numbers of classes without an axis of size one, and floats."""
    y_true, y_pred = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
    true, predicted = spec_of(y_true).shape, spec_of(y_pred).shape
    axis = normalize_axis(axis, len(predicted))
    if len(true) == len(predicted) and same_size(true[axis], 1):
        y_true = ops.squeeze(y_true, axis)
    if ops.dtype(y_true) not in INTEGERS:
        y_true = ops.cast(y_true, "int32")
    return y_true, ops.cast(y_pred, inexact(ops.dtype(y_pred)))


@takes_classes
def sparse_categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1
) -> Any:
    """The cross entropy of probabilities of classes, of which one is true.

    Args:
        y_true: The numbers of the true classes, in the shape of `y_pred` without the axis of classes, or with size 1
            there.
        y_pred: The predicted probabilities.
        from_logits: Whether `y_pred` has logits, whose softmax the probabilities are.
        ignore_class: The number of a class whose samples do not count: they are 0, and masked.
        axis: The axis of classes.

    Returns:
        A number for each sample.

    >>> sparse_categorical_crossentropy([1, 0], [[0.75, 0.25], [0.5, 0.5]], ignore_class=0)
    array([1.3862944, 0.       ], dtype=float32)
    """
    y_true, y_pred = _class_numbers(y_true, y_pred, axis)
    if ignore_class is None:
        return ops.sparse_categorical_crossentropy(y_true, y_pred, from_logits, axis)
    counts = ops.not_equal(y_true, ignore_class)
    values = ops.sparse_categorical_crossentropy(ops.where(counts, y_true, 0), y_pred, from_logits, axis)
    values = ops.where(counts, values, 0)
    set_mask(values, counts)
    return values


@takes_classes
def categorical_generalized_cross_entropy(y_true: Any, y_pred: Any, q: float) -> Any:
    """A loss between cross entropy and absolute error, for labels of which some are wrong (arXiv 1805.07836).

    Args:
        y_true: The numbers of the true classes.
        y_pred: The predicted probabilities, with the classes on the last axis.
        q: A number above 0, close to which this is the cross entropy, and up to 1, where it is 1 minus the probability.

    Returns:
        (1 - p**q) / q for each sample, where p is the predicted probability of the true class.

    >>> categorical_generalized_cross_entropy([1], [[0.75, 0.25]], q=0.5)
    array([1.], dtype=float32)
    """
    y_true, y_pred = _class_numbers(y_true, y_pred, -1)
    shape = ops.shape(y_pred)
    truth = ops.one_hot(y_true, shape[-1], dtype=ops.dtype(y_pred))
    check_fitting("categorical_generalized_cross_entropy", "one-hot y_true and y_pred", truth, y_pred)
    probability = ops.sum(ops.multiply(truth, y_pred), axis=-1)
    return ops.divide(ops.subtract(1.0, ops.power(probability, q)), q)


class BinaryCrossentropy(LossFunctionWrapper):
    """The cross entropy of probabilities that something is so.

    Args:
        from_logits: Whether predictions are logits, whose logistic function the probabilities are.
        label_smoothing: How far to move the true probabilities towards 0.5: 0 for not at all, 1 for all the way.
        axis: The axis of a sample's probabilities, of which the mean is taken.
        reduction: As for `Loss`.
        name: As for `Loss`.
        dtype: As for `Loss`.

    >>> BinaryCrossentropy()([[0.0, 1.0]], [[0.5, 0.25]])
    array(1.0397208, dtype=float32)
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_crossentropy",
        dtype: Any = None,
    ):
        super().__init__(
            binary_crossentropy,
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


class BinaryFocalCrossentropy(LossFunctionWrapper):
    """As `BinaryCrossentropy`, where what is predicted well counts less (Lin et al., arXiv 1708.02002).

    Args:
        apply_class_balancing: Whether to weigh the two classes.
        alpha: The weight of what is so; what is not so has 1 - alpha.
        gamma: The power of the predicted probability of what is false, by which the cross entropy is multiplied.
        from_logits: Whether predictions are logits, whose logistic function the probabilities are.
        label_smoothing: How far to move the true probabilities towards 0.5.
        axis: The axis of a sample's probabilities, of which the mean is taken.
        reduction: As for `Loss`.
        name: As for `Loss`.
        dtype: As for `Loss`.

    >>> BinaryFocalCrossentropy()([[0.0, 1.0]], [[0.5, 0.25]])
    array(0.4765387, dtype=float32)
    """

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_focal_crossentropy",
        dtype: Any = None,
    ):
        super().__init__(
            binary_focal_crossentropy,
            reduction,
            name,
            dtype,
            apply_class_balancing=apply_class_balancing,
            alpha=alpha,
            gamma=gamma,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


class CategoricalCrossentropy(LossFunctionWrapper):
    """The cross entropy of probabilities of classes.

    Args:
        from_logits: Whether predictions are logits, whose softmax the probabilities are.
        label_smoothing: How far to move the true probabilities towards equal ones.
        axis: The axis of classes.
        reduction: As for `Loss`.
        name: As for `Loss`.
        dtype: As for `Loss`.

    >>> CategoricalCrossentropy()([[0.0, 1.0]], [[0.75, 0.25]])
    array(1.3862944, dtype=float32)
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_crossentropy",
        dtype: Any = None,
    ):
        super().__init__(
            categorical_crossentropy,
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


class CategoricalFocalCrossentropy(LossFunctionWrapper):
    """As `CategoricalCrossentropy`, where what is predicted well counts less (Lin et al., arXiv 1708.02002).

    Args:
        alpha: A factor, or one for each class.
        gamma: The power of 1 minus the predicted probability, by which the cross entropy is multiplied.
        from_logits: Whether predictions are logits, whose softmax the probabilities are.
        label_smoothing: How far to move the true probabilities towards equal ones.
        axis: The axis of classes.
        reduction: As for `Loss`.
        name: As for `Loss`.
        dtype: As for `Loss`.

    >>> CategoricalFocalCrossentropy()([[0.0, 1.0]], [[0.75, 0.25]])
    array(0.19494765, dtype=float32)
    """

    def __init__(
        self,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_focal_crossentropy",
        dtype: Any = None,
    ):
        super().__init__(
            categorical_focal_crossentropy,
            reduction,
            name,
            dtype,
            alpha=alpha,
            gamma=gamma,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


class SparseCategoricalCrossentropy(LossFunctionWrapper):
    """The cross entropy of probabilities of classes, of which one is true.

    Args:
        from_logits: Whether predictions are logits, whose softmax the probabilities are.
        ignore_class: The number of a class whose samples do not count.
        reduction: As for `Loss`.
        axis: The axis of classes.
        name: As for `Loss`.
        dtype: As for `Loss`.

    >>> SparseCategoricalCrossentropy()([1, 0], [[0.75, 0.25], [0.25, 0.75]])
    array(1.3862944, dtype=float32)
    """

    not_in_keras_files = ("axis",)

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: Any = None,
    ):
        super().__init__(
            sparse_categorical_crossentropy,
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            ignore_class=ignore_class,
            axis=axis,
        )


class CategoricalGeneralizedCrossEntropy(LossFunctionWrapper):
    """A loss between cross entropy and absolute error, for labels of which some are wrong (arXiv 1805.07836).

    Args:
        q: A number between 0, close to which this is the cross entropy, and 1, close to which it is 1 minus the
            probability.
        reduction: As for `Loss`.
        name: As for `Loss`.
        dtype: As for `Loss`.

    >>> CategoricalGeneralizedCrossEntropy()([1], [[0.75, 0.25]])
    array(1., dtype=float32)
    """

    def __init__(
        self,
        q: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_generalized_cross_entropy",
        dtype: Any = None,
    ):
        if not 0 < q < 1:
            raise ArgumentError(f"CategoricalGeneralizedCrossEntropy: expected q between 0 and 1; got {q!r}.")
        super().__init__(categorical_generalized_cross_entropy, reduction, name, dtype, q=q)
