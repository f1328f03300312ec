"""Losses of predicted distributions and sequences: how unlikely the truth is."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..dtypes import INTEGERS
from ..settings import settings
from ..symbolic import spec_of
from .loss import LossFunctionWrapper, compared, takes_classes


def kl_divergence(y_true: Any, y_pred: Any) -> Any:
    """The Kullback-Leibler divergence of probabilities, along the last axis.

    Args:
        y_true: The true probabilities. Those below `epsilon` count as that.
        y_pred: The predicted ones, in the same shape. Those below `epsilon` count as that.

    Returns:
        sum(y_true * log(y_true / y_pred)) for each sample.

    >>> kl_divergence([[0.5, 0.5]], [[0.25, 0.75]])
    array([0.14384103], dtype=float32)
    """
    y_true, y_pred = (ops.clip(y, settings.epsilon, 1.0) for y in compared("kl_divergence", y_true, y_pred))
    return ops.sum(ops.multiply(y_true, ops.log(ops.divide(y_true, y_pred))), axis=-1)


def poisson(y_true: Any, y_pred: Any) -> Any:
    """Minus the logarithm of the probability of counts whose expectations are predicted, along the last axis.

    Args:
        y_true: The counts.
        y_pred: The expectations, in the same shape.

    Returns:
        mean(y_pred - y_true * log(y_pred)) for each sample. What does not depend on the prediction is left out.

    >>> poisson([[0.0, 1.0]], [[1.0, 1.0]])
    array([0.99999994], dtype=float32)
    """
    y_true, y_pred = compared("poisson", y_true, y_pred)
    logarithm = ops.log(ops.add(y_pred, settings.epsilon))
    return ops.mean(ops.subtract(y_pred, ops.multiply(y_true, logarithm)), axis=-1)


@takes_classes
def ctc(y_true: Any, y_pred: Any) -> Any:
    """Minus the logarithm of the probability of a sequence of labels without positions.

    Args:
        y_true: The labels, integers of shape (batch, labels). 0 is not a label, but fills up short sequences.
        y_pred: The logits, of shape (batch, steps, classes). Class 0 is the blank.

    Returns:
        A number for each sequence.

    >>> ctc([[1, 2]], [[[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]])
    array([2.1972246], dtype=float32)
    """
    y_true, y_pred = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
    if ops.dtype(y_true) not in INTEGERS:
        y_true = ops.cast(y_true, "int32")
    labels = ops.sum(ops.cast(ops.not_equal(y_true, 0), "int32"), axis=-1)
    steps = ops.full_like(labels, ops.shape(y_pred)[1]) if len(spec_of(y_pred).shape) > 1 else labels
    return ops.ctc_loss(y_true, y_pred, labels, steps, mask_index=0)


class KLDivergence(LossFunctionWrapper):
    """The Kullback-Leibler divergence of probabilities.

    Args:
        reduction: As for `Loss`.
        name: As for `Loss`.
        dtype: As for `Loss`.

    >>> KLDivergence()([[0.5, 0.5]], [[0.25, 0.75]])
    array(0.14384103, dtype=float32)
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "kl_divergence", dtype: Any = None
    ):
        super().__init__(kl_divergence, reduction, name, dtype)


class Poisson(LossFunctionWrapper):
    """Minus the logarithm of the probability of counts whose expectations are predicted.

    Args:
        reduction: As for `Loss`.
        name: As for `Loss`.
        dtype: As for `Loss`.

    >>> Poisson()([[0.0, 1.0]], [[1.0, 1.0]])
    array(0.99999994, dtype=float32)
    """

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str | None = "poisson", dtype: Any = None):
        super().__init__(poisson, reduction, name, dtype)


class CTC(LossFunctionWrapper):
    """Minus the logarithm of the probability of a sequence of labels without positions.

    Args:
        reduction: As for `Loss`.
        name: As for `Loss`.
        dtype: As for `Loss`.

    >>> CTC()([[1, 2]], [[[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]])
    array(2.1972246, dtype=float32)
    """

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str | None = "ctc", dtype: Any = None):
        super().__init__(ctc, reduction, name, dtype)
