"""Losses of predicted regions: how far they overlap with the true ones."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..dtypes import result_type
from ..settings import settings
from .loss import LossFunctionWrapper, compared


def _overlap(name: str, y_true: Any, y_pred: Any, axis: Any) -> tuple[Any, Any, Any, str]:
    """How much is true and predicted, how much only true, how much only predicted, and the dtype of the result."""
    y_true, y_pred = compared(name, y_true, y_pred)
    own = ops.dtype(y_pred)
    y_true, y_pred = (ops.cast(y, result_type(own, "float32")) for y in (y_true, y_pred))
    both = ops.sum(ops.multiply(y_true, y_pred), axis=axis)
    missed = ops.sum(ops.multiply(y_true, ops.subtract(1.0, y_pred)), axis=axis)
    wrong = ops.sum(ops.multiply(ops.subtract(1.0, y_true), y_pred), axis=axis)
    return both, missed, wrong, own


def _without(share: Any, whole: Any, dtype: str) -> Any:
    return ops.cast(ops.subtract(1.0, ops.divide(share, ops.add(whole, settings.epsilon))), dtype)


def dice(y_true: Any, y_pred: Any, axis: Any = None) -> Any:
    """1 minus the Dice coefficient: twice the common part, divided by the sum of the two.

    Args:
        y_true: Where the region is: 1 inside, 0 outside.
        y_pred: The predicted probabilities, in the same shape.
        axis: The axes of one region; None for all.

    Returns:
        A number for each region.

    >>> dice([1.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0])
    array(0.33333337, dtype=float32)
    """
    both, missed, wrong, dtype = _overlap("dice", y_true, y_pred, axis)
    twice = ops.multiply(both, 2.0)
    return _without(twice, ops.add(ops.add(twice, missed), wrong), dtype)


def tversky(y_true: Any, y_pred: Any, alpha: float = 0.5, beta: float = 0.5, axis: Any = None) -> Any:
    """1 minus the Tversky index, in which the two kinds of mistakes have weights (Salehi et al., arXiv 1706.05721).

    Args:
        y_true: Where the region is: 1 inside, 0 outside.
        y_pred: The predicted probabilities, in the same shape.
        alpha: The weight of what is missed: true, and not predicted.
        beta: The weight of what is wrong: predicted, and not true.
        axis: The axes of one region; None for all.

    Returns:
        A number for each region.

    >>> tversky([1.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0], alpha=0.25)
    array(0.19999999, dtype=float32)
    """
    # Keras's documentation has alpha and beta the other way round; this is what it computes.
    both, missed, wrong, dtype = _overlap("tversky", y_true, y_pred, axis)
    mistakes = ops.add(ops.multiply(missed, alpha), ops.multiply(wrong, beta))
    return _without(both, ops.add(both, mistakes), dtype)


class Dice(LossFunctionWrapper):
    """1 minus the Dice coefficient: twice the common part, divided by the sum of the two.

    Args:
        reduction: As for `Loss`.
        name: As for `Loss`.
        axis: The axes of one region; None for all of the batch together.
        dtype: As for `Loss`.

    >>> Dice()([1.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0])
    array(0.33333337, dtype=float32)
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "dice",
        axis: Any = None,
        dtype: Any = None,
    ):
        super().__init__(dice, reduction, name, dtype, axis=axis)


class Tversky(LossFunctionWrapper):
    """1 minus the Tversky index, in which the two kinds of mistakes have weights (Salehi et al., arXiv 1706.05721).

    Args:
        alpha: The weight of what is missed: true, and not predicted.
        beta: The weight of what is wrong: predicted, and not true.
        reduction: As for `Loss`.
        name: As for `Loss`.
        axis: The axes of one region; None for all of the batch together.
        dtype: As for `Loss`.

    >>> Tversky(alpha=0.25)([1.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0])
    array(0.19999999, dtype=float32)
    """

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "tversky",
        axis: Any = None,
        dtype: Any = None,
    ):
        super().__init__(tversky, reduction, name, dtype, alpha=alpha, beta=beta, axis=axis)
